import { describe, expect, it } from 'vitest';
import { factsFromInventory } from '../../lambdas/core/match/inventory.ts';
import type { Inventory } from '../../lambdas/core/match/inventory.ts';
import { platformOf } from '../../lambdas/core/match/platform.ts';
import { factsFromScan } from '../../lambdas/core/match/scan.ts';
import { advisory, matchAll, only } from './match-world.ts';

const applications = (...Entries: Record<string, string>[]): Inventory[] => [{ TypeName: 'AWS:Application', Entries }];
const rpm = (Name: string, Version: string, Release: string, more: Record<string, string> = {}) => ({
  Name,
  Version,
  Release,
  Architecture: 'x86_64',
  PackageId: `${Name}-${Version}-${Release}.src.rpm`,
  ...more,
});
const deb = (Name: string, Version: string, more: Record<string, string> = {}) => ({
  Name,
  Version,
  Architecture: 'x86_64',
  PackageId: `${Name}_${Version}_amd64.deb`,
  ...more,
});

describe('an inventory of rpms', () => {
  const installed = (...entries: Record<string, string>[]) => factsFromInventory('amazon-linux-2023-x86_64', applications(...entries)).installed;

  it('has epoch, version and release apart, and the source in the file name of its package', () => {
    expect(installed(rpm('openssl-libs', '3.0.8', '1.amzn2023.0.3', { Epoch: '1', PackageId: 'openssl-3.0.8-1.amzn2023.0.3.src.rpm' }))).toEqual([
      { name: 'openssl-libs', arch: 'x86_64', version: '1:3.0.8-1.amzn2023.0.3', source: 'openssl' },
    ]);
    expect(installed(rpm('bash', '5.2.15', '1', { Epoch: '' }), rpm('zlib', '1.2', '1', { Epoch: '0' })).map((item) => item.version)).toEqual([
      '5.2.15-1',
      '1.2-1',
    ]);
  });

  it('has no epoch where that field says nothing, and never two', () => {
    const version = (Version: string, Epoch?: string) => installed(rpm('openssl', Version, '1', Epoch === undefined ? {} : { Epoch }))[0]?.version;
    expect(['', '0', '(none)', ' ', undefined].map((epoch) => version('3.0.8', epoch))).toEqual(Array.from({ length: 5 }, () => '3.0.8-1'));
    expect(version('1:3.0.8', '1')).toBe('1:3.0.8-1');
  });

  it('without architectures is taken to be of the machine’s own', () => {
    const { Architecture: _none, ...entry } = rpm('openssl', '3.0.8', '1');
    const fix = (arch: string) => advisory({ on: 'amazon-linux-2023', rows: [{ package: 'openssl', fixedVersion: '3.0.8-2', arch }] });
    const facts = factsFromInventory('amazon-linux-2023-x86_64', applications(entry));
    expect(only(facts, fix('x86_64')).state).toBe('exposed');
    expect(matchAll(facts, fix('aarch64'))).toEqual([]);
    expect(
      matchAll(
        factsFromInventory('amazon-linux-2023-aarch64', applications(rpm('openssl', '3.0.8', '1', { Architecture: 'aarch64' }))),
        fix('x86_64'),
      ),
    ).toEqual([]);
  });

  it('keeps the source’s own version where a subpackage has another', () => {
    expect(installed(rpm('perl-Errno', '1.28', '416.el8', { PackageId: 'perl-5.26.3-416.el8.src.rpm' }))[0]).toMatchObject({
      source: 'perl',
      sourceVersion: '5.26.3-416.el8',
    });
  });

  it('cut a field off at 100 characters: of a long source name as much is used as is whole, half a version is none', () => {
    const long = `very-${'long-'.repeat(16)}name`;
    const PackageId = `${long}-1.0-1.amzn2023.src.rpm`.slice(0, 100);
    expect(PackageId).toHaveLength(100);
    const [item] = installed(rpm('short', '1.0', '1.amzn2023', { PackageId }));
    expect(item?.source).toBe(long);
    const fix = advisory({ on: 'amazon-linux-2023', rows: [{ package: 'short', fixedVersion: '0.5-1' }] });
    const facts = factsFromInventory('amazon-linux-2023-x86_64', applications(rpm('short', `1.${'0'.repeat(98)}`, '1')));
    expect(only(facts, fix).state).toBe('unknown');
  });

  it('without a release has it in the version, or must not be compared: it is unknown, and never left out', () => {
    const entry = (Version: string) => ({ Name: 'openssl', Version, Architecture: 'x86_64' });
    expect(installed(entry('1:3.0.8-1.amzn2023.0.3'))[0]).toMatchObject({ version: '1:3.0.8-1.amzn2023.0.3' });
    const fix = advisory({ on: 'amazon-linux-2023', rows: [{ package: 'openssl', fixedVersion: '1:3.0.8-1.amzn2023.0.5' }] });
    expect(only(factsFromInventory('amazon-linux-2023-x86_64', applications(entry('3.0.8'))), fix)).toMatchObject({
      state: 'unknown',
      installed: '3.0.8…',
    });
  });

  it.each([
    ['', '3.0.9-1'],
    ['0', '3.0.9-1'],
    ['(none)', '3.0.9-1'],
    ['2', '2:3.0.9-1'],
    ['x', 'x:3.0.9-1…'],
  ])('of epoch %j is %s', (Epoch, version) => {
    const facts = factsFromInventory('amazon-linux-2023-x86_64', applications(rpm('openssl', '3.0.9', '1', { Epoch })));
    expect(facts.installed[0]?.version).toBe(version);
    const fix = advisory({ on: 'amazon-linux-2023', rows: [{ package: 'openssl', fixedVersion: '3.0.8-1' }] });
    expect(only(facts, fix)).toMatchObject(
      Epoch === 'x' ? { state: 'unknown', why: expect.stringContaining('cannot be read as a version') } : { state: 'fixed' },
    );
  });

  it.each([
    ['3.0.8', '1', 'unknown'],
    ['3.0.7', '1', 'exposed'],
    ['3.0.9', '1', 'fixed'],
    ['3.0.7', '', 'unknown'], // of another epoch
    ['3.0.7', '(none)', 'unknown'],
    ['3.0.7', 'x', 'unknown'],
    ['3.0.9-1', 'x', 'unknown'],
    ['3.0.9', '', 'unknown'],
    [`3.0.9${'0'.repeat(95)}`, '1', 'unknown'], // cut off
  ])('without a release is judged by its version where that decides: %.9s of epoch %j is %s', (Version, Epoch, state) => {
    const fix = advisory({ on: 'rocky-9', rows: [{ package: 'openssl', fixedVersion: '1:3.0.8-1.el9' }] });
    const source = { ...fix, id: 'ADV-2', affected: fix.affected.map((row) => ({ ...row, kind: 'source' as const })) };
    const facts = factsFromInventory('rocky-9-x86_64', applications({ Name: 'openssl', Version, Epoch, Architecture: 'x86_64' }));
    for (const each of [fix, source]) expect(only(facts, each).state).toBe(state);
  });

  it('tells the dated release that an Amazon Linux 2023 node is on by its release package', () => {
    const facts = factsFromInventory('amazon-linux-2023-x86_64', applications(rpm('system-release', '2023.6.20241010', '0.amzn2023')));
    expect(facts.releasever).toBe('2023.6.20241010');
    expect(factsFromInventory('amazon-linux-2-x86_64', applications(rpm('system-release', '2', '14.amzn2'))).releasever).toBeUndefined();
    expect(factsFromInventory('amazon-linux-2023-x86_64', [], {}, { version: '2023.6.20241010' }).releasever).toBe('2023.6.20241010');
    expect(factsFromInventory('amazon-linux-2023-x86_64', [], {}, { version: '2023' }).releasever).toBeUndefined();
  });

  it('takes the line of RHEL from a tag, since no inventory tells it', () => {
    const facts = (tags: Record<string, string>) => factsFromInventory('rhel-9-x86_64', [], tags).channels;
    expect(facts({ 'rhel-stream': 'eus-9.2' })).toEqual(['eus:9.2']);
    expect(facts({ 'rhel-stream': 'rhel_eus:9.2' })).toEqual(['eus:9.2']);
    expect(facts({ 'rhel-stream': 'main' })).toBeUndefined();
    expect(facts({ 'rhel-stream': 'eus' })).toBeUndefined();
    const eus = factsFromInventory('rhel-9-x86_64', [], { 'rhel-stream': 'EUS' }, { version: '9.2' });
    expect([eus.channels, eus.minor]).toEqual([['eus:9.2'], '9.2']);
  });

  it('of SLES for SAP Applications has that product’s own channel, by its name or its release package; SLES has not', () => {
    const facts = (name: string, ...list: Record<string, string>[]) => factsFromInventory('sles-15.4-x86_64', applications(...list), {}, { name });
    for (const name of ['SLES_SAP', 'SUSE Linux Enterprise Server for SAP Applications 15 SP4']) expect(facts(name).channels).toEqual(['sap']);
    expect(facts('', rpm('SLES_SAP-release', '15.4', '150400.55')).channels).toEqual(['sap']);
    for (const name of ['SLES', 'SUSE Linux Enterprise Server', '']) expect(facts(name, rpm('sapconf', '5', '1')).channels).toBeUndefined();
    const fix = advisory({ on: 'sles-15.4', rows: [{ package: 'bash', fixedVersion: '4.4-2', channel: 'sap' }] });
    const bash = rpm('bash', '4.4', '1');
    expect(only(facts('SLES_SAP', bash), fix).state).toBe('exposed');
    expect(only(facts('SLES', bash), fix).state).toBe('needs-entitlement');
  });

  it('takes the minor release of RHEL from its release package, else from the system’s version', () => {
    expect(factsFromInventory('rhel-9-x86_64', applications(rpm('redhat-release', '9.4', '0.5.el9')), {}, { version: '9.2' }).minor).toBe('9.4');
    expect(factsFromInventory('rhel-9-x86_64', [], {}, { version: '9' }).minor).toBeUndefined();
    expect(factsFromInventory('rocky-9-x86_64', [], {}, { version: '9.2' }).minor).toBeUndefined();
  });

  it('has the running kernel where any type tells it', () => {
    const own = { TypeName: 'Custom:Uname', Entries: [{ KernelVersion: '6.1.94-99.176.amzn2023.x86_64' }] };
    expect(factsFromInventory('amazon-linux-2023-x86_64', [own]).kernel).toBe('6.1.94-99.176.amzn2023.x86_64');
  });
});

