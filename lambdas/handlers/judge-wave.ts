import { Terminal } from '../core/errors.ts';
import { judgeWave } from '../core/judge.ts';
import { groupName } from '../core/names.ts';
import { gatherResult } from './evidence.ts';
import { evidenceKey } from '../core/keys.ts';
import { loadPlan } from './load.ts';
import { implement } from './implement.ts';
import { noteEvidence } from './shown.ts';
import { standsIn } from './stand-ins.ts';
import { tell } from './tell.ts';
import { closedFor } from './windows.ts';
import type { Dependencies } from '../aws/dependencies.ts';
import type { Judgement } from '../core/judge.ts';
import type { RolloutEvent } from '../core/notices.ts';
import type { Plan } from '../core/plan.ts';

/** Judges a wave by what the record holds, writes the verdict down, and tells people once about each final transition. */
export const handler = implement('JudgeWave', async ({ rollout, wave: name, phase }, deps) => {
  const { row, plan } = await loadPlan(rollout, deps);
  const index = plan.waves.findIndex((wave) => wave.name === name);
  const [planned, rules] = [plan.waves[index], plan.policy.waves[index]];
  if (!planned || !rules) throw new Terminal(`the plan has no wave ${name}`);
  const [state, runs] = await Promise.all([deps.record.wave(rollout, name), deps.record.nodeRuns(groupName(rollout, name))]);
  const byNode = new Map(runs.map((run) => [run.node, run]));
  const { soakSince } = state;
  const judgement = judgeWave({
    rules,
    index,
    phase,
    runs: planned.nodes.map(({ id, name: nodeName, platform }) => {
      const run = byNode.get(id);
      const judged = { node: id, name: nodeName, platform: run?.platform ?? platform, outcome: run?.outcome, reason: run?.reason ?? '' };
      return soakSince === undefined || standsIn(plan) ? judged : { ...judged, seen: (run?.verifiedAt ?? '') >= soakSince };
    }),
    soakSince: soakSince === undefined ? undefined : Date.parse(soakSince),
    stopped: row.stopped,
    accepted: state.accepted !== undefined,
    closed: closedFor(state),
    heldSince: state.heldSince === undefined ? undefined : Date.parse(state.heldSince),
    now: deps.now(),
  });
  await conclude({ plan, name, judgement, last: index === plan.waves.length - 1, lock: state.lock ?? '', told: state.told }, deps);
  if (judgement.action === 'end') await noteEvidence(plan, planned, deps);
  if (judgement.action === 'hold') {
    // People look at a held rollout for days: what is known so far must be readable before it closes.
    const snapshot = await gatherResult(row, plan, { status: 'held', reason: `wave ${name}: ${judgement.reasons.join('; ')}` }, deps);
    await deps.store.putJson(evidenceKey(rollout), snapshot);
  }
  const { verdict, action, seconds, reasons } = judgement;
  return { verdict, action, seconds, reason: reasons.join('; ').slice(0, 2_000) };
});

interface Conclusion {
  plan: Plan;
  name: string;
  judgement: Judgement;
  last: boolean;
  lock: string;
  told: string | undefined;
}

async function conclude({ plan, name, judgement, last, lock, told }: Conclusion, deps: Dependencies): Promise<void> {
  const { verdict, action, reasons } = judgement;
  const ended = action === 'end' ? { endedAt: new Date(deps.now()).toISOString() } : {};
  await deps.record.setWave(plan.rollout, name, { verdict, reasons, ...ended });
  const event = eventOf(judgement, last);
  if (event === undefined || event === told) return;
  if (event === 'failed') await quarantine(plan, lock, reasons, deps);
  await tell({ event, plan, wave: name, reasons, lock }, deps);
  // Afterwards, so that a lost publish is repeated: twice told is better than not told.
  await deps.record.setWave(plan.rollout, name, { told: event });
}

/** The last wave's pass is told when the rollout closes; a soak or a second look is no news. */
function eventOf({ verdict, action }: Judgement, last: boolean): RolloutEvent | undefined {
  if (action === 'hold') return 'held';
  if (action !== 'end') return undefined;
  if (verdict === 'pass') return last ? undefined : 'passed';
  return 'failed';
}

async function quarantine(plan: Plan, lock: string, reasons: string[], deps: Dependencies): Promise<void> {
  if (lock === '') return;
  await deps.record.putLock({
    sha256: lock,
    state: 'quarantined',
    rollout: plan.rollout,
    reason: reasons[0] ?? '',
    at: new Date(deps.now()).toISOString(),
  });
}
