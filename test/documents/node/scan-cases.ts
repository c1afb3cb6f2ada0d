/** What Wavelock-Scan finds on dnf and zypper. */
import { deepStrictEqual, equal, match, notEqual } from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { invoke } from './agent.ts';
import type { Checks } from './checks.ts';
import type { Root } from './root.ts';
import type { Advisory, Rpm } from './rpms.ts';
import { platforms, prepare, RELEASE, scan, system } from './rpm-node.ts';
import type { Family } from './rpm-node.ts';

const rpm = (name: string, version: string, more: Partial<Rpm> = {}): Rpm => ({ name, arch: 'x86_64', version, ...more });
const long = 'a-package-whose-name-is-so-long-that-it-makes-the-table-of-the-package-manager-wrap';
const installed = [
  rpm('openssl', '1:3.0.8-1'),
  rpm('curl', '8.0-1'),
  rpm(long, '1.0-1', { arch: 'noarch' }),
  rpm('stuck', '1.0-1'),
  rpm('kernel', '6.1.9-1'),
];
const openssl = [rpm('openssl', '1:3.0.8-2'), rpm('openssl', '1:3.0.8-3'), rpm('openssl', '1:3.0.8-4')] as const;
const curl = rpm('curl', '8.1-1', { needs: ['libfoo'] });
const offered = [
  ...openssl,
  curl,
  rpm('libfoo', '1.2-3'),
  rpm(long, '2.0-1.with.a.long.release.as.well', { arch: 'noarch' }),
  rpm('stuck', '2.0-1', { needs: ['nothing-that-exists'] }),
  rpm('kernel', '6.1.10-1', { provides: ['installonlypkg(kernel)'] }),
  rpm('unrelated', '1.0-1'),
];
const advisories: Advisory[] = [
  { id: 'ALAS2023-2026-901', type: 'security', severity: 'Important', packages: [openssl[0]] },
  { id: 'ALAS2023-2026-902', type: 'security', severity: 'Critical', packages: [openssl[1]] },
  { id: 'ALAS2023-2026-903', type: 'bugfix', severity: 'None', packages: [openssl[2], curl] },
];