describe('a node with several package managers', () => {
  const mixed = applications(
    rpm('bash', '5.2.15', '1.amzn2023'),
    deb('bash', '5.2.15-2'),
    { Name: 'core20', Version: '20240227', Architecture: 'x86_64', PackageId: 'pkg:snap/core20@20240227' },
    rpm('gpg-pubkey', 'd832c631', '6515c85e', { PackageId: '(none)' }),
  );

  it('is read by the one of its platform', () => {
    expect(factsFromInventory('amazon-linux-2023-x86_64', mixed).installed).toEqual([{ name: 'bash', arch: 'x86_64', version: '5.2.15-1.amzn2023' }]);
    expect(factsFromInventory('debian-12-x86_64', mixed).installed).toEqual([{ name: 'bash', arch: 'x86_64', version: '5.2.15-2' }]);
  });
});

describe('an inventory of dpkg', () => {
  it('is only probable, since it lists removed packages and names no source', () => {
    expect(factsFromInventory('ubuntu-24.04-x86_64', applications(deb('openssl', '3.0.13-0ubuntu3.4')))).toMatchObject({
      certainty: 'probable',
      installed: [{ name: 'openssl' }],
    });
  });

  it('is exact with the custom type, which has status, source and source version', () => {
    const entry = {
      package: 'libssl3',
      version: '3.0.11-1~deb12u1+b1',
      arch: 'amd64',
      status: 'installed',
      source: 'openssl',
      sourceVersion: '3.0.11-1~deb12u1',
    };
    const removed = ['config-files', 'deinstall ok config-files', 'not-installed', 'rc '].map((status, index) => ({
      ...entry,
      package: `logrotate${index}`,
      status,
    }));
    const custom = { TypeName: 'Custom:DpkgSource', Entries: [{ ...entry, status: 'install ok installed' }, ...removed] };
    expect(factsFromInventory('debian-12-x86_64', [...applications(deb('logrotate', '3.21.0-1')), custom])).toMatchObject({
      certainty: 'exact',
      installed: [{ name: 'libssl3', arch: 'amd64', version: '3.0.11-1~deb12u1+b1', source: 'openssl', sourceVersion: '3.0.11-1~deb12u1' }],
    });
  });

  it.each(['installed', 'hold ok installed', 'unpacked', 'half-installed', 'half-configured', 'triggers-awaited', 'triggers-pending', 'ii ', ''])(
    'counts a package of the status %j',
    (status) => {
      const own = {
        TypeName: 'Custom:DpkgSource',
        Entries: [{ package: 'bash', version: '5.2.15-2', arch: 'amd64', status, source: 'bash', sourceVersion: '5.2.15-2' }],
      };
      expect(factsFromInventory('debian-12-x86_64', [own])).toMatchObject({ certainty: 'exact', installed: [{ name: 'bash' }] });
    },
  );

  it('has the channels of Ubuntu Pro where they were gathered: services that are enabled', () => {
    const pro = {
      TypeName: 'Custom:UbuntuPro',
      Entries: [
        { name: 'esm-infra', status: 'enabled' },
        { name: 'fips', status: 'n/a' },
        { name: 'realtime-kernel', status: 'enabled' },
      ],
    };
    expect(factsFromInventory('ubuntu-22.04-x86_64', [pro]).channels).toEqual(['pro:esm-infra', 'pro:realtime']);
    expect(factsFromInventory('ubuntu-22.04-x86_64', []).channels).toBeUndefined();
  });
});

