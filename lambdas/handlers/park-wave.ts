import { implement } from './implement.ts';

/** Keeps the token of a wave that waits, so that a person or an event can wake it before its time is up. */
export const handler = implement('ParkWave', async ({ rollout, wave, why, taskToken }, deps) => {
  const { heldSince: held, soakSince: soaking } = why === 'window' ? {} : await deps.record.wave(rollout, wave);
  const now = new Date(deps.now()).toISOString();
  const since = why === 'hold' ? { heldSince: held ?? now } : why === 'soak' ? { soakSince: soaking ?? now } : {};
  await deps.record.setWave(rollout, wave, { parkedFor: why, taskToken, ...since });
  await deps.record.setRollout(rollout, { status: why === 'hold' ? 'held' : 'running' });
  // Who stopped it between the judgement and this token had nobody to wake.
  const { stopped } = await deps.record.rollout(rollout);
  if (stopped !== undefined) await deps.callbacks.wake(taskToken, { woken: 'aborted' });
});
