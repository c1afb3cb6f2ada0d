import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { readClosures, readCountedNodes, readOpenExposures } from '../../lambdas/aws/exposures.ts';
import { sha256 } from '../../lambdas/aws/store.ts';
import { factsKey, inventoryKey } from '../../lambdas/core/keys.ts';
import { locationKey, parseLocation } from '../../lambdas/core/model.ts';
import { THROTTLED } from './faults.ts';
import { CURL, HERE, ID, nodeRow, OPENSSL, PATCHABLE, THERE } from './fleet.ts';
import { alas, seedKnowledge } from './knowledge.ts';
import { FACTS, seedFacts, seedNodes } from './rollouts.ts';
import { createWorld, found } from './world.ts';
import type { Closure, ExposureSummary } from '../../lambdas/core/exposures/types.ts';
import type { FleetFacts } from '../../lambdas/core/model.ts';
import type { World } from './world.ts';

let world: World;
let runs = 0;

beforeAll(async () => {
  world = await createWorld();
});
beforeEach(() => forget());
afterEach(() => world.mend());
afterAll(() => world.stop());

const LISTED = { cve: 'CVE-2026-1001', added: '2026-11-08', due: '2026-11-29', ransomware: false, product: 'OpenSSL OpenSSL' };
/** Offered nothing, so that only advisories speak. */
const PLAIN: FleetFacts = { ...FACTS, available: [] };
const PATCHED: FleetFacts = { ...PLAIN, installed: PLAIN.installed.map((item) => (item.name === 'openssl' ? { ...item, version: OPENSSL } : item)) };
/** One more package: another fingerprint, no other exposure. */
const OTHER: FleetFacts = { ...PLAIN, installed: [...PLAIN.installed, { name: 'zlib', arch: 'x86_64', version: '1.2.11-33.amzn2023.0.5' }] };

/** Nothing known, nobody there. */
async function forget(): Promise<void> {
  await seedKnowledge(world, {});
  for (const location of [HERE, THERE])
    for (const node of await world.record.nodes(parseLocation(location))) await world.record.dropNode(location, node.id);
  await close();
  await world.pass(60);
}

async function close(): Promise<ExposureSummary> {
  runs += 1;
  await world.answer('CloseIntake', { scan: `scan-${runs}` });
  return found(await readOpenExposures(world.store), 'summary');
}

/** A scan has seen these nodes with this list. */
async function scanned(facts: FleetFacts, ...names: (keyof typeof ID)[]): Promise<void> {
  const fingerprint = sha256(JSON.stringify(facts));
  await world.store.putJson(factsKey(fingerprint), facts);
  const at = iso();
  for (const name of names) {
    await world.record.saveScan(locationKey(nodeRow(name).location), ID[name], {
      at,
      platform: facts.platform,
      fingerprint,
      kernel: '6.1.94',
      pending: '',
      otherUpdaters: [],
      diskFreeMb: 5_000,
    });
  }
}

const iso = (): string => new Date(world.clock.now()).toISOString();
const open = ({ exposures }: ExposureSummary): string[] =>
  exposures.map(({ source, advisory, state, nodes }) => `${source} ${advisory} ${state} ${nodes}`);

/** Closures found since then. */
async function closed(since: string): Promise<Closure[]> {
  const all = await readClosures(world.store, since.slice(0, 10));
  return all.filter(({ nodes, by }) => by !== 'node-gone' && nodes.some((node) => node.closed >= since));
}

/** Metrics of the last run, by name. */
async function metrics(): Promise<{ [name: string]: unknown }> {
  const before = world.log('CloseIntake').length;
  await close();
  const lines = world
    .log('CloseIntake')
    .slice(before)
    .filter((line) => line.includes('_aws'))
    .map((line) => JSON.parse(line) as { [name: string]: unknown });
  return Object.assign({}, ...lines);
}

