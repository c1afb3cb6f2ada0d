import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const libraries = fileURLToPath(new URL('../../statemachines/documents/linux/lib/', import.meta.url));
let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'wavelock-facts-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

/** Runs shell text after the libraries that read facts; `bin` are commands that stand in for the node's. */
function run(family: string, text: string, bin: Record<string, string> = {}): string {
  const path = join(home, 'bin');
  mkdirSync(path, { recursive: true });
  for (const [name, body] of Object.entries(bin)) writeFileSync(join(path, name), `#!/bin/sh\n${body}\n`, { mode: 0o755 });
  const prologue = `wl_home='${home}/state'\nwl_batch=scan-00001\nwl_family=${family}\nwl_releasever=''\n`;
  const sources = ['base', 'inventory', 'channels', 'dnf'].map((name) => readFileSync(join(libraries, `${name}.sh`), 'utf8'));
  const env = { PATH: `${path}:${process.env['PATH'] ?? ''}` };
  return execFileSync('sh', ['-c', [prologue, ...sources, text].join('\n')], { encoding: 'utf8', env, stdio: ['pipe', 'pipe', 'pipe'] });
}
const printed = (lines: string[]): string => `cat <<'END'\n${lines.join('\n')}\nEND`;

describe('what is installed', () => {
  it('comes from dpkg with source and source version where they are others, and without what was removed', () => {
    const rows = [
      'ii \tbash\tamd64\t5.2.15-2+b7\tbash\t5.2.15-2',
      'ii \tlibssl3\tamd64\t3.0.11-1~deb12u2\topenssl\t3.0.11-1~deb12u2',
      'ii \tdmsetup\tamd64\t2:1.02.185-2\tlvm2\t2.03.16-2',
      'rc \tlogrotate\tamd64\t3.21.0-1\tlogrotate\t3.21.0-1',
      'iU \tcurl\tamd64\t7.88.1-10\tcurl\t7.88.1-10',
    ];
    expect(run('apt', 'wl_inventory', { 'dpkg-query': printed(rows) }).split('\n')).toEqual([
      'bash\tamd64\t5.2.15-2+b7\t-\t5.2.15-2',
      'libssl3\tamd64\t3.0.11-1~deb12u2\topenssl',
      'dmsetup\tamd64\t2:1.02.185-2\tlvm2\t2.03.16-2',
      'curl\tamd64\t7.88.1-10\t-',
      '',
    ]);
  });

  it.each([
    ['apt', 'dpkg-query', 'ii \tbash\tamd64\t5.2.15-2\tbash\t5.2.15-2'],
    ['dnf', 'rpm', 'bash\tx86_64\t5.2.15-1\tbash-5.2.15-1.src.rpm\t5.2.15-1'],
  ])('is no list at all where %s’s database could be read to its half only', (family, command, row) => {
    const read = 'if wl_inventory >/dev/null; then echo whole; else echo half; fi';
    expect(run(family, read, { [command]: printed([row]) })).toBe('whole\n');
    expect(run(family, read, { [command]: `${printed([row])}\nexit 2` })).toBe('half\n');
  });

  it('comes from rpm with the source’s version where a subpackage has another', () => {
    const rows = [
      'openssl-libs\tx86_64\t1:3.0.8-1.amzn2023.0.3\topenssl-3.0.8-1.amzn2023.0.3.src.rpm\t3.0.8-1.amzn2023.0.3',
      'perl-Errno\tx86_64\t1.30-477.amzn2023\tperl-5.32.1-477.amzn2023.src.rpm\t1.30-477.amzn2023',
      'bash\tx86_64\t0:5.2.15-1\tbash-5.2.15-1.src.rpm\t5.2.15-1',
      'kernel-firmware\tnoarch\t2023-1\tkernel-firmware-2023-1.nosrc.rpm\t2023-1',
      'gpg-pubkey\t(none)\td832c631-6515c85e\t(none)\td832c631-6515c85e',
      'homemade\tx86_64\t1-1\t(none)\t1-1',
    ];
    expect(run('dnf', 'wl_inventory', { rpm: printed(rows) }).split('\n')).toEqual([
      'openssl-libs\tx86_64\t1:3.0.8-1.amzn2023.0.3\topenssl',
      'perl-Errno\tx86_64\t1.30-477.amzn2023\tperl\t5.32.1-477.amzn2023',
      'bash\tx86_64\t5.2.15-1\t-',
      'kernel-firmware\tnoarch\t2023-1\t-',
      'homemade\tx86_64\t1-1\t-',
      '',
    ]);
  });
});

