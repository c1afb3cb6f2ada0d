/**
 * Ubuntu 24.04 with its own apt (2.7.14), whose archive has moved on. The snapshot service is a folder of this machine's web server: apt is
 * told so by the setting with which it otherwise knows https://snapshot.ubuntu.com (apt.conf(5), Acquire::Snapshots). Not run here: that
 * service itself.
 */
import { deepStrictEqual, equal, match } from 'node:assert/strict';
import { lockText } from '../../../lambdas/core/lock.ts';
import { invoke } from './agent.ts';
import type { Invocation, Order } from './agent.ts';
import type { Checks } from './checks.ts';
import type { Root } from './root.ts';
import { lockItem, reportOf, scan } from './rpm-node.ts';

const PLATFORM = 'ubuntu-24.04-x86_64';
const THEN = '20260801T120000Z';
const FILE = 'etc/apt/apt.conf.d/99snapshots';

/** A repository in a folder, from scratch: `name version needs` a package. Its Release file says whose it is, which is how apt knows. */
const publish = (folder: string, packages: string[]) => `
  set -e
  rm -rf /srv/${folder} && mkdir -p /srv/${folder} && cd /srv/${folder}
  make() { # name version needs
    rm -rf /var/tmp/deb && mkdir -p /var/tmp/deb/DEBIAN
    printf 'Package: %s\\nVersion: %s\\nArchitecture: all\\nMaintainer: test <test@example.com>\\nDescription: test\\n' "$1" "$2" >/var/tmp/deb/DEBIAN/control
    [ -z "\${3-}" ] || echo "Depends: $3" >>/var/tmp/deb/DEBIAN/control
    dpkg-deb -b /var/tmp/deb "$1_$2_all.deb" >/dev/null
  }
  ${packages.map((one) => `make ${one}`).join('\n  ')}
  for deb in *.deb; do
    dpkg-deb -f "$deb"; printf 'Filename: %s\\nSize: %s\\n' "$deb" "$(stat -c %s "$deb")"
    printf 'SHA256: %s\\n\\n' "$(sha256sum <"$deb" | cut -d ' ' -f 1)"
  done >Packages
  printf 'Origin: Ubuntu\\nLabel: Ubuntu\\nSuite: noble\\nCodename: noble\\nDate: %s\\nSHA256:\\n' "$(LC_ALL=C date -u +'%a, %d %b %Y %H:%M:%S UTC')" >Release
  printf ' %s %s Packages\\n' "$(sha256sum <Packages | cut -d ' ' -f 1)" "$(stat -c %s Packages)" >>Release`;

/** The hour that a scan asks for, and the next: a test may begin a second before it. */
const hours = () => [0, 3_600_000].map((more) => `${new Date(Date.now() + more).toISOString().slice(0, 13).replaceAll('-', '')}0000Z`);

interface Archives {
  /** What the archive has now, and what it had then; nothing: no snapshot can be had. */
  now: string[];
  before?: string[];
}

/** A node with app 1.0 whose repository is the archive. Everything that batches left is forgotten. */
async function ready(root: Root, url: string, { now, before }: Archives): Promise<void> {
  root.write('etc/apt/sources.list.d/local.list', `deb [trusted=yes] ${url}/archive ./\n`);
  root.write(FILE, `Acquire::Snapshots::URI::Origin::Ubuntu "${url}/snapshot/@SNAPSHOTID@/";\n`);
  await root.shell(`rm -rf /var/lib/wavelock /srv; ${publish('archive', now)}`);
  if (before)
    await root.shell(
      `${publish(`snapshot/${THEN}`, before)}\ncd /srv/snapshot && ${hours()
        .map((hour) => `ln -s ${THEN} ${hour}`)
        .join(' && ')}`,
    );
  await root.shell(`${publish('old', ['app 1.0'])}; dpkg -r app libnew >/dev/null 2>&1; dpkg -i app_1.0_all.deb >/dev/null`);
}

const lockOf = (items: string[], snapshot?: string) =>
  lockText([{ platform: PLATFORM, ...(snapshot ? { snapshot } : {}), items: items.map(lockItem) }]);
const proven = lockOf(['update app all 2.0'], THEN);
const patch = (root: Root, more: Partial<Order> = {}) =>
  invoke(root, { document: 'Wavelock-Patch-Linux', batch: 'batch-0001', lock: proven, ...more });
