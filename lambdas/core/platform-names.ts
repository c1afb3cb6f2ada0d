/**
 * Which platform a node is of, where no scan has told yet: from the name and version that SSM shows, which are those of os-release on
 * Linux and of Windows itself (SSM API Reference, InstanceInformation; amazon-ssm-agent, agent/platform).
 */
import type { Node } from './model.ts';

type Release = (version: string) => string | undefined;

const whole: Release = (version) => (version === '' ? undefined : version);
const major: Release = (version) => whole(version.split('.', 1)[0] ?? '');

/** Builds of Windows Server (Microsoft Learn, "Windows Server release information"). */
const BUILDS: Record<string, string> = { '14393': '2016', '17763': '2019', '20348': '2022', '26100': '2025' };
const windowsRelease: Release = (version) => BUILDS[version.split('.')[2] ?? ''];

/** By the beginning of the name; the first that fits counts. */
const NAMES: readonly [RegExp, string, Release][] = [
  [/^amazon linux ami\b/i, 'amazon-linux', () => '1'],
  [/^amazon linux\b/i, 'amazon-linux', major],
  [/^ubuntu\b/i, 'ubuntu', whole],
  [/^debian\b/i, 'debian', major],
  [/^red hat enterprise linux\b/i, 'rhel', major],
  [/^rocky linux\b/i, 'rocky', major],
  [/^almalinux\b/i, 'almalinux', major],
  [/^oracle linux\b/i, 'oracle-linux', major],
  [/^centos\b/i, 'centos', major],
  [/^opensuse leap\b/i, 'opensuse-leap', whole],
  [/^(sles\b|suse linux enterprise server\b)/i, 'sles', whole],
  [/^(microsoft )?windows\b/i, 'windows', windowsRelease],
];

/** `rhel-9` from `Red Hat Enterprise Linux` and `9.4`; `undefined` for what Wavelock has no name for. */
export function osRelease(platformName: string, platformVersion: string): string | undefined {
  const found = NAMES.find(([pattern]) => pattern.test(platformName.trim()));
  const release = found?.[2](platformVersion.trim());
  return found === undefined || release === undefined ? undefined : `${found[1]}-${release}`;
}

/** Platforms of a fleet, each once, sorted: as scanned, else as SSM names them, with `x86_64` since that alone says nothing of the machine. */
export function platformsOf(fleet: readonly Pick<Node, 'platformName' | 'platformVersion' | 'scan'>[]): string[] {
  const platforms = new Set<string>();
  for (const { scan, platformName, platformVersion } of fleet) {
    const named = osRelease(platformName, platformVersion);
    if (scan !== undefined) platforms.add(scan.platform);
    else if (named !== undefined) platforms.add(`${named}-x86_64`);
  }
  return [...platforms].toSorted();
}
