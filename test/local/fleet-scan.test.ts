import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { parseFacts } from '../../lambdas/core/facts.ts';
import type { FleetFacts } from '../../lambdas/core/model.ts';
import type { Inventory, NodeEntry } from '../../local/fleet/types.ts';
import { scanReport, wavelockWorld } from './fleet-documents.ts';
import { ACCOUNT, REGION, nodes, type World } from './fleet-world.ts';

const inventory: Inventory = {
  platform: 'amazon-linux-2023-x86_64',
  releasever: '2023.6.20241010',
  installed: {
    openssl: '1:3.0.8-1.amzn2023.0.3',
    'openssl-libs': '1:3.0.8-1.amzn2023.0.3',
    kernel: '6.1.94-99.176.amzn2023',
    'bash-completion.noarch': '2.11-2.amzn2023.0.2',
  },
  sources: { 'openssl-libs': 'openssl' },
  available: [
    {
      package: 'openssl',
      version: '1:3.0.8-1.amzn2023.0.5',
      kind: 'security',
      severity: 'important',
      advisories: ['ALAS2023-2026-931'],
      needs: ['openssl-libs', 'libnew'],
    },
    {
      package: 'openssl-libs',
      version: '1:3.0.8-1.amzn2023.0.5',
      kind: 'security',
      severity: 'important',
      advisories: ['ALAS2023-2026-931'],
    },
    { package: 'libnew', version: '1.0-1', kind: 'other', new: true },
    { package: 'unused', version: '1.0-1', kind: 'other', new: true },
    { package: 'kernel', version: '6.1.94-99.176.amzn2023', kind: 'security' },
  ],
};

async function scan(sim: World, batch = 'scan-0001'): Promise<string> {
  const command = await sim.send(
    'Wavelock-Scan-Linux',
    sim.fleet.hosts.map((host) => host.id),
    { Parameters: { BatchId: [batch] } },
  );
  await sim.clock.pass(120);
  return command;
}

/** The list that a node printed, put together from the three steps. */
async function listed(sim: World, command: string, name: string): Promise<{ text: string; facts: FleetFacts }> {
  const parts = await Promise.all(
    ['Packages', 'Packages2', 'Packages3'].map((PluginName) =>
      sim.call('GetCommandInvocation', { CommandId: command, InstanceId: sim.host(name).id, PluginName }),
    ),
  );
  const text = gunzipSync(Buffer.from(parts.map((part) => part.StandardOutputContent).join(''), 'base64')).toString();
  return { text, facts: parseFacts(text)! };
}

const hashOf = (index: number): string => createHash('sha256').update(String(index)).digest('hex');

const lost = (sim: World): string[] => sim.fleet.hosts.filter((host) => !host.heartbeat.beats).map((host) => host.name);

const silent = (silentFault: object): World =>
  wavelockWorld({
    nodes: [...nodes(2), ...nodes(2, { name: 'h{n}', hybrid: true, tags: { Site: 'berlin' } })],
    inventories: { plain: inventory },
    scenario: { title: 't', faults: [{ silent: { from: 'start', ...silentFault } }] },
  });

const made = (seed: number, entries: NodeEntry[]): World => wavelockWorld({ inventories: { plain: inventory }, nodes: entries, seed });

const shape = (seed: number): unknown =>
  made(seed, nodes(3)).fleet.hosts.map(({ id, bootId, launched, diskFreeMb, address }) => ({ id, bootId, launched, diskFreeMb, address }));

const idsOf = (seed: number): string[] => made(seed, [...nodes(1), ...nodes(1, { name: 'm', hybrid: true })]).fleet.hosts.map(({ id }) => id);

