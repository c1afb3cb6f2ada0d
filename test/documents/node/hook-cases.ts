/** Hooks and the closing scan around a real transaction: on dnf, since the steps are the same for all. */
import { deepStrictEqual, equal, match } from 'node:assert/strict';
import { invoke } from './agent.ts';
import type { Invocation, Order } from './agent.ts';
import type { Checks } from './checks.ts';
import type { Hooks, HookScript } from './frame.ts';
import type { Root } from './root.ts';
import { installedNow, lockOf, prepare, reportOf } from './rpm-node.ts';

const app = (version: string) => ({ name: 'app', arch: 'x86_64', version });
const lock = lockOf('dnf', ['update app x86_64 2.0-1']);
const both = { RunBefore: 'yes', BeforeHook: 'Corp-Drain:7', RunAfter: 'yes', AfterHook: 'Corp-Failback:3' };
const said = (word: string) => ({ script: `echo "${word} $(rpm -q --qf '%{VERSION}' app)" >>/var/tmp/hooks` });
const drain = said('drain');
const failback = said('failback');
const well: Hooks = { 'Corp-Drain:7': drain, 'Corp-Failback:3': failback };

/** A node with app 1.0 that is offered 2.0; what its hooks wrote of the test before is gone. */
async function ready(root: Root, installed = '1.0-1'): Promise<void> {
  await prepare(root, [app(installed)], [app('2.0-1')]);
  await root.shell(': >/var/tmp/hooks');
}

const patch = (root: Root, hooks: Hooks, more: Partial<Order> = {}) =>
  invoke(root, { document: 'Wavelock-Patch-Linux', batch: 'batch-0001', lock, parameters: both, hooks, ...more });
const verify = (root: Root, batch: string) => invoke(root, { document: 'Wavelock-Verify-Linux', batch, lock });
const hooksOf = (root: Root) => root.shell('cat /var/tmp/hooks');
const told = (invocation: Invocation) => {
  const { phase, end, why, detail } = reportOf(invocation);
  return `${phase} ${end} ${why}: ${detail}`;
};

export async function runHookCases(checks: Checks, root: Root): Promise<void> {
  await checks.check('hooks run once each: before the install, and after it and the reboot', async () => {
    await ready(root);
    await root.shell('touch /run/reboot-required');
    const invocation = await patch(root, {
      ...well,
      'Corp-Failback:3': { script: `${failback.script}; cat /proc/sys/kernel/random/boot_id >>/var/tmp/hooks` },
    });
    equal(invocation.status, 'Success');
    const { end, n, rebooted, boot, notes } = reportOf(invocation);
    deepStrictEqual({ end, n, rebooted, notes }, { end: 'ok', n: 1, rebooted: 1, notes: undefined });
    equal(await hooksOf(root), `drain 1.0\nfailback 2.0\n${boot}`);
  });

  await checks.check('no hook runs on a node that has everything, or that refuses', async () => {
    await ready(root, '2.0-1');
    const invocation = await patch(root, well);
    deepStrictEqual([invocation.status, told(invocation), await hooksOf(root)], ['Success', 'verify ok : ', '']);
    await ready(root);
    const refused = await patch(root, well, { lock: lockOf('dnf', ['update app x86_64 9.9-9']) });
    match(told(refused), /^resolve refused gone/u);
    deepStrictEqual([refused.steps.BeforeHook?.code, await hooksOf(root)], [0, '']);
  });

  await checks.check('a second delivery runs no hook', async () => {
    await ready(root);
    await patch(root, well);
    await root.shell(': >/var/tmp/hooks');
    deepStrictEqual(Object.keys((await patch(root, well)).steps), ['Lock', 'Claim', 'Report']);
    equal(await hooksOf(root), '');
  });
  await runBeforeCases(checks, root);
  await runAfterCases(checks, root);
  await runClosingCases(checks, root);
}

/** How a pre hook may go wrong, and what is said of it. */
const bad: Record<string, [HookScript | undefined, string]> = {
  fails: [{ script: `${drain.script}; exit 1` }, 'failed'],
  'times out': [{ script: drain.script, timesOut: true }, 'failed'],
  'can not be fetched': [undefined, 'failed'],
  'asks for a reboot': [{ script: `${drain.script}; exit 194` }, 'asked for a reboot, which a hook must not'],
  // Its time is over: HookSeconds has at least two digits, and a test should not wait for that.
  'takes too long': [{ script: `${drain.script}; echo 1 >/var/lib/wavelock/batch-0001/hook.before.deadline` }, 'did not end in time'],
};

