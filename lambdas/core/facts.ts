/**
 * The full list that a scan prints once per distinct fingerprint: tab-separated lines, sorted bytewise, gzip+base64 on the wire.
 *
 *   P  platform                                           one line
 *   K  running                                            one line: `uname -r`, on Windows the build with its revision
 *   R  releasever                                         AL2023 only: the release that `A` was resolved against
 *   S  snapshot                                           Ubuntu 24.04 and newer: the archive's state that `A` was resolved against
 *   L  releasever                                         AL2023 only: the release that the node's own dnf is held to, or `latest`
 *   C  channel                                            what it gets fixes from besides its plain repositories: `pro:esm-apps`, `eus:9.2`
 *   M  module:stream                                      an enabled stream of a module: `ruby:3.1`
 *   I  name  arch  version  source|-  [source version]    installed; the last where it is not the package's own version
 *   A  name  arch  version  kind  severity  advisories|-  available update of something installed (advisories comma-separated)
 *   D  name  arch  version                                new package that the whole upgrade would pull in
 *
 * An empty field is written `-`: on Windows `I` and `A` carry the KB as name and `-` as arch and version. On rpm a source's version is
 * without its epoch, since that is not known. The fingerprint is the SHA-256 of this text without its `S` line (`fingerprintText`), so nodes
 * that run different kernels, or have other channels, are not alike; that an archive was looked at an hour later changes nothing by itself.
 */
import { Available, FleetFacts, Kind, Platform, Severity } from './model.ts';
import type { Package } from './model.ts';

/** Lines with one field. */
const SINGLE = { P: 'platform', K: 'kernel', R: 'releasever', S: 'snapshot', L: 'held' } as const;

/** Parses a scan's list. Lines of unknown form make the whole list unusable (`undefined`): half a list would hide packages. */
export function parseFacts(text: string): FleetFacts | undefined {
  const lists = { installed: [] as Package[], available: [] as Available[], dependencies: [] as Package[] };
  const single: Partial<Record<(typeof SINGLE)[keyof typeof SINGLE], string>> = {};
  const many: Record<'C' | 'M', string[]> = { C: [], M: [] };
  for (const line of text.split('\n').filter((one) => one !== '')) {
    const [tag = '', ...fields] = line.split('\t');
    const [first = ''] = fields;
    if (isSingle(tag) && fields.length === 1) single[SINGLE[tag]] = first;
    else if ((tag === 'C' || tag === 'M') && fields.length === 1) many[tag].push(first);
    else if (!addPackage(lists, tag, fields)) return undefined;
  }
  const channels = many.C.length === 0 ? {} : { channels: many.C };
  const modules = many.M.length === 0 ? {} : { modules: many.M };
  const facts = FleetFacts.safeParse({ ...lists, ...single, ...channels, ...modules });
  return facts.success ? facts.data : undefined;
}

function isSingle(tag: string): tag is keyof typeof SINGLE {
  return tag in SINGLE;
}

/** False for a line of unknown form. */
function addPackage(lists: Pick<FleetFacts, 'installed' | 'available' | 'dependencies'>, tag: string, fields: string[]): boolean {
  if (tag === 'I' && (fields.length === 4 || fields.length === 5)) lists.installed.push(packageOf(fields));
  else if (tag === 'D' && fields.length === 3) lists.dependencies.push(packageOf(fields));
  else {
    const update = tag === 'A' && fields.length === 6 ? availableOf(fields) : undefined;
    if (update) lists.available.push(update);
    return update !== undefined;
  }
  return true;
}

/**
 * What the fingerprint is the SHA-256 of. A snapshot's name is the time of the scan: with it in, no two scans would be alike. Of several
 * snapshots that offer the same, whichever was stored first serves.
 */
export function fingerprintText(facts: FleetFacts): string {
  const { snapshot: _time, ...rest } = facts;
  return factsText(rest);
}

/** Writes the list that `parseFacts` reads: sorted, so that equal nodes have equal fingerprints. */
export function factsText(facts: FleetFacts): string {
  const single = Object.entries(SINGLE).flatMap(([tag, field]) => (facts[field] === undefined ? [] : [`${tag}\t${facts[field]}`]));
  const lines = [
    ...single,
    ...(facts.channels ?? []).map((channel) => `C\t${channel}`),
    ...(facts.modules ?? []).map((module) => `M\t${module}`),
    ...facts.installed.map(installedLine),
    ...facts.available.map(
      (item) => `A\t${item.name}\t${dash(item.arch)}\t${dash(item.version)}\t${item.kind}\t${item.severity}\t${dash(item.advisories.join(','))}`,
    ),
    ...facts.dependencies.map((item) => `D\t${item.name}\t${dash(item.arch)}\t${dash(item.version)}`),
  ];
  return `${lines.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0)).join('\n')}\n`;
}

function installedLine(item: Package): string {
  const source = item.sourceVersion === undefined ? '' : `\t${item.sourceVersion}`;
  return `I\t${item.name}\t${dash(item.arch)}\t${dash(item.version)}\t${item.source ?? '-'}${source}`;
}

function packageOf([name = '', arch = '', version = '', source, sourceVersion]: string[]): Package {
  const base = { name, arch: undash(arch), version: undash(version) };
  return {
    ...base,
    ...(source === undefined || source === '-' ? {} : { source }),
    ...(sourceVersion === undefined || sourceVersion === '-' ? {} : { sourceVersion }),
  };
}

function availableOf([name, arch, version, kind, severity, advisories]: string[]): Available | undefined {
  const update = Available.safeParse({
    name,
    arch: undash(arch),
    version: undash(version),
    kind: Kind.safeParse(kind).data,
    severity: Severity.safeParse(severity).data,
    advisories: advisories === '-' ? [] : (advisories ?? '').split(','),
  });
  return update.success ? update.data : undefined;
}

function dash(field: string): string {
  return field || '-';
}

function undash(field = ''): string {
  return field === '-' ? '' : field;
}

/** Whether a text names a platform that the model knows the form of. */
export function isPlatform(text: string): boolean {
  return Platform.safeParse(text).success;
}