describe('Wavelock-Scan', () => {
  it('reports the fingerprint of the list, and what state the node is in', async () => {
    const sim = wavelockWorld({
      inventories: { plain: inventory },
      nodes: nodes(1, { pending: 'restart', others: ['dnf-automatic'], agent: '3.3.40.0' }),
    });
    const command = await scan(sim);
    const report = await scanReport(sim, command, 'n1');
    const { text } = await listed(sim, command, 'n1');
    expect(report).toMatchObject({
      platform: inventory.platform,
      kernel: '6.1.94-99.176.amzn2023.x86_64',
      pending: 'restart',
      others: ['dnf-automatic'],
      agent: '3.3.40.0',
      n: 2,
      boot: sim.host('n1').bootId,
    });
    expect(report.fp).toBe(createHash('sha256').update(text).digest('hex'));
  });

  it('lists what is installed, what is newer in the repositories, and what an upgrade would pull in', async () => {
    const sim = wavelockWorld({ inventories: { plain: inventory }, nodes: nodes(1) });
    const { facts } = await listed(sim, await scan(sim), 'n1');
    expect(facts.releasever).toBe('2023.6.20241010');
    expect(facts.installed).toContainEqual({ name: 'openssl-libs', arch: 'x86_64', version: '1:3.0.8-1.amzn2023.0.3', source: 'openssl' });
    expect(facts.installed).toContainEqual({ name: 'bash-completion', arch: 'noarch', version: '2.11-2.amzn2023.0.2' });
    expect(facts.available.map(({ name, version }) => `${name} ${version}`)).toEqual([
      'openssl 1:3.0.8-1.amzn2023.0.5',
      'openssl-libs 1:3.0.8-1.amzn2023.0.5',
    ]);
    expect(facts.available[0]).toMatchObject({ kind: 'security', severity: 'important', advisories: ['ALAS2023-2026-931'] });
    expect(facts.dependencies).toEqual([{ name: 'libnew', arch: 'x86_64', version: '1.0-1' }]);
  });

  it('gives equal nodes equal fingerprints, and others not', async () => {
    const sim = wavelockWorld({
      inventories: { plain: inventory },
      nodes: [...nodes(2), ...nodes(1, { name: 'odd', installed: { openssl: '1:3.0.8-1.amzn2023.0.5' } })],
    });
    const command = await scan(sim);
    const [one, two, odd] = await Promise.all(['n1', 'n2', 'odd'].map((name) => scanReport(sim, command, name)));
    expect(one!.fp).toBe(two!.fp);
    expect(odd!.fp).not.toBe(one!.fp);
  });

  it('knows of Ubuntu only which archive has an update: no advisories, no severity', async () => {
    const ubuntu: Inventory = {
      platform: 'ubuntu-24.04-x86_64',
      installed: { openssl: '3.0.13-0ubuntu3.4', 'linux-image-aws': '6.8.0-1016.17', tzdata: '2024a-3ubuntu1.1' },
      available: [
        { package: 'openssl', version: '3.0.13-0ubuntu3.5', kind: 'security', severity: 'important', advisories: ['USN-7278-1'] },
        { package: 'tzdata', arch: 'amd64', version: '2025b-0ubuntu0.24.04', kind: 'bugfix' },
      ],
    };
    const sim = wavelockWorld({ inventories: { plain: ubuntu }, nodes: nodes(1) });
    const command = await scan(sim);
    expect((await listed(sim, command, 'n1')).facts.available).toEqual([
      { name: 'openssl', arch: 'amd64', version: '3.0.13-0ubuntu3.5', kind: 'security', severity: 'unrated', advisories: [] },
      { name: 'tzdata', arch: 'amd64', version: '2025b-0ubuntu0.24.04', kind: 'other', severity: 'unrated', advisories: [] },
    ]);
    expect((await scanReport(sim, command, 'n1')).kernel).toBe('6.8.0-1016-aws');
  });

  it('spreads a long list over its steps', async () => {
    const installed = Object.fromEntries(Array.from({ length: 900 }, (_, index) => [`p${hashOf(index)}`, `1-${index}`]));
    const sim = wavelockWorld({ inventories: { plain: { ...inventory, installed } }, nodes: nodes(1) });
    const command = await scan(sim);
    const first = await sim.call('GetCommandInvocation', { CommandId: command, InstanceId: sim.host('n1').id, PluginName: 'Packages' });
    expect(first.StandardOutputContent).toHaveLength(23_000);
    expect((await listed(sim, command, 'n1')).facts.installed).toHaveLength(900);
  });
});

