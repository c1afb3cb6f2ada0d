import { implement } from './implement.ts';

/** The first wave without a verdict, if all before it passed; otherwise the rollout closes. */
export const handler = implement('NextWave', async ({ rollout }, deps) => {
  const row = await deps.record.rollout(rollout);
  if (row.stopped !== undefined) return { action: 'close', wave: '', reason: row.stopped };
  const waves = new Map((await deps.record.waves(rollout)).map((wave) => [wave.name, wave]));
  for (const name of row.waves ?? []) {
    const wave = waves.get(name);
    if (wave?.endedAt === undefined) {
      if (row.status !== 'running') await deps.record.setRollout(rollout, { status: 'running' });
      return { action: 'wave', wave: name, reason: 'next in the plan' };
    }
    if (wave.verdict !== 'pass') return { action: 'close', wave: '', reason: `wave ${name} did not pass` };
  }
  return { action: 'close', wave: '', reason: 'every wave passed' };
});