describe('channels', () => {
  const status = {
    execution_status: 'inactive',
    account: { name: 'example' },
    services: [
      { name: 'cc-eal', status: 'disabled', entitled: 'yes' },
      { entitled: 'yes', name: 'esm-infra', description_override: null, status: 'enabled', available: 'yes' },
      { name: 'livepatch', status: 'warning' },
      { name: 'fips-updates', status: 'n/a' },
    ],
  };
  const enabled = {
    _schema_version: 'v1',
    data: {
      attributes: {
        enabled_services: [
          { name: 'esm-apps', variant_enabled: false, variant_name: null },
          { name: 'realtime-kernel', variant_enabled: true, variant_name: 'generic' },
        ],
      },
      type: 'EnabledServices',
    },
    result: 'success',
  };

  it('of Ubuntu Pro are its enabled services, by the newer and the older form of its answer', () => {
    expect(run('apt', `wl_pro_services <<'END'\n${JSON.stringify(status)}\nEND`)).toBe('pro:esm-infra\nlivepatch\n');
    expect(run('apt', `wl_pro_services <<'END'\n${JSON.stringify(enabled)}\nEND`)).toBe('pro:esm-apps\npro:realtime\n');
  });

  it('of a node that is not attached to Ubuntu Pro are none, and nobody is asked', () => {
    expect(run('apt', 'wl_channels_apt', { pro: 'echo asked >&2; exit 1' })).toBe('');
  });

  it('of Red Hat’s family are told by the names of enabled repositories', () => {
    const repositories = [
      'repo id                                       repo name',
      'rhel-9-for-x86_64-appstream-eus-rpms          Red Hat Enterprise Linux 9 - AppStream - EUS',
      'rhel-9-for-x86_64-baseos-eus-rpms             Red Hat Enterprise Linux 9 - BaseOS - EUS',
      'ol9_x86_64_userspace_ksplice                  Ksplice aware userspace packages',
      'kernel-livepatch                              Amazon Linux 2023 Kernel Livepatch repository',
    ];
    const text = 'wl_os_version() { echo 9.2; }\nwl_channels_dnf';
    expect(run('dnf', text, { dnf: printed(repositories) })).toBe('eus:9.2\nksplice\nlivepatch\n');
    expect(run('dnf', text, { dnf: printed(['rhel-9-baseos-rhui-rpms  BaseOS', 'amazonlinux  Amazon Linux 2023']) })).toBe('');
  });
});

describe('modules', () => {
  it('are the enabled streams of dnf', () => {
    const folder = join(home, 'modules.d');
    mkdirSync(folder);
    writeFileSync(join(folder, 'ruby.module'), '[ruby]\nname=ruby\nstream=3.1\nprofiles=common\nstate=enabled\n');
    writeFileSync(join(folder, 'nodejs.module'), '[nodejs]\nname = nodejs\nstream = \nprofiles = \nstate = \n');
    writeFileSync(join(folder, 'php.module'), '[php]\nname=php\nstream=8.1\nstate=disabled\n');
    expect(run('dnf', `wl_modules '${folder}'`)).toBe('ruby:3.1\n');
    expect(run('dnf', `wl_modules '${folder}/nothing'`)).toBe('');
  });
});

describe('the release that a node is held to', () => {
  it('is that of its release package on Amazon Linux 2023, and nothing elsewhere', () => {
    const held = (platform: string, rpm: string) => run('dnf', `wl_platform=${platform}\nwl_held_release || true`, { rpm });
    expect(held('amazon-linux-2023-x86_64', 'echo 2023.6.20241010')).toBe('2023.6.20241010\n');
    expect(held('amazon-linux-2023-x86_64', 'echo "package system-release is not installed"; exit 1')).toBe('');
    expect(held('rhel-9-x86_64', 'echo 9')).toBe('');
  });
});
