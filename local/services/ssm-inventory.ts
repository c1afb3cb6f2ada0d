/**
 * Inventory as the agent's association gathers it: AWS:Application of Linux nodes, AWS:WindowsUpdate and AWS:WindowsRegistry (the keys of
 * Windows Update) of Windows. Types and attributes: SSM API reference; amazon-ssm-agent, plugins/inventory/gatherers.
 */
import { createHash } from 'node:crypto';
import type { Package } from '../../lambdas/core/model.ts';
import type { Fleet } from '../fleet/fleet.ts';
import type { Host } from '../fleet/host.ts';
import { durationOf } from '../fleet/scenario.ts';
import { AwsError, type CallContext, type Clock, type Input, type Random, type ServiceOperation } from '../types.ts';
import { checkBounds, refuseUnsupported } from './ssm-checks.ts';
import { page, type PageGaps } from './ssm-pages.ts';
import { hostAt } from './ssm-send.ts';

export interface InventoryDeps {
  fleet: Fleet;
  clock: Clock;
  random: Random;
  gaps: PageGaps;
}

interface Captured {
  time: number;
  entries: Array<Record<string, string>>;
}

interface InventoryFilter {
  Key: string;
  Values: string[];
  Type?: string;
}

/** The shortest interval of AWS-GatherSoftwareInventory: what is read may be so old (User Guide, "Configuring inventory collection"). */
const INTERVAL = 30 * 60_000;
const SCHEMA: Record<string, string> = { 'AWS:Application': '1.1', 'AWS:WindowsUpdate': '1.0', 'AWS:WindowsRegistry': '1.0' };
const WINDOWS_TYPES = ['AWS:WindowsUpdate', 'AWS:WindowsRegistry'];
/** Other updaters that are packages: the fleet file names them in `others`, the node has them installed. */
const UPDATERS: Record<string, string> = { 'unattended-upgrades': '2.9.1+nmu4ubuntu1', 'dnf-automatic': '4.14.0-1', 'yum-cron': '3.4.3-158' };
/** Policy of Windows Update; 4 installs by itself, 3 downloads and asks (Microsoft, "Manage additional Windows Update settings"). */
const WINDOWS_UPDATE_KEY = 'HKEY_LOCAL_MACHINE\\SOFTWARE\\Policies\\Microsoft\\Windows\\WindowsUpdate\\AU';
const COMPARE: Record<string, (value: string, wanted: string[]) => boolean> = {
  Equal: (value, wanted) => wanted.includes(value),
  NotEqual: (value, wanted) => !wanted.includes(value),
  BeginWith: (value, wanted) => wanted.some((text) => value.startsWith(text)),
};

/** ListInventoryEntries and GetInventory. */
export function inventoryOperations(deps: InventoryDeps): Record<string, ServiceOperation> {
  const captures = new Map<string, Captured>();
  return {
    ListInventoryEntries: {
      access: () => [{ action: 'ssm:ListInventoryEntries', resource: '*' }],
      run: (input, context) => listEntries(input, context, deps, captures),
    },
    GetInventory: {
      access: () => [{ action: 'ssm:GetInventory', resource: '*' }],
      run: (input, context) => getInventory(input, context, deps, captures),
    },
  };
}

function listEntries(input: Input, context: CallContext, deps: InventoryDeps, captures: Map<string, Captured>): Input {
  checkBounds([
    ['maxResults', input.MaxResults, { min: 1, max: 50 }],
    ['filters', input.Filters, { min: 1, max: 5 }],
  ]);
  const type: string = checkType(input.TypeName);
  const host = hostAt(deps.fleet, input.InstanceId, context);
  if (!host || host.state === 'terminated') {
    throw new AwsError('InvalidInstanceId', `${input.InstanceId} is not a managed node of this account.`);
  }
  const captured = capture(host, type, deps, captures);
  const entries = captured.entries.filter((entry) => (input.Filters ?? []).every((filter: InventoryFilter) => fits(entry, filter, type)));
  const { items, NextToken } = page(entries, input.MaxResults ?? 50, input.NextToken, deps);
  const head = {
    TypeName: type,
    InstanceId: host.id,
    SchemaVersion: SCHEMA[type],
    ...(captured.time === 0 ? {} : { CaptureTime: iso(captured.time) }),
  };
  return { ...head, Entries: items, ...(NextToken === undefined ? {} : { NextToken }) };
}

function getInventory(input: Input, context: CallContext, deps: InventoryDeps, captures: Map<string, Captured>): Input {
  refuseUnsupported('GetInventory', input, ['Aggregators']);
  checkBounds([
    ['maxResults', input.MaxResults, { min: 1, max: 50 }],
    ['filters', input.Filters, { min: 1, max: 5 }],
    ['resultAttributes', input.ResultAttributes, { min: 1, max: 1 }],
  ]);
  const type: string = checkType(input.ResultAttributes?.[0]?.TypeName ?? 'AWS:Application');
  const filters: InventoryFilter[] = input.Filters ?? [];
  const rows = deps.fleet
    .at(context.account, context.region)
    .filter((host) => host.state !== 'terminated')
    .map((host) => ({ host, captured: capture(host, type, deps, captures) }))
    .filter(({ host, captured }) => filters.every((filter) => hostFits(host, captured, filter, type)));
  const { items, NextToken } = page(rows, input.MaxResults ?? 50, input.NextToken, deps);
  return { Entities: items.map(({ host, captured }) => entity(host, captured, type)), ...(NextToken === undefined ? {} : { NextToken }) };
}

