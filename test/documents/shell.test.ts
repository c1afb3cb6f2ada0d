import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseFacts } from '../../lambdas/core/facts.ts';
import { lockText } from '../../lambdas/core/lock.ts';
import type { LockItem } from '../../lambdas/core/model.ts';
import { parseReport, REPORT_LIMIT, SCAN_PART } from '../../lambdas/core/report.ts';
import { unpackFrom } from './cases.ts';

const PLATFORM = 'amazon-linux-2023-x86_64';
const scripts = fileURLToPath(new URL('../../statemachines/documents/linux/', import.meta.url));
const script = (name: string) => readFileSync(join(scripts, name), 'utf8');
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
let home: string;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'wavelock-shell-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

/** Runs shell text after some of the libraries, on a home of its own; `bin` are commands that stand in for the node's. */
function run(libraries: string[], text: string, bin: Record<string, string> = {}): string {
  const path = join(home, 'bin');
  mkdirSync(path, { recursive: true });
  for (const [name, body] of Object.entries(bin)) writeFileSync(join(path, name), `#!/bin/sh\n${body}\n`, { mode: 0o755 });
  const prologue = `wl_home='${home}/state'\nwl_batch='batch-0001'\nwl_family=dnf\n`;
  const all = [prologue, ...libraries.map((name) => script(`lib/${name}.sh`)), `mkdir -p "$wl_dir" "$wl_cache"`, text].join('\n');
  const env = { PATH: `${path}:${process.env['PATH'] ?? ''}` };
  return execFileSync('sh', ['-c', all], { encoding: 'utf8', env, stdio: ['pipe', 'pipe', 'pipe'] });
}
const file = (name: string, text: string) => {
  mkdirSync(join(home, 'state/batch-0001'), { recursive: true });
  writeFileSync(join(home, 'state/batch-0001', name), text);
};
const item = (use: LockItem['use'], name: string, version: string): LockItem => ({ use, name, arch: 'x86_64', version });
/** So many updates of a lock. */
const items = (count: number): LockItem[] =>
  Array.from({ length: count }, (_, index) => item('update', `package-${1_000 + index}`, `2.${index}-1.amzn2023`));
const installedAt = (lock: LockItem[]): [string, string][] => lock.map(({ name, version }) => [name, version]);
/** So many lines of a facts list that don't pack well. */
const facts = (lines: number): string =>
  Array.from({ length: lines }, (_, index) => `I\tp-${index}-${sha256(`${index}`).slice(0, 32)}\tx86_64\t1.0-${index}\t-\n`).join('');
/** What the n-th of the steps Packages prints. */
const part = (number: number): string => run([], `${script('lib/base.sh')}\nwl_part=${number}\n${script('packages.sh')}`);

describe('the state file', () => {
  it('tells the next step how the one before ended', () => {
    const read = 'wl_state phase; wl_state said; wl_state why; wl_state detail';
    const text = run(['base'], `wl_say resolve refused gone 'no longer\n offered: a 1' 2>/dev/null; ${read}`);
    expect(text).toBe('resolve\nrefused\ngone\nno longer offered: a 1\n');
  });

  it.each([
    ['ok', 'worked\n'],
    ['refused', ''],
    ['working', ''],
  ])('lets a step in only after ok: %s', (said, expected) => {
    expect(run(['base'], `wl_say claim ${said} 2>/dev/null; wl_enter claim preflight; echo worked >&3`)).toBe(expected);
  });

  it('keeps a second run of the same step out while the first works', () => {
    const second = 'wl_say claim ok 2>/dev/null; (wl_enter claim preflight; echo in >&3); wl_state phase';
    expect(run(['base'], `exec 8>"$wl_dir/step"; flock 8; ${second}`)).toBe('claim\n');
  });
});

describe('text in a report', () => {
  it('is printable, escaped and short', () => {
    const text = run(['base'], `printf %s "$(wl_json "$(printf 'a "quoted"\\tback\\\\slash \\001 \\303\\251 %300s' x)" 60)"`);
    expect(JSON.parse(`"${text}"`)).toMatch(/^a "quoted" back\\slash {3}/u);
    expect(text.length).toBeLessThan(70);
  });
});

