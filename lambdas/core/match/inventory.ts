/**
 * Facts for matching from SSM Inventory, as the agent gathers it (github.com/aws/amazon-ssm-agent, agent/plugins/inventory/gatherers):
 *
 *   AWS:Application                    rpm: Version, Release and Epoch apart, PackageId the file name of the source package
 *                                      dpkg: the whole version in Version, PackageId `name_version_arch.deb`, no source, no status
 *   AWS:InstanceDetailedInformation    KernelVersion, where the agent gathers it (or a custom type with such a field)
 *   AWS:WindowsUpdate                  HotFixId; what a newer update replaced is not listed
 *   AWS:WindowsRegistry                CurrentBuildNumber and UBR of `…\Windows NT\CurrentVersion`, where these keys are asked for
 *   AWS:PatchCompliance                KBId and State
 *   Custom:DpkgSource                  package, version, arch, status, source, sourceVersion: what dpkg-query knows and AWS:Application leaves out
 *   Custom:UbuntuPro                   name and status of each service of `pro status --format json`
 *
 * Every field of AWS:Application is cut to its first line and 100 characters.
 */
import { z } from 'zod';
import type { Package } from '../model.ts';
import { minorRelease, productChannels } from './channels.ts';
import { CUT } from './items.ts';
import type { NodeFacts } from './types.ts';

/** One inventory type of one node. Values of other than text are refused: the agent writes none. */
export const Inventory = z.object({ TypeName: z.string(), Entries: z.array(z.record(z.string(), z.string())) });
export type Inventory = z.infer<typeof Inventory>;

type Entry = Readonly<Record<string, string>>;

/** amazon-ssm-agent, gatherers/application: maxSummaryLength. */
const FIELD_LIMIT = 100;

/** What the system itself is called. */
export interface SystemName {
  /** `SLES_SAP`: it may say more than the platform does. */
  name?: string;
  /** As may its version: `9.2`, `2023.6.20241010`, `10.0.17763.1637`. */
  version?: string;
}

/**
 * What is known of a node of `platform` (`ubuntu-24.04-x86_64`). A tag `rhel-stream` (`eus-9.2`, `e4s-9.2`, `aus-8.6`, `tus-8.6`; `eus` alone
 * on a node that says which minor release it is) names the line of Red Hat's that a node follows, which no inventory tells.
 */
export function factsFromInventory(
  platform: string,
  inventories: readonly Inventory[],
  tags: Readonly<Record<string, string>> = {},
  { name = '', version = '' }: SystemName = {},
): NodeFacts {
  const of = (type: string): Entry[] => inventories.filter(({ TypeName }) => TypeName === type).flatMap(({ Entries }) => Entries);
  if (platform.startsWith('windows-')) return windowsFacts(platform, of, version);
  // In AWS:InstanceDetailedInformation where the agent gathers it, or in a custom type of the user's own.
  const kernel = inventories.flatMap(({ Entries }) => Entries).find((entry) => entry['KernelVersion'])?.['KernelVersion'];
  const running = kernel === undefined ? {} : { kernel };
  if (/^(debian|ubuntu)-/.test(platform)) return { ...dpkgFacts(platform, of), ...running };
  const installed = once(of('AWS:Application').filter(isRpm).map(rpmPackage));
  const releasever = platform.startsWith('amazon-linux-2023-') ? datedRelease(installed, version) : undefined;
  const minor = platform.startsWith('rhel-') ? (minorRelease(installed) ?? /^\d+\.\d+/.exec(version)?.[0]) : undefined;
  const line = platform.startsWith('rhel-') ? lineOf(tags['rhel-stream'] ?? '', minor) : [];
  const channels = platform.startsWith('sles-') ? productChannels(name, installed) : line;
  return {
    platform,
    certainty: 'exact',
    installed,
    ...running,
    ...(minor === undefined ? {} : { minor }),
    ...(releasever === undefined ? {} : { releasever }),
    ...(channels.length === 0 ? {} : { channels }),
  };
}

