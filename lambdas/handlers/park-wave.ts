import { implement } from './implement.ts';

/** Keeps the token of a wave that waits, so that a person or an event can wake it before its time is up. */
export const handler = implement('ParkWave', async ({ rollout, wave, why, taskToken }, deps) => {
  const held = why === 'hold' ? (await deps.record.wave(rollout, wave)).heldSince : undefined;
  const heldSince = why === 'hold' ? { heldSince: held ?? new Date(deps.now()).toISOString() } : {};
  await deps.record.setWave(rollout, wave, { parkedFor: why, taskToken, ...heldSince });
  await deps.record.setRollout(rollout, { status: why === 'hold' ? 'held' : 'running' });
});