describe('an inventory of Windows', () => {
  const updates = { TypeName: 'AWS:WindowsUpdate', Entries: [{ HotFixId: 'KB5033371' }, { HotFixId: 'File 1' }] };
  const key = 'HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion';

  it('has KBs, and the build where the registry was asked for it', () => {
    const registry = {
      TypeName: 'AWS:WindowsRegistry',
      Entries: [
        { KeyPath: key, ValueName: 'CurrentBuildNumber', Value: '17763' },
        { KeyPath: key, ValueName: 'UBR', Value: '5206' },
      ],
    };
    expect(factsFromInventory('windows-2019-x86_64', [updates, registry])).toEqual({
      platform: 'windows-2019-x86_64',
      certainty: 'probable',
      installed: [{ name: 'KB5033371', arch: '', version: '' }],
      build: '10.0.17763.5206',
    });
  });

  it('has what patch compliance says is installed, missing and waiting for a reboot', () => {
    const states = {
      KB5034127: 'Missing',
      KB5034128: 'Failed',
      KB5031361: 'InstalledOther',
      KB5034129: 'InstalledPendingReboot',
      KB5034130: 'NotApplicable',
    };
    const compliance = { TypeName: 'AWS:PatchCompliance', Entries: Object.entries(states).map(([KBId, State]) => ({ KBId, State })) };
    expect(factsFromInventory('windows-2019-x86_64', [updates, compliance])).toMatchObject({
      installed: [{ name: 'KB5031361' }, { name: 'KB5033371' }, { name: 'KB5034129' }],
      offered: ['KB5034127', 'KB5034128'],
      pending: ['KB5034129'],
    });
  });

  it('has the build in the system’s version where that is whole, but what the registry says counts', () => {
    expect(factsFromInventory('windows-2019-x86_64', [updates], {}, { version: '10.0.17763.1637' }).build).toBe('10.0.17763.1637');
    expect(factsFromInventory('windows-2019-x86_64', [updates], {}, { version: '10.0.17763' }).build).toBeUndefined();
  });
});

