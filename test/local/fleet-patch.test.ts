import { describe, expect, it } from 'vitest';
import type { HostFaults } from '../../local/fleet/host.ts';
import type { Inventory } from '../../local/fleet/types.ts';
import { BUCKET, lockParameters, patchReport, plugin, unpacked, wavelockWorld } from './fleet-documents.ts';
import type { Input } from '../../local/types.ts';
import { nodes, type World, type WorldOptions } from './fleet-world.ts';

const OLD = '1:3.0.8-1.amzn2023.0.3';
const NEW = '1:3.0.8-1.amzn2023.0.5';
const inventory: Inventory = {
  platform: 'amazon-linux-2023-x86_64',
  releasever: '2023.6.20241010',
  installed: { openssl: OLD, kernel: '6.1.94-99.176.amzn2023', nginx: '1:1.24.0-1.amzn2023.0.3' },
  available: [
    { package: 'openssl', version: NEW, kind: 'security' },
    { package: 'kernel', version: '6.1.112-122.189.amzn2023', kind: 'security', reboot: true },
    { package: 'nginx', version: '1:1.24.0-1.amzn2023.0.4', kind: 'security', restarts: ['nginx.service'] },
  ],
  services: ['nginx.service', 'sshd.service'],
};
const head = ['wavelock-lock 1', 'platform amazon-linux-2023-x86_64', 'releasever 2023.6.20241010'];
const openssl = [...head, `update openssl x86_64 ${NEW}`];
const kernel = [...head, 'update kernel x86_64 6.1.112-122.189.amzn2023', `update openssl x86_64 ${NEW}`];

function world(options: WorldOptions = {}): World {
  return wavelockWorld({ inventories: { plain: inventory }, nodes: nodes(1, { seconds: 300 }), ...options });
}

interface More {
  batch?: string;
  /** How long to wait. */
  seconds?: number;
  input?: Input;
}

async function patch(sim: World, lock: string[], more: More = {}): Promise<string> {
  const { batch = 'batch-001', seconds = 2_400, input = {} } = more;
  const command = await sim.send('Wavelock-Patch-Linux', [sim.host('n1').id], {
    Parameters: { ...lockParameters(sim, lock, batch), executionTimeout: ['1200'] },
    ...input,
  });
  await sim.clock.pass(seconds);
  return command;
}

async function verify(sim: World, lock: string[], batch = 'verify-01'): Promise<string> {
  const command = await sim.send('Wavelock-Verify-Linux', [sim.host('n1').id], { Parameters: lockParameters(sim, lock, batch) });
  await sim.clock.pass(400);
  return command;
}

const refused = async (change: (sim: World) => void, entry = {}): Promise<string> => {
  const sim = world({ nodes: nodes(1, entry) });
  const parameters = lockParameters(sim, openssl, 'batch-001');
  change(sim);
  const command = await sim.send('Wavelock-Patch-Linux', [sim.host('n1').id], { Parameters: parameters });
  await sim.clock.pass(600);
  return (await patchReport(sim, command, 'n1')).why;
};

const installTime = async (options: WorldOptions, busy: boolean): Promise<number> => {
  const sim = wavelockWorld({ inventories: { plain: inventory }, nodes: nodes(2), ...options });
  if (busy)
    await sim.send(
      'Wavelock-Scan-Linux',
      sim.fleet.hosts.map((host) => host.id),
      { Parameters: { BatchId: ['scan-0001'] } },
    );
  const command = await patch(sim, openssl);
  const { ResponseStartDateTime: start, ResponseFinishDateTime: end } = await plugin(sim, command, { name: 'n1', step: 'Install' });
  return end.getTime() - start.getTime();
};

