/** When a node must refuse, and what a report says of services, other updaters and old batches: on dnf. */
import { deepStrictEqual, equal, match } from 'node:assert/strict';
import { unpackFrom } from '../cases.ts';
import { invoke } from './agent.ts';
import type { Order } from './agent.ts';
import type { Checks } from './checks.ts';
import { holdLock, releaseLock } from './others.ts';
import type { Root } from './root.ts';
import type { Rpm } from './rpms.ts';
import { installedNow, lockOf, prepare, reportOf } from './rpm-node.ts';

const rpm = (name: string, version: string, more: Partial<Rpm> = {}): Rpm => ({ name, arch: 'x86_64', version, ...more });
const lock = lockOf('dnf', ['update app x86_64 2.0-1']);
const before = [rpm('app', '1.0-1')];
const offered = [rpm('app', '2.0-1')];
const patch = (root: Root, more: Partial<Order> = {}) => invoke(root, { document: 'Wavelock-Patch-Linux', batch: 'batch-0001', lock, ...more });
const verify = (root: Root, more: Partial<Order> = {}) => invoke(root, { document: 'Wavelock-Verify-Linux', batch: 'verify-001', lock, ...more });

/** What makes a node refuse: how it is brought about, how it is undone. */
const refusals: { why: string; detail: RegExp; order?: Partial<Order>; spoil?: string; heal?: string }[] = [
  { why: 'lock-mismatch', detail: /not the one/u, order: { sha256: '0'.repeat(64) } },
  { why: 'lock-mismatch', detail: /not the one/u, order: { lock: `${lock}update evil x86_64 1-1\n`, sha256: '1'.repeat(64) } },
  {
    why: 'foreign-patch-run',
    detail: /reboot-194/u,
    spoil: 'mkdir -p /var/log/amazon/ssm && touch /var/log/amazon/ssm/patch-baseline-operations-reboot-194',
    heal: 'rm -r /var/log/amazon',
  },
  {
    why: 'disk-full',
    detail: /MB free/u,
    spoil: 'mkdir -p /var/lib/wavelock && mount -t tmpfs -o size=50m none /var/lib/wavelock',
    heal: 'umount /var/lib/wavelock',
  },
  {
    why: 'package-manager-busy',
    detail: /python3/u,
    spoil: holdLock('/var/lib/rpm/.rpm.lock'),
    heal: releaseLock,
  },
  { why: 'package-manager-broken', detail: /two versions.*: app/u, spoil: 'true' },
  {
    why: 'other-updater',
    detail: /dnf-automatic/u,
    spoil: 'cp /bin/sleep /var/tmp/dnf-automatic; /var/tmp/dnf-automatic 60 >/dev/null 2>&1 &',
    heal: 'for p in /proc/[0-9]*; do [ "$(readlink $p/exe)" = /var/tmp/dnf-automatic ] && kill ${p#/proc/}; done; true',
  },
  {
    why: 'agent-too-old',
    detail: /3\.1\.501\.0/u,
    spoil: `printf '#!/bin/sh\\necho SSM Agent version: 3.1.501.0\\n' >/usr/bin/amazon-ssm-agent; chmod 755 /usr/bin/amazon-ssm-agent`,
    heal: 'rm /usr/bin/amazon-ssm-agent',
  },
];