describe('a platform', () => {
  it.each([
    ['ID="amzn"\nVERSION_ID="2023"', 'amazon-linux-2023-x86_64', 'dnf'],
    ['ID="rhel"\nVERSION_ID="9.4"\nID_LIKE="fedora"', 'rhel-9-x86_64', 'dnf'],
    ['ID=ubuntu\nVERSION_ID="22.04"\nID_LIKE=debian', 'ubuntu-22.04-x86_64', 'apt'],
    ['ID=debian\nVERSION_ID="12"', 'debian-12-x86_64', 'apt'],
    ['ID="sles"\nVERSION_ID="15.6"\nID_LIKE="suse"', 'sles-15.6-x86_64', 'zypper'],
    ['ID="ol"\nVERSION_ID="8.10"\nID_LIKE="fedora"', 'oracle-linux-8-x86_64', 'dnf'],
    ['ID="alpine"\nVERSION_ID="3.20"', 'alpine-3.20-x86_64', ''],
  ])('is read from %j', (release, platform, family) => {
    writeFileSync(join(home, 'os-release'), `${release}\n`);
    const text = run(['base', 'platform'], `wl_platform_of ${home}/os-release x86_64; wl_family_of ${home}/os-release`);
    expect(text.trimEnd().split('\n')).toEqual(family === '' ? [platform] : [platform, family]);
  });
});

describe('a lock', () => {
  const read = `wl_lock_section "$wl_dir/lock" ${PLATFORM} "$wl_dir/items" && cat "$wl_dir/items" || echo refused`;
  const section = (lock: string) => run(['base', 'lock'], `cat >"$wl_dir/lock" <<'END'\n${lock}END\n${read}`);

  it('is read for this platform, in the order in which reports index it', () => {
    const other = { platform: 'rhel-9-x86_64', items: [item('update', 'zlib', '1-1')] };
    const wanted = [item('update', 'openssl', '1:3.0-1'), item('dependency', 'libfoo', '1.2~rc1-3^git')];
    const mine = { platform: PLATFORM, releasever: '2023.6.1', items: wanted };
    expect(section(lockText([other, mine]))).toBe('dependency libfoo x86_64 1.2~rc1-3^git\nupdate openssl x86_64 1:3.0-1\n');
    expect(readFileSync(join(home, 'state/batch-0001/items.releasever'), 'utf8')).toBe('2023.6.1\n');
  });

  it('says which snapshot of the archive it is read from, and forgets the one of another lock', () => {
    const head = `wavelock-lock 1\nplatform ${PLATFORM}\n`;
    const snapshot = () =>
      existsSync(join(home, 'state/batch-0001/items.snapshot')) && readFileSync(join(home, 'state/batch-0001/items.snapshot'), 'utf8');
    section(`${head}snapshot 20261209T050000Z\nupdate a x86_64 1-1\n`);
    expect(snapshot()).toBe('20261209T050000Z\n');
    section(`${head}update a x86_64 1-1\nplatform ubuntu-24.04-x86_64\nsnapshot 20261209T050000Z\nupdate a amd64 1-1\n`);
    expect(snapshot()).toBe(false);
  });

  it.each([
    ['a release that would end a quote in the transaction', `wavelock-lock 1\nplatform ${PLATFORM}\nreleasever 2023';id;'\nupdate a x86_64 1-1\n`],
    ['a snapshot that is no time', `wavelock-lock 1\nplatform ${PLATFORM}\nsnapshot $(id)\nupdate a x86_64 1-1\n`],
    ['another platform only', `wavelock-lock 1\nplatform rhel-9-x86_64\nupdate a x86_64 1-1\n`],
    ['another format', `wavelock-lock 2\nplatform ${PLATFORM}\nupdate a x86_64 1-1\n`],
    ['a line of unknown form', `wavelock-lock 1\nplatform ${PLATFORM}\nremove a x86_64 1-1\n`],
    ['a word that a shell would read', `wavelock-lock 1\nplatform ${PLATFORM}\nupdate a$(id) x86_64 1-1\n`],
    ['a word that is an option', `wavelock-lock 1\nplatform ${PLATFORM}\nupdate -y x86_64 1-1\n`],
  ])('is refused with %s', (_what, lock) => {
    expect(section(lock)).toBe('refused\n');
  });
});

describe('versions', () => {
  it.each([
    ['1.0-1', '1.0-2', 'older'],
    ['1.10-1', '1.9-1', 'newer'],
    ['1:1.0-1', '2.0-1', 'newer'],
    ['1.0~rc1-1', '1.0-1', 'older'],
    ['1.0^git1-1', '1.0-1', 'newer'],
    ['1.0-1.amzn2023.0.12', '1.0-1.amzn2023.0.5', 'newer'],
    ['1.0-1', '1.0-1', 'same'],
    ['-', '1.0-1', 'absent'],
    ['1.0a-1', '1.0.1-1', 'older'],
  ])('%s is %s to the lock %s', (have, want, relation) => {
    const row = `printf '0\\tupdate\\ta\\tx86_64\\t%s\\t%s\\n' '${have}' '${want}'`;
    expect(run(['base', 'versions'], `${row} | wl_relate | cut -f 7`)).toBe(`${relation}\n`);
  });
});