describe('Wavelock-Patch', () => {
  it('installs what the lock says, and says what was there before', async () => {
    const sim = world();
    const report = await patchReport(sim, await patch(sim, openssl), 'n1');
    expect(report).toMatchObject({
      do: 'patch',
      batch: 'batch-001',
      platform: inventory.platform,
      phase: 'verify',
      end: 'ok',
      why: '',
      rebooted: 0,
      pending: '',
      n: 1,
      bad: [],
      down: [],
    });
    expect(unpacked(report)).toEqual([OLD]);
    expect(sim.host('n1').packages.get('openssl', 'x86_64')?.version).toBe(NEW);
  });

  it("fetches the lock with the node's own role", async () => {
    const sim = world({ nodes: nodes(1, { hybrid: true }) });
    await patch(sim, openssl);
    expect(sim.calls).toEqual([
      {
        caller: `arn:aws:sts::111111111111:assumed-role/HybridNodeRole/${sim.host('n1').id}`,
        operation: 'GetObject',
      },
    ]);
  });

  it('reboots where the new kernel needs it, once, and runs it afterwards', async () => {
    const sim = world();
    const { bootId } = sim.host('n1');
    const report = await patchReport(sim, await patch(sim, kernel), 'n1');
    expect(report).toMatchObject({ end: 'ok', rebooted: 1, pending: '', n: 2 });
    expect(report.boot).not.toBe(bootId);
    expect(sim.host('n1').runningKernel).toBe('6.1.112-122.189.amzn2023');
  });

  it('reboots a node that waited for it before', async () => {
    const sim = world({ nodes: nodes(1, { pending: 'reboot' }) });
    expect(await patchReport(sim, await patch(sim, openssl), 'n1')).toMatchObject({ end: 'ok', rebooted: 1, pending: '' });
  });

  it('changes nothing when the same batch is delivered again, and reports again', async () => {
    const sim = world();
    const first = await patch(sim, openssl);
    sim.host('n1').packages.put('openssl', OLD);
    const second = await patch(sim, openssl);
    expect(await plugin(sim, second, { name: 'n1', step: 'Claim' })).toMatchObject({ Status: 'Success', ResponseCode: 168 });
    expect(sim.host('n1').packages.get('openssl', 'x86_64')?.version).toBe(OLD);
    expect((await patchReport(sim, first, 'n1')).end).toBe('ok');
    expect(await patchReport(sim, second, 'n1')).toMatchObject({ end: 'failed', why: 'install-failed', bad: [[0, OLD]] });
  });

  it('never installs two batches on one node at once', async () => {
    const sim = world({ nodes: nodes(1, { seconds: 600 }) });
    await patch(sim, openssl, { seconds: 60 });
    const second = await patch(sim, kernel, { batch: 'batch-002', seconds: 400 });
    expect(await patchReport(sim, second, 'n1')).toMatchObject({
      end: 'refused',
      why: 'package-manager-busy',
      detail: 'batch batch-001 still installs',
      phase: 'preflight',
    });
  });

  it('waits a while for others to end', async () => {
    const sim = world();
    sim.host('n1').faults.packageManagerBusy = 'dpkg (pid 77)';
    const command = await patch(sim, openssl, { seconds: 200 });
    delete sim.host('n1').faults.packageManagerBusy;
    await sim.clock.pass(600);
    expect(await patchReport(sim, command, 'n1')).toMatchObject({ end: 'ok', n: 1 });
  });

  it.each<[string, HostFaults, Record<string, unknown>]>([
    ['a running updater', { updaterRuns: 'dnf-automatic' }, { why: 'other-updater', detail: 'dnf-automatic' }],
    ['a busy package manager', { packageManagerBusy: 'dnf (pid 9)' }, { why: 'package-manager-busy' }],
    ['a broken package database', { packageDatabase: 'rpm -qa fails: the database can not be read' }, { why: 'package-manager-broken' }],
    ['the marker of another patch run', { foreignMarker: '/var/log/amazon/ssm/patch-baseline-operations-reboot-194' }, { why: 'foreign-patch-run' }],
  ])('refuses for %s, in Preflight, and nothing is changed', async (_, faults, expected) => {
    const sim = world();
    Object.assign(sim.host('n1').faults, faults);
    expect(await patchReport(sim, await patch(sim, openssl), 'n1')).toMatchObject({
      end: 'refused',
      phase: 'preflight',
      n: 0,
      ...expected,
    });
    expect(sim.host('n1').packages.get('openssl', 'x86_64')?.version).toBe(OLD);
  });

  it('refuses a lock of another hash, a full disk and an old agent', async () => {
    expect(await refused((sim) => sim.objects.forEach((text, key) => sim.objects.set(key, text.replace('0.5', '0.9'))))).toBe('lock-mismatch');
    expect(await refused((sim) => sim.objects.clear())).toBe('lock-unreachable');
    expect(await refused((sim) => void (sim.host('n1').diskFreeMb = 299))).toBe('disk-full');
    expect(await refused(() => undefined, { agent: '3.1.1044.9' })).toBe('agent-too-old');
    expect(await refused(() => undefined, { agent: '3.1.1045.0' })).toBe('');
  });

  it('reports a package manager that failed', async () => {
    const sim = world();
    sim.host('n1').faults.installFails = 'Error: Transaction test error: file conflicts';
    expect(await patchReport(sim, await patch(sim, openssl), 'n1')).toMatchObject({
      end: 'failed',
      why: 'install-failed',
      phase: 'install',
      detail: 'Error: Transaction test error: file conflicts',
      bad: [[0, OLD]],
      n: 0,
    });
  });

  it('reports a service that does not run any more', async () => {
    const sim = world({ scenario: { title: 't', faults: [{ breaks: { package: 'openssl', version: NEW, service: 'nginx.service' } }] } });
    const command = await patch(sim, openssl);
    expect(await patchReport(sim, command, 'n1')).toMatchObject({
      end: 'failed',
      why: 'service-down',
      phase: 'verify',
      down: ['nginx.service'],
      n: 1,
      bad: [],
    });
    expect((await sim.invocations(command))[sim.host('n1').id].StatusDetails).toBe('Failed');
  });

  it('asks for a reboot twice at most, then says that it was not done', async () => {
    const sim = world();
    sim.host('n1').faults.reboot = 'not-done';
    const report = await patchReport(sim, await patch(sim, kernel), 'n1');
    expect(report).toMatchObject({ end: 'failed', why: 'reboot-not-done', phase: 'reboot', rebooted: 0, pending: 'reboot', n: 2 });
    expect(report.detail).toBe('asked for a reboot 2 times, the node still runs the same boot');
  });

  it('refuses where an installed package would have to come along that the lock does not have', async () => {
    const available = [
      { package: 'openssl', version: NEW, kind: 'security' as const, needs: ['openssl-libs'] },
      { package: 'openssl-libs', version: NEW, kind: 'security' as const },
    ];
    const installed = { openssl: OLD, 'openssl-libs': OLD };
    const sim = world({ inventories: { plain: { ...inventory, installed, available } } });
    const report = await patchReport(sim, await patch(sim, openssl), 'n1');
    expect(report).toMatchObject({ end: 'refused', why: 'unproven-dependency', detail: `outside the lock: openssl-libs ${NEW}` });
  });
});