type Of = (type: string) => Entry[];

function dpkgFacts(platform: string, of: Of): NodeFacts {
  const own = of('Custom:DpkgSource');
  const services = of('Custom:UbuntuPro').filter((entry) => entry['status'] === 'enabled' || entry['status'] === 'warning');
  const channels = of('Custom:UbuntuPro').length === 0 ? {} : { channels: services.map((entry) => proChannel(entry['name'] ?? '')) };
  if (own.length > 0) return { platform, certainty: 'exact', installed: once(own.flatMap(dpkgPackage)), ...channels };
  const listed = of('AWS:Application').filter(isDeb);
  const installed = listed.map((entry) => ({ name: entry['Name'] ?? '', arch: entry['Architecture'] ?? '', version: whole(entry['Version']) }));
  return { platform, certainty: 'probable', installed: once(installed), ...channels };
}

/** The channel of a service of Ubuntu Pro, by the name that `pro status` gives it. */
export function proChannel(service: string): string {
  if (service === 'livepatch') return 'livepatch';
  return service === 'realtime-kernel' ? 'pro:realtime' : `pro:${service}`;
}

/**
 * Removed packages whose configuration is still there have the status `config-files`; they are not installed. `${db:Status-Status}` says so,
 * the last word of `${Status}` (`deinstall ok config-files`) and `${db:Status-Abbrev}` (`rc`). What is half installed or says nothing may be there.
 */
function isRemoved(status: string): boolean {
  return /(^|\s)(config-files|not-installed)$|^[a-z][cn]$/.test(status.trim());
}

function dpkgPackage(entry: Entry): Package[] {
  const { package: name = '', version = '', arch = '', source = '', sourceVersion = '' } = entry;
  if (isRemoved(entry['status'] ?? '')) return [];
  return [
    {
      name,
      arch,
      version,
      ...(source === '' || source === name ? {} : { source }),
      ...(sourceVersion === '' || sourceVersion === version ? {} : { sourceVersion }),
    },
  ];
}

function isSnap(id: string): boolean {
  return id.startsWith('pkg:');
}

/** A node with both package managers reports both lists. Without a PackageId (old agents) rpm's have a release of their own. */
function isDeb(entry: Entry): boolean {
  const id = entry['PackageId'] ?? '';
  if (id === '') return (entry['Release'] ?? '') === '';
  return !isSnap(id) && (id.endsWith('.deb') || (isCut(id) && id.startsWith(`${entry['Name']}_`)));
}

function isRpm(entry: Entry): boolean {
  const id = entry['PackageId'] ?? '';
  return entry['Name'] !== 'gpg-pubkey' && !isSnap(id) && !id.endsWith('.deb');
}

function rpmPackage(entry: Entry): Package {
  const { Name: name = '', Architecture: arch = '', Epoch: epoch = '', PackageId: id = '' } = entry;
  const version = versionOf(entry);
  const source = sourceOf(id, entry['Version'] ?? '');
  return {
    name,
    arch,
    version: withEpoch(epoch.trim(), version),
    ...(source === undefined || source.name === name ? {} : { source: source.name }),
    ...(source?.version === undefined || source.version === version ? {} : { sourceVersion: source.version }),
  };
}

/** rpm writes `(none)` where there is none. What is no number says that something else is wrong, and must not be compared. */
function withEpoch(epoch: string, version: string): string {
  if (/^(0*|\(none\))$/.test(epoch)) return version;
  if (!/^\d+$/.test(epoch)) return `${epoch}:${version}${CUT}`;
  return /^\d+:/.test(version) ? version : `${epoch}:${version}`;
}

/** Old agents tell no release: what is there is either all of it in one, or must not be compared. */
function versionOf({ Version: version = '', Release: release = '' }: Entry): string {
  if (release !== '') return `${whole(version)}-${whole(release)}`;
  return version.includes('-') ? whole(version) : `${version}${CUT}`;
}

