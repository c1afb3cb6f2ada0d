/** Rollouts in the record, as the tasks before would have left them; each test changes what it is about. */
import { sha256 } from '../../lambdas/aws/store.ts';
import { factsKey, planKey } from '../../lambdas/core/keys.ts';
import { locationKey, parseLocation } from '../../lambdas/core/model.ts';
import { groupName } from '../../lambdas/core/names.ts';
import { TrackFile } from '../../lambdas/core/batch.ts';
import { CANDIDATE, CURL, HERE, ID, nodeRow, OPENSSL, PATCHABLE, PLATFORM, THERE, WINDOWS } from './fleet.ts';
import { found } from './world.ts';
import type { NodeRunRow } from '../../lambdas/aws/record.ts';
import type { FleetFacts, Outcome, Policy, Wave } from '../../lambdas/core/model.ts';
import type { DocumentPins, Plan, PlanNode, PlanWave } from '../../lambdas/core/plan.ts';
import type { World } from './world.ts';

const NONE = { count: 0 };

/** A wave's rules: any time, no soak, nothing may fail. */
export function rules(name: string, more: Partial<Wave> = {}): Wave {
  return {
    name,
    nodes: name === 'test' ? { tags: { Environment: 'test' } } : { everythingElse: true },
    soak: 0,
    promoteWhen: { provenOn: 2, failed: NONE, unreachable: NONE },
    stopWhen: { failed: NONE, unreachable: NONE },
    ...more,
  };
}

/** A policy of two waves that tells operations everything and security what went wrong. */
export function policy(more: Partial<Policy> = {}): Policy {
  return {
    name: 'monthly',
    mode: 'auto',
    nodes: { tags: { Wavelock: 'enabled' } },
    plan: { every: 'day', at: '09:00', timezone: 'UTC' },
    patches: { kinds: ['security'], severity: { atLeast: 'low', unrated: 'include' }, leaveOut: [] },
    waves: [rules('test'), rules('production')],
    tell: { 'linux-ops': ['approval', 'passed', 'held', 'failed', 'done'], security: ['failed', 'held', 'done'] },
    ...more,
  };
}

export function planNode(name: keyof typeof ID, more: Partial<PlanNode> = {}): PlanNode {
  const { id, location, name: called, os } = nodeRow(name);
  return {
    id,
    location,
    name: called,
    os,
    platform: os === 'windows' ? WINDOWS : PLATFORM,
    exposed: 2,
    cves: ['CVE-2026-1001'],
    pendingReboot: false,
    variant: '',
    ...more,
  };
}

export function planWave(name: string, nodes: PlanNode[], more: Partial<PlanWave> = {}): PlanWave {
  return { name, nodes, atOnce: 50, failedLimit: 0, unreachableLimit: 0, window: null, expectedSeconds: 1_200, worstCase: nodes.length, ...more };
}

let pins: Record<string, DocumentPins> | undefined;

/** What SSM says of the spokes' documents, as PlanRollout pins them. */
export async function documentPins(world: World): Promise<Record<string, DocumentPins>> {
  if (pins) return pins;
  const entries = await Promise.all(
    [HERE, THERE].map(async (where) => {
      const { account, region } = parseLocation(where);
      const caller = world.cloud.administrator(account, region);
      const pinned: DocumentPins = {};
      for (const title of ['Scan', 'Patch', 'Verify'].flatMap((purpose) => [`${purpose}-Linux`, `${purpose}-Windows`])) {
        const { Document } = await world.cloud.call(caller, 'ssm', 'DescribeDocument', { Name: `Wavelock-${title}` });
        pinned[title.toLowerCase()] = { name: Document.Name, version: Document.DocumentVersion, hash: Document.Hash };
      }
      return [where, pinned] as const;
    }),
  );
  return (pins = Object.fromEntries(entries));
}

