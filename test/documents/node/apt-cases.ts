/** Debian 12 with its real packages, first without and then with its security archive, and with small packages of a local repository. */
import { deepStrictEqual, equal, match, notEqual, ok } from 'node:assert/strict';
import { lockText } from '../../../lambdas/core/lock.ts';
import type { Available, FleetFacts } from '../../../lambdas/core/model.ts';
import { unpackFrom } from '../cases.ts';
import { invoke } from './agent.ts';
import type { Order } from './agent.ts';
import type { Checks } from './checks.ts';
import { holdLock, releaseLock } from './others.ts';
import type { Root } from './root.ts';
import { lockItem, reportOf, scan } from './rpm-node.ts';

const PLATFORM = 'debian-12-x86_64';
const lockOf = (items: string[]) => lockText([{ platform: PLATFORM, items: items.map(lockItem) }]);
const patch = (root: Root, order: Partial<Order>) => invoke(root, { document: 'Wavelock-Patch-Linux', batch: 'batch-0001', ...order });
const versionOf = (root: Root, name: string) => root.shell(`dpkg-query -W -f '\${Version}' ${name}`);
const everything = (root: Root) => root.shell("dpkg-query -W -f '${Package} ${Architecture} ${Version} ${Status}\\n'; apt-mark showauto");

export async function runAptCases(checks: Checks, root: Root): Promise<void> {
  let facts: FleetFacts | undefined;
  await root.shell('rm -f /etc/apt/sources.list.d/*; echo "deb http://deb.debian.org/debian bookworm main" >/etc/apt/sources.list');

  await checks.check('apt: a scan lists a real Debian, and its security archive changes the fingerprint', async () => {
    const without = await scan(root, 'scan-00001');
    equal(without.facts.platform, PLATFORM);
    ok(without.facts.installed.some(({ name, source }) => name === 'libssl3' && source === 'openssl'));
    ok(without.facts.available.every(({ kind }) => kind !== 'security'));
    // A Debian always has binaries that were rebuilt, and some with versions of their own.
    ok(without.facts.installed.some(({ version, sourceVersion }) => sourceVersion !== undefined && /\+b\d+$/u.test(version)));
    equal(without.facts.kernel, await root.shell('uname -r'));
    root.write('etc/apt/sources.list.d/security.list', 'deb http://deb.debian.org/debian-security bookworm-security main\n');
    const found = await scan(root, 'scan-00002');
    notEqual(found.report.fp, without.report.fp);
    equal(found.report.n, found.facts.available.length);
    ok(found.facts.available.filter(({ kind, severity }) => kind === 'security' && severity === 'unrated').length > 5);
    facts = found.facts;
  });

  await checks.check('apt: a scan leaves lists, caches and hooks of the node alone', async () => {
    root.write('etc/apt/apt.conf.d/99hook', 'APT::Update::Post-Invoke { "touch /var/tmp/hooked"; };\n');
    await root.shell('touch /var/tmp/mark; sleep 1');
    await scan(root, 'scan-00003');
    const apart = "! -path '/proc/*' ! -path '/var/lib/wavelock/*' ! -path /tmp/_script.sh";
    const written = await root.shell(`find / -xdev -type f -cnewer /var/tmp/mark ${apart}`);
    equal(written, '');
  });

  await checks.check('apt: installs exactly what the lock says, keeps every mark, reboots for a library below everything', async () => {
    const names = ['tzdata', 'libssl3', 'perl', 'perl-base', 'libperl5.36', 'perl-modules-5.36'];
    const chosen = (facts?.available ?? []).filter(({ name }) => names.includes(name));
    equal(chosen.length, names.length);
    await root.shell('apt-mark auto tzdata');
    const lock = lockOf(chosen.map(({ name, arch, version }) => `update ${name} ${arch} ${version}`));
    const was = await everything(root);
    const order = { lock, batch: 'batch-0001' };
    const report = reportOf(await patch(root, order));
    deepStrictEqual([report.end, report.why, report.n, report.bad, report.rebooted], ['ok', '', 6, [], 1]);
    equal(unpackFrom(report.from).length, 6);
    const now = await everything(root);
    const updated = (text: string, { name, arch, version }: Available) =>
      text.replace(new RegExp(`^${name} ${arch} \\S+`, 'mu'), `${name} ${arch} ${version}`);
    equal(now, chosen.reduce(updated, was));
    const again = await patch(root, order);
    equal(again.steps.Claim?.code, 168);
    equal(await everything(root), now);
    deepStrictEqual(reportOf(again), report);
    equal(reportOf(await invoke(root, { document: 'Wavelock-Verify-Linux', batch: 'verify-001', lock })).end, 'ok');
  });

  await checks.check('apt: refuses a version that no archive has any more', async () => {
    const offered = (facts?.available ?? []).slice(0, 1).map(({ name, arch, version }) => `update ${name} ${arch} ${version}`);
    const lock = lockOf(['update libc-bin amd64 9.99-9', ...offered]);
    await refuses(root, { lock, batch: 'batch-0002' }, 'gone', /libc-bin 9\.99-9/u);
  });

  await checks.check('apt: refuses what would bring versions that the lock does not have', async () => {
    const one = (facts?.available ?? []).find(({ name }) => name === 'python3.11');
    const lock = lockOf([`update python3.11 amd64 ${one?.version}`]);
    await refuses(root, { lock, batch: 'batch-0003' }, 'unproven-dependency', /outside the lock: .*libpython3\.11-stdlib/u);
  });
  await runLocalCases(checks, root);
}