describe('what package managers print', () => {
  it('is read from the table of dnf, long names and all', () => {
    const table = [
      'Dependencies resolved.',
      '================',
      ' Package    Arch   Version    Repo   Size',
      '================',
      'Installing:',
      ' kernel     x86_64 6.1.2-1    base   5.4 k',
      '     replacing  oldname.noarch 1.0-1',
      'Upgrading:',
      ' a-package-with-a-very-long-name',
      '            noarch 2.0-1.very.long.release',
      '                              base   5.7 k',
      'Installing dependencies:',
      ' libfoo     x86_64 1:1.5-1    base   5.4 k',
      'Removing:',
      ' kernel     x86_64 6.0.1-1    @base  5.4 k',
      'Skipping packages with broken dependencies:',
      ' slow       x86_64 2.0-1      base   5.5 k',
      '',
      'Transaction Summary',
      '================',
      'Install  2 Packages',
    ].join('\n');
    const rows = 'kernel x86_64 6.1.2-1\na-package-with-a-very-long-name noarch 2.0-1.very.long.release\nlibfoo x86_64 1:1.5-1\n';
    expect(run(['base', 'dnf'], `wl_dnf_table <<'END'\n${table}\nEND`)).toBe(rows);
  });

  it("is read from apt's simulation, with the archives that tell security updates", () => {
    const simulation = [
      'Inst openssl [3.0.20-1~deb12u2] (3.0.22-1~deb12u2 Debian-Security:12/oldstable-security [amd64]) []',
      'Inst libfoo:i386 (1.0-2 Ubuntu:22.04/jammy-updates, Ubuntu:22.04/jammy-security [i386])',
      'Conf openssl (3.0.22-1~deb12u2 Debian-Security:12/oldstable-security [amd64])',
    ].join('\n');
    expect(run(['base', 'apt'], `wl_apt_table <<'END'\n${simulation}\nEND`).split('\n')).toEqual([
      'openssl amd64 3.0.22-1~deb12u2 ,Debian-Security:12/oldstable-security',
      'libfoo i386 1.0-2 ,Ubuntu:22.04/jammy-updates,Ubuntu:22.04/jammy-security',
      '',
    ]);
  });

  it("is read from zypper's summary", () => {
    const summary = [
      '<to-upgrade>',
      '<solvable type="package" name="app" edition="2.0-1" arch="x86_64" edition-old="1.0-1" arch-old="noarch" summary="t">',
      '<solvable type="patch" name="SUSE-1" edition="1" arch="noarch" summary="t">',
      '</to-upgrade>',
      '<to-remove>',
      '<solvable type="package" name="old" edition="1.0-1" arch="x86_64" summary="t">',
      '</to-remove>',
    ].join('\n');
    expect(run(['base', 'zypper'], `wl_zypper_table <<'END'\n${summary}\nEND`)).toBe('app x86_64 2.0-1\n');
  });
});

describe('updates on offer', () => {
  it('carry the gravest of the advisories between what is installed and what is on offer, in one order', () => {
    file('newest', 'openssl\tx86_64\t1:3.0-1\ndata\tnoarch\t1.0-1\n');
    file('offer', 'openssl x86_64 1:3.0-4\ndata x86_64 2.0-1\nlibfoo x86_64 1.0-1\n');
    const advisories = [
      'B-2 bugfix unrated openssl x86_64 1:3.0-4',
      'A-1 security important openssl x86_64 1:3.0-2',
      'A-1 security important openssl x86_64 1:3.0-2',
      'C-3 security critical openssl x86_64 1:3.0-1',
      'D-4 security critical openssl x86_64 1:3.0-5',
    ];
    file('advisories', `${advisories.join('\n')}\n`);
    expect(run(['base', 'versions', 'advisories'], 'wl_offers "$wl_dir/offer" "$wl_dir/advisories"').split('\n')).toEqual([
      'A\topenssl\tx86_64\t1:3.0-4\tsecurity\timportant\tA-1,B-2',
      'A\tdata\tx86_64\t2.0-1\tother\tunrated\t-',
      'D\tlibfoo\tx86_64\t1.0-1',
      '',
    ]);
  });
});

describe('a list', () => {
  it.each([
    [10, 1],
    [1_500, 3],
  ])('of %i lines comes over in %i parts that fit together', (lines, count) => {
    file('facts', `${facts(lines)}P\t${PLATFORM}\n`);
    const parts = [1, 2, 3].map(part);
    expect(Math.max(...parts.map((text) => text.length))).toBeLessThanOrEqual(SCAN_PART);
    const text = gunzipSync(Buffer.from(parts.join(''), 'base64')).toString();
    expect(parseFacts(text)?.installed).toHaveLength(lines);
    // A full part says that there is another one.
    expect(parts.filter((one) => one.length === SCAN_PART)).toHaveLength(count - 1);
  });

  it('that does not fit says so instead of beginning', () => {
    file('facts', facts(4_000));
    expect(part(1)).toMatch(/^too-long \d{5,}\n$/u);
    expect(part(2) + part(3)).toBe('');
  });
});