/** The plan of a rollout over this fleet: two test nodes, then five of production in two locations. */
export async function makePlan(world: World, rollout: string, more: Partial<Plan> = {}): Promise<Plan> {
  const at = new Date(world.clock.now()).toISOString();
  return {
    v: 1,
    rollout,
    policy: policy(),
    windows: {},
    people: {},
    createdAt: at,
    scheduledFor: at,
    candidate: CANDIDATE,
    fixes: { [PLATFORM]: { 'openssl x86_64 1:3.0.8-1.amzn2023.0.5': { advisories: ['ALAS2023-2026-901'], cves: ['CVE-2026-1001'] } } },
    variants: {},
    documents: await documentPins(world),
    waves: [
      planWave('test', [planNode('test1'), planNode('test2')]),
      planWave(
        'production',
        (['shop1', 'shop2', 'shop3', 'plant1', 'plant2'] as const).map((name) => planNode(name)),
      ),
    ],
    leftOutItems: [],
    leftOutNodes: [],
    ...more,
  };
}

/** Stores a plan and its row: a rollout that may run. All nodes are free, healthy and as old as at the beginning. */
export async function seedRollout(world: World, rollout: string, more: Partial<Plan> = {}): Promise<Plan> {
  const plan = await makePlan(world, rollout, more);
  const key = planKey(sha256(JSON.stringify(plan)));
  await world.store.putJson(key, plan);
  await world.record.putRollout({
    id: rollout,
    policy: plan.policy.name,
    scheduledFor: plan.scheduledFor,
    status: 'planned',
    planKey: key,
    waves: plan.waves.map((wave) => wave.name),
    createdAt: plan.createdAt,
  });
  resetHosts(world);
  await seedNodes(world);
  return plan;
}

/** Machines as they were: old packages, nothing wrong. */
function resetHosts(world: World): void {
  for (const host of world.cloud.fleet.hosts) {
    for (const fault of Object.keys(host.faults) as (keyof typeof host.faults)[]) delete host.faults[fault];
    host.stopped.clear();
    host.heartbeat.start();
    if (host.platform.os === 'windows') continue;
    host.packages.put('openssl', '1:3.0.8-1.amzn2023.0.3');
    host.packages.put('curl', '8.3.0-1.amzn2023.0.2');
  }
}

/** Fresh rows for all nodes: nobody has reserved them. */
export async function seedNodes(world: World): Promise<void> {
  const seen = new Date(world.clock.now()).toISOString();
  await Promise.all(
    ([...PATCHABLE, 'office1', 'stranger'] as const).map(async (name) => {
      const node = nodeRow(name);
      await world.record.dropNode(locationKey(node.location), node.id);
      await world.record.saveNode(node, seen);
    }),
  );
}

export interface LaidOut {
  rollout: string;
  wave: string;
  group: string;
  plan: Plan;
  tracks: { key: string; batches: number }[];
  files: TrackFile[];
  /** All batch ids of the round. */
  batches: string[];
}

/** A rollout whose wave is open and has its first round laid out. */
export async function seedRound(world: World, rollout: string, more: Partial<Plan> = {}, wave = 'test'): Promise<LaidOut> {
  const plan = await seedRollout(world, rollout, more);
  await world.answer('OpenWave', { rollout, wave });
  return { ...(await layOutRound(world, rollout, wave)), plan };
}

/** The next round of an open wave. */
export async function layOutRound(world: World, rollout: string, wave: string, phase: 'patch' | 'verify' = 'patch'): Promise<Omit<LaidOut, 'plan'>> {
  const { action, key, reason } = await world.answer('LayOutRound', { rollout, wave, phase });
  if (action !== 'run') throw new Error(`nothing was laid out: ${action}, ${reason}`);
  const tracks = (await world.store.getJson(key)) as { key: string; batches: number }[];
  const files = await Promise.all(tracks.map(async (track) => TrackFile.parse(await world.store.getJson(track.key))));
  return { rollout, wave, group: groupName(rollout, wave), tracks, files, batches: files.flatMap((file) => file.batches.map((batch) => batch.id)) };
}

/** Admits the first batch of a round; answers its id. */
export async function admitFirst(world: World, round: Omit<LaidOut, 'plan'>): Promise<string> {
  const { action, batch, reason } = await world.answer('AdmitBatch', { track: found(round.tracks[0], 'track'), index: 0 });
  if (action !== 'send') throw new Error(`not admitted: ${action}, ${reason}`);
  return batch;
}

