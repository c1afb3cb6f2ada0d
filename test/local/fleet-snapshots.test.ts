import { describe, expect, it } from 'vitest';
import { factsText, parseFacts } from '../../lambdas/core/facts.ts';
import { factsOf } from '../../local/fleet/steps-scan.ts';
import { snapshotId, snapshotTime } from '../../local/fleet/repository.ts';
import type { Inventory, Offer } from '../../local/fleet/types.ts';
import { lockParameters, patchReport, wavelockWorld } from './fleet-documents.ts';
import { START, nodes, type World } from './fleet-world.ts';

const offer = (version: string, more: Partial<Offer> = {}): Offer => ({ package: 'openssl', version, kind: 'security', ...more });
const THEN = snapshotId(START);

/** A node whose repository moves on from 2.0 to `later`, an hour after the start. */
function world(later: Offer[], inventory: Partial<Inventory> = {}): World {
  const plain: Inventory = { platform: 'ubuntu-24.04-x86_64', installed: { openssl: '1.0' }, available: [offer('2.0')], ...inventory };
  const scenario = { title: 't', faults: [{ repository: { inventory: 'plain', after: 'PT1H', available: later } }] };
  return wavelockWorld({ inventories: { plain }, nodes: nodes(1), scenario });
}

async function patch(sim: World, snapshot: string | undefined, platform = 'ubuntu-24.04-x86_64'): Promise<string> {
  await sim.clock.pass(2 * 3_600);
  const lines = ['wavelock-lock 1', `platform ${platform}`, ...(snapshot === undefined ? [] : [`snapshot ${snapshot}`]), 'update openssl amd64 2.0'];
  const command = await sim.send('Wavelock-Patch-Linux', [sim.host('n1').id], { Parameters: lockParameters(sim, lines, 'batch-001') });
  await sim.clock.pass(3_600);
  const { end, why, n, notes = [] } = await patchReport(sim, command, 'n1');
  return `${end} ${why} ${n} ${notes.join()}`;
}

describe('a node on Ubuntu 24.04', () => {
  it('scans its archive as it was at the full hour, and the list says so', () => {
    const sim = world([offer('3.0')]);
    const facts = factsOf(sim.host('n1'), START + 3_600_000 + 59_000);
    expect(facts.snapshot).toBe('20261209T050000Z');
    expect(snapshotTime(THEN)).toBe(Date.parse('2026-12-09T04:00:00Z'));
    // The archive has moved on a minute ago, after the full hour.
    expect(facts.available.map(({ version }) => version)).toEqual(['2.0']);
    expect(factsOf(sim.host('n1'), START + 2 * 3_600_000).available.map(({ version }) => version)).toEqual(['3.0']);
    expect(parseFacts(factsText(facts))).toMatchObject({ snapshot: '20261209T050000Z' });
  });

  it('gets what was proven although the archive has moved on; without a snapshot it refuses', async () => {
    expect(await patch(world([offer('3.0')]), THEN)).toBe('ok  1 ');
    expect(await patch(world([offer('3.0')]), undefined)).toBe('refused gone 0 ');
  });

  it('takes its plain repositories where its mirror has no snapshots or the snapshot lacks something, and says so', async () => {
    expect(await patch(world([offer('2.0')], { snapshots: false }), THEN)).toBe('ok  1 no-snapshot');
    expect(await patch(world([offer('3.0')], { snapshots: false }), THEN)).toBe('refused gone 0 no-snapshot');
    expect(await patch(world([offer('2.0')], { available: [] }), THEN)).toBe('ok  1 no-snapshot');
  });
});

describe('other platforms', () => {
  it.each(['ubuntu-22.04-x86_64', 'debian-12-x86_64'])('%s has no snapshots, and takes no notice of one', async (platform) => {
    const sim = world([offer('3.0')], { platform });
    expect(factsOf(sim.host('n1'), START).snapshot).toBeUndefined();
    expect(await patch(world([offer('2.0')], { platform }), THEN, platform)).toBe('ok  1 no-snapshot');
  });
});