export async function runPreflightCases(checks: Checks, root: Root): Promise<void> {
  for (const { why, detail, order, spoil, heal } of refusals) {
    await checks.check(`refuses as ${why} and changes nothing (${spoil?.slice(0, 40) ?? 'lock'})`, async () => {
      const twice = why === 'package-manager-broken' ? [...before, ...offered] : before;
      await prepare(root, twice, offered);
      const was = await installedNow(root);
      try {
        if (spoil !== undefined) await root.shell(spoil);
        const invocation = await patch(root, order);
        const report = reportOf(invocation);
        deepStrictEqual([report.end, report.why, report.phase, report.n], ['refused', why, 'preflight', 0]);
        match(report.detail, detail);
        equal(invocation.status, 'Failed');
        deepStrictEqual(await installedNow(root), was);
      } finally {
        if (heal !== undefined) await root.shell(heal);
      }
    });
  }

  await checks.check('refuses as lock-unreachable where the lock can not be downloaded', async () => {
    await prepare(root, before, offered);
    const report = reportOf(await patch(root, { lock: undefined, sha256: '0'.repeat(64) }));
    deepStrictEqual({ end: report.end, why: report.why, phase: report.phase }, { end: 'refused', why: 'lock-unreachable', phase: 'claim' });
    const asked = reportOf(await verify(root, { lock: undefined, sha256: '0'.repeat(64) }));
    deepStrictEqual({ end: asked.end, why: asked.why }, { end: 'refused', why: 'lock-unreachable' });
  });

  await checks.check('a node on which nothing can be written says disk-full', async () => {
    await prepare(root, before, offered);
    await root.shell('mkdir -p /var/lib/wavelock/inbox && mount -t tmpfs -o size=4k,nr_inodes=3 none /var/lib/wavelock');
    try {
      const report = reportOf(await patch(root, { lock: undefined, sha256: '0'.repeat(64) }));
      deepStrictEqual({ end: report.end, why: report.why, phase: report.phase }, { end: 'refused', why: 'disk-full', phase: 'claim' });
    } finally {
      await root.shell('umount /var/lib/wavelock');
    }
  });

  await checks.check('a repository that can not be read refuses before anything is changed', async () => {
    await prepare(root, before, offered);
    await root.shell('mv /srv /srv.away');
    const report = reportOf(await patch(root));
    await root.shell('mv /srv.away /srv');
    deepStrictEqual({ end: report.end, phase: report.phase, n: report.n }, { end: 'refused', phase: 'resolve', n: 0 });
    match(report.detail, /repositories can not be read/u);
  });

  await checks.check('directories of batches older than 30 days go, younger ones stay', async () => {
    await prepare(root, before, offered);
    await root.shell('mkdir -p /var/lib/wavelock/batch-old0 /var/lib/wavelock/batch-new0');
    await root.shell('touch -d "40 days ago" /var/lib/wavelock/batch-old0');
    await patch(root);
    equal(await root.shell('cd /var/lib/wavelock && ls -d batch-*'), 'batch-0001\nbatch-new0');
  });
  await runVerifyCases(checks, root);
  await runServiceCases(checks, root);
}

async function runVerifyCases(checks: Checks, root: Root): Promise<void> {
  await checks.check('Verify judges a node that was never patched by what is installed', async () => {
    await prepare(root, before, offered);
    const report = reportOf(await verify(root));
    deepStrictEqual(
      { end: report.end, why: report.why, phase: report.phase, n: report.n, bad: report.bad, from: unpackFrom(report.from) },
      { end: 'failed', why: 'install-failed', phase: 'verify', n: 0, bad: [[0, '1.0-1']], from: ['1.0-1'] },
    );
    await prepare(root, offered, offered);
    equal(reportOf(await verify(root)).end, 'ok');
  });

  await checks.check('Verify names what another updater made newer, and repeats why a batch was refused', async () => {
    await prepare(root, [rpm('app', '3.0-1')], offered);
    const report = reportOf(await verify(root));
    deepStrictEqual({ end: report.end, bad: report.bad }, { end: 'ok', bad: [[0, '3.0-1']] });
    await prepare(root, before, [rpm('app', '2.5-1')]);
    await patch(root);
    const asked = reportOf(await verify(root));
    deepStrictEqual({ end: asked.end, why: asked.why, phase: asked.phase }, { end: 'refused', why: 'gone', phase: 'resolve' });
  });
}

/** A systemctl that knows three services and a systemd-run that runs: /run/systemd/system makes the scripts ask them. */
const systemd = `
  mkdir -p /run/systemd/system
  printf 'app.service\\nsshd.service\\nidle.service\\n' >/run/units
  cat >/usr/bin/systemctl <<'END'
#!/bin/sh
case "$1" in
  list-unit-files) printf 'app.service enabled enabled\\nsshd.service enabled enabled\\nidle.service static -\\n' ;;
  list-units) sed 's/$/ loaded active running Some service/' /run/units ;;
  *) exit 1 ;;
esac
END
  cat >/usr/bin/systemd-run <<'END'
#!/bin/sh
echo "$*" >/run/systemd-run.log
while [ "\${1#-}" != "$1" ]; do shift; done
setsid "$@" </dev/null >/dev/null 2>&1 &
END
  chmod 755 /usr/bin/systemctl /usr/bin/systemd-run`;

async function runServiceCases(checks: Checks, root: Root): Promise<void> {
  await checks.check('a service that an update stops is named; where systemd runs the transaction is a unit of its own', async () => {
    const after = 'grep -v app.service /run/units >/run/units.new; grep -v idle.service /run/units.new >/run/units';
    await prepare(root, before, [rpm('app', '2.0-1', { after })]);
    await root.shell(systemd);
    try {
      const report = reportOf(await patch(root));
      deepStrictEqual([report.end, report.why, report.down, report.n], ['failed', 'service-down', ['app.service'], 1]);
      match(await root.shell('cat /run/systemd-run.log'), /--unit=wavelock-batch-0001 .*transaction\.sh$/u);
    } finally {
      await root.shell('rm -r /run/systemd /usr/bin/systemctl /usr/bin/systemd-run');
    }
  });
}
