/** What Wavelock-Patch does when things go well, twice, wrong or on and on: on dnf, since the steps are the same for all. */
import { deepStrictEqual, equal, match, ok } from 'node:assert/strict';
import { parseLock } from '../../../lambdas/core/lock.ts';
import { unpackFrom } from '../cases.ts';
import { invoke } from './agent.ts';
import type { Order } from './agent.ts';
import type { Checks } from './checks.ts';
import type { Root } from './root.ts';
import { buildMany, installRpms } from './rpms.ts';
import type { Rpm } from './rpms.ts';
import { installedNow, lockOf, prepare, reportOf, system } from './rpm-node.ts';

const rpm = (name: string, version: string, more: Partial<Rpm> = {}): Rpm => ({ name, arch: 'x86_64', version, ...more });
const kernel = (version: string) => rpm('kernel', version, { provides: ['installonlypkg(kernel)'] });
const lock = lockOf('dnf', ['update app x86_64 2.0-1', 'update lib x86_64 2.0-1']);
const before = [rpm('app', '1.0-1'), rpm('lib', '1.0-1')];
const offered = [rpm('app', '2.0-1'), rpm('lib', '2.0-1')];
const patch = (root: Root, more: Partial<Order> = {}) => invoke(root, { document: 'Wavelock-Patch-Linux', batch: 'batch-0001', lock, ...more });
const verify = (root: Root, batch: string) => invoke(root, { document: 'Wavelock-Verify-Linux', batch, lock });

/** As the out-of-memory killer or a person would: once the package manager works, all of it is killed. */
const killTransaction = `while [ ! -e /var/tmp/slow ]; do sleep 0.1; done; for p in /proc/[0-9]*; do
  case "$(tr '\\0' ' ' <$p/cmdline)" in
    '/bin/sh /var/lib/wavelock/'* | *python3\\ /usr/bin/dnf* | 'sleep 600 ') kill -9 \${p#/proc/} ;;
  esac; done`;

export async function runPatchCases(checks: Checks, root: Root): Promise<void> {
  await checks.check('a second delivery of a batch exits 168, changes nothing and prints the same report', async () => {
    await prepare(root, before, offered);
    const first = await patch(root);
    await installRpms(root, [...system, ...before]);
    const second = await patch(root);
    equal(second.steps.Claim?.code, 168);
    deepStrictEqual(Object.keys(second.steps), ['Lock', 'Claim', 'Report']);
    deepStrictEqual(await installedNow(root), { app: '1.0-1', lib: '1.0-1' });
    const { end, n, from } = reportOf(first);
    deepStrictEqual({ end, n, from: unpackFrom(from) }, { end: 'ok', n: 2, from: ['1.0-1', '1.0-1'] });
    // It looks at the node anew, and somebody has turned the packages back since.
    deepStrictEqual(reportOf(second).bad, [
      [0, '1.0-1'],
      [1, '1.0-1'],
    ]);
    equal(reportOf(second).batch, 'batch-0001');
  });

  await checks.check('a step that is killed leaves the transaction running to its end', async () => {
    const after = 'echo begun >/var/tmp/slow; while [ ! -e /var/tmp/go ]; do sleep 0.1; done; echo ended >/var/tmp/slow';
    await prepare(root, before, [rpm('app', '2.0-1', { after }), rpm('lib', '2.0-1')]);
    await root.shell('rm -f /var/tmp/slow /var/tmp/go');
    const killed = await patch(root, {
      onStep: (name, kill) => void (name === 'Install' && root.shell('while [ ! -e /var/tmp/slow ]; do sleep 0.1; done').then(kill)),
    });
    equal(killed.steps.Install?.code, 137);
    const { end, why, phase } = reportOf(killed);
    deepStrictEqual({ end, why, phase }, { end: 'running', why: 'install-running', phase: 'install' });
    const asked = reportOf(await verify(root, 'verify-001'));
    deepStrictEqual({ end: asked.end, why: asked.why }, { end: 'running', why: 'install-running' });
    const other = reportOf(await patch(root, { batch: 'batch-0002' }));
    deepStrictEqual({ end: other.end, why: other.why }, { end: 'refused', why: 'package-manager-busy' });
    await root.shell('touch /var/tmp/go; while [ ! -e /var/lib/wavelock/batch-0001/install.exit ]; do sleep 0.1; done');
    equal(await root.shell('cat /var/tmp/slow /var/lib/wavelock/batch-0001/install.exit'), 'ended\n0');
    const later = reportOf(await verify(root, 'verify-002'));
    deepStrictEqual({ end: later.end, n: later.n, from: unpackFrom(later.from) }, { end: 'ok', n: 2, from: ['1.0-1', '1.0-1'] });
    deepStrictEqual(await installedNow(root), { app: '2.0-1', lib: '2.0-1' });
  });

  await checks.check('a transaction that is killed itself is a failure, not a wait', async () => {
    await prepare(root, before, [rpm('app', '2.0-1', { before: 'touch /var/tmp/slow; sleep 600' }), rpm('lib', '2.0-1')]);
    await root.shell('rm -f /var/tmp/slow');
    const invocation = await patch(root, { onStep: (name) => void (name === 'Install' && root.shell(killTransaction)) });
    const { end, why, detail } = reportOf(invocation);
    deepStrictEqual({ end, why, detail }, { end: 'failed', why: 'install-failed', detail: 'the transaction ended without a result' });
  });

  await checks.check('a package that refuses to install is install-failed with what was there before', async () => {
    await prepare(root, before, [rpm('app', '2.0-1', { before: 'exit 1' }), rpm('lib', '2.0-1')]);
    const { end, why, detail, n, bad } = reportOf(await patch(root));
    deepStrictEqual({ end, why, n, bad }, { end: 'failed', why: 'install-failed', n: 1, bad: [[0, '1.0-1']] });
    match(detail, /rror/u);
  });

  await checks.check('a dependency that is installed in an older version comes along where an update needs it newer', async () => {
    const newer = [rpm('app', '2.0-1', { needs: ['libfoo >= 1.2'] }), rpm('libfoo', '1.2-1'), rpm('libfoo', '1.5-1')];
    await prepare(root, [...before, rpm('libfoo', '1.0-1')], newer);
    const needed = lockOf('dnf', ['update app x86_64 2.0-1', 'dependency libfoo x86_64 1.2-1']);
    const { end, n, from } = reportOf(await patch(root, { lock: needed }));
    deepStrictEqual({ end, n, from: unpackFrom(from) }, { end: 'ok', n: 2, from: ['1.0-1', '1.0-1'] });
    deepStrictEqual(await installedNow(root), { app: '2.0-1', lib: '1.0-1', libfoo: '1.2-1' });
  });

  await checks.check('of several installed kernels the newest counts', async () => {
    await prepare(root, [kernel('6.1.9-1'), kernel('6.1.10-1')], [kernel('6.1.12-1'), kernel('6.1.11-1')]);
    const kernels = lockOf('dnf', ['update kernel x86_64 6.1.11-1']);
    const { end, n, bad, from, rebooted } = reportOf(await patch(root, { lock: kernels }));
    deepStrictEqual({ end, n, bad, from: unpackFrom(from), rebooted }, { end: 'ok', n: 1, bad: [], from: ['6.1.10-1'], rebooted: 1 });
    equal(await root.shell("rpm -q --qf '%{VERSION}\\n' kernel | sort"), '6.1.10\n6.1.11\n6.1.9');
  });
  await runRebootCases(checks, root);
  await runSizeCases(checks, root);
}

