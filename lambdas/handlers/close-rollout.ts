import { ROLLOUT_ENDED } from '../aws/bus.ts';
import { locationKey } from '../core/model.ts';
import { groupName } from '../core/names.ts';
import { gatherResult } from './evidence.ts';
import { evidenceKey } from '../core/keys.ts';
import { showEvidence } from './shown.ts';
import { freeLeaked } from './left-behind.ts';
import { loadPlan } from './load.ts';
import { implement } from './implement.ts';
import { tell } from './tell.ts';
import type { Dependencies } from '../aws/dependencies.ts';
import type { WaveRow } from '../aws/record.ts';
import type { Plan } from '../core/plan.ts';

/** Ends a rollout: reservations freed, evidence written, the last notice sent. */
export const handler = implement('CloseRollout', async ({ rollout }, deps) => {
  const { row, plan } = await loadPlan(rollout, deps);
  const waves = new Map((await deps.record.waves(rollout)).map((wave) => [wave.name, wave]));
  const missing = plan.waves.find((wave) => waves.get(wave.name)?.verdict !== 'pass');
  const status = missing === undefined && row.stopped === undefined ? 'succeeded' : 'failed';
  const reason = row.stopped ?? (missing === undefined ? 'every wave passed' : endReason(missing.name, waves.get(missing.name)));
  await freeAll(plan, deps);
  await showEvidence(plan, deps);
  const result = await gatherResult(row, plan, { status, reason }, deps);
  await deps.store.putJson(evidenceKey(rollout), result);
  const told = [...waves.values()].some((wave) => wave.told === 'failed');
  const last = plan.waves.findLast((wave) => waves.has(wave.name))?.name ?? plan.waves[0]?.name ?? '';
  const alreadyClosed = row.endedAt !== undefined;
  const cvesClosed = new Set(result.nodes.flatMap((node) => node.cvesClosed)).size;
  const ended = { plan, wave: last, reasons: [reason], lock: result.lock };
  if (!alreadyClosed && status === 'succeeded') await tell({ event: 'done', ...ended, cvesClosed }, deps);
  if (!alreadyClosed && status === 'failed' && !told) await tell({ event: 'failed', ...ended }, deps);
  await deps.record.setRollout(rollout, { status, reason, endedAt: row.endedAt ?? new Date(deps.now()).toISOString() });
  // Whether that was the last node is asked at once: people wait for the word that none is left.
  if (plan.because) await deps.bus.publish(ROLLOUT_ENDED, { policy: row.policy, rollout });
  return { status, reason: reason.slice(0, 2_000) };
});

function endReason(name: string, wave: WaveRow | undefined): string {
  if (!wave?.verdict) return `wave ${name} was not run: nobody approved the plan in time`;
  return `wave ${name}: ${(wave.reasons ?? []).join('; ')}`;
}

/** Whatever a batch of this rollout still holds is given back: a closed rollout reserves nothing. */
async function freeAll(plan: Plan, deps: Dependencies): Promise<void> {
  for (const wave of plan.waves) {
    const where = new Map(wave.nodes.map((node) => [node.id, locationKey(node.location)]));
    const group = groupName(plan.rollout, wave.name);
    // Settle keeps nodes that may still be at work. They are reported as they are; the next rollout's Preflight sees whether they are.
    const open = (await deps.record.nodeRuns(group)).filter(({ outcome }) => outcome === 'unknown' || outcome === 'unreachable');
    const kept = new Set(open.map(({ node }) => node));
    const batches = await deps.record.batchesOf(group);
    await freeLeaked(plan.rollout, wave, batches, deps);
    for (const batch of batches) {
      if (batch.status === 'lost') continue;
      const held = batch.nodes.filter((node) => batch.status !== 'settled' || kept.has(node));
      for (const node of held) await deps.record.free(where.get(node) ?? batch.location, node, `${batch.group}-${batch.number}`);
    }
  }
}
