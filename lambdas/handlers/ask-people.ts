import { gatherResult } from './evidence.ts';
import { evidenceKey } from '../core/keys.ts';
import { loadPlan } from './load.ts';
import { implement } from './implement.ts';
import { tell } from './tell.ts';

/** Keeps the token of a plan that wants approval, and asks once. */
export const handler = implement('AskPeople', async ({ rollout, taskToken }, deps) => {
  const { row, plan } = await loadPlan(rollout, deps);
  await deps.record.setRollout(rollout, { taskToken, status: 'asked' });
  // The event is written after the notice, so that a lost publish is repeated: twice asked is better than not asked.
  if ((await deps.record.events(rollout)).some(({ what }) => what === 'approval')) return;
  await deps.store.putJson(evidenceKey(rollout), await gatherResult(row, plan, { status: 'held', reason: 'the plan waits for approval' }, deps));
  const nodes = plan.waves.reduce((sum, wave) => sum + wave.nodes.length, 0);
  const items = plan.candidate.reduce((sum, section) => sum + section.items.filter((item) => item.use !== 'dependency').length, 0);
  await tell({ event: 'approval', plan, wave: plan.waves[0]?.name ?? '', reasons: [`${items} exact versions for ${nodes} nodes in ${plan.waves.length} waves`], lock: '' }, deps);
});