describe('the repository', () => {
  it('moves on: new offers replace those of the same package, from their time on', async () => {
    const available = [{ package: 'openssl', version: '1:3.2.0-1', kind: 'security' as const, needs: ['libnew'] }];
    const scenario = { title: 't', faults: [{ repository: { inventory: 'plain', after: 'PT1H', available } }] };
    const sim = wavelockWorld({ inventories: { plain: inventory }, nodes: nodes(1), scenario });
    const versions = async (batch: string): Promise<string[]> => {
      const { facts } = await listed(sim, await scan(sim, batch), 'n1');
      return facts.available.map(({ version }) => version);
    };
    expect(await versions('scan-0001')).toEqual(['1:3.0.8-1.amzn2023.0.5', '1:3.0.8-1.amzn2023.0.5']);
    await sim.clock.pass(3_600);
    expect(await versions('scan-0002')).toEqual(['1:3.2.0-1', '1:3.0.8-1.amzn2023.0.5']);
  });

  it('may be overtaken by another updater', async () => {
    const scenario = {
      title: 't',
      faults: [{ 'updates-itself': { name: ['n2'], packages: { openssl: '1:3.0.8-1.amzn2023.0.9' }, after: 'PT30M' } }],
    };
    const sim = wavelockWorld({ inventories: { plain: inventory }, nodes: nodes(2), scenario });
    const version = (name: string): string | undefined => sim.host(name).packages.get('openssl', 'x86_64')?.version;
    await sim.clock.pass(1_799);
    expect([version('n1'), version('n2')]).toEqual(['1:3.0.8-1.amzn2023.0.3', '1:3.0.8-1.amzn2023.0.3']);
    await sim.clock.pass(2);
    expect([version('n1'), version('n2')]).toEqual(['1:3.0.8-1.amzn2023.0.3', '1:3.0.8-1.amzn2023.0.9']);
  });
});

describe('a scenario', () => {
  it('silences nodes that fit all that is said', () => {
    expect(lost(silent({ hybrid: true }))).toEqual(['h1', 'h2']);
    expect(lost(silent({ tags: { Site: 'berlin' }, name: ['h1'] }))).toEqual(['h1']);
    expect(lost(silent({}))).toHaveLength(4);
  });

  it('can do so later', async () => {
    const sim = silent({ hybrid: false, from: 'P1DT1M' });
    await sim.clock.pass(86_459);
    expect(lost(sim)).toEqual([]);
    await sim.clock.pass(2);
    expect(lost(sim)).toEqual(['n1', 'n2']);
  });

  it.each([
    [{ name: ['nobody'] }, /no node is named nobody/],
    [{ ids: ['i-00000000000000000'] }, /no node has the id i-00000000000000000/],
    [{ hybrid: false, tags: { Site: 'berlin' } }, /no node fits/],
    [{ from: 'tomorrow' }, /"tomorrow" is not a duration/],
  ])('without a victim is a mistake: %o', (fault, message) => {
    expect(() => silent(fault)).toThrow(message);
  });
});

describe('a fleet', () => {
  it('is the same in every run with the same seed, but for nothing', () => {
    expect(shape(1)).toEqual(shape(1));
    expect(shape(1)).not.toEqual(shape(2));
  });

  it('gives nodes ids from their names, whatever the seed', () => {
    expect(idsOf(1)).toEqual(idsOf(2));
    expect(idsOf(1)).toEqual([expect.stringMatching(/^i-[0-9a-f]{17}$/), expect.stringMatching(/^mi-[0-9a-f]{17}$/)]);
  });

  it('deals zones out in turn, and shows EC2 its instances only', () => {
    const sim = wavelockWorld({
      inventories: { plain: inventory },
      nodes: [...nodes(4, { zones: ['a', 'b', 'c'] }), ...nodes(1, { name: 'm', hybrid: true })],
    });
    expect(sim.fleet.instances(ACCOUNT, REGION).map(({ zone }) => zone)).toEqual([
      'eu-central-1a',
      'eu-central-1b',
      'eu-central-1c',
      'eu-central-1a',
    ]);
  });

  it.each([
    [{ inventory: 'other' }, /has the inventory other, which does not exist/],
    [{ location: '999999999999/eu-central-1' }, /not among the locations/],
  ])('refuses what does not exist: %o', (entry, message) => {
    expect(() => wavelockWorld({ inventories: { plain: inventory }, nodes: nodes(1, entry) })).toThrow(message);
  });

  it('refuses two nodes of one id, and platforms that nothing simulates', () => {
    expect(() => wavelockWorld({ inventories: { plain: inventory }, nodes: [...nodes(1), ...nodes(1)] })).toThrow(/two nodes have the id/);
    expect(() => wavelockWorld({ inventories: { plain: { ...inventory, platform: 'beos-5-x86_64' } } })).toThrow(
      /can't be simulated; there are amazon-linux-2023/,
    );
  });
});