export async function runScanCases(checks: Checks, root: Root, family: Family): Promise<void> {
  await checks.check(`${family}: a scan lists what is installed and what the whole upgrade would bring`, async () => {
    await prepare(root, installed, offered, advisories);
    const { report, facts, text } = await scan(root, 'scan-00001');
    equal(facts.platform, platforms[family]);
    equal(facts.releasever, family === 'dnf' ? RELEASE : undefined);
    equal(facts.held, family === 'dnf' ? RELEASE : undefined);
    equal(facts.kernel, await root.shell('uname -r'));
    deepStrictEqual([facts.channels, facts.modules], [undefined, undefined]);
    equal(facts.installed.length, installed.length + system.length);
    deepStrictEqual(facts.dependencies, [{ name: 'libfoo', arch: 'x86_64', version: '1.2-3' }]);
    const available = facts.available.map((one) => [one.name, one.version, one.kind, one.severity, one.advisories.join()]);
    deepStrictEqual(available, [
      [long, '2.0-1.with.a.long.release.as.well', 'other', 'unrated', ''],
      ['curl', '8.1-1', 'bugfix', 'unrated', 'ALAS2023-2026-903'],
      ['kernel', '6.1.10-1', 'other', 'unrated', ''],
      // Three advisories up to the newest version: the gravest kind and severity count.
      ['openssl', '1:3.0.8-4', 'security', 'critical', 'ALAS2023-2026-901,ALAS2023-2026-902,ALAS2023-2026-903'],
    ]);
    equal(report.n, 4);
    equal(
      report.fp,
      createHash('sha256')
        .update(text.replace(/^S\t.*\n/mu, ''))
        .digest('hex'),
    );
    deepStrictEqual(text, `${text.trimEnd().split('\n').toSorted().join('\n')}\n`);
  });

  await checks.check(`${family}: equal nodes have equal fingerprints, other repositories another one`, async () => {
    const first = await scan(root, 'scan-00002');
    const second = await scan(root, 'scan-00003');
    equal(first.report.fp, second.report.fp);
    await prepare(root, installed, offered.slice(0, -3), advisories);
    notEqual((await scan(root, 'scan-00004')).report.fp, first.report.fp);
  });

  if (family === 'dnf')
    await checks.check('dnf: a scan tells enabled modules, and to which release an administrator holds the node', async () => {
      const tell =
        'mkdir -p /etc/dnf/modules.d /etc/dnf/vars; printf "[ruby]\\nname=ruby\\nstream=3.1\\nstate=enabled\\n" >/etc/dnf/modules.d/ruby.module';
      await root.shell(`${tell}; echo latest >/etc/dnf/vars/releasever`);
      const { facts } = await scan(root, 'scan-00007');
      await root.shell('rm /etc/dnf/modules.d/ruby.module /etc/dnf/vars/releasever');
      deepStrictEqual([facts.modules, facts.held], [['ruby:3.1'], 'latest']);
    });

  if (family === 'dnf')
    await checks.check('dnf: a scan reads a repository that signs its metadata, whose key only its own section names', async () => {
      await prepare(root, installed, offered, advisories);
      const sign = 'gpg --batch --yes --homedir /etc/test-gpg --armor';
      const key = "--passphrase '' --quick-gen-key 'Test <test@example.com>' rsa2048 sign never";
      await root.shell(`
        mkdir -m 700 /etc/test-gpg; ${sign} ${key} && ${sign} --export >/etc/test.key && ${sign} --detach-sign /srv/${RELEASE}/repodata/repomd.xml
        printf 'repo_gpgcheck=1\\ngpgkey=file:///etc/test.key\\n' >>/etc/yum.repos.d/test.repo; rm -rf /var/lib/wavelock/cache`);
      const { facts } = await scan(root, 'scan-00008');
      const keys = await root.shell('rpm -qa gpg-pubkey');
      await root.shell(`sed -i '/gpgkey/d' /etc/yum.repos.d/test.repo; rm -r /etc/test-gpg /var/lib/wavelock/cache`);
      equal(facts.available.length, 4);
      equal(keys, '');
      const unknown = await invoke(root, { document: 'Wavelock-Scan-Linux', batch: 'scan-00009' });
      await root.shell(`sed -i '/repo_gpgcheck/d' /etc/yum.repos.d/test.repo`);
      match(unknown.steps.Facts?.stdout ?? '', /^no list: /u);
    });

  if (family === 'zypper')
    await checks.check('zypper: a scan waits for somebody else who looks at packages just now', async () => {
      await root.shell('cp /bin/sleep /tmp/packagekitd; (setsid /tmp/packagekitd 8 >/dev/null 2>&1 & echo $! >/run/zypp.pid)');
      equal((await scan(root, 'scan-00008')).report.do, 'scan');
      await root.shell('rm /tmp/packagekitd');
    });

  await checks.check(`${family}: a scan writes nothing outside its own directory`, async () => {
    await prepare(root, installed, offered, advisories);
    await root.shell('sleep 1; touch /var/tmp/mark; sleep 1');
    await scan(root, 'scan-00005');
    // The script itself is the test's; a database in SQLite touches its shared memory when it is read; zypper keeps its pid and a cookie.
    const ours = ["'/proc/*'", "'/var/lib/wavelock/*'", '/tmp/_script.sh'];
    const apart = [...ours, "'*/rpmdb.sqlite-*'", "'/var/lib/YaST2/cookies*'", '/run/zypp.pid'];
    const written = await root.shell(`find / -xdev -type f -cnewer /var/tmp/mark ${apart.map((path) => `! -path ${path}`).join(' ')}`);
    equal(written, '');
  });

  await checks.check(`${family}: a scan that can not read the repositories has no report`, async () => {
    await root.shell('mv /srv /srv.away; rm -rf /var/lib/wavelock/cache');
    const invocation = await invoke(root, { document: 'Wavelock-Scan-Linux', batch: 'scan-00006' });
    await root.shell('mv /srv.away /srv');
    equal(invocation.status, 'Failed');
    match(invocation.steps.Facts?.stdout ?? '', /^no list: /u);
    equal(invocation.steps.Packages?.stdout, '');
  });
}