describe('CloseIntake', () => {
  it('covers a fleet without nodes', async () => {
    expect(await metrics()).toMatchObject({ NodesManaged: 0, CoveragePercent: 100, ExposuresOpen: 0, ExposuresOverdue: 0, KnownExploitedOpen: 0 });
    expect(await world.answer('CloseIntake', { scan: 'scan-1' })).toEqual({ nodes: 0, reporting: 0, exposed: 0 });
  });

  it('counts who reports and who is exposed, and says the same again', async () => {
    await seedFacts(world);
    const answer = { nodes: 9, reporting: 8, exposed: 8 };
    expect(await world.answer('CloseIntake', { scan: 'scan-1' })).toEqual(answer);
    expect(await world.answer('CloseIntake', { scan: 'scan-1' })).toEqual(answer);
    await seedFacts(world, PLAIN);
    expect(await world.answer('CloseIntake', { scan: 'scan-1' })).toEqual({ nodes: 9, reporting: 8, exposed: 0 });
  });

  it('emits what the alarms watch, the age of each feed with it', async () => {
    await seedFacts(world);
    for (const name of [...PATCHABLE.slice(2), 'office1'] as const) await world.record.dropNode(locationKey(nodeRow(name).location), ID[name]);
    await world.record.dropNode(HERE, ID.stranger);
    await world.record.dropNode(HERE, ID.test2);
    await world.record.saveNode({ ...nodeRow('test2'), online: false }, iso());
    const emitted = await metrics();
    expect(emitted).toMatchObject({ NodesManaged: 2, NodesReporting: 1, CoveragePercent: 50, NodesExposed: 1, ExposuresOpen: 2 });
  });

  it('is terminal for input of another form, retryable while the record or the store is busy', async () => {
    expect(await world.failure('CloseIntake', {})).toMatchObject({ errorType: 'Terminal' });
    world.fail({ call: 'dynamodb:Query', when: 'before', ...THROTTLED });
    expect(await world.failure('CloseIntake', { scan: 'scan-1' })).toMatchObject({ errorType: 'Retryable' });
    world.mend();
    await seedFacts(world);
    world.fail({ call: 's3:GetObject', when: 'before', code: 'SlowDown', status: 503 });
    expect(await world.failure('CloseIntake', { scan: 'scan-1' })).toMatchObject({ errorType: 'Retryable' });
  });
});

