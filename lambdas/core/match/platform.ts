/** Platforms in our words (`rhel-9-x86_64`) from what Systems Manager or a person calls an operating system. */

/** Names as SSM's PlatformName and os-release's NAME have them (amazon-ssm-agent, agent/platform), without version. */
const NAMES: [RegExp, string][] = [
  [/^amazon linux( ami)?$/, 'amazon-linux'],
  [/^ubuntu$/, 'ubuntu'],
  [/^debian( gnu\/linux)?$/, 'debian'],
  [/^(red hat enterprise linux( server)?|rhel)$/, 'rhel'],
  [/^rocky( linux)?$/, 'rocky'],
  [/^alma ?linux( os)?$/, 'almalinux'],
  [/^oracle linux( server)?$/, 'oracle-linux'],
  [/^centos( linux| stream)?$/, 'centos'],
  [/^(sles(_sap)?|suse linux enterprise server)$/, 'sles'],
  [/^opensuse leap$/, 'opensuse-leap'],
];

/** Repositories that are the same for all minor releases. */
const BY_MAJOR = ['debian', 'rhel', 'rocky', 'almalinux', 'oracle-linux', 'centos'];

/** Least build of each release of Windows Server (learn.microsoft.com/windows-server/get-started/windows-server-release-info). */
const WINDOWS: [number, string][] = [
  [26_100, '2025'],
  [20_348, '2022'],
  [17_763, '2019'],
  [14_393, '2016'],
];

const ARCHES: Record<string, string> = { amd64: 'x86_64', x64: 'x86_64', arm64: 'aarch64' };

/**
 * `rhel-9-x86_64` of `Red Hat Enterprise Linux`, `9.4`, `x86_64`. The version is as coarse as the vendor's repositories are.
 * `undefined` for systems that are not known here.
 */
export function platformOf(name: string, version: string, arch: string): string | undefined {
  const plain = name.trim().toLowerCase();
  const machine = ARCHES[arch] ?? (arch || 'x86_64');
  if (plain.includes('windows server')) return windowsPlatform(plain, version, machine);
  const os = NAMES.find(([pattern]) => pattern.test(plain))?.[1];
  const [major = '', rest = ''] = version.trim().split(/[.\s-](.*)/s);
  if (os === undefined || !/^\d+$/.test(major)) return undefined;
  if (BY_MAJOR.includes(os)) return `${os}-${major}-${machine}`;
  // Amazon Linux 2023 may name its dated release, SUSE its service pack: `2023.6.20241010`, `15-SP5`, `15.5`.
  if (os === 'amazon-linux') return `${os}-${major === '2018' ? version : major}-${machine}`;
  const minor = /^(?:SP)?(\d+)/i.exec(rest)?.[1];
  return minor === undefined ? `${os}-${major}-${machine}` : `${os}-${major}.${minor}-${machine}`;
}

function windowsPlatform(name: string, version: string, machine: string): string | undefined {
  const build = Number(/^10\.0\.(\d+)/.exec(version)?.[1] ?? 0);
  const release = WINDOWS.find(([least]) => build >= least)?.[1] ?? /\b(2016|2019|2022|2025)\b/.exec(`${name} ${version}`)?.[1];
  return release === undefined ? undefined : `windows-${release}-${machine}`;
}

/** Splits what a person writes: `Amazon Linux 2` into name and version. `undefined` where there is no version at the end. */
export function splitPlatform(text: string): { name: string; version: string } | undefined {
  const [, name, version] = /^(.*\S)\s+v?(\d[\w.-]*(?:\s+SP\d)?)$/i.exec(text.trim()) ?? [];
  return name === undefined || version === undefined ? undefined : { name, version };
}