async function runRebootCases(checks: Checks, root: Root): Promise<void> {
  await checks.check('a node that needs a reboot is rebooted once and says so', async () => {
    await prepare(root, before, offered);
    await root.shell('touch /run/reboot-required');
    const invocation = await patch(root);
    const { end, rebooted, pending } = reportOf(invocation);
    deepStrictEqual({ end, rebooted, pending, reboots: invocation.reboots }, { end: 'ok', rebooted: 1, pending: '', reboots: 1 });
  });

  await checks.check('a node that does not reboot is asked twice and then fails', async () => {
    await prepare(root, before, offered);
    await root.shell('touch /run/reboot-required');
    const invocation = await patch(root, { reboots: false });
    const { end, why, phase, rebooted, pending, n } = reportOf(invocation);
    deepStrictEqual(
      { end, why, phase, rebooted, pending, n, asked: invocation.reboots },
      { end: 'failed', why: 'reboot-not-done', phase: 'reboot', rebooted: 0, pending: 'reboot', n: 2, asked: 2 },
    );
    await root.reboot();
    const later = reportOf(await verify(root, 'verify-001'));
    deepStrictEqual({ end: later.end, pending: later.pending }, { end: 'ok', pending: '' });
  });

  await checks.check('nothing reboots where nothing needs it', async () => {
    await prepare(root, before, offered);
    const invocation = await patch(root);
    deepStrictEqual([invocation.reboots, reportOf(invocation).rebooted], [0, 0]);
  });
}

async function runSizeCases(checks: Checks, root: Root): Promise<void> {
  const names = Array.from({ length: 200 }, (_, index) => `component-${index}`);
  const version = (generation: number, index: number) =>
    `${generation}.${(index * 7) % 23}.${(index * 31) % 101}-${(index % 9) + 1}.amzn2023.0.${index % 4}`;
  const old = names.map((name, index) => rpm(name, version(1, index)));
  const next = names.map((name, index) => rpm(name, version(2, index)));
  const many = lockOf(
    'dnf',
    next.map((one) => `update ${one.name} x86_64 ${one.version}`),
  );
  const order = (parseLock(many)[0]?.items ?? []).map(({ name }) => name);

  await checks.check('a report of 200 changed packages has less than 2,500 characters and says what was before', async () => {
    await buildMany(root, old);
    await buildMany(root, next);
    await prepare(root, old, next);
    const invocation = await patch(root, { lock: many });
    const report = reportOf(invocation);
    ok((invocation.steps.Report?.stdout.length ?? 9_999) < 2_500);
    deepStrictEqual({ end: report.end, n: report.n, bad: report.bad }, { end: 'ok', n: 200, bad: [] });
    const was = new Map(old.map((one) => [one.name, one.version]));
    deepStrictEqual(
      unpackFrom(report.from),
      order.map((name) => was.get(name)),
    );
  });

  await checks.check('a refusal with 200 deviations fits too, and says how many it leaves out', async () => {
    await prepare(root, old, next.slice(1));
    const invocation = await patch(root, { lock: many });
    const report = reportOf(invocation);
    ok((invocation.steps.Report?.output.length ?? 9_999) < 2_500);
    equal(report.why, 'gone');
    const last = report.bad.at(-1);
    deepStrictEqual(last, [200, `+${200 - (report.bad.length - 1)}`]);
    equal(unpackFrom(report.from).length, 200);
  });
}
