import { isPlanDay } from '../core/calendar.ts';
import { locationKey, PolicyFile } from '../core/model.ts';
import { platformsOf } from '../core/platform-names.ts';
import { emptyPlan, makePlan, silentPlan, writtenPlan } from '../core/plan.ts';
import { Terminal } from '../core/errors.ts';
import { laneOf } from '../core/triggers/types.ts';
import { sha256 } from '../aws/store.ts';
import { planKey } from '../core/keys.ts';
import { loadAdvisories, loadFacts, loadFleet } from './load.ts';
import { lookAtHooks } from './hooks.ts';
import { implement } from './implement.ts';
import { loadClosing, needless } from './plan-start.ts';
import { findStandIn } from './stand-ins.ts';
import { loadLane, rolloutId } from './starts.ts';
import { tellPlanned } from './tell-alert.ts';
import { readWindows } from './windows.ts';
import type { Dependencies } from '../aws/dependencies.ts';
import type { Policy } from '../core/model.ts';
import type { DocumentPins, Plan } from '../core/plan.ts';
import type { Closing } from '../core/triggers/closing.ts';
import type { Means } from '../core/triggers/stand-in.ts';

type Action = 'run' | 'ask' | 'urge' | 'nothing';

/** Makes the plan once for a policy and planned time, stores it under its hash, and says whether it runs, asks or ends here. */
export const handler = implement('PlanRollout', async ({ policy: name, scheduledFor, execution, because, doing = 'patch' }, deps) => {
  const file = PolicyFile.parse(await deps.store.getJsonFrom(deps.setting('POLICY_BUCKET'), deps.setting('POLICY_KEY')));
  const policy = file.policies.find((candidate) => candidate.name === name);
  if (!policy) throw new Terminal(`no policy is called ${name}`);
  const rollout = rolloutId(name, doing, scheduledFor);
  const nothing = (reason: string) => ({ action: 'nothing' as const, rollout, reason });
  if (because === undefined && !isDue(policy, scheduledFor)) return nothing('not the day of the plan');
  const ours = await deps.record.claimRun({ policy: laneOf(name, doing), scheduledFor, rollout, execution });
  if (!ours) return nothing('another execution has this run already');
  const standing = await deps.record.findRollout(rollout);
  if (standing) return { action: resumed(standing.status, because !== undefined), rollout, reason: 'planned before' };
  const { running } = await loadLane(name, doing, deps, rollout);
  if (running) return nothing(`${running.id} of this policy has not ended yet`);
  const closing = because && (await loadClosing(policy, { scheduledFor, because, doing }, deps));
  if (because && !closing) return nothing('the record knows of no such start');
  const closed = closing && needless(closing);
  if (closed !== undefined) return nothing(closed);

  const fleet = await loadFleet(deps);
  const [facts, advisories] = [await loadFacts(fleet, deps), await loadAdvisories(deps, platformsOf(fleet))];
  const subject = closing?.standIn === undefined ? { closing, documents: await loadPins(deps) } : await standingIn(closing, closing.standIn, deps);
  const made = makePlan({
    rollout,
    file: { ...file, windows: await readWindows(file.windows, policy, deps) },
    policy,
    fleet,
    facts,
    advisories,
    ...subject,
    optIn: deps.setting('OPT_IN_TAG'),
    scheduledFor,
    now: deps.now(),
  });
  const { refused, unseen } = await lookAtHooks(made, deps);
  const plan: Plan = { ...made, ...(unseen.length === 0 ? {} : { unseenHooks: unseen }) };
  const written = writtenPlan(plan);
  const hash = sha256(JSON.stringify(written));
  await deps.store.putJson(planKey(hash), written);
  return settle({ plan, hash, urgent: closing !== undefined, refused }, deps);
});

function isDue(policy: Policy, scheduledFor: string): boolean {
  return policy.plan !== undefined && isPlanDay(policy.plan, Date.parse(scheduledFor));
}

interface Made {
  plan: Plan;
  hash: string;
  /** Advisories started it. */
  urgent: boolean;
  /** Why it must not run, though there is something to do. */
  refused: string | undefined;
}

/** Writes down what becomes of the plan. */
async function settle({ plan, hash, urgent, refused }: Made, deps: Dependencies): Promise<{ action: Action; rollout: string; reason: string }> {
  // What advisories have started and nothing can be done about is no "nothing to do": it is closed as failed, and people are told.
  const hopeless = silentPlan(plan) ?? (emptyPlan(plan) === undefined ? refused : urgent ? emptyPlan(plan) : undefined);
  const next = hopeless === undefined ? decide(plan) : { action: 'run' as const, reason: hopeless };
  if (plan.because && hopeless === undefined && next.action === 'run') {
    const row = await deps.record.ticket(plan.policy.name, plan.because.subject);
    await tellPlanned({ kind: 'runs', plan, alert: plan.because, planHash: hash, askedAt: deps.now(), ticket: row?.item ?? '' }, deps);
  }
  await deps.record.putRollout({
    id: plan.rollout,
    policy: plan.policy.name,
    scheduledFor: plan.scheduledFor,
    status: next.action === 'nothing' ? 'nothing' : next.action === 'run' ? 'planned' : 'asked',
    reason: next.reason,
    planKey: planKey(hash),
    waves: plan.waves.map((wave) => wave.name),
    // A rollout that cannot be planned is closed as failed, and people are told.
    ...(hopeless === undefined ? {} : { stopped: hopeless }),
    createdAt: plan.createdAt,
  });
  return { ...next, rollout: plan.rollout };
}

function decide(plan: Plan): { action: Action; reason: string } {
  const empty = emptyPlan(plan);
  if (empty !== undefined) return { action: 'nothing', reason: empty };
  if (plan.policy.mode === 'observe') return { action: 'nothing', reason: 'the policy only observes' };
  if (plan.policy.mode === 'auto') return { action: 'run', reason: 'the policy runs by itself' };
  return { action: plan.because ? 'urge' : 'ask', reason: 'the policy asks for approval' };
}

/** The same execution came again after it had written its plan: the answer must not change. */
function resumed(status: string, urgent: boolean): Action {
  if (status === 'planned' || status === 'running') return 'run';
  return status === 'asked' ? (urgent ? 'urge' : 'ask') : 'nothing';
}

/** What runs where there is no fix, on the nodes that it can run on. */
async function standingIn(closing: Closing, means: Means, deps: Dependencies) {
  const { fleet, leftOut, documents } = await findStandIn(closing.fleet, means, deps);
  return { closing: { ...closing, fleet, leftOut: [...closing.leftOut, ...leftOut] }, documents };
}

async function loadPins(deps: Dependencies): Promise<Record<string, DocumentPins>> {
  const locations = deps.setting('LOCATIONS');
  const pins = await Promise.all(locations.map((location) => deps.commands.pins(location)));
  return Object.fromEntries(locations.map((location, index) => [locationKey(location), pins[index] ?? {}]));
}
