/** A rollout over the whole fleet of the intake's bench: what its waves leave behind, without the thousands of commands between. */
import { reportsKey, factsKey, lockKey } from '../../lambdas/core/keys.ts';
import { FleetFacts, Lock, locationKey, parseLocation } from '../../lambdas/core/model.ts';
import { batchName, groupName } from '../../lambdas/core/names.ts';
import { PLATFORM } from './intake-fleet.ts';
import type { BatchRow, NodeRunRow } from '../../lambdas/aws/record.ts';
import type { LockItem } from '../../lambdas/core/model.ts';
import type { BenchWorld } from './intake-world.ts';

/** Nodes of a batch (SSM API Reference, SendCommand.InstanceIds). */
const BATCH = 50;

export interface EndedWave {
  rollout: string;
  wave: string;
  lock: string;
  /** Ids of the wave's nodes. */
  nodes: ReadonlySet<string>;
}

/** Every node of a wave has installed what the lock has for it: batches, outcomes and reports as SettleBatch leaves them. */
export async function endWave(world: BenchWorld, locations: readonly string[], { rollout, wave, lock, nodes }: EndedWave): Promise<void> {
  const { record, store, entities } = world;
  const group = groupName(rollout, wave);
  const items = Lock.parse(await store.getJson(lockKey(lock))).platforms.find(({ platform }) => platform === PLATFORM)?.items ?? [];
  const standings = (await Promise.all(locations.map((location) => record.standings(parseLocation(location))))).flat();
  const own = standings.flatMap(({ node }) => (nodes.has(node.id) ? [node] : []));
  const changes = new Map<string, string[]>();
  for (const { scan } of own)
    if (scan && !changes.has(scan.fingerprint))
      changes.set(scan.fingerprint, changedFrom(FleetFacts.parse(await store.getJson(factsKey(scan.fingerprint))), items));
  const at = new Date().toISOString();
  const batches: BatchRow[] = [];
  const runs: NodeRunRow[] = [];
  for (const location of locations) {
    const here = own.filter((node) => locationKey(node.location) === location);
    for (let start = 0; start < here.length; start += BATCH) {
      const some = here.slice(start, start + BATCH);
      const number = `p1-0-${batches.length}`;
      const id = batchName({ group, number });
      const from = (node: (typeof some)[number]): string[] => changes.get(node.scan?.fingerprint ?? '') ?? [];
      batches.push({
        group,
        number,
        purpose: 'patch',
        rollout,
        wave,
        location,
        os: 'linux',
        nodes: some.map((node) => node.id),
        document: {},
        parameters: {},
        lock,
        status: 'settled',
      });
      runs.push(
        ...some.map((node) => ({
          group,
          node: node.id,
          batch: id,
          platform: PLATFORM,
          outcome: 'patched' as const,
          reason: 'patched',
          changed: from(node).filter((text) => text !== '' && text !== '=').length,
          rebooted: true,
          startedAt: at,
          endedAt: at,
        })),
      );
      await store.putJson(
        reportsKey(id),
        some.map((node) => ({ ...REPORT, batch: id, node: node.id, lock, from: from(node) })),
      );
    }
  }
  await entities.batch.put(batches).go({ concurrency: 2 });
  await entities.nodeRun.put(runs).go({ concurrency: 2 });
}

const REPORT = {
  v: 1,
  do: 'patch',
  platform: PLATFORM,
  phase: 'verify',
  end: 'ok',
  why: '',
  detail: '',
  boot: '2026-11-23T02:00:00Z',
  rebooted: 1,
  pending: '',
  n: 1,
  bad: [],
  down: [],
};

/** A report's `from`: one entry an item of the lock, the version before where it was older. */
function changedFrom({ installed, available }: FleetFacts, items: readonly LockItem[]): string[] {
  const offered = new Set(available.map((update) => update.name));
  const before = new Map(installed.map((item) => [item.name, item.version]));
  return items.map(({ name, version }) => (offered.has(name) ? (before.get(name) ?? '') : before.get(name) === version ? '=' : ''));
}
