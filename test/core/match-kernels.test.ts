import { describe, expect, it } from 'vitest';
import { advisory, matchAll, node, only, states } from './match-world.ts';
import type { Affected } from '../../lambdas/core/advisory.ts';

const FIXED = '6.1.112-122.189.amzn2023';
const OLD = '6.1.94-99.176.amzn2023';

describe('kernels that are rpms', () => {
  const kernel = advisory({
    on: 'amazon-linux-2023',
    rows: [
      { package: 'kernel', fixedVersion: FIXED },
      { package: 'perf', fixedVersion: FIXED },
    ],
  });
  const answers = (...versions: string[]) =>
    matchAll(
      node(
        'amazon-linux-2023',
        versions.map((version) => `kernel ${version}`),
      ),
      kernel,
    ).map((match) => [match.installed, match.state]);

  it('are fixed when the newest installed one is, whatever else is still there', () => {
    expect(answers(OLD, FIXED)).toEqual([[FIXED, 'fixed']]);
    expect(answers(FIXED, OLD)).toEqual([[FIXED, 'fixed']]);
  });

  it('are exposed when the newest installed one is older than the fix', () => {
    expect(answers('6.1.90-1', OLD)).toEqual([[OLD, 'exposed']]);
  });

  it('of another stream are not spoken of', () => {
    expect(answers('5.10.223-211.872.amzn2')).toEqual([]);
    expect(answers('6.12.8-1', OLD)).toEqual([[OLD, 'exposed']]);
    expect(matchAll(node('amazon-linux-2023', ['perf 5.10.1-1']), kernel)).toEqual([]);
  });

  it('that are unreadable are unknown, beside those that are read', () => {
    expect(answers('', FIXED)).toEqual([
      ['', 'unknown'],
      [FIXED, 'fixed'],
    ]);
  });

  it('wait for a reboot where an older one than the fix runs', () => {
    const facts = (kernelName: string) => node('amazon-linux-2023', [`kernel ${OLD}`, `kernel ${FIXED}`], { kernel: kernelName });
    expect(only(facts(`${OLD}.x86_64`), kernel)).toMatchObject({
      state: 'reboot-pending',
      installed: FIXED,
      why: `kernel ${FIXED} has the fix ${FIXED}, but the node still runs ${OLD}.x86_64`,
    });
    expect(only(facts(`${FIXED}.x86_64`), kernel).state).toBe('fixed');
    expect(only(facts('6.1.115-1.amzn2023.x86_64'), kernel).state).toBe('fixed');
    expect(only(facts('6.12.8-1.amzn2023.x86_64'), kernel).state).toBe('fixed');
  });

  it('do not wait for a reboot where only tools or headers of them are named', () => {
    const tools = advisory({ on: 'amazon-linux-2023', rows: [{ package: 'kernel-tools', fixedVersion: FIXED }] });
    expect(only(node('amazon-linux-2023', [`kernel-tools ${FIXED}`], { kernel: `${OLD}.x86_64` }), tools).state).toBe('fixed');
  });

  it('of SUSE name the flavour when they run, and leave the last number of their release out', () => {
    const suse = advisory({ on: 'sles-15.5', rows: [{ package: 'kernel-default', fixedVersion: '5.14.21-150500.55.39.1' }] });
    const installed = ['kernel-default 5.14.21-150500.55.39.1', 'kernel-default 5.14.21-150500.55.31.1'];
    expect(only(node('sles-15.5', installed, { kernel: '5.14.21-150500.55.39-default' }), suse).state).toBe('fixed');
    expect(only(node('sles-15.5', installed, { kernel: '5.14.21-150500.55.31-default' }), suse).state).toBe('reboot-pending');
  });

  it('of Oracle stand beside Red Hat’s and are fixed apart', () => {
    const uek = advisory({ on: 'oracle-linux-9', rows: [{ package: 'kernel-uek-core', fixedVersion: '5.15.0-300.163.18.el9uek' }] });
    const facts = (kernelName: string) =>
      node('oracle-linux-9', ['kernel-uek-core 5.15.0-300.163.18.el9uek', 'kernel-core 5.14.0-427.el9'], { kernel: kernelName });
    expect(only(facts('5.15.0-200.131.27.el9uek.x86_64'), uek).state).toBe('reboot-pending');
    expect(only(facts('5.14.0-427.el9.x86_64'), uek).state).toBe('fixed');
  });
});

describe('a running kernel', () => {
  it('of another stream says nothing of a newer one that is installed beside it', () => {
    const fix = advisory({ on: 'amazon-linux-2', rows: [{ package: 'kernel', fixedVersion: '5.15.25-14.106.amzn2' }] });
    const installed = ['kernel 5.15.25-14.106.amzn2', 'kernel 4.14.268-205.500.amzn2'];
    expect(only(node('amazon-linux-2', installed, { kernel: '4.14.268-205.500.amzn2.x86_64' }), fix).state).toBe('fixed');
    expect(only(node('amazon-linux-2', installed, { kernel: '5.15.19-10.104.amzn2.x86_64' }), fix).state).toBe('reboot-pending');
  });

  it('whose release only begins like the fix is older than it, but with SUSE', () => {
    const fix = advisory({ on: 'almalinux-8', rows: [{ package: 'kernel-core', fixedVersion: '4.18.0-553.el8_10.1' }] });
    const installed = ['kernel-core 4.18.0-553.el8_10.1', 'kernel-core 4.18.0-553.el8_10'];
    expect(only(node('almalinux-8', installed, { kernel: '4.18.0-553.el8_10.x86_64' }), fix).state).toBe('reboot-pending');
    expect(only(node('almalinux-8', installed, { kernel: '4.18.0-553.el8_10.1.x86_64' }), fix).state).toBe('fixed');
  });
});

