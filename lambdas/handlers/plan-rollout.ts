import { isPlanDay } from '../core/calendar.ts';
import { locationKey, PolicyFile } from '../core/model.ts';
import { rolloutName } from '../core/names.ts';
import { emptyPlan, makePlan, silentPlan } from '../core/plan.ts';
import { Terminal } from '../core/errors.ts';
import { sha256 } from '../aws/store.ts';
import { planKey } from '../core/keys.ts';
import { loadAdvisories, loadFacts, loadFleet } from './load.ts';
import { implement } from './implement.ts';
import type { Dependencies } from '../aws/dependencies.ts';
import type { DocumentPins, Plan } from '../core/plan.ts';

/** Makes the plan once for a policy and planned time, stores it under its hash, and says whether it runs, asks or ends here. */
export const handler = implement('PlanRollout', async ({ policy: name, scheduledFor, execution }, deps) => {
  const file = PolicyFile.parse(await deps.store.getJsonFrom(deps.setting('POLICY_BUCKET'), deps.setting('POLICY_KEY')));
  const policy = file.policies.find((candidate) => candidate.name === name);
  if (!policy) throw new Terminal(`no policy is called ${name}`);
  const rollout = rolloutName(name, scheduledFor, sha256(`${name} ${scheduledFor}`));
  if (policy.plan && !isPlanDay(policy.plan, Date.parse(scheduledFor))) return { action: 'nothing', rollout, reason: 'not the day of the plan' };
  const ours = await deps.record.claimRun({ policy: name, scheduledFor, rollout, execution });
  if (!ours) return { action: 'nothing', rollout, reason: 'another execution has this run already' };
  const standing = await deps.record.findRollout(rollout);
  if (standing) return resume(standing.status, rollout);
  const running = await unfinished(name, rollout, deps);
  if (running !== undefined) return { action: 'nothing', rollout, reason: `${running} of this policy has not ended yet` };

  const fleet = await loadFleet(deps);
  const [facts, advisories] = [await loadFacts(fleet, deps), await loadAdvisories(deps)];
  const documents = await loadPins(deps);
  const plan = makePlan({ rollout, file, policy, fleet, facts, advisories, documents, optIn: deps.setting('OPT_IN_TAG'), scheduledFor, now: deps.now() });
  const key = planKey(sha256(JSON.stringify(plan)));
  await deps.store.putJson(key, plan);
  const silent = silentPlan(plan);
  const next = silent === undefined ? decide(plan) : { action: 'run' as const, reason: silent };
  await deps.record.putRollout({
    id: rollout,
    policy: name,
    scheduledFor,
    status: next.action === 'nothing' ? 'nothing' : next.action === 'ask' ? 'asked' : 'planned',
    reason: next.reason,
    planKey: key,
    waves: plan.waves.map((wave) => wave.name),
    // A rollout that cannot be planned is closed as failed, and people are told.
    ...(silent === undefined ? {} : { stopped: silent }),
    createdAt: plan.createdAt,
  });
  return { ...next, rollout };
});

/** A policy has one rollout at a time: a second one would only wait for the first one's reservations. */
async function unfinished(policy: string, rollout: string, deps: Dependencies): Promise<string | undefined> {
  for (const run of (await deps.record.runs(policy)).toReversed()) {
    if (run.rollout === rollout) continue;
    const row = await deps.record.findRollout(run.rollout);
    if (row && row.endedAt === undefined && row.status !== 'nothing') return run.rollout;
  }
  return undefined;
}

function decide(plan: Plan): { action: 'run' | 'ask' | 'nothing'; reason: string } {
  const empty = emptyPlan(plan);
  if (empty !== undefined) return { action: 'nothing', reason: empty };
  if (plan.policy.mode === 'observe') return { action: 'nothing', reason: 'the policy only observes' };
  return plan.policy.mode === 'approve' ? { action: 'ask', reason: 'the policy asks for approval' } : { action: 'run', reason: 'the policy runs by itself' };
}

/** The same execution came again after it had written its plan: the answer must not change. */
function resume(status: string, rollout: string): { action: 'run' | 'ask' | 'nothing'; rollout: string; reason: string } {
  return { action: status === 'planned' || status === 'running' ? 'run' : status === 'asked' ? 'ask' : 'nothing', rollout, reason: 'planned before' };
}

async function loadPins(deps: Dependencies): Promise<Record<string, DocumentPins>> {
  const locations = deps.setting('LOCATIONS');
  const pins = await Promise.all(locations.map((location) => deps.commands.pins(location)));
  return Object.fromEntries(locations.map((location, index) => [locationKey(location), pins[index] ?? {}]));
}