/** Sends an admitted batch and lets it run to its terminal event. */
export async function sendAndWait(world: World, batch: string): Promise<void> {
  await world.park('SendBatch', { batch, taskToken: `token-of-${batch}` });
  for (let minutes = 0; (await world.record.batch(batch))?.done === undefined; minutes += 1) {
    if (minutes > 240) throw new Error(`batch ${batch} did not end`);
    await world.pass(60);
  }
}

/** Runs every batch of a round as a track would; answers when all have settled. */
export async function runRound(world: World, round: Omit<LaidOut, 'plan'>): Promise<void> {
  for (const track of round.tracks) {
    for (let index = 0; index < track.batches; index += 1) {
      const { action, batch } = await world.answer('AdmitBatch', { track, index });
      if (action !== 'send') continue;
      await sendAndWait(world, batch);
      await settle(world, batch);
    }
  }
}

/** Looks at a batch until every node has an outcome. */
export async function settle(world: World, batch: string): Promise<void> {
  for (let looks = 0; looks < 100; looks += 1) {
    const { action, heartbeat } = await world.answer('SettleBatch', { batch });
    if (action === 'next') return;
    await world.pass(heartbeat);
  }
  throw new Error(`batch ${batch} does not settle`);
}

/** Writes outcomes of a wave's nodes as Settle does. */
export async function seedRuns(world: World, group: string, outcomes: { [name in keyof typeof ID]?: Outcome }): Promise<void> {
  const at = new Date(world.clock.now()).toISOString();
  for (const [name, outcome] of Object.entries(outcomes)) {
    const run: NodeRunRow = { group, node: ID[name as keyof typeof ID], platform: PLATFORM, outcome, reason: `a test says ${outcome}`, endedAt: at };
    await world.record.putNodeRun(run);
  }
}

/** A lock's row, which no task reads: its state is for people. */
export async function readLock(world: World, hash: string | undefined): Promise<{ [name: string]: unknown }> {
  const TableName = found(world.cloud.inventory.stacks[0]?.outputs.RecordTable, 'table');
  const { Items } = await world.cloud.call(world.administrator, 'dynamodb', 'Scan', { TableName });
  const rows = (Items as { [name: string]: { S?: string } }[]).map((item) =>
    Object.fromEntries(Object.entries(item).map(([name, { S }]) => [name, S])),
  );
  return found(
    rows.find((row) => row.sha256 === hash && row.state !== undefined),
    `lock ${hash}`,
  );
}

/** What nodes with this fingerprint have and are offered. */
export const FACTS: FleetFacts = {
  platform: PLATFORM,
  releasever: '2023.6.20241010',
  installed: [
    { name: 'curl', arch: 'x86_64', version: '8.3.0-1.amzn2023.0.2' },
    { name: 'openssl', arch: 'x86_64', version: '1:3.0.8-1.amzn2023.0.3' },
  ],
  available: [
    { name: 'curl', arch: 'x86_64', version: CURL, kind: 'security', severity: 'low', advisories: ['ALAS2023-2026-902'] },
    { name: 'openssl', arch: 'x86_64', version: OPENSSL, kind: 'security', severity: 'important', advisories: ['ALAS2023-2026-901'] },
  ],
  dependencies: [],
};

/** Nodes of which a scan has told everything. */
export async function seedFacts(world: World, facts: FleetFacts = FACTS): Promise<void> {
  await seedNodes(world);
  const fingerprint = sha256(JSON.stringify(facts));
  await world.store.putJson(factsKey(fingerprint), facts);
  const at = new Date(world.clock.now()).toISOString();
  const scan = { at, platform: facts.platform, fingerprint, kernel: '6.1.94', pending: '' as const, otherUpdaters: [], diskFreeMb: 5_000 };
  for (const name of [...PATCHABLE, 'stranger'] as const) {
    const node = nodeRow(name);
    await world.record.saveScan(locationKey(node.location), node.id, scan);
  }
}

/** Lays a round out: the nodes of each batch, track by track. */
export async function nodesLaidOut(world: World, rollout: string, wave: string): Promise<string[][][]> {
  const { files } = await layOutRound(world, rollout, wave);
  return files.map((file) => file.batches.map((batch) => batch.nodes));
}
