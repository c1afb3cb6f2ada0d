import { describe, expect, it } from 'vitest';
import type { Inventory, UserDocument } from '../../local/fleet/types.ts';
import { lockParameters, patchReport, plugin, wavelockWorld } from './fleet-documents.ts';
import { nodes, type World, type WorldOptions } from './fleet-world.ts';

const NEW = '1:3.0.8-1.amzn2023.0.5';
const KB = 'KB5071234';
const linux: Inventory = {
  platform: 'amazon-linux-2023-x86_64',
  installed: { openssl: '1:3.0.8-1.amzn2023.0.3' },
  available: [{ package: 'openssl', version: NEW, kind: 'security' }],
};
const windows: Inventory = {
  platform: 'windows-2022-x86_64',
  installed: { KB5070000: '' },
  available: [{ package: KB, version: '', kind: 'security', reboot: true }],
};
const SYSTEMS = {
  linux: { inventory: linux, document: 'Linux', lock: ['wavelock-lock 1', 'platform amazon-linux-2023-x86_64', `update openssl x86_64 ${NEW}`] },
  windows: { inventory: windows, document: 'Windows', lock: ['wavelock-lock 1', 'platform windows-2022-x86_64', `kb ${KB} - -`] },
};
type System = keyof typeof SYSTEMS;

const both = { RunBefore: ['yes'], BeforeHook: ['Corp-Drain:7'], RunAfter: ['yes'], AfterHook: ['Corp-Failback:3'], HookSeconds: ['600'] };
const scan = { ClosingScan: ['yes'] };

function world(system: System, documents: Record<string, UserDocument> = {}, more: WorldOptions = {}): World {
  const all = { 'Corp-Drain': { version: 7, ...documents['Corp-Drain'] }, 'Corp-Failback': { version: 3, ...documents['Corp-Failback'] } };
  return wavelockWorld({ inventories: { plain: SYSTEMS[system].inventory }, nodes: nodes(1, { seconds: 300 }), documents: all, ...more });
}

interface More {
  parameters?: Record<string, string[]>;
  batch?: string;
  seconds?: number;
}

async function patch(sim: World, system: System, more: More = {}): Promise<string> {
  const { parameters = both, batch = 'batch-001', seconds = 8_000 } = more;
  const { document, lock } = SYSTEMS[system];
  const Parameters = { ...lockParameters(sim, lock, batch), executionTimeout: ['9000'], ...parameters };
  const command = await sim.send(`Wavelock-Patch-${document}`, [sim.host('n1').id], { Parameters });
  await sim.clock.pass(seconds);
  return command;
}

async function verify(sim: World, system: System, batch = 'verify-01'): Promise<string> {
  const { document, lock } = SYSTEMS[system];
  const command = await sim.send(`Wavelock-Verify-${document}`, [sim.host('n1').id], { Parameters: lockParameters(sim, lock, batch) });
  await sim.clock.pass(400);
  return told(sim, command);
}

async function told(sim: World, command: string): Promise<string> {
  const { phase, end, why, detail } = await patchReport(sim, command, 'n1');
  return `${phase} ${end} ${why}: ${detail}`;
}

/** Status details of some steps of a command. */
async function steps(sim: World, command: string, ...names: string[]): Promise<string[]> {
  return Promise.all(names.map(async (step) => (await plugin(sim, command, { name: 'n1', step })).StatusDetails));
}

const isPatched = (sim: World, system: System): boolean =>
  system === 'linux' ? sim.host('n1').packages.get('openssl', 'x86_64')?.version === NEW : sim.host('n1').packages.get(KB, '') !== undefined;