describe('a scan', () => {
  const facts = { platform: 'amazon-linux-2023-x86_64', installed: [], available: [], dependencies: [] };

  it('is exact, and no channel means none', () => {
    expect(factsFromScan({ ...facts, kernel: '6.1.94-99.176.amzn2023.x86_64' })).toEqual({
      platform: facts.platform,
      certainty: 'exact',
      installed: [],
      kernel: '6.1.94-99.176.amzn2023.x86_64',
      channels: [],
      modules: [],
    });
  });

  it('tells the release that a node is held to, unless that is the newest there is', () => {
    expect(factsFromScan({ ...facts, releasever: '2023.6.20241010', held: '2023.5.20240903' }).releasever).toBe('2023.5.20240903');
    expect(factsFromScan({ ...facts, releasever: '2023.6.20241010', held: '2023.6.20241010' }).releasever).toBeUndefined();
    expect(factsFromScan({ ...facts, releasever: '2023.6.20241010', held: 'latest' }).releasever).toBeUndefined();
  });

  it('of Windows has the build, and what its own source offers', () => {
    const offer = { name: 'KB5034127', arch: '', version: '', kind: 'security' as const, severity: 'critical' as const, advisories: ['KB5034127'] };
    const found = factsFromScan({ ...facts, platform: 'windows-2019-x86_64', kernel: '10.0.17763.5206', available: [offer] });
    expect(found).toMatchObject({ build: '10.0.17763.5206', offered: ['KB5034127'], certainty: 'exact' });
  });
});

