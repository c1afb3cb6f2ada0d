/** The demo's fleet and scenarios: what they promise, and that the simulated nodes can live it. */
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readFleetFile } from '../../cli/files/fleet.ts';
import { readScenario } from '../../cli/files/scenario.ts';
import { lockText } from '../../lambdas/core/lock.ts';
import { createChance } from '../../local/fleet/chance.ts';
import { createFleet } from '../../local/fleet/fleet.ts';
import { factsOf } from '../../local/fleet/steps-scan.ts';
import { createRandom } from '../../local/random.ts';
import { lockParameters, patchReport, wavelockWorld } from './fleet-documents.ts';
import { ACCOUNT, MemoryClock, REGION } from './fleet-world.ts';

const demo = fileURLToPath(new URL('../../demo/', import.meta.url));
const { fleet: file } = readFleetFile(`${demo}fleet.yaml`);

function count(keyOf: (node: (typeof file.nodes)[number]) => string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const node of file.nodes) counts[keyOf(node)] = (counts[keyOf(node)] ?? 0) + 1;
  return counts;
}

describe("the demo's fleet", () => {
  it('has 60 nodes on four platforms in four places, twelve of them for tests', () => {
    expect(count((node) => node.inventory)).toEqual({ al2023: 18, ubuntu2404: 16, rhel9: 14, win2022: 12 });
    expect(count((node) => (node.hybrid ? 'hybrid' : 'ec2'))).toEqual({ ec2: 40, hybrid: 20 });
    expect(Object.keys(count((node) => node.location))).toHaveLength(4);
    expect(count((node) => `${node.tags?.Environment} ${node.inventory}`)).toMatchObject({
      'test al2023': 3,
      'test ubuntu2404': 3,
      'test rhel9': 3,
      'test win2022': 3,
    });
    expect(count((node) => node.tags?.Wavelock ?? 'not opted in')).toEqual({ enabled: 58, 'not opted in': 2 });
    expect(file.nodes.filter((node) => node.pending === 'reboot').length).toBeGreaterThan(2);
  });

  it.each(Object.entries(file.inventories))('%s has 25 to 60 packages, and 12 to 20 updates that all apply', (name, inventory) => {
    expect(Object.keys(inventory.installed).length).toBeGreaterThanOrEqual(25);
    expect(Object.keys(inventory.installed).length).toBeLessThanOrEqual(60);
    const [node] = file.nodes.filter((entry) => entry.inventory === name && !entry.installed);
    const clock = new MemoryClock();
    const fleet = createFleet({ file: { ...file, nodes: [node!] }, clock, random: createRandom(1) });
    const host = fleet.hosts[0]!;
    const facts = factsOf(host, clock.now());
    const news = inventory.available.filter((offer) => offer.new).length;
    expect(facts.available).toHaveLength(inventory.available.length - news);
    expect(facts.dependencies).toHaveLength(news);
    expect(facts.available.length).toBeGreaterThanOrEqual(12);
    expect(facts.available.length).toBeLessThanOrEqual(20);
  });

  it.each(Object.keys(file.inventories))('%s nodes can take all that they are offered', async (name) => {
    const inventory = file.inventories[name]!;
    const os = inventory.platform.startsWith('windows') ? 'Windows' : 'Linux';
    const sim = wavelockWorld({
      inventories: { plain: inventory },
      nodes: [{ name: 'n1', location: `${ACCOUNT}/${REGION}`, inventory: 'plain' }],
    });
    const facts = factsOf(sim.host('n1'), sim.clock.now());
    const items = [
      ...facts.available.map((item) => ({ ...item, use: os === 'Windows' ? ('kb' as const) : ('update' as const) })),
      ...facts.dependencies.map((item) => ({ ...item, use: 'dependency' as const })),
    ];
    const text = lockText([{ platform: inventory.platform, items }])
      .trimEnd()
      .split('\n');
    const command = await sim.send(`Wavelock-Patch-${os}`, [sim.host('n1').id], { Parameters: lockParameters(sim, text, 'batch-001') });
    await sim.clock.pass(3_600);
    expect(await patchReport(sim, command, 'n1')).toMatchObject({ end: 'ok', rebooted: 1, n: items.length, bad: [] });
  });
});

describe("the demo's scenarios", () => {
  it.each(readdirSync(`${demo}scenarios`))('%s is about nodes, packages and services that there are', (name) => {
    const { scenario } = readScenario(`${demo}scenarios/${name}`, file);
    expect(() => createFleet({ file, scenario, clock: new MemoryClock(), random: createRandom(1) })).not.toThrow();
  });
});

describe('chance', () => {
  it('is even, and the same for the same words', () => {
    const chance = createChance(7);
    const draws = Array.from({ length: 5_000 }, (_, index) => chance('install', index));
    expect(draws.reduce((sum, draw) => sum + draw, 0) / draws.length).toBeCloseTo(0.5, 1);
    expect(new Set(draws.map((draw) => Math.floor(draw * 10))).size).toBe(10);
    expect(chance('install', 3)).toBe(draws[3]);
    expect(chance('install', '3', 'x')).not.toBe(chance('install', '3x'));
  });
});