describe('a transaction', () => {
  const running = { end: 'running', why: 'install-running', phase: 'install', n: 0 };

  it('goes on when its step times out; the report says so, and Verify sees the end', async () => {
    const sim = world({ nodes: nodes(1, { seconds: 900 }) });
    const command = await patch(sim, openssl, {
      seconds: 500,
      input: { Parameters: { ...lockParameters(sim, openssl, 'batch-001'), executionTimeout: ['300'] } },
    });
    expect(await patchReport(sim, command, 'n1')).toMatchObject(running);
    expect((await plugin(sim, command, { name: 'n1', step: 'Install' })).StatusDetails).toBe('ExecutionTimedOut');
    expect(sim.host('n1').transaction?.state).toBe('running');
    await sim.clock.pass(700);
    const late = await patchReport(sim, await verify(sim, openssl), 'n1');
    expect(late).toMatchObject({ do: 'verify', end: 'ok', n: 1 });
    expect(unpacked(late)).toEqual([OLD]);
  });

  it('goes on when the command is cancelled, without a reboot', async () => {
    const sim = world();
    const command = await patch(sim, kernel, { seconds: 150 });
    await sim.call('CancelCommand', { CommandId: command });
    await sim.clock.pass(900);
    expect((await sim.invocations(command))[sim.host('n1').id].StatusDetails).toBe('Cancelled');
    expect(sim.host('n1').transaction?.state).toBe('done');
    expect(await patchReport(sim, await verify(sim, kernel), 'n1')).toMatchObject({ end: 'ok', n: 2, pending: 'reboot', rebooted: 0 });
  });

  it('goes on when the agent dies under it', async () => {
    const sim = world();
    sim.host('n1').faults.workerDiesIn = 'Install';
    const command = await patch(sim, openssl, { seconds: 900 });
    expect((await sim.invocations(command))[sim.host('n1').id]).toMatchObject({
      StatusDetails: 'Failed',
      CommandPlugins: [{ Name: 'Lock', Status: 'Failed' }],
    });
    expect(await patchReport(sim, await verify(sim, openssl), 'n1')).toMatchObject({ end: 'ok', n: 1 });
  });

  it('is cut by nothing but the end of the machine', async () => {
    const sim = world();
    const command = await patch(sim, openssl, { seconds: 150 });
    sim.host('n1').terminate();
    await sim.clock.pass(600);
    expect(sim.host('n1').transaction?.state).toBe('running');
    expect((await sim.invocations(command))[sim.host('n1').id].StatusDetails).toBe('InProgress');
  });
});

