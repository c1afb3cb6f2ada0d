import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { parseFacts } from '../../lambdas/core/facts.ts';
import type { Inventory } from '../../local/fleet/types.ts';
import { lockParameters, patchReport, plugin, scanReport, unpacked, wavelockWorld } from './fleet-documents.ts';
import { nodes, type World, type WorldOptions } from './fleet-world.ts';

const inventory: Inventory = {
  platform: 'windows-2022-x86_64',
  installed: { KB5044281: '', KB5039343: '' },
  available: [
    { package: 'KB5078142', version: '', kind: 'security', severity: 'critical', reboot: true },
    { package: 'KB5077888', version: '', kind: 'security', severity: 'important' },
  ],
  services: ['W3SVC', 'WinRM'],
};
const lock = ['wavelock-lock 1', 'platform windows-2022-x86_64', 'kb KB5044281 - -', 'kb KB5077888 - -', 'kb KB5078142 - -'];

function world(options: WorldOptions = {}): World {
  return wavelockWorld({ inventories: { plain: inventory }, nodes: nodes(1, { seconds: 600 }), ...options });
}

interface More {
  lines?: string[];
  batch?: string;
  /** How long to wait. */
  seconds?: number;
}

async function run(sim: World, kind: 'Patch' | 'Verify', more: More = {}): Promise<string> {
  const { lines = lock, batch = 'batch-001', seconds = 4_000 } = more;
  const command = await sim.send(`Wavelock-${kind}-Windows`, [sim.host('n1').id], { Parameters: lockParameters(sim, lines, batch) });
  await sim.clock.pass(seconds);
  return command;
}

describe('a simulated Windows node', () => {
  it('lists its KBs, and those on offer as their own advisories', async () => {
    const sim = world();
    const command = await sim.send('Wavelock-Scan-Windows', [sim.host('n1').id], { Parameters: { BatchId: ['scan-0001'] } });
    await sim.clock.pass(120);
    const report = await scanReport(sim, command, 'n1');
    expect(report).toMatchObject({ platform: inventory.platform, kernel: '10.0.20348.200', n: 2, pending: '' });
    expect(report.boot).toMatch(/^202611\d\d\d{6}$|^202612\d\d\d{6}$/);
    const packed = await sim.call('GetCommandInvocation', { CommandId: command, InstanceId: sim.host('n1').id, PluginName: 'Packages' });
    const facts = parseFacts(gunzipSync(Buffer.from(packed.StandardOutputContent, 'base64')).toString());
    expect(facts?.installed.map(({ name }) => name)).toEqual(['KB5039343', 'KB5044281']);
    expect(facts?.available).toEqual([
      { name: 'KB5077888', arch: '', version: '', kind: 'security', severity: 'important', advisories: ['KB5077888'] },
      { name: 'KB5078142', arch: '', version: '', kind: 'security', severity: 'critical', advisories: ['KB5078142'] },
    ]);
  });

  it('installs the KBs that it lacks, reboots with exit code 3010, and says which came in', async () => {
    const sim = world();
    const { bootId } = sim.host('n1');
    const report = await patchReport(sim, await run(sim, 'Patch'), 'n1');
    expect(report).toMatchObject({ end: 'ok', phase: 'verify', rebooted: 1, pending: '', n: 2, bad: [], down: [] });
    expect(report.boot > bootId).toBe(true);
    expect(unpacked(report)).toEqual(['=', '+', '+']);
  });

  it('refuses what its update source does not offer, and installs nothing', async () => {
    const sim = world();
    const report = await patchReport(sim, await run(sim, 'Patch', { lines: [...lock, 'kb KB5079999 - -'] }), 'n1');
    expect(report).toMatchObject({ end: 'refused', why: 'gone', phase: 'resolve', detail: 'not offered to this node: KB5079999', n: 0 });
    expect(sim.host('n1').packages.list()).toHaveLength(2);
  });

  it('needs five gigabytes, and nobody else at work', async () => {
    const full = world();
    full.host('n1').diskFreeMb = 5_000;
    const small = await patchReport(full, await run(full, 'Patch'), 'n1');
    expect(small).toMatchObject({ why: 'disk-full', detail: '4.9 GB free on C:, 5 GB needed' });
    const busy = world();
    busy.host('n1').faults.updaterRuns = 'windows-update';
    const refused = await patchReport(busy, await run(busy, 'Patch'), 'n1');
    expect(refused).toMatchObject({ end: 'refused', why: 'other-updater', phase: 'preflight' });
  });

  it('changes nothing when the same batch is delivered again', async () => {
    const sim = world();
    await run(sim, 'Patch');
    const again = await run(sim, 'Patch', { seconds: 300 });
    expect(await plugin(sim, again, { name: 'n1', step: 'Claim' })).toMatchObject({ ResponseCode: 168 });
    expect(await patchReport(sim, again, 'n1')).toMatchObject({ end: 'ok', n: 2 });
  });

  it('asks three times at most for a reboot that is not done', async () => {
    const sim = world();
    sim.host('n1').faults.reboot = 'not-done';
    const report = await patchReport(sim, await run(sim, 'Patch'), 'n1');
    expect(report).toMatchObject({ end: 'failed', why: 'reboot-not-done', detail: 'did not reboot', rebooted: 0, pending: 'reboot' });
  });

  it('goes on installing when the command is cancelled; Verify tells what is there', async () => {
    const sim = world();
    const command = await run(sim, 'Patch', { seconds: 200 });
    await sim.call('CancelCommand', { CommandId: command });
    const early = await run(sim, 'Verify', { batch: 'verify-01', seconds: 60 });
    const absent = 'not installed: KB5077888 KB5078142';
    expect(await patchReport(sim, early, 'n1')).toMatchObject({ end: 'failed', why: 'install-failed', detail: absent });
    await sim.clock.pass(900);
    const late = await run(sim, 'Verify', { batch: 'verify-02', seconds: 300 });
    expect(await patchReport(sim, late, 'n1')).toMatchObject({ end: 'ok', n: 2, pending: 'reboot', rebooted: 0 });
  });

  it('reports a service that an update keeps down', async () => {
    const sim = world({ scenario: { title: 't', faults: [{ breaks: { package: 'KB5078142', version: '', service: 'W3SVC' } }] } });
    const report = await patchReport(sim, await run(sim, 'Patch'), 'n1');
    expect(report).toMatchObject({ end: 'failed', why: 'service-down', down: ['W3SVC'] });
  });

  it('is not touched by a document for Linux', async () => {
    const sim = world();
    const sent = sim.send('Wavelock-Patch-Linux', [sim.host('n1').id], { Parameters: lockParameters(sim, lock, 'batch-001') });
    await expect(sent).rejects.toThrow(/doesn't support the platform type/);
  });
});