describe('exposures', () => {
  it('open with an advisory on every node that it concerns, and keep their clocks', async () => {
    await seedFacts(world, PLAIN);
    await seedKnowledge(world, {
      advisories: [alas('ALAS2023-2026-901'), alas('ALAS2023-2026-902', { package: 'curl', fixed: CURL, severity: 'critical', cves: [] })],
    });
    const seen = iso();
    const first = await close();
    expect(open(first)).toEqual(['alas ALAS2023-2026-902 exposed 8', 'alas ALAS2023-2026-901 exposed 8']);
    expect(first.exposures[1]).toMatchObject({
      seen,
      fixable: seen,
      published: '2026-10-20T19:20:00.000Z',
      severity: 'important',
      title: 'openssl update',
      packages: [{ package: 'openssl', fixed: OPENSSL }],
    });
    expect(first.exposures[0]?.due).toBe(new Date(Date.parse(seen) + 30 * 86_400_000).toISOString());
    await world.pass(3_600);
    const { at: _at, ...second } = await close();
    const { at: _before, ...before } = first;
    expect(second).toEqual(before);
  });

  it('follow a node whose list changes, and close for it what it no longer has', async () => {
    await seedFacts(world, PLAIN);
    await seedKnowledge(world, { advisories: [alas('ALAS2023-2026-901')] });
    const {
      exposures: [opened],
    } = await close();
    await world.pass(600);
    await scanned(OTHER, 'shop1');
    const moved = await close();
    expect(moved.exposures.map(({ nodes, seen }) => `${nodes} since ${seen}`).toSorted()).toEqual([
      `1 since ${opened?.seen}`,
      `7 since ${opened?.seen}`,
    ]);
    await world.pass(600);
    const since = iso();
    await scanned(PATCHED, 'shop1', 'shop2');
    expect(open(await close())).toEqual(['alas ALAS2023-2026-901 exposed 6']);
    expect((await closed(since)).flatMap(({ by, nodes }) => nodes.map(({ id, closed: when }) => `${by} ${id} ${when}`)).toSorted()).toEqual(
      [ID.shop1, ID.shop2].map((id) => `scan ${id} ${since}`).toSorted(),
    );
    expect((await closed(since))[0]).toMatchObject({
      exposures: [{ advisory: 'ALAS2023-2026-901', seen: opened?.seen, state: 'exposed', knownExploited: false }],
    });
  });

  it('close with an advisory that its vendor takes back, and are no patching then', async () => {
    await seedFacts(world, PLAIN);
    await seedKnowledge(world, { advisories: [alas('ALAS2023-2026-901')] });
    await close();
    await world.pass(60);
    const since = iso();
    await seedKnowledge(world, { advisories: [alas('ALAS2023-2026-901', { withdrawn: since })] });
    expect(await close()).toMatchObject({ exposures: [], advisories: [], counts: { exposures: 0 } });
    expect(await closed(since)).toMatchObject([{ by: 'advisory', nodes: expect.objectContaining({ length: 8 }) }]);
  });

  it("get CISA's word joined, and the date of the rule that then applies", async () => {
    await seedFacts(world, PLAIN);
    const advisories = [alas('ALAS2023-2026-901')];
    await seedKnowledge(world, { advisories });
    const quiet = await close();
    await seedKnowledge(world, { advisories, exploited: [LISTED], scores: [{ cve: 'CVE-2026-1001', epss: 0.93, percentile: 0.99 }] });
    const loud = await close();
    expect(quiet.exposures[0]).toMatchObject({ deadline: 'anything else: within 90 d of being seen', urgency: { knownExploited: false } });
    expect(loud.exposures[0]).toMatchObject({
      deadline: 'known exploited: within 14 d of being seen',
      urgency: { knownExploited: true, kevDue: '2026-11-29', epss: 0.93, percentile: 0.99 },
    });
    expect(loud.exposures[0]?.due).toBe(new Date(Date.parse(loud.exposures[0]?.seen ?? '') + 14 * 86_400_000).toISOString());
    // Fifteen days earlier, as if the record had known it so long.
    const earlier = new Date(world.clock.now() - 15 * 86_400_000).toISOString();
    await world.record.putExposures(
      (await world.record.exposureParts()).map((part) => ({ ...part, rows: part.rows.map((row) => ({ ...row, seen: earlier, fixable: earlier })) })),
      'test',
    );
    expect(await metrics()).toMatchObject({ ExposuresOpen: 8, ExposuresOverdue: 8, KnownExploitedOpen: 8, KnownExploitedOverdue: 8 });
  });

  it('wait for the vendor where only CISA speaks, and go on with the clock once there is a fix', async () => {
    await seedFacts(world, PLAIN);
    await seedKnowledge(world, { exploited: [LISTED] });
    const awaited = await close();
    expect(open(awaited)).toEqual(['kev CVE-2026-1001 awaiting-vendor 8']);
    expect(awaited.counts).toMatchObject({ awaitingVendor: 8, knownExploited: 8 });
    expect(awaited.exposures[0]).not.toHaveProperty('fixable');
    await world.pass(7_200);
    const fixable = iso();
    await seedKnowledge(world, { exploited: [LISTED], advisories: [alas('ALAS2023-2026-901')] });
    const fixed = await close();
    expect(open(fixed)).toEqual(['alas ALAS2023-2026-901 exposed 8']);
    expect(fixed.advisories[0]).toMatchObject({ seen: awaited.exposures[0]?.seen, fixable });
  });

  it('begin with what people announce, until they withdraw it', async () => {
    await seedFacts(world, PLAIN);
    const announced = { cve: 'CVE-2026-31337', packages: ['openssl'], title: 'all over the news', severity: 'critical' as const, added: iso() };
    expect(await world.record.announce(announced, 'arn:ann', 'all over the news')).toBe(true);
    expect(await world.record.announce(announced, 'arn:joe', 'again')).toBe(false);
    const summary = await close();
    expect(open(summary)).toEqual(['person CVE-2026-31337 awaiting-vendor 8']);
    expect(summary.advisories[0]).toMatchObject({
      title: 'all over the news',
      urgency: { severity: 'critical' },
      services: { '': { exposed: 8, of: 9 } },
    });
    expect(await world.record.takeBack('CVE-2026-31337', iso())).toBe(true);
    expect(await world.record.takeBack('CVE-2026-31337', iso())).toBe(false);
    expect(open(await close())).toEqual([]);
    // Announced anew after it was withdrawn.
    expect(await world.record.announce(announced, 'arn:ann', 'again')).toBe(true);
    await world.record.takeBack('CVE-2026-31337', iso());
  });

  it('have a course that ends with the last node and knows who closed it', async () => {
    await seedFacts(world, PATCHED);
    await scanned(PLAIN, 'test1', 'test2');
    await seedKnowledge(world, { advisories: [alas('ALAS2023-2026-903')] });
    const seen = iso();
    await close();
    const course = async () => (await world.record.courseList()).find(({ advisory }) => advisory === 'ALAS2023-2026-903');
    expect(await course()).toMatchObject({ seen, fixable: seen, most: 2, cves: ['CVE-2026-1001'], rollouts: [] });
    await world.pass(60);
    await scanned(PATCHED, 'test1', 'test2');
    const ended = iso();
    await close();
    expect(await course()).toMatchObject({ seen, closed: ended });
  });

  it('are counted over time', async () => {
    const since = iso();
    await seedFacts(world, PLAIN);
    await seedKnowledge(world, { advisories: [alas('ALAS2023-2026-901')] });
    await close();
    await world.pass(60);
    await scanned(PATCHED, 'test1');
    await close();
    expect((await world.record.tallies(since)).map(({ counts }) => counts.exposures)).toEqual([8, 7]);
  });
});