const versionOf = (root: Root) => root.shell(`dpkg-query -W -f '\${Version}' app`);

async function told(root: Root, invocation: Invocation): Promise<string> {
  const { end, why, n, notes = [] } = reportOf(invocation);
  return `${end} ${why} ${n} ${notes.join()} ${await versionOf(root)}`;
}

export async function runSnapshotCases(checks: Checks, root: Root, url: string): Promise<void> {
  await root.shell('rm -f /etc/apt/sources.list /etc/apt/sources.list.d/*');
  const moved: Archives = { now: ['app 3.0 libnew', 'libnew 1.0'], before: ['app 2.0'] };

  await checks.check('apt: a scan sees the archive as it was at the full hour, and says so', async () => {
    await ready(root, url, moved);
    const { facts } = await scan(root, 'scan-00001');
    equal(facts.platform, PLATFORM);
    match(facts.snapshot ?? 'none', new RegExp(`^(${hours().join('|')})$`, 'u'));
    deepStrictEqual(
      facts.available.map(({ name, version }) => [name, version]),
      [['app', '2.0']],
    );
    deepStrictEqual(facts.dependencies, []);
  });

  await checks.check('apt: a node gets what was proven although the archive has moved on', async () => {
    await ready(root, url, moved);
    equal(await told(root, await patch(root)), 'ok  1  2.0');
  });

  await checks.check('apt: without a snapshot in the lock the same node refuses', async () => {
    await ready(root, url, moved);
    equal(await told(root, await patch(root, { lock: lockOf(['update app all 2.0']) })), 'refused gone 0  1.0');
  });

  await checks.check('apt: where no snapshot can be had, the plain repositories are read, and the report says so', async () => {
    await ready(root, url, { now: ['app 2.0'] });
    equal((await scan(root, 'scan-00001')).facts.snapshot, undefined);
    equal(await told(root, await patch(root)), 'ok  1 no-snapshot 2.0');
    await ready(root, url, moved);
    root.write(FILE, 'Acquire::Snapshots::URI::Origin::Ubuntu "no";\n');
    equal((await scan(root, 'scan-00001')).facts.snapshot, undefined);
    equal(await told(root, await patch(root)), 'refused gone 0 no-snapshot 1.0');
  });

  await checks.check('apt: what the snapshot lacks may be in the plain repositories', async () => {
    await ready(root, url, { now: ['app 2.0'], before: ['app 1.5'] });
    equal(await told(root, await patch(root)), 'ok  1 no-snapshot 2.0');
  });

  await checks.check('apt: nothing that the snapshot has beside the lock comes in', async () => {
    await ready(root, url, { now: ['app 3.0'], before: ['app 2.0 libnew', 'libnew 1.0'] });
    const invocation = await patch(root);
    match(await told(root, invocation), /^refused unproven-dependency 0/u);
    match(reportOf(invocation).detail, /outside the lock: libnew 1\.0/u);
  });

  await checks.check('apt: a scan of another hour does not disturb an install that is about to begin', async () => {
    await ready(root, url, { now: ['app 3.0'], before: ['app 2.0'] });
    const [hour = '', next = ''] = hours();
    await root.shell(`rm -f /var/tmp/go /var/tmp/waiting /srv/snapshot/${hour} /srv/snapshot/${next}; ${publish(`snapshot/${hour}`, ['app 2.5'])}`);
    await root.shell(`ln -s ${hour} /srv/snapshot/${next}`);
    const wait = { script: 'touch /var/tmp/waiting; while [ ! -e /var/tmp/go ]; do sleep 0.1; done' };
    const parameters = { RunBefore: 'yes', BeforeHook: 'Corp-Wait:1' };
    const running = patch(root, { parameters, hooks: { 'Corp-Wait:1': wait } });
    await root.shell('while [ ! -e /var/tmp/waiting ]; do sleep 0.1; done');
    deepStrictEqual(
      (await scan(root, 'scan-00002')).facts.available.map(({ version }) => version),
      ['2.5'],
    );
    await root.shell('touch /var/tmp/go');
    equal(await told(root, await running), 'ok  1  2.0');
  });
}
