import { provenLock, withoutPackages } from '../core/candidate.ts';
import { lockText } from '../core/lock.ts';
import { locationKey } from '../core/model.ts';
import { groupName } from '../core/names.ts';
import { provenItems } from '../core/proof.ts';
import { sha256 } from '../aws/store.ts';
import { lockKey } from '../core/keys.ts';
import { loadLock, loadPlan, loadReports } from './load.ts';
import { implement } from './implement.ts';
import { standsIn } from './stand-ins.ts';
import type { Dependencies } from '../aws/dependencies.ts';
import type { LeftOutItem, Proof } from '../core/candidate.ts';
import type { LockPlatform } from '../core/model.ts';
import type { Plan, PlanWave } from '../core/plan.ts';

/** The first wave gets the candidate; every later one what the first has proven, and nothing else. */
export const handler = implement('OpenWave', async ({ rollout, wave: name }, deps) => {
  const { plan } = await loadPlan(rollout, deps);
  const standing = await deps.record.findWave(rollout, name);
  if (standing?.lock !== undefined) return { lock: standing.lock };
  if (standsIn(plan)) {
    if (standing?.startedAt === undefined)
      await deps.record.setWave(rollout, name, { rounds: 0, verifyRounds: 0, startedAt: new Date(deps.now()).toISOString() });
    return { lock: '' };
  }
  const index = plan.waves.findIndex((wave) => wave.name === name);
  const wave = plan.waves[index];
  if (!wave) throw new Error(`the plan has no wave ${name}`);
  const { platforms, dropped } = index === 0 ? { platforms: plan.candidate, dropped: [] } : await prove(plan, deps);
  const locks = await publish({ platforms, wave, plan, proven: index > 0 }, deps);
  const lock = locks['']?.sha256 ?? Object.values(locks)[0]?.sha256 ?? sha256(lockText(platforms));
  await deps.record.setWave(rollout, name, { locks, lock, dropped, rounds: 0, verifyRounds: 0, startedAt: new Date(deps.now()).toISOString() });
  return { lock };
});

async function prove(plan: Plan, deps: Dependencies): Promise<{ platforms: LockPlatform[]; dropped: LeftOutItem[] }> {
  const first = plan.policy.waves[0];
  const group = groupName(plan.rollout, first?.name ?? '');
  const runs = new Map((await deps.record.nodeRuns(group)).map((run) => [run.node, run]));
  const proofs: Proof[] = [];
  for (const batch of await deps.record.batchesOf(group)) {
    if (batch.purpose !== 'patch') continue;
    for (const report of await loadReports(`${batch.group}-${batch.number}`, deps)) {
      const run = runs.get(report.node);
      if (run?.batch !== `${batch.group}-${batch.number}`) continue;
      const section = (await loadLock(report.lock, deps)).platforms.find((candidate) => candidate.platform === report.platform);
      proofs.push({ platform: report.platform, node: report.node, proven: provenItems(run.outcome, report, section?.items ?? []) });
    }
  }
  return provenLock(plan.candidate, proofs, first?.promoteWhen.provenOn ?? 1);
}

interface Publication {
  platforms: LockPlatform[];
  wave: PlanWave;
  plan: Plan;
  proven: boolean;
}

/** Lock by variant, with its URL in every location that has a node of that variant. */
async function publish({ platforms, wave, plan, proven }: Publication, deps: Dependencies) {
  const locks: Record<string, { sha256: string; urls: Record<string, string> }> = {};
  for (const variant of new Set(wave.nodes.map((node) => node.variant))) {
    const own = withoutPackages(platforms, plan.variants[variant] ?? []);
    const text = lockText(own);
    const hash = sha256(text);
    const state = proven ? 'proven' : 'candidate';
    await deps.store.putJson(lockKey(hash), { sha256: hash, state, platforms: own });
    await deps.record.putLock({ sha256: hash, state, rollout: plan.rollout, at: new Date(deps.now()).toISOString() });
    const urls: Record<string, string> = {};
    for (const node of wave.nodes.filter((candidate) => candidate.variant === variant)) {
      urls[locationKey(node.location)] ??= await deps.locks.publish(node.location, hash, text);
    }
    locks[variant] = { sha256: hash, urls };
  }
  return locks;
}