describe('everything may come twice', () => {
  async function prepared(): Promise<void> {
    await seedFacts(world, PLAIN);
    await seedKnowledge(world, { advisories: [alas('ALAS2023-2026-901'), alas('ALAS2023-2026-902', { package: 'curl', fixed: CURL })] });
    await close();
    await world.pass(60);
    await scanned(OTHER, 'shop1', 'shop2');
    await scanned(PATCHED, 'shop3');
  }

  it('two intakes at once come to what one would', async () => {
    await prepared();
    await world.settled(Promise.all([world.answer('CloseIntake', { scan: 'left' }), world.answer('CloseIntake', { scan: 'right' })]));
    const both = found(await readOpenExposures(world.store), 'summary');
    expect(both.counts).toMatchObject({ exposures: 15 });
    const alone = await close();
    expect(alone.exposures).toEqual(both.exposures);
  });

  it.each([
    ['the evidence', 's3:PutObject'],
    ['rows and nodes', 'dynamodb:UpdateItem'],
    ['rows', 'dynamodb:PutItem'],
    ['dropping rows', 'dynamodb:DeleteItem'],
  ])('one that dies while writing %s is made good by the next', async (_what, call) => {
    await prepared();
    const since = iso();
    for (const when of ['before', 'after'] as const) {
      world.fail({ call, when, ...THROTTLED, times: 20 });
      await world.failure('CloseIntake', { scan: 'dies' }).catch(() => undefined);
      world.mend();
    }
    const summary = await close();
    expect(summary.counts).toMatchObject({ exposures: 15, reporting: 8 });
    expect(new Set(summary.exposures.map(({ seen }) => seen)).size).toBe(1);
    const pairs = (await closed(since)).flatMap(({ nodes, exposures }) =>
      nodes.flatMap(({ id }) => exposures.map(({ advisory }) => `${id} ${advisory}`)),
    );
    expect([...new Set(pairs)]).toEqual([`${ID.shop3} ALAS2023-2026-901`]);
  });
});

