import { gatherResult } from './evidence.ts';
import { evidenceKey } from '../core/keys.ts';
import { loadPlan } from './load.ts';
import { implement } from './implement.ts';
import { standsIn } from './stand-ins.ts';
import { tell } from './tell.ts';
import { tellPlanned, warningsOf } from './tell-alert.ts';
import type { Dependencies } from '../aws/dependencies.ts';
import type { RolloutRow } from '../aws/record.ts';
import type { Plan } from '../core/plan.ts';

/** Asked again sooner than this it is the same question, repeated by a retry. Below the machine's 30 minutes. */
const REMIND_AFTER_MS = 25 * 60_000;

/** Keeps the token of a plan that wants approval, and asks once; where advisories have started it, once more when nobody has answered. */
export const handler = implement('AskPeople', async ({ rollout, taskToken }, deps) => {
  const { row, plan } = await loadPlan(rollout, deps);
  // The token first: who decides after this wakes it, and whoever has decided before is among the events.
  await deps.record.setRollout(rollout, { taskToken, status: 'asked' });
  const events = await deps.record.events(rollout);
  // Somebody has decided between the first wait and this one: nobody else would wake this token.
  const decision = events.find(({ what }) => what === 'approve' || what === 'abort');
  if (decision) return void (await deps.callbacks.wake(taskToken, { woken: decision.what === 'approve' ? 'approved' : 'aborted' }));
  const asked = events.find(({ what }) => what === 'approval');
  if (!asked) return ask(row, plan, deps);
  const due = plan.because !== undefined && deps.now() - Date.parse(asked.at) >= REMIND_AFTER_MS;
  if (due && !events.some(({ what }) => what === 'reminder')) await remind(row, plan, Date.parse(asked.at), deps);
});

/** The event is written after the notice, so that a lost publish is repeated: twice asked is better than not asked. */
async function ask(row: RolloutRow, plan: Plan, deps: Dependencies): Promise<void> {
  await deps.store.putJson(evidenceKey(row.id), await gatherResult(row, plan, { status: 'held', reason: 'the plan waits for approval' }, deps));
  const nodes = plan.waves.reduce((sum, wave) => sum + wave.nodes.length, 0);
  const items = plan.candidate.reduce((sum, section) => sum + section.items.filter((item) => item.use !== 'dependency').length, 0);
  const what = standsIn(plan) ? `a document of yours (${plan.doing})` : `${items} exact versions`;
  const reason = `${what} for ${nodes} nodes in ${plan.waves.length} waves`;
  if (!plan.because)
    return tell({ event: 'approval', plan, wave: plan.waves[0]?.name ?? '', reasons: [reason, ...warningsOf(plan)], lock: '' }, deps);
  await tellAsking('plan', row, { plan, askedAt: deps.now() }, deps);
  await note('approval', plan, reason, deps);
}

async function remind(row: RolloutRow, plan: Plan, askedAt: number, deps: Dependencies): Promise<void> {
  await tellAsking('reminder', row, { plan, askedAt }, deps);
  await note('reminder', plan, 'nobody has answered', deps);
}

async function tellAsking(
  kind: 'plan' | 'reminder',
  row: RolloutRow,
  { plan, askedAt }: { plan: Plan; askedAt: number },
  deps: Dependencies,
): Promise<void> {
  if (!plan.because) return;
  const ticket = (await deps.record.ticket(plan.policy.name, plan.because.subject))?.item ?? '';
  const planHash = row.planKey?.replace(/^plans\//, '') ?? '';
  await tellPlanned({ kind, plan, alert: plan.because, planHash, askedAt, ticket }, deps);
}

async function note(what: string, plan: Plan, why: string, deps: Dependencies): Promise<void> {
  await deps.record.putEvent({
    rollout: plan.rollout,
    at: new Date(deps.now()).toISOString(),
    what,
    wave: plan.waves[0]?.name ?? '',
    who: 'wavelock',
    why,
  });
}
