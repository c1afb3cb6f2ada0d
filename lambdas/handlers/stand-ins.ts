/** What stands in for a fix: the document of the user's that a rollout runs instead of a patch, and the record of where it stands. */
import { z } from 'zod';
import { Terminal } from '../core/errors.ts';
import { locationKey } from '../core/model.ts';
import { advisoryKey } from '../core/exposures/types.ts';
import { ACTION, whereItRuns } from '../core/triggers/stand-in.ts';
import { loadPlan } from './load.ts';
import type { Dependencies } from '../aws/dependencies.ts';
import type { BatchRow } from '../aws/record.ts';
import type { BatchIntent } from '../core/batch.ts';
import type { LaidOutBatch } from '../core/layout.ts';
import type { Node, Outcome } from '../core/model.ts';
import type { Plan } from '../core/plan.ts';
import type { Action, Described, StandIn } from '../core/triggers/stand-in.ts';

/** Whether a rollout runs such a document, be it to put it there or to take it back. */
export function standsIn({ doing }: Plan): boolean {
  return doing === 'mitigate' || doing === 'withdraw';
}

/** Where the document can run, as it is described today: the plan names its version and hash. */
export async function findStandIn(nodes: Node[], document: string, deps: Dependencies): Promise<StandIn> {
  const places = new Map(nodes.map(({ location }) => [locationKey(location), location]));
  const described = await Promise.all([...places].map(async ([where, location]) => [where, await deps.commands.describe(location, document)] as const));
  return whereItRuns(nodes, new Map<string, Described>(described));
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

/** Writes down where it stands from now on, or no more: that is what it will be withdrawn by. */
export async function noteStandIn(row: BatchRow, { node, outcome, at }: { node: string; outcome: Outcome; at: string }, deps: Dependencies): Promise<void> {
  if ((outcome !== 'mitigated' && outcome !== 'withdrawn') || row.rollout === undefined) return;
  const { plan } = await loadPlan(row.rollout, deps);
  const key = { policy: plan.policy.name, node: `${row.location}/${node}` };
  if (outcome === 'withdrawn') return deps.record.setMitigation(key.policy, key.node, { withdrawnAt: at });
  const advisories = (plan.because?.advisories ?? []).map(advisoryKey);
  const { name: document } = z.object({ name: z.string() }).parse(row.document);
  await deps.record.putMitigation({ ...key, advisories, document, rollout: row.rollout, appliedAt: at });
}
