/** What stands in for a fix: what a rollout runs instead of a patch, and the record of where it stands. */
import { z } from 'zod';
import { Terminal } from '../core/errors.ts';
import { locationKey, parseLocation } from '../core/model.ts';
import { advisoryKey } from '../core/exposures/types.ts';
import { Pin } from '../core/pin.ts';
import { settleCall, Told } from '../core/triggers/function-answer.ts';
import { settleRunbook } from '../core/triggers/runbook.ts';
import { ACTION, meansOf, meansWords, whereItRuns } from '../core/triggers/stand-in.ts';
import { loadPlan } from './load.ts';
import type { Dependencies } from '../aws/dependencies.ts';
import type { BatchRow } from '../aws/record.ts';
import type { BatchIntent } from '../core/batch.ts';
import type { LaidOutBatch } from '../core/layout.ts';
import type { Location, Node, Outcome } from '../core/model.ts';
import type { Plan } from '../core/plan.ts';
import type { Settled } from '../core/settle.ts';
import type { Action, Described, Means, StandIn } from '../core/triggers/stand-in.ts';

/** Whether a rollout runs such a thing, be it to put it there or to take it back. */
export function standsIn({ doing }: Plan): boolean {
  return doing === 'mitigate' || doing === 'withdraw';
}

/** Where it can run, as it is described today: the plan names its version and hash. */
export async function findStandIn(nodes: Node[], means: Means, deps: Dependencies): Promise<StandIn> {
  const places = new Map(nodes.map(({ location }) => [locationKey(location), location]));
  // The hub has one function for all locations; documents and runbooks are each location's own.
  const own = means.by === 'lambda' ? await deps.functions.describe(means.name) : undefined;
  const described = await Promise.all(
    [...places].map(async ([where, location]) => [where, own ?? (await describeIn(location, means, deps))] as const),
  );
  return whereItRuns(nodes, new Map<string, Described>(described));
}

function describeIn(location: Location, { by, name, role = '' }: Means, deps: Dependencies): Promise<Described> {
  return by === 'automation' ? deps.runbooks.describe(location, name, role) : deps.commands.describe(location, name);
}

/** A batch of it. Only its action is said: a document of the user's need not know our parameters. */
export function standInBatch(plan: Plan, { location, os, nodes }: LaidOutBatch, id: string): BatchIntent {
  const where = locationKey(location);
  const document = plan.documents[where]?.[`mitigate-${os}`];
  if (!document) throw new Terminal(`the plan names no document for ${os} nodes in ${where}`);
  const action: Action = plan.doing === 'withdraw' ? 'withdraw' : 'apply';
  return { id, location, os, nodes, document, parameters: { [ACTION]: action }, lock: '' };
}

/** What a batch was sent with. */
export function actionOf(row: BatchRow): string {
  return z.record(z.string(), z.string()).parse(row.parameters)[ACTION] ?? '';
}

/** What a batch runs. */
export function pinOf(row: BatchRow): Pin {
  return Pin.parse(row.document);
}

/** How a function or a runbook ended on these nodes; nothing for a Command document, which is looked at like any command. */
export async function lookAtStandIn(row: BatchRow, nodes: string[], deps: Dependencies): Promise<{ node: string; settled: Settled }[] | undefined> {
  const pin = row.purpose === 'mitigate' ? pinOf(row) : undefined;
  if (pin?.by === undefined) return undefined;
  const about = { what: meansWords(pin), action: actionOf(row) };
  const times = { sentAt: row.sentAt ?? 0, expiresAt: row.expiresAt ?? 0, now: deps.now() };
  if (pin.by === 'lambda') {
    const told = row.told === undefined ? undefined : Told.parse(row.told);
    return nodes.map((node) => ({ node, settled: settleCall(node, { ...about, ...times, told }) }));
  }
  const seen = await deps.runbooks.look(parseLocation(row.location), row.commandId ?? '', nodes);
  return nodes.map((node) => ({ node, settled: settleRunbook(node, { ...about, ...seen }, times) }));
}

/** Writes down where it stands from now on, or no more: that is what it will be withdrawn by. */
export async function noteStandIn(
  row: BatchRow,
  { node, outcome, at }: { node: string; outcome: Outcome; at: string },
  deps: Dependencies,
): Promise<void> {
  if ((outcome !== 'mitigated' && outcome !== 'withdrawn') || row.rollout === undefined) return;
  const { plan } = await loadPlan(row.rollout, deps);
  const key = { policy: plan.policy.name, node: `${row.location}/${node}` };
  if (outcome === 'withdrawn') return deps.record.setMitigation(key.policy, key.node, { withdrawnAt: at });
  const advisories = (plan.because?.advisories ?? []).map(advisoryKey);
  // The plan's own policy: what is to be taken back is looked up by the name that people gave it, an alias included.
  const { name: document, by, role } = plan.policy.whileNoFix ? meansOf(plan.policy.whileNoFix) : pinOf(row);
  await deps.record.putMitigation({
    ...key,
    advisories,
    document,
    ...(by && { by }),
    ...(role !== undefined && { role }),
    rollout: row.rollout,
    appliedAt: at,
  });
}