async function refuses(root: Root, order: Partial<Order>, why: string, detail: RegExp): Promise<void> {
  const was = await everything(root);
  const report = reportOf(await patch(root, order));
  deepStrictEqual({ end: report.end, why: report.why, n: report.n }, { end: 'refused', why, n: 0 });
  match(report.detail, detail);
  equal(await everything(root), was);
}

/** app 1.0 with a configuration file that somebody has changed, app 2.0 that needs libfoo, and two versions of libfoo. */
const localRepository = `
  set -e
  make() { # name version needs
    rm -rf /var/tmp/deb && mkdir -p /var/tmp/deb/DEBIAN /var/tmp/deb/etc /srv/debs
    printf 'Package: %s\\nVersion: %s\\nArchitecture: all\\n' "$1" "$2" >/var/tmp/deb/DEBIAN/control
    printf 'Maintainer: test <test@example.com>\\nDescription: test\\n' >>/var/tmp/deb/DEBIAN/control
    [ -z "$3" ] || echo "Depends: $3" >>/var/tmp/deb/DEBIAN/control
    if [ "$1" = app ]; then echo "setting of $2" >/var/tmp/deb/etc/app.conf; echo /etc/app.conf >/var/tmp/deb/DEBIAN/conffiles; fi
    dpkg-deb -b /var/tmp/deb "/srv/debs/$1_$2_all.deb" >/dev/null
  }
  make app 1.0 '' && make app 2.0 libfoo && make libfoo 1.0 '' && make libfoo 1.5 ''
  cd /srv/debs && for deb in *.deb; do
    dpkg-deb -f "$deb"; printf 'Filename: %s\\nSize: %s\\n' "$deb" "$(stat -c %s "$deb")"
    printf 'SHA256: %s\\n\\n' "$(sha256sum <"$deb" | cut -d ' ' -f 1)"
  done >Packages
  dpkg -i app_1.0_all.deb >/dev/null && echo 'changed by somebody' >/etc/app.conf`;

export async function runLocalCases(checks: Checks, root: Root): Promise<void> {
  const lock = lockOf(['update app all 2.0', 'dependency libfoo all 1.0']);
  await root.shell(localRepository);
  root.write('etc/apt/sources.list.d/local.list', 'deb [trusted=yes] file:/srv/debs ./\n');

  await checks.check('apt: refuses while dpkg is locked, interrupted, or the package is held', async () => {
    await root.shell('apt-mark hold app');
    await refuses(root, { lock, batch: 'batch-0010' }, 'install-failed', /held on this node.*app/u);
    await root.shell('apt-mark unhold app; touch /var/lib/dpkg/updates/0001');
    await refuses(root, { lock, batch: 'batch-0011' }, 'package-manager-broken', /dpkg --configure -a/u);
    await root.shell('rm /var/lib/dpkg/updates/0001');
    await root.shell(holdLock('/var/lib/dpkg/lock-frontend'));
    await refuses(root, { lock, batch: 'batch-0012' }, 'package-manager-busy', /python3/u);
    await root.shell(releaseLock);
  });

  await checks.check('apt: takes the proven dependency, not a newer one, and keeps a changed configuration file', async () => {
    const report = reportOf(await patch(root, { lock, batch: 'batch-0013' }));
    deepStrictEqual({ end: report.end, n: report.n, from: unpackFrom(report.from) }, { end: 'ok', n: 2, from: ['1.0', '+'] });
    deepStrictEqual([await versionOf(root, 'app'), await versionOf(root, 'libfoo')], ['2.0', '1.0']);
    equal(await root.shell('cat /etc/app.conf; apt-mark showauto libfoo app'), 'changed by somebody\nlibfoo');
  });
}
