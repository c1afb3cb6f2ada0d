/** Platforms in our words (`rhel-9-x86_64`) from what Systems Manager or a person calls an operating system. */

/** Names as SSM's PlatformName and os-release's NAME have them (amazon-ssm-agent, agent/platform), and as people shorten them; without version. */
const NAMES: [RegExp, string][] = [
  [/^(amazon ?linux( ami)?|al|amzn)$/, 'amazon-linux'],
  [/^ubuntu( linux)?$/, 'ubuntu'],
  [/^debian( gnu\/linux)?$/, 'debian'],
  [/^(red hat enterprise linux( server)?|red ?hat|rhel)$/, 'rhel'],
  [/^rocky( ?linux)?$/, 'rocky'],
  [/^alma( ?linux)?( os)?$/, 'almalinux'],
  [/^(oracle ?linux( server)?|ol)$/, 'oracle-linux'],
  [/^centos( linux| stream)?$/, 'centos'],
  [/^(sles( sap)?|suse( linux enterprise server)?)( for sap( applications)?)?$/, 'sles'],
  [/^(opensuse( leap)?|leap)$/, 'opensuse-leap'],
];

/** Repositories that are the same for all minor releases. */
const BY_MAJOR = ['debian', 'rhel', 'rocky', 'almalinux', 'oracle-linux', 'centos'];

/**
 * The build of each release of Windows Server (learn.microsoft.com/windows-server/get-started/windows-server-release-info). Builds between
 * them are of the annual channels (25398 is 23H2, which calls itself 2022), whose updates are their own.
 */
const WINDOWS: Record<string, string> = { 26100: '2025', 20348: '2022', 17763: '2019', 14393: '2016' };
/** Before Windows 10 the first two numbers of the version told releases apart. */
const OLDER_WINDOWS: Record<string, string> = { '6.3': '2012r2', '6.2': '2012', '6.1': '2008r2' };

/** Machines as dpkg, Windows and containers call them. */
const ARCHES: Record<string, string> = {
  amd64: 'x86_64',
  x64: 'x86_64',
  'x86-64': 'x86_64',
  '64-bit': 'x86_64',
  arm64: 'aarch64',
  arm64v8: 'aarch64',
};

/**
 * `rhel-9-x86_64` of `Red Hat Enterprise Linux`, `9.4`, `x86_64`. The version is as coarse as the vendor's repositories are. Where the name
 * says a version too (`Amazon Linux 2023`), the given one counts, and without one that in the name.
 * `undefined` for systems that are not known here.
 */
export function platformOf(name: string, version: string, arch: string): string | undefined {
  const text = plainName(name);
  const own = arch.trim().toLowerCase();
  const machine = ARCHES[own] ?? (own || 'x86_64');
  if (!/^[a-z0-9_]+$/.test(machine)) return undefined;
  if (/windows[ -]?server|^windows[ -]?20\d\d/.test(text)) return windowsPlatform(text, version, machine);
  const split = splitName(text);
  const os = osOf(text) ?? osOf(split.name);
  const [major = '', rest = ''] = (version.trim() || split.version).replace(/(?<=\d)(?=sp\d)/i, ' ').split(/[.\s-](.*)/s);
  if (os === undefined || !/^\d+$/.test(major)) return undefined;
  if (BY_MAJOR.includes(os)) return `${os}-${major}-${machine}`;
  // Amazon Linux 2023 may name its dated release, SUSE its service pack: `2023.6.20241010`, `15-SP5`, `15.5`.
  if (os === 'amazon-linux') return `${os}-${major === '2018' ? '2018.03' : major}-${machine}`;
  const minor = /^(?:SP\s*)?(\d+)/i.exec(rest)?.[1];
  return minor === undefined ? `${os}-${major}-${machine}` : `${os}-${major}.${minor}-${machine}`;
}

/** What platforms begin with: `ubuntu`, `amazon-linux`. */
export const SYSTEMS: readonly string[] = [...NAMES.map(([, os]) => os), 'windows'];

/** `9.2` of `RHEL 9.2`: the version that a system's name says; empty where it says none. */
export function versionIn(name: string): string {
  return splitName(plainName(name)).version;
}

function osOf(name: string): string | undefined {
  return NAMES.find(([pattern]) => pattern.test(name))?.[1];
}

/** In small letters, without what decorates a PRETTY_NAME: `Debian GNU/Linux 12 (bookworm)`, `Ubuntu 24.04.1 LTS`, `… Server release 7.9`. */
function plainName(name: string): string {
  const text = name
    .toLowerCase()
    .replace(/\([^)]*\)|:/g, ' ')
    .replace(/\brelease\b/g, ' ');
  return text.replace(/\s+/g, ' ').trim().replace(/ lts$/, '');
}

/** `amazon linux` and `2` of `amazon linux 2`; also of our own words, `amazon-linux-2-x86_64`. */
function splitName(text: string): { name: string; version: string } {
  const [, name = text, version = ''] = /^(.*?[a-z/])[ -]*v?(\d[\w.-]*(?: sp ?\d)?)$/.exec(text) ?? [];
  return { name: name.replace(/[-_]/g, ' '), version };
}

function windowsPlatform(name: string, version: string, machine: string): string | undefined {
  const [, first = '', second = '', third = ''] = /^(\d+)\.(\d+)\.(\d+)/.exec(version.trim()) ?? [];
  const byBuild = first === '10' ? WINDOWS[third] : OLDER_WINDOWS[`${first}.${second}`];
  const release = first === '' ? windowsByName(`${name} ${version.toLowerCase()}`) : byBuild;
  return release === undefined ? undefined : `windows-${release.replace(' ', '')}-${machine}`;
}

/** Only where no build is known: `windows server 2022, 23h2 edition` is of the annual channel, whatever else it says. */
function windowsByName(text: string): string | undefined {
  return /\b2[03]h2\b/.test(text) ? undefined : /(?<!\d)(2008 ?r2|2012 ?r2|2012|2016|2019|2022|2025)\b/.exec(text)?.[1];
}