describe('the name of a platform', () => {
  it.each([
    ['Amazon Linux', '2', 'x86_64', 'amazon-linux-2-x86_64'],
    ['Amazon Linux', '2023', 'arm64', 'amazon-linux-2023-aarch64'],
    ['Amazon Linux AMI', '2018.03', '', 'amazon-linux-2018.03-x86_64'],
    ['Ubuntu', '24.04', 'amd64', 'ubuntu-24.04-x86_64'],
    ['Debian GNU/Linux', '12.5', 'x86_64', 'debian-12-x86_64'],
    ['Red Hat Enterprise Linux', '9.4', 'x86_64', 'rhel-9-x86_64'],
    ['Rocky Linux', '8.10', 'x86_64', 'rocky-8-x86_64'],
    ['AlmaLinux', '9.4', 'aarch64', 'almalinux-9-aarch64'],
    ['Oracle Linux Server', '8.9', 'x86_64', 'oracle-linux-8-x86_64'],
    ['SLES', '15.5', 'x86_64', 'sles-15.5-x86_64'],
    ['SUSE Linux Enterprise Server', '15 SP3', 'x86_64', 'sles-15.3-x86_64'],
    ['openSUSE Leap', '15.6', 'x86_64', 'opensuse-leap-15.6-x86_64'],
    ['Microsoft Windows Server 2019 Datacenter', '10.0.17763', 'x86_64', 'windows-2019-x86_64'],
    ['Microsoft Windows Server', '2022', 'x86_64', 'windows-2022-x86_64'],
    ['Microsoft Windows Server 2022 Datacenter', '10.0.20348', 'x86_64', 'windows-2022-x86_64'],
    ['Microsoft Windows Server 2025 Datacenter', '10.0.26100', 'x86_64', 'windows-2025-x86_64'],
    // The annual channel has updates of its own: nothing of 2022's fits it.
    ['Microsoft Windows Server 2022 Datacenter, 23H2', '10.0.25398', 'x86_64', undefined],
    ['Microsoft Windows Server 2022 Datacenter', '10.0.25398', 'x86_64', undefined],
    ['Windows Server 23H2 Datacenter', '10.0.25398.1000', 'x86_64', undefined],
    ['Windows Server 2022, 23H2 Edition', '', 'x86_64', undefined],
    ['Microsoft Windows Server 2019 Datacenter', '10.0.18363', 'x86_64', undefined],
    ['Microsoft Windows Server 2025 Datacenter', '10.0.29000', 'x86_64', undefined],
    ['Ubuntu', '22.04', 'AMD64', 'ubuntu-22.04-x86_64'],
    ['Microsoft Windows Server 2019 Datacenter', '10.0.17763', '64-bit', 'windows-2019-x86_64'],
    ['SLES', '15-SP5', 'x86-64', 'sles-15.5-x86_64'],
    ['SLES', '15.5', 'x86_64 or so', undefined],
    ['TempleOS', '5', 'x86_64', undefined],
  ])('%s %s (%s) is %s', (name, version, arch, platform) => {
    expect(platformOf(name, version, arch)).toBe(platform);
  });

  it.each([
    ['Amazon Linux 2', 'amazon-linux-2'],
    ['AL2023', 'amazon-linux-2023'],
    ['Amazon Linux release 2 (Karoo)', 'amazon-linux-2'],
    ['Amazon Linux 2023.6.20241010', 'amazon-linux-2023'],
    ['Amazon Linux AMI release 2018.03', 'amazon-linux-2018.03'],
    ['Ubuntu 22.04', 'ubuntu-22.04'],
    ['Ubuntu 24.04.1 LTS', 'ubuntu-24.04'],
    ['Debian GNU/Linux 12', 'debian-12'],
    ['Debian GNU/Linux 12 (bookworm)', 'debian-12'],
    ['Red Hat Enterprise Linux 9.2', 'rhel-9'],
    ['Red Hat Enterprise Linux Server release 7.9 (Maipo)', 'rhel-7'],
    ['RHEL 9', 'rhel-9'],
    ['Rocky Linux 8', 'rocky-8'],
    ['AlmaLinux 9.3 (Shamrock Pampas Cat)', 'almalinux-9'],
    ['Oracle Linux Server 9', 'oracle-linux-9'],
    ['SLES 15.5', 'sles-15.5'],
    ['SLES 15-SP5', 'sles-15.5'],
    ['SUSE Linux Enterprise Server 15 SP5', 'sles-15.5'],
    ['SUSE Linux Enterprise Server for SAP Applications 15 SP4', 'sles-15.4'],
    ['SLES_SAP 15.5', 'sles-15.5'],
    ['openSUSE Leap 15.6', 'opensuse-leap-15.6'],
    ['Microsoft Windows Server 2022 Datacenter', 'windows-2022'],
    ['Windows Server 2012 R2 Standard', 'windows-2012r2'],
    ['ubuntu-22.04-x86_64', 'ubuntu-22.04'],
    ['windows-2019', 'windows-2019'],
    ['amzn2', 'amazon-linux-2'],
    ['amazonlinux:2023', 'amazon-linux-2023'],
    ['OL9', 'oracle-linux-9'],
    ['rockylinux 9', 'rocky-9'],
    ['Alma 8', 'almalinux-8'],
    ['SLES15SP5', 'sles-15.5'],
    ['openSUSE 15.5', 'opensuse-leap-15.5'],
    ['WindowsServer2022', 'windows-2022'],
  ])('%j is written by a person, in one piece', (text, release) => {
    expect(platformOf(text, '', 'x86_64')).toBe(`${release}-x86_64`);
  });

  it.each(['Ubuntu', 'TempleOS 5', 'Microsoft Windows 11 Pro', '12', ''])('%j is none', (text) => {
    expect(platformOf(text, '', 'x86_64')).toBeUndefined();
  });

  it('may have the version twice, as in `Amazon Linux 2023` of version 2023: the version counts', () => {
    expect(platformOf('Amazon Linux 2023', '2023', '')).toBe('amazon-linux-2023-x86_64');
    expect(platformOf('Ubuntu 22.04', '24.04', '')).toBe('ubuntu-24.04-x86_64');
    expect(platformOf('Microsoft Windows Server 2012 R2 Standard', '6.3.9600', '')).toBe('windows-2012r2-x86_64');
  });
});