describe.each(['linux', 'windows'] as const)('hooks on %s', (system) => {
  it("run before the install and after the reboot, with the node's own role and the version that is asked for", async () => {
    const sim = world(system, {}, { nodes: nodes(1, { pending: 'reboot' }) });
    const command = await patch(sim, system);
    expect(await told(sim, command)).toBe('verify ok : ');
    expect(await patchReport(sim, command, 'n1')).toMatchObject({ n: 1, rebooted: 1 });
    expect(await steps(sim, command, 'BeforeHook', 'AfterHook')).toEqual(['Success', 'Success']);
    const end = (await plugin(sim, command, { name: 'n1', step: 'BeforeHook' })).ResponseFinishDateTime;
    expect((await plugin(sim, command, { name: 'n1', step: 'Install' })).ResponseStartDateTime >= end).toBe(true);
    expect(sim.calls.map(({ operation }) => operation)).toEqual(['GetObject', 'GetDocument', 'GetDocument']);
    expect(sim.calls[1]?.caller).toContain('assumed-role/InstanceNodeRole/');
  });

  it('do not run where nothing is to do, and the command is a success', async () => {
    const sim = world(system);
    await patch(sim, system);
    const again = await patch(sim, system, { batch: 'batch-002' });
    expect(await patchReport(sim, again, 'n1')).toMatchObject({ end: 'ok', n: 0 });
    expect(sim.calls.filter(({ operation }) => operation === 'GetDocument')).toHaveLength(2);
    expect((await sim.invocations(again))[sim.host('n1').id].StatusDetails).toBe('Success');
  });

  it.each<[string, UserDocument, string]>([
    ['fails', { failsOn: ['n1'] }, 'failed'],
    ['hangs until its script times out', { hangsOn: ['n1'] }, 'failed'],
    ['asks for a reboot', { rebootsOn: ['n1'] }, 'asked for a reboot, which a hook must not'],
    ['takes longer than it may', { seconds: 900 }, 'did not end in time'],
    ['has no such version', { version: 6 }, 'failed'],
  ])('stop before anything is changed when the pre hook %s', async (_, drain, detail) => {
    const sim = world(system, { 'Corp-Drain': drain });
    const before = sim.host('n1').bootId;
    const command = await patch(sim, system, { parameters: { ...both, ...scan } });
    expect(await told(sim, command)).toBe(`before failed hook-failed: Corp-Drain:7 ${detail}`);
    expect(isPatched(sim, system)).toBe(false);
    expect(sim.host('n1').bootId === before).toBe(drain.rebootsOn === undefined);
    expect(sim.calls.filter(({ operation }) => operation === 'GetDocument')).toHaveLength(1);
    expect(sim.host('n1').awsScanned).toBeUndefined();
    expect(await verify(sim, system)).toMatch(/^before failed hook-failed/);
  });

  it('fail the node when the post hook fails or hangs, although the packages are in, and Verify remembers it', async () => {
    for (const failback of [{ failsOn: ['n1'] }, { hangsOn: ['n1'] }]) {
      const sim = world(system, { 'Corp-Failback': failback });
      const command = await patch(sim, system);
      expect(await told(sim, command)).toBe('after failed hook-failed: Corp-Failback:3 failed');
      expect(await patchReport(sim, command, 'n1')).toMatchObject({ n: 1 });
      expect(isPatched(sim, system)).toBe(true);
      expect(await verify(sim, system)).toBe('after failed hook-failed: Corp-Failback:3 failed');
    }
  });

  it('are said to be at work while they are', async () => {
    const sim = world(system, { 'Corp-Drain': { seconds: 500 } });
    const command = await patch(sim, system, { seconds: 300 });
    expect(await verify(sim, system)).toMatch(/^before running : Corp-Drain:7 is at work$/);
    await sim.clock.pass(3_000);
    expect(await told(sim, command)).toBe('verify ok : ');
  });

  it('do not run again when the batch is delivered again', async () => {
    const sim = world(system);
    await patch(sim, system);
    await patch(sim, system);
    expect(sim.calls.filter(({ operation }) => operation === 'GetDocument')).toHaveLength(2);
  });
});

describe('a hook by its ARN', () => {
  it('is fetched as it is named', async () => {
    const sim = world('linux');
    const arn = 'arn:aws:ssm:eu-central-1:111111111111:document/Corp-Drain:7';
    expect(await told(sim, await patch(sim, 'linux', { parameters: { RunBefore: ['yes'], BeforeHook: [arn] } }))).toBe('verify ok : ');
  });
});

describe.each(['linux', 'windows'] as const)('the closing scan on %s', (system) => {
  it('comes last, and Patch Manager shows when it was', async () => {
    const sim = world(system);
    const command = await patch(sim, system, { parameters: scan });
    const report = await patchReport(sim, command, 'n1');
    expect(report).toMatchObject({ end: 'ok', n: 1 });
    expect(report.notes).toBeUndefined();
    const [state] = (await sim.call('DescribeInstancePatchStates', { InstanceIds: [sim.host('n1').id] })).InstancePatchStates;
    expect(state).toMatchObject({ Operation: 'Scan', MissingCount: 0, OperationEndTime: new Date(sim.host('n1').awsScanned ?? 0) });
    expect(state.OperationEndTime > (await plugin(sim, command, { name: 'n1', step: 'Install' })).ResponseFinishDateTime).toBe(true);
  });

  it('that fails is a note, and the node is none the worse', async () => {
    const sim = world(system);
    sim.host('n1').faults.awsScan = 'Unable to retrieve the patch snapshot';
    const command = await patch(sim, system, { parameters: scan });
    expect(await patchReport(sim, command, 'n1')).toMatchObject({ end: 'ok', why: '', n: 1, notes: ['aws-scan-failed'] });
    expect(await steps(sim, command, 'ClosingScan', 'Report')).toEqual(['Failed', 'Success']);
  });
});