describe('Wavelock-Verify', () => {
  it('names what is newer and what is older than the lock', async () => {
    const sim = world();
    sim.host('n1').packages.put('openssl', '1:3.0.8-1.amzn2023.0.9');
    const lock = [...head, 'update nginx x86_64 1:1.24.0-1.amzn2023.0.4', `update openssl x86_64 ${NEW}`];
    const report = await patchReport(sim, await verify(sim, lock), 'n1');
    expect(report).toMatchObject({
      end: 'failed',
      why: 'install-failed',
      detail: 'nginx is 1:1.24.0-1.amzn2023.0.3, the lock has 1:1.24.0-1.amzn2023.0.4',
      bad: [
        [0, '1:1.24.0-1.amzn2023.0.3'],
        [1, '1:3.0.8-1.amzn2023.0.9'],
      ],
    });
  });

  it('is fine with a node that only has something newer', async () => {
    const sim = world();
    sim.host('n1').packages.put('openssl', '1:3.0.8-1.amzn2023.0.9');
    expect(await patchReport(sim, await verify(sim, openssl), 'n1')).toMatchObject({
      end: 'ok',
      n: 0,
      bad: [[0, '1:3.0.8-1.amzn2023.0.9']],
    });
  });

  it('asks the batch that installed for what was there before, not a later one that was refused', async () => {
    const sim = world();
    await patch(sim, openssl);
    sim.host('n1').faults.updaterRuns = 'dnf-automatic';
    await patch(sim, openssl, { batch: 'batch-002' });
    const report = await patchReport(sim, await verify(sim, openssl), 'n1');
    expect(report).toMatchObject({ end: 'ok', n: 1 });
    expect(unpacked(report)).toEqual([OLD]);
  });

  it('does not count what others installed beside the batch', async () => {
    const sim = world();
    const lock = [...openssl, 'update zlib x86_64 1.2.11-40'];
    await patch(sim, lock);
    sim.host('n1').packages.put('zlib', '1.2.11-40');
    const report = await patchReport(sim, await verify(sim, lock), 'n1');
    expect(report).toMatchObject({ end: 'ok', n: 1 });
    expect(unpacked(report)).toEqual([OLD, '']);
  });

  it("borrows the batch's reason where something is missing", async () => {
    const sim = world();
    sim.host('n1').faults.updaterRuns = 'dnf-automatic';
    await patch(sim, openssl);
    expect(await patchReport(sim, await verify(sim, openssl), 'n1')).toMatchObject({ do: 'verify', end: 'refused', why: 'other-updater' });
  });

  it('says so where the lock can not be had', async () => {
    const sim = world();
    const parameters = lockParameters(sim, openssl, 'verify-01');
    sim.objects.delete(`${BUCKET}/locks/${parameters.LockSha256![0]}.lock`);
    const command = await sim.send('Wavelock-Verify-Linux', [sim.host('n1').id], { Parameters: parameters });
    await sim.clock.pass(60);
    expect(await patchReport(sim, command, 'n1')).toMatchObject({ end: 'refused', why: 'lock-unreachable', phase: 'verify' });
  });

  it('keeps a report of many deviations within what a list shows, and says how many are left out', async () => {
    const many = Array.from({ length: 400 }, (_, index) => `package-with-a-long-name-${String(index).padStart(3, '0')}`);
    const installed = Object.fromEntries(many.map((name) => [name, '1:1.0.0-1.amzn2023.0.1']));
    const sim = world({ inventories: { plain: { ...inventory, installed } } });
    const command = await verify(sim, [...head, ...many.map((name) => `update ${name} x86_64 1:2.0.0-1.amzn2023.0.1`)]);
    const report = await patchReport(sim, command, 'n1');
    expect((await plugin(sim, command, { name: 'n1', step: 'Report' })).Output.length).toBeLessThanOrEqual(2_500);
    const [place, left] = report.bad.at(-1)!;
    expect(place).toBe(400);
    expect(Number(left.slice(1)) + report.bad.length - 1).toBe(400);
  });
});

describe('durations', () => {
  it('follow from the seed, the node and the batch, not from what else goes on', async () => {
    expect(await installTime({ seed: 5 }, true)).toBe(await installTime({ seed: 5 }, false));
    expect(await installTime({ seed: 6 }, false)).not.toBe(await installTime({ seed: 5 }, false));
  });
});
