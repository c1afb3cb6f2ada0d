import { advisoryKey } from '../core/exposures/types.ts';
import { meets } from '../core/exposures/urgency.ts';
import { laneOf } from '../core/triggers/types.ts';
import { whatStarts } from '../core/triggers/what-starts.ts';
import { loadPolicy } from './load.ts';
import { implement } from './implement.ts';
import { StartDesk } from './start-desk.ts';
import { loadLane, loadView } from './starts.ts';
import type { Dependencies } from '../aws/dependencies.ts';
import type { StartRow } from '../aws/record.ts';
import type { OpenExposure } from '../core/exposures/types.ts';
import type { Policy } from '../core/model.ts';
import type { Doing, Running } from '../core/triggers/types.ts';

const DOINGS: Doing[] = ['patch', 'mitigate', 'withdraw'];

/**
 * Starts what has to start, tells what has to be told, closes what is closed. What is started is written under a condition first, so that of
 * two that run at once one starts it; an event that got lost is sent again by a later run, and starts nothing twice.
 */
export const handler = implement('StartRollouts', async (_input, deps) => {
  const all = (await loadPolicy(deps))?.policies ?? [];
  const policies = all.filter((policy) => policy.startWhen !== undefined);
  const counts = { started: 0, told: 0 };
  if (policies.length === 0) return counts;
  const cases = await Promise.all(policies.map(async (policy) => ({ policy, ...(await loadKnown(policy, deps)) })));
  const [view, optIn] = [await loadView(deps, concernOf(cases)), deps.setting('OPT_IN_TAG')];
  for (const { policy, rows, ...known } of cases) {
    const desk = new StartDesk({ policy, others: all.filter((other) => other !== policy), view, optIn, rows, deps });
    for (const decision of whatStarts({ policies: [policy], ...view, optIn, asked: rows, ...known, now: deps.now() })) {
      deps.log.info('decided', { ...decision });
      const done = await desk.carryOut(decision);
      if (done) counts[decision.action === 'tell' || decision.action === 'close' ? 'told' : 'started'] += 1;
    }
  }
  return counts;
});

/** What may start something, by a condition or because it already has: of everything that is open usually little. */
function concernOf(cases: readonly { policy: Policy; rows: readonly StartRow[] }[]): (exposure: OpenExposure) => boolean {
  const asked = new Set(cases.flatMap(({ rows }) => rows.map(({ advisory }) => advisory)));
  const starting = new Set<string>();
  const conditions = cases.flatMap(({ policy }) => policy.startWhen ?? []).map(({ tags: _anybody, ...condition }) => condition);
  return (exposure) => {
    const key = advisoryKey(exposure);
    if (!asked.has(key) && !starting.has(key) && conditions.some((condition) => meets(condition, exposure.urgency, {}))) starting.add(key);
    // What only a repository names may be graded otherwise on every list: one that meets no condition may belong to one that does.
    return asked.has(key) || starting.has(key) || exposure.source === 'repository';
  };
}

async function loadKnown(policy: Policy, deps: Dependencies) {
  const lanes = await Promise.all(DOINGS.map(async (doing) => ({ doing, lane: await loadLane(policy.name, doing, deps) })));
  const [rows, mitigations] = await Promise.all([deps.record.starts(policy.name), deps.record.mitigations(policy.name)]);
  return {
    rows,
    mitigated: mitigations.filter(({ withdrawnAt }) => withdrawnAt === undefined),
    running: lanes.flatMap(({ doing, lane }): Running[] => (lane.running ? [{ rollout: lane.running.id, policy: policy.name, doing }] : [])),
    taken: new Map(lanes.map(({ doing, lane }) => [laneOf(policy.name, doing), lane.taken])),
  };
}