function entity(host: Host, { time, entries }: Captured, type: string): Input {
  if (time === 0) return { Id: host.id, Data: {} };
  const ContentHash = createHash('sha256').update(JSON.stringify(entries)).digest('hex');
  return {
    Id: host.id,
    Data: { [type]: { TypeName: type, SchemaVersion: SCHEMA[type], CaptureTime: iso(time), ContentHash, Content: entries } },
  };
}

function hostFits(host: Host, captured: Captured, filter: InventoryFilter, type: string): boolean {
  if (filter.Key === 'AWS:InstanceInformation.InstanceId') return comparison(filter)(host.id, filter.Values);
  return captured.entries.some((entry) => fits(entry, filter, type));
}

function fits(entry: Record<string, string>, filter: InventoryFilter, type: string): boolean {
  const attribute = filter.Key.startsWith(`${type}.`) ? filter.Key.slice(type.length + 1) : filter.Key;
  const value = entry[attribute];
  if (value === undefined) throw new AwsError('InvalidFilter', `The filter key ${filter.Key} isn't valid for ${type}.`);
  return comparison(filter)(value, filter.Values);
}

function comparison({ Type = 'Equal' }: InventoryFilter): (value: string, wanted: string[]) => boolean {
  const found = COMPARE[Type];
  if (!found) {
    throw new AwsError(
      'NotImplemented',
      `The embedded AWS does not know inventory filters of type ${Type}; there are ${Object.keys(COMPARE).join(', ')}`,
      501,
    );
  }
  return found;
}

function checkType(name: string): string {
  if (SCHEMA[name] === undefined) {
    throw new AwsError('InvalidTypeNameException', `The embedded AWS gathers ${Object.keys(SCHEMA).join(' and ')}, not ${name}.`);
  }
  return name;
}

/**
 * What the last gathering found. A lost node keeps what it had, and so does one with an age in the fleet file; others are gathered again
 * once the interval has passed. Never gathered: time 0, no entries.
 */
function capture(host: Host, type: string, { fleet, clock }: InventoryDeps, captures: Map<string, Captured>): Captured {
  const key = `${host.id} ${type}`;
  const known = captures.get(key);
  const now = clock.now();
  const age = fleet.surroundings.entry(host.id)?.inventoried;
  if (age === 'never') return { time: 0, entries: [] };
  if (known && (now - known.time < INTERVAL || !host.heartbeat.beats || age !== undefined)) return known;
  const time = age === undefined ? now : fleet.surroundings.start - durationOf(age);
  const fresh = { time, entries: entriesOf(host, type) };
  captures.set(key, fresh);
  return fresh;
}

function entriesOf(host: Host, type: string): Array<Record<string, string>> {
  const isWindows = host.platform.os === 'windows';
  if (isWindows !== WINDOWS_TYPES.includes(type)) return [];
  if (type === 'AWS:WindowsRegistry') return registryOf(host);
  const packages = host.packages.list();
  if (isWindows) {
    return packages.map(({ name }) => ({
      HotFixId: name,
      Description: 'Security Update',
      InstalledTime: '',
      InstalledBy: 'NT AUTHORITY\\SYSTEM',
    }));
  }
  return [...packages, ...updatersOf(host, packages)].map((item) => applicationOf(item, host));
}

function updatersOf(host: Host, installed: Package[]): Package[] {
  const missing = host.others.filter((name) => !installed.some((item) => item.name === name));
  return missing.flatMap((name) => (UPDATERS[name] === undefined ? [] : [{ name, arch: 'noarch', version: UPDATERS[name] }]));
}

function registryOf(host: Host): Array<Record<string, string>> {
  const Value = host.others.includes('windows-update') ? '4' : '3';
  return [{ KeyPath: WINDOWS_UPDATE_KEY, ValueName: 'AUOptions', ValueType: 'REG_DWORD', Value }];
}

/** rpm's version, release and epoch are fields of their own; dpkg's version is one (amazon-ssm-agent, gatherers/application). */
function applicationOf(item: Package, host: Host): Record<string, string> {
  const common = {
    Name: item.name,
    ApplicationType: 'System Environment/Base',
    Publisher: host.platform.platformName,
    Architecture: item.arch,
    InstalledTime: iso(host.launched),
    URL: '',
    Summary: '',
  };
  if (host.platform.versions !== 'rpm') return { ...common, Version: item.version };
  const match = /^(?:(\d+):)?(.+)-([^-]+)$/.exec(item.version);
  const [, epoch = '0', version = item.version, release = ''] = match ?? [];
  return { ...common, Version: version, Release: release, Epoch: epoch, PackageId: `${item.name}-${version}-${release}.src.rpm` };
}

function iso(time: number): string {
  return `${new Date(time).toISOString().slice(0, 19)}Z`;
}