describe('nodes that no scan reaches', () => {
  it('are judged by SSM Inventory, and read again after a day only', async () => {
    await seedNodes(world);
    await seedKnowledge(world, { advisories: [alas('ALAS2023-2026-901')] });
    const before = world.calls('ssm:ListInventoryEntries');
    const summary = await close();
    expect(summary.counts).toMatchObject({ nodes: 9, reporting: 0, unknown: 0, exposed: 8 });
    expect(open(summary)).toEqual(['alas ALAS2023-2026-901 exposed 8']);
    const asked = world.calls('ssm:ListInventoryEntries');
    expect(asked).toBeGreaterThan(before);
    await close();
    expect(world.calls('ssm:ListInventoryEntries')).toBe(asked);
    const [{ inventory } = { inventory: undefined }] = (await world.record.standings(parseLocation(HERE))).filter(
      ({ node }) => node.id === ID.stranger,
    );
    expect(inventory).toMatchObject({ platform: 'amazon-linux-2023-x86_64', at: expect.any(String), read: expect.any(String) });
    // The node's own word counts as soon as there is one.
    await scanned(PATCHED, ...PATCHABLE, 'stranger');
    expect(await close()).toMatchObject({ exposures: [], counts: { reporting: 8, unknown: 0 } });
  });

  it('are unknown where nobody gathered anything, and never clear', async () => {
    await world.record.saveNode({ ...nodeRow('test1'), online: false }, iso());
    expect((await close()).counts).toMatchObject({ nodes: 1, reporting: 0, unknown: 1, exposed: 0 });
    expect(await readCountedNodes(world.store)).toEqual([
      { id: ID.test1, location: HERE, name: 'test-1', os: 'linux', online: false, tags: nodeRow('test1').tags },
    ]);
  });
});

describe('nodes that were counted', () => {
  it('say of how many advisories nobody can tell, where their list names no sources', async () => {
    const { location } = nodeRow('test1');
    const installed = [{ name: 'libssl3', arch: 'amd64', version: '3.0.11-1' }];
    const facts = { platform: 'debian-12-x86_64', certainty: 'probable', installed };
    const fingerprint = sha256(JSON.stringify(facts));
    await world.store.putJson(inventoryKey(fingerprint), facts);
    await world.record.saveNode({ ...nodeRow('test1'), online: false }, iso());
    await world.record.saveInventory(location, ID.test1, { fingerprint, at: iso(), read: iso(), platform: facts.platform });
    const told = { cve: 'CVE-2026-31337', title: 't', severity: 'critical' as const, added: iso() };
    await world.record.announce({ ...told, packages: ['openssl'] }, 'ann', 'a test');
    expect((await close()).exposures).toEqual([]);
    expect((await readCountedNodes(world.store))[0]?.facts).toEqual({ fingerprint, at: expect.any(String), by: 'inventory', untold: 1 });
    await world.record.takeBack(told.cve, iso());
  });

  it('are kept beside the summary, with the age of their facts and the end of their release', async () => {
    await seedFacts(world, PLAIN);
    await seedKnowledge(world, { lifecycles: [{ os: 'amazon-linux', release: '2023', eol: '2026-10-31', extended: '2028-06-30' }] });
    await close();
    const nodes = await readCountedNodes(world.store);
    const fingerprint = sha256(JSON.stringify(PLAIN));
    expect(nodes).toHaveLength(9);
    expect(nodes.find(({ id }) => id === ID.plant1)).toEqual({
      id: ID.plant1,
      location: THERE,
      name: 'plant-1',
      os: 'linux',
      online: true,
      tags: nodeRow('plant1').tags,
      facts: { fingerprint, at: expect.any(String), by: 'scan' },
      ended: { platform: 'amazon-linux-2023-x86_64', eol: '2026-10-31', extended: '2028-06-30' },
    });
    expect(nodes.find(({ id }) => id === ID.office1)).not.toHaveProperty('ended');
  });
});