async function runBeforeCases(checks: Checks, root: Root): Promise<void> {
  for (const [how, [hook, detail]] of Object.entries(bad)) {
    await checks.check(`a pre hook that ${how} stops before anything is changed`, async () => {
      await ready(root);
      const hooks: Hooks = { 'Corp-Failback:3': failback, 'AWS-RunPatchBaseline': failback, ...(hook ? { 'Corp-Drain:7': hook } : {}) };
      const invocation = await patch(root, hooks, { parameters: { ...both, ClosingScan: 'yes' } });
      equal(told(invocation), `before failed hook-failed: Corp-Drain:7 ${detail}`);
      deepStrictEqual(await installedNow(root), { app: '1.0-1' });
      equal(await hooksOf(root), hook ? 'drain 1.0' : '');
      equal(invocation.reboots, how === 'asks for a reboot' ? 1 : 0);
      match(told(await verify(root, 'verify-001')), /^before failed hook-failed: Corp-Drain:7/u);
    });
  }

  await checks.check('while a pre hook is at work, whoever asks hears that it is', async () => {
    await ready(root);
    await root.shell('rm -f /var/tmp/go');
    const slow = { script: `${drain.script}; while [ ! -e /var/tmp/go ]; do sleep 0.1; done` };
    const running = patch(root, { ...well, 'Corp-Drain:7': slow });
    await root.shell('while [ ! -s /var/tmp/hooks ]; do sleep 0.1; done');
    equal(told(await verify(root, 'verify-001')), 'before running : Corp-Drain:7 is at work');
    equal(told(await patch(root, well)), 'before running : Corp-Drain:7 is at work');
    await root.shell('touch /var/tmp/go');
    equal(told(await running), 'verify ok : ');
  });
}

async function runAfterCases(checks: Checks, root: Root): Promise<void> {
  await checks.check('a post hook that fails or times out fails the node although the packages are in, and Verify remembers it', async () => {
    for (const hook of [{ script: 'exit 1' }, { script: 'true', timesOut: true } as const]) {
      await ready(root);
      const invocation = await patch(root, { ...well, 'Corp-Failback:3': hook });
      equal(told(invocation), 'after failed hook-failed: Corp-Failback:3 failed');
      equal(reportOf(invocation).n, 1);
      deepStrictEqual(await installedNow(root), { app: '2.0-1' });
      equal(told(await verify(root, 'verify-001')), 'after failed hook-failed: Corp-Failback:3 failed');
    }
  });

  await checks.check('no post hook runs where the install failed', async () => {
    await prepare(root, [app('1.0-1')], [{ ...app('2.0-1'), before: 'exit 1' }]);
    await root.shell(': >/var/tmp/hooks');
    match(told(await patch(root, well)), /^install failed install-failed/u);
    equal(await hooksOf(root), 'drain 1.0');
  });
}

async function runClosingCases(checks: Checks, root: Root): Promise<void> {
  const parameters = { ClosingScan: 'yes' };
  await checks.check('AWS-RunPatchBaseline comes last, and its failure is a note and no failure', async () => {
    for (const [hook, notes] of [
      [said('scan'), undefined],
      [{ script: `${said('scan').script}; exit 1` }, ['aws-scan-failed']],
    ] as const) {
      await ready(root);
      const report = reportOf(await patch(root, { 'AWS-RunPatchBaseline': hook }, { parameters }));
      deepStrictEqual({ end: report.end, n: report.n, notes: report.notes }, { end: 'ok', n: 1, notes });
      equal(await hooksOf(root), 'scan 2.0');
    }
  });

  await checks.check('AWS-RunPatchBaseline runs on a node that had everything, and on none whose install failed', async () => {
    await ready(root, '2.0-1');
    equal(reportOf(await patch(root, { 'AWS-RunPatchBaseline': said('scan') }, { parameters })).end, 'ok');
    equal(await hooksOf(root), 'scan 2.0');
    await prepare(root, [app('1.0-1')], [{ ...app('2.0-1'), before: 'exit 1' }]);
    await root.shell(': >/var/tmp/hooks');
    equal(reportOf(await patch(root, { 'AWS-RunPatchBaseline': said('scan') }, { parameters })).notes, undefined);
    equal(await hooksOf(root), '');
  });
}
