/** What several tasks read the same way. */
import { gunzipSync } from 'node:zlib';
import { z } from 'zod';
import { FleetFacts, Lock, PolicyFile } from '../core/model.ts';
import { Plan } from '../core/plan.ts';
import { PatchReport } from '../core/report.ts';
import { Terminal } from '../core/errors.ts';
import { factsKey, lockKey, NO_POLICY, reportsKey } from '../core/keys.ts';
import type { Dependencies } from '../aws/dependencies.ts';
export { loadAdvisories, loadKnowledge } from '../aws/knowledge.ts';
export type { FleetKnowledge } from '../aws/knowledge.ts';
import type { Node } from '../core/model.ts';
import type { RolloutRow } from '../aws/record.ts';

/** Plans and locks never change under their hash: what was read once in an execution environment is not read again. */
const kept = new Map<string, unknown>();
const MOST_KEPT = 8;

async function readOnce<T>(key: string, read: () => Promise<T>): Promise<T> {
  if (kept.has(key)) return kept.get(key) as T;
  const value = await read();
  for (const oldest of kept.keys()) {
    if (kept.size < MOST_KEPT) break;
    kept.delete(oldest);
  }
  kept.set(key, value);
  return value;
}

export async function loadFleet(deps: Dependencies): Promise<Node[]> {
  return (await Promise.all(deps.setting('LOCATIONS').map((location) => deps.record.nodes(location)))).flat();
}

/** Facts by fingerprint, read once for each distinct one. */
export async function loadFacts(fleet: Node[], deps: Dependencies): Promise<Map<string, FleetFacts>> {
  const fingerprints = [...new Set(fleet.flatMap((node) => node.scan?.fingerprint ?? []))];
  const loaded = await Promise.all(fingerprints.map(async (fingerprint) => [fingerprint, await deps.store.findJson(factsKey(fingerprint))] as const));
  return new Map(loaded.flatMap(([fingerprint, facts]) => (facts === undefined ? [] : [[fingerprint, FleetFacts.parse(facts)] as const])));
}

/** The policy file as it was deployed; `undefined` where an installation has none. */
export async function loadPolicy(deps: Dependencies): Promise<PolicyFile | undefined> {
  const key = deps.setting('POLICY_KEY');
  return key === NO_POLICY ? undefined : PolicyFile.parse(await deps.store.getJsonFrom(deps.setting('POLICY_BUCKET'), key));
}

/** The rollout's row and the plan that binds it. */
export async function loadPlan(rollout: string, deps: Dependencies): Promise<{ row: RolloutRow; plan: Plan }> {
  const row = await deps.record.rollout(rollout);
  if (row.planKey === undefined) throw new Terminal(`rollout ${rollout} has no plan`);
  const { planKey } = row;
  return { row, plan: await readOnce(planKey, async () => Plan.parse(await deps.store.getJson(planKey))) };
}

export async function loadLock(sha256: string, deps: Dependencies): Promise<Lock> {
  return readOnce(lockKey(sha256), async () => Lock.parse(await deps.store.getJson(lockKey(sha256))));
}

/** A node's report as it is kept: `from` unpacked, one entry per item of the lock's section. */
export const StoredReport = PatchReport.omit({ from: true }).extend({ node: z.string(), lock: z.string(), from: z.array(z.string()) });
export type StoredReport = z.infer<typeof StoredReport>;

export async function loadReports(batch: string, deps: Dependencies): Promise<StoredReport[]> {
  return StoredReport.array().parse((await deps.store.findJson(reportsKey(batch))) ?? []);
}

/** Unpacks what a script packed with gzip and base64. `undefined` when it is damaged, or larger than anything a node may say. */
export function unpack(text: string): string | undefined {
  try {
    return gunzipSync(Buffer.from(text, 'base64'), { maxOutputLength: 4_000_000 }).toString('utf8');
  } catch {
    // Damaged output is a fact about the node's answer, not an error of ours: the caller says "no report".
    return undefined;
  }
}
