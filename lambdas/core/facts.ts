/**
 * The full list that a scan prints once per distinct fingerprint: tab-separated lines, sorted bytewise, gzip+base64 on the wire.
 *
 *   P  platform                                           one line
 *   R  releasever                                         AL2023 only
 *   I  name  arch  version  source|-                      installed
 *   A  name  arch  version  kind  severity  advisories|-  available update of something installed (advisories comma-separated)
 *   D  name  arch  version                                new package that the whole upgrade would pull in
 *
 * An empty field is written `-`: on Windows `I` and `A` carry the KB as name and `-` as arch and version.
 * The fingerprint is the SHA-256 of exactly this text.
 */
import { Available, FleetFacts, Kind, Platform, Severity } from './model.ts';
import type { Package } from './model.ts';

/** Parses a scan's list. Lines of unknown form make the whole list unusable (`undefined`): half a list would hide packages. */
export function parseFacts(text: string): FleetFacts | undefined {
  const installed: Package[] = [];
  const available: Available[] = [];
  const dependencies: Package[] = [];
  let platform: string | undefined;
  let releasever: string | undefined;
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const [tag, ...fields] = line.split('\t');
    if (tag === 'P' && fields.length === 1) platform = fields[0];
    else if (tag === 'R' && fields.length === 1) releasever = fields[0];
    else if (tag === 'I' && fields.length === 4) installed.push(packageOf(fields));
    else if (tag === 'D' && fields.length === 3) dependencies.push(packageOf(fields));
    else if (tag === 'A' && fields.length === 6) {
      const update = availableOf(fields);
      if (!update) return undefined;
      available.push(update);
    } else return undefined;
  }
  const facts = FleetFacts.safeParse({ platform, installed, available, dependencies, releasever });
  return facts.success ? facts.data : undefined;
}

/** Writes the list that `parseFacts` reads: sorted, so that equal nodes have equal fingerprints. */
export function factsText(facts: FleetFacts): string {
  const lines = [
    `P\t${facts.platform}`,
    ...(facts.releasever === undefined ? [] : [`R\t${facts.releasever}`]),
    ...facts.installed.map((item) => `I\t${item.name}\t${dash(item.arch)}\t${dash(item.version)}\t${item.source ?? '-'}`),
    ...facts.available.map(
      (item) => `A\t${item.name}\t${dash(item.arch)}\t${dash(item.version)}\t${item.kind}\t${item.severity}\t${dash(item.advisories.join(','))}`,
    ),
    ...facts.dependencies.map((item) => `D\t${item.name}\t${dash(item.arch)}\t${dash(item.version)}`),
  ];
  return `${lines.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0)).join('\n')}\n`;
}

function packageOf([name = '', arch = '', version = '', source]: string[]): Package {
  const base = { name, arch: undash(arch), version: undash(version) };
  return source === undefined || source === '-' ? base : { ...base, source };
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
