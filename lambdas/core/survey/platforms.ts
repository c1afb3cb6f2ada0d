/** What Patch Manager calls an operating system, what Wavelock patches, and for which architecture software was built. */
import type { Inventory } from '../match/inventory.ts';

/** `PlatformName` and `PlatformVersion` of Systems Manager → OperatingSystem of Patch Manager (SSM API reference, both). */
const PATCH_MANAGER: [name: RegExp, version: RegExp, operatingSystem: string][] = [
  [/^Amazon Linux/i, /^20\d\d\.\d\d$/, 'AMAZON_LINUX'],
  [/^Amazon Linux/i, /^2$/, 'AMAZON_LINUX_2'],
  [/^Amazon Linux/i, /^2022/, 'AMAZON_LINUX_2022'],
  [/^Amazon Linux/i, /^2023/, 'AMAZON_LINUX_2023'],
  [/^Ubuntu/i, /./, 'UBUNTU'],
  [/^Debian/i, /./, 'DEBIAN'],
  [/^Raspbian/i, /./, 'RASPBIAN'],
  [/^Red ?Hat/i, /./, 'REDHAT_ENTERPRISE_LINUX'],
  [/^Rocky/i, /./, 'ROCKY_LINUX'],
  [/^Alma/i, /./, 'ALMA_LINUX'],
  [/^Oracle/i, /./, 'ORACLE_LINUX'],
  [/^CentOS/i, /./, 'CENTOS'],
  [/^(SLES|SUSE|openSUSE)/i, /./, 'SUSE'],
  [/Windows/i, /./, 'WINDOWS'],
  [/^mac ?OS/i, /./, 'MACOS'],
];

/** Releases that Wavelock's documents patch (statemachines/documents: platform.sh, and Windows Server). */
const PATCHED = [
  /^amazon-linux-(2|2023)-/,
  /^ubuntu-\d\d\.\d\d-/,
  /^debian-\d+-/,
  /^(rhel|rocky|almalinux|oracle-linux|centos)-([89]|10)-/,
  /^(sles|opensuse-leap)-1\d(\.\d)?-/,
  /^windows-(2016|2019|2022|2025)-/,
];

/** What Patch Manager calls the operating system: `AMAZON_LINUX_2023`. */
export function patchManagerName(name: string, version: string): string | undefined {
  return PATCH_MANAGER.find(([names, versions]) => names.test(name) && versions.test(version))?.[2];
}

/** Whether Wavelock has documents for a platform. */
export function isPatched(platform: string): boolean {
  return PATCHED.some((release) => release.test(platform));
}

/** The architecture that most packages of a list are built for; empty where none is. */
export function architectureOf(software: readonly Inventory[]): string {
  const counts = new Map<string, number>();
  const built = software.flatMap(({ Entries }) => Entries.map(({ Architecture = '' }) => Architecture));
  for (const architecture of built)
    if (/^(x86_64|amd64|aarch64|arm64)$/.test(architecture)) counts.set(architecture, (counts.get(architecture) ?? 0) + 1);
  return [...counts].toSorted(([, a], [, b]) => b - a)[0]?.[0] ?? '';
}
