import type { VersionKind } from '../../lambdas/core/versions/compare.ts';
import type { Os } from '../../lambdas/core/model.ts';

/** What a host of a platform looks like from outside, and how its packages are named and ordered. */
export interface HostPlatform {
  /** `amazon-linux-2023-x86_64` */
  platform: string;
  os: Os;
  /** As Systems Manager reports them (SSM API reference, InstanceInformation): `Amazon Linux`, `2023`. */
  platformName: string;
  platformVersion: string;
  /** Which version order its packages have; Windows has KBs, which have none. */
  versions?: VersionKind;
  /** Architecture of packages whose inventory names none; empty on Windows. */
  arch: string;
  /** The package whose newest version a reboot starts, if it is installed. */
  kernelPackages: string[];
}

interface Release extends Omit<HostPlatform, 'platform' | 'arch'> {
  /** os-release of the platform triple. */
  release: string;
  arches: Record<'x86_64' | 'aarch64', string>;
}

const RPM = { os: 'linux', versions: 'rpm', arches: { x86_64: 'x86_64', aarch64: 'aarch64' } } as const;
const DEB = { os: 'linux', versions: 'deb', arches: { x86_64: 'amd64', aarch64: 'arm64' } } as const;
const WINDOWS = { os: 'windows', arches: { x86_64: '', aarch64: '' }, kernelPackages: [] as string[] } as const;

const RPM_KERNELS = ['kernel', 'kernel-core', 'kernel6.12'];
const UBUNTU_KERNELS = ['linux-image-aws', 'linux-image-generic'];
const DEBIAN_KERNELS = ['linux-image-amd64', 'linux-image-arm64', 'linux-image-cloud-amd64', 'linux-image-cloud-arm64'];

const RELEASES: Release[] = [
  { ...RPM, release: 'amazon-linux-2023', platformName: 'Amazon Linux', platformVersion: '2023', kernelPackages: RPM_KERNELS },
  { ...RPM, release: 'amazon-linux-2', platformName: 'Amazon Linux', platformVersion: '2', kernelPackages: RPM_KERNELS },
  { ...RPM, release: 'rhel-9', platformName: 'Red Hat Enterprise Linux', platformVersion: '9.4', kernelPackages: RPM_KERNELS },
  { ...RPM, release: 'rhel-8', platformName: 'Red Hat Enterprise Linux', platformVersion: '8.10', kernelPackages: RPM_KERNELS },
  { ...RPM, release: 'rocky-9', platformName: 'Rocky Linux', platformVersion: '9.4', kernelPackages: RPM_KERNELS },
  { ...RPM, release: 'almalinux-9', platformName: 'AlmaLinux', platformVersion: '9.4', kernelPackages: RPM_KERNELS },
  { ...DEB, release: 'ubuntu-24.04', platformName: 'Ubuntu', platformVersion: '24.04', kernelPackages: UBUNTU_KERNELS },
  { ...DEB, release: 'ubuntu-22.04', platformName: 'Ubuntu', platformVersion: '22.04', kernelPackages: UBUNTU_KERNELS },
  { ...DEB, release: 'debian-12', platformName: 'Debian GNU/Linux', platformVersion: '12', kernelPackages: DEBIAN_KERNELS },
  { ...WINDOWS, release: 'windows-2019', platformName: 'Microsoft Windows Server 2019 Datacenter', platformVersion: '10.0.17763' },
  { ...WINDOWS, release: 'windows-2022', platformName: 'Microsoft Windows Server 2022 Datacenter', platformVersion: '10.0.20348' },
  { ...WINDOWS, release: 'windows-2025', platformName: 'Microsoft Windows Server 2025 Datacenter', platformVersion: '10.0.26100' },
];

/** The platforms that nodes can be simulated on, without the architecture: `amazon-linux-2023`, `windows-2022`. */
export const simulatedReleases: readonly string[] = RELEASES.map((release) => release.release);

/** Looks a platform triple up. @throws Error that names what can be simulated */
export function hostPlatform(platform: string): HostPlatform {
  const arch = platform.endsWith('-aarch64') ? 'aarch64' : 'x86_64';
  const found = RELEASES.find((release) => `${release.release}-${arch}` === platform);
  if (!found) {
    throw new Error(`platform ${platform} can't be simulated; there are ${simulatedReleases.join(', ')}, each -x86_64 or -aarch64`);
  }
  const { release: _release, arches, ...rest } = found;
  return { ...rest, platform, arch: arches[arch] };
}