/** `openssl`, `3.0.8-1.amzn2023.0.3` of `openssl-3.0.8-1.amzn2023.0.3.src.rpm`. Of a name that was cut off, as much as is whole. */
function sourceOf(id: string, version: string): { name: string; version?: string } | undefined {
  const [, name, own] = /^(.+)-([^-]+-[^-]+)\.(?:no)?src\.rpm$/.exec(id) ?? [];
  if (name !== undefined) return { name, version: own };
  const end = isCut(id) ? id.lastIndexOf(`-${version}-`) : -1;
  return end > 0 ? { name: id.slice(0, end) } : undefined;
}

function isCut(field: string): boolean {
  return field.length >= FIELD_LIMIT;
}

/** Half a version must not be compared. */
function whole(field = ''): string {
  return isCut(field) ? `${field}${CUT}` : field;
}

/** The release package says in which dated release a node stands, and so, but for those who say otherwise, to which it is held. */
function datedRelease(installed: readonly Package[], version: string): string | undefined {
  const release = installed.find(({ name }) => name === 'system-release');
  return /^(2023\.\d+\.\d{8})(-|$)/.exec(release?.version ?? version)?.[1];
}

/** `eus:9.2` of `eus-9.2`, of Red Hat's own `rhel_eus:9.2`, and of `eus` where the minor release is known. */
function lineOf(stream: string, minor: string | undefined): string[] {
  const [, line = '', release = minor] = /^(?:rhel[_-])?(eus|aus|tus|e4s)(?:[-:_ ]?(\d+\.\d+))?$/.exec(stream.trim().toLowerCase()) ?? [];
  return line === '' || release === undefined ? [] : [`${line}:${release}`];
}

/** SSM API Reference, patch compliance states: what is installed, and what the node was to have and has not. */
const INSTALLED_STATES = ['Installed', 'InstalledOther', 'InstalledRejected', 'InstalledPendingReboot'];
const MISSING_STATES = ['Missing', 'Failed'];

function windowsFacts(platform: string, of: Of, version: string): NodeFacts {
  const compliance = of('AWS:PatchCompliance');
  const inState = (...states: string[]): string[] =>
    compliance.filter((entry) => states.includes(entry['State'] ?? '')).map((entry) => entry['KBId'] ?? '');
  const kbs = [...of('AWS:WindowsUpdate').map((entry) => entry['HotFixId'] ?? ''), ...inState(...INSTALLED_STATES)];
  const installed = [...new Set(kbs.filter((kb) => /^KB\d{5,9}$/.test(kb)))].toSorted().map((name) => ({ name, arch: '', version: '' }));
  const offered = inState(...MISSING_STATES);
  const pending = inState('InstalledPendingReboot');
  const build = buildOf(of('AWS:WindowsRegistry')) ?? /^\d+\.\d+\.\d+\.\d+$/.exec(version.trim())?.[0];
  return {
    platform,
    certainty: 'probable',
    installed,
    ...(build === undefined ? {} : { build }),
    ...(offered.length === 0 ? {} : { offered }),
    ...(pending.length === 0 ? {} : { pending }),
  };
}

function buildOf(registry: readonly Entry[]): string | undefined {
  const value = (name: string): string =>
    registry.find((entry) => /\\Windows NT\\CurrentVersion$/i.test(entry['KeyPath'] ?? '') && entry['ValueName'] === name)?.['Value'] ?? '';
  const [build, revision] = [value('CurrentBuildNumber'), value('UBR')];
  return /^\d+$/.test(build) && /^\d+$/.test(revision) ? `10.0.${build}.${revision}` : undefined;
}

function once(installed: readonly Package[]): Package[] {
  const each = new Map(installed.map((item) => [`${item.name} ${item.arch} ${item.version}`, item]));
  return [...each.values()];
}