describe('kernels that have their build in their name', () => {
  const rows: Partial<Affected>[] = [
    { package: 'linux-aws', kind: 'source', fixedVersion: '6.8.0-1019.21' },
    { package: 'linux-image-unsigned-6.8.0-1019-aws', fixedVersion: '6.8.0-1019.21' },
  ];
  const usn = advisory({ on: 'ubuntu-24.04', rows });
  const image = (abi: string, version: string) => ({ name: `linux-image-6.8.0-${abi}-aws`, arch: 'amd64', version, source: 'linux-signed-aws' });
  const old = image('1016', '6.8.0-1016.17');
  const fixed = image('1019', '6.8.0-1019.21');

  it('are matched by series and flavour: a fixed kernel is a new package, which nobody with an old one has', () => {
    expect(only(node('ubuntu-24.04', [old]), usn)).toMatchObject({ package: old.name, state: 'exposed', fixed: '6.8.0-1019.21' });
    expect(only(node('ubuntu-24.04', [old, fixed]), usn)).toMatchObject({ package: fixed.name, state: 'fixed' });
  });

  it('are matched without their source, as stock inventory lists them', () => {
    const { source: _source, ...bare } = old;
    expect(only(node('ubuntu-24.04', [bare], { certainty: 'probable' }), usn)).toMatchObject({ package: old.name, state: 'probable' });
    const onlySource = advisory({ on: 'ubuntu-24.04', rows: rows.slice(0, 1) });
    expect(only(node('ubuntu-24.04', [bare], { certainty: 'probable' }), onlySource)).toMatchObject({ package: old.name, state: 'probable' });
  });

  it('of another flavour or series are not spoken of', () => {
    const others = [
      { ...old, name: 'linux-image-6.8.0-45-generic', version: '6.8.0-45.45', source: 'linux-signed' },
      { ...old, name: 'linux-image-6.5.0-1018-aws', version: '6.5.0-1018.18', source: 'linux-signed-aws-6.5' },
    ];
    expect(matchAll(node('ubuntu-24.04', others), usn)).toEqual([]);
  });

  it('leave headers, modules and tools of old builds out', () => {
    const leftovers = ['linux-headers-6.8.0-1016-aws', 'linux-modules-6.8.0-1016-aws', 'linux-aws-tools-6.8.0-1016'];
    expect(
      matchAll(
        node(
          'ubuntu-24.04',
          leftovers.map((name) => ({ ...old, name, source: 'linux-aws' })),
        ),
        usn,
      ),
    ).toEqual([]);
  });

  it('are matched by a meta package that the advisory names', () => {
    const meta = advisory({ on: 'ubuntu-24.04', rows: [{ package: 'linux-image-aws', fixedVersion: '6.8.0-1019.21' }] });
    expect(states(node('ubuntu-24.04', ['linux-image-aws 6.8.0-1016.17']), meta)).toEqual([['linux-image-aws', 'exposed']]);
  });

  it('wait for a reboot where an older build runs, also when that was removed meanwhile', () => {
    const facts = (installed: (typeof old)[], kernel: string) => node('ubuntu-24.04', installed, { kernel });
    expect(only(facts([old, fixed], '6.8.0-1016-aws'), usn).state).toBe('reboot-pending');
    expect(only(facts([fixed], '6.8.0-1016-aws'), usn).state).toBe('reboot-pending');
    expect(only(facts([old, fixed], '6.8.0-1019-aws'), usn).state).toBe('fixed');
    expect(only(facts([old, fixed], '6.8.0-45-generic'), usn).state).toBe('fixed');
  });

  it('of Debian are built from a signed source and have the version of the one that is named', () => {
    const dsa = advisory({ on: 'debian-12', rows: [{ package: 'linux', kind: 'source', fixedVersion: '6.1.90-1' }] });
    const debian = (abi: string, version: string) => ({
      name: `linux-image-6.1.0-${abi}-amd64`,
      arch: 'amd64',
      version,
      source: 'linux-signed-amd64',
      sourceVersion: version.replace('-', '+'),
    });
    const installed = [debian('18', '6.1.76-1'), debian('21', '6.1.90-1')];
    expect(only(node('debian-12', installed.slice(0, 1)), dsa)).toMatchObject({ package: 'linux-image-6.1.0-18-amd64', state: 'exposed' });
    expect(only(node('debian-12', installed, { kernel: '6.1.0-18-amd64' }), dsa)).toMatchObject({
      package: 'linux-image-6.1.0-21-amd64',
      state: 'reboot-pending',
    });
  });
});