describe('a report', () => {
  const libraries = ['base', 'platform', 'installed', 'versions', 'broken', 'lock', 'pending', 'services'];

  /** The whole report script on a node with these packages (`name version`), as Verify runs it; `end` is the exit status of their list. */
  function verify(lock: string, installed: [string, string][], asked = sha256(lock), end = 0): string {
    mkdirSync(join(home, 'state/inbox'), { recursive: true });
    writeFileSync(join(home, 'state/inbox/batch-0001.lock'), lock);
    const rows = installed.map(([name, version]) => `${name}\tx86_64\t${version}\t${name}-1-1.src.rpm\n`);
    writeFileSync(join(home, 'packages'), rows.join(''));
    const known = `wl_know_platform() { wl_platform=${PLATFORM}; wl_family=dnf; }\nwl_pending() { :; }`;
    const prologue = `wl_do=verify\nwl_sha256=${asked}\nwl_grace=0\nrm -rf "$wl_dir"`;
    try {
      const rpm = `case "$*" in *SOURCERPM*) cat ${home}/packages; exit ${end} ;; esac`;
      return run(libraries, `${known}\n${prologue}\n${script('report.sh')}`, { rpm });
    } catch (error) {
      return String((error as { stdout?: string }).stdout);
    }
  }

  it('of a node that has all of the lock parses, and says ok', () => {
    const lock = lockText([{ platform: PLATFORM, items: items(3) }]);
    const report = parseReport(verify(lock, installedAt(items(3))));
    expect(report).toMatchObject({ do: 'verify', batch: 'batch-0001', platform: PLATFORM });
    expect(report).toMatchObject({ phase: 'verify', end: 'ok', why: '', n: 0, bad: [] });
    expect(report?.do === 'verify' && unpackFrom(report.from)).toEqual(['=', '=', '=']);
  });

  it('names what is older, newer and absent', () => {
    const lock = lockText([{ platform: PLATFORM, items: items(4) }]);
    const report = parseReport(
      verify(lock, [
        ['package-1000', '1.0-1'],
        ['package-1001', '9.0-1'],
        ['package-1002', '2.2-1.amzn2023'],
      ]),
    );
    expect(report).toMatchObject({
      end: 'failed',
      why: 'install-failed',
      bad: [
        [0, '1.0-1'],
        [1, '9.0-1'],
      ],
    });
    expect(report).toMatchObject({ detail: 'package-1000 is 1.0-1, the lock has 2.0-1.amzn2023' });
    expect(report?.do === 'verify' && unpackFrom(report.from)).toEqual(['1.0-1', '9.0-1', '=', '']);
  });

  it('never takes half a list of packages for a node without the others', () => {
    const lock = lockText([{ platform: PLATFORM, items: items(3) }]);
    const report = parseReport(verify(lock, installedAt(items(1)), sha256(lock), 137));
    expect(report).toMatchObject({ phase: 'verify', end: 'failed', why: 'package-manager-broken', n: 0, bad: [], from: '' });
  });

  it('refuses a lock that is not the one', () => {
    const lock = lockText([{ platform: PLATFORM, items: items(1) }]);
    expect(parseReport(verify(lock, [], '0'.repeat(64)))).toMatchObject({ end: 'refused', why: 'lock-mismatch', from: '' });
  });

  it.each([
    [40, 40, true],
    [200, 5, true],
    [900, 50, false],
  ])('of %i newer packages fits: it says how many it leaves out, and whether it tells what was before', (count, least, tells) => {
    const lock = lockText([{ platform: PLATFORM, items: items(count) }]);
    const output = verify(
      lock,
      items(count).map(({ name }, index) => [name, `3.${index * 7919}-1.amzn2023.0.${index}`]),
    );
    expect(output.length).toBeLessThan(REPORT_LIMIT - 64);
    const report = parseReport(output);
    const { bad, from } = report?.do === 'verify' ? report : { bad: [], from: '' };
    const shown = bad.filter(([index]) => index < count);
    expect(shown.length).toBeGreaterThanOrEqual(least);
    expect(bad.slice(shown.length)).toEqual(shown.length === count ? [] : [[count, `+${count - shown.length}`]]);
    expect(unpackFrom(from)).toHaveLength(tells ? count : 0);
  });
});
