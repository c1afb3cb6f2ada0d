/** What a plan is about that advisories have started: by the record's word, not by that of whoever asks. */
import { advisoryKey, nodeKey } from '../core/exposures/types.ts';
import { closingOf } from '../core/triggers/closing.ts';
import { meansOf } from '../core/triggers/stand-in.ts';
import { loadView } from './starts.ts';
import type { Dependencies } from '../aws/dependencies.ts';
import type { Policy } from '../core/model.ts';
import type { Closing } from '../core/triggers/closing.ts';
import type { Means } from '../core/triggers/stand-in.ts';
import type { Alert, Doing } from '../core/triggers/types.ts';

export interface Wanted {
  scheduledFor: string;
  because: string[];
  doing: Doing;
}

interface Started {
  advisories: string[];
  awaitedSince: string | undefined;
  /** What stands in, where the start is about that. */
  standIn: Means | undefined;
  /** Nodes (`nodeKey`) that carry what stands in for a fix: all of them, or for a withdrawal those that are to be freed. */
  mitigated: Set<string>;
}

/**
 * What the plan may touch and what it closes. `undefined` when the record knows nothing of such a start: an event that anybody could have sent
 * plans nothing.
 */
export async function loadClosing(policy: Policy, wanted: Wanted, deps: Dependencies): Promise<Closing | undefined> {
  const started = await startedFor(policy, wanted, deps);
  if (!started) return undefined;
  const about = new Set(started.advisories);
  const view = await loadView(deps, (exposure) => about.has(advisoryKey(exposure)));
  const { advisories: because, mitigated, awaitedSince } = started;
  const closing = closingOf({ policy, doing: wanted.doing, because, ...view, optIn: deps.setting('OPT_IN_TAG'), mitigated });
  const awaited = wanted.doing === 'patch' && awaitedSince !== undefined ? { awaitedSince } : {};
  const alert = wanted.doing === 'withdraw' ? await withdrawn(policy.name, closing, because, deps) : closing.alert;
  return { ...closing, alert: { ...alert, ...awaited }, ...(started.standIn === undefined ? {} : { standIn: started.standIn }) };
}

/** What something stood in for is closed by now: its name is known from the record only, and the nodes are those that carry it. */
async function withdrawn(policy: string, { alert, fleet }: Closing, because: string[], deps: Dependencies): Promise<Alert> {
  const rows = (await deps.record.starts(policy)).filter(({ advisory }) => because.includes(advisory));
  const advisories = because.map((key) => ({
    source: key.slice(0, key.indexOf(' ')),
    advisory: key.slice(key.indexOf(' ') + 1),
    title: '',
    cves: [],
  }));
  const reason = 'these nodes are no longer exposed to what it stood in for';
  return { ...alert, subject: rows[0]?.subject ?? advisories[0]?.advisory ?? '', advisories, reason, nodes: fleet.length };
}

async function startedFor(
  { name: policy, whileNoFix }: Policy,
  { scheduledFor, because, doing }: Wanted,
  deps: Dependencies,
): Promise<Started | undefined> {
  const carried = (await deps.record.mitigations(policy)).filter(({ withdrawnAt }) => withdrawnAt === undefined);
  if (doing === 'withdraw') {
    const due = carried.filter(({ withdrawFor }) => withdrawFor === scheduledFor);
    if (due.length === 0) return undefined;
    return {
      advisories: [...new Set(due.flatMap(({ advisories }) => advisories))].toSorted(),
      awaitedSince: undefined,
      standIn: due[0] && { name: due[0].document, by: due[0].by, role: due[0].role },
      mitigated: new Set(due.map(({ node }) => node)),
    };
  }
  const rows = (await deps.record.starts(policy)).filter(
    (row) => because.includes(row.advisory) && (doing === 'patch' ? row.patchFor : row.mitigateFor) === scheduledFor,
  );
  if (rows.length === 0) return undefined;
  const [awaitedSince] = rows.flatMap((row) => row.awaitedSince ?? []).toSorted();
  return {
    advisories: rows.map(({ advisory }) => advisory),
    awaitedSince,
    standIn: doing === 'mitigate' && whileNoFix ? meansOf(whileNoFix) : undefined,
    mitigated: new Set(carried.map(({ node }) => node)),
  };
}

/** Why a start has become needless while it was on its way: somebody else has closed it. `undefined` when it has not. */
export function needless(closing: Closing): string | undefined {
  const nodes = new Set(closing.fleet.map(nodeKey));
  if (nodes.size > 0 || closing.leftOut.length > 0) return undefined;
  return 'no node is exposed to it any more';
}
