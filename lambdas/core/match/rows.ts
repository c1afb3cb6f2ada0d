/** Which rows of an advisory speak of an installed package, and which of them counts. */
import type { Advisory } from '../advisory.ts';
import { compareRead } from '../versions/compare.ts';
import { compareWithoutEpoch, compareWithoutRelease } from '../versions/rpm.ts';
import type { Version } from '../versions/compare.ts';
import type { Sign } from '../versions/sign.ts';
import type { Item } from './items.ts';
import type { Row } from './knowledge.ts';
import { followsStream, sameUpstream, streamsOf } from './modules.ts';
import type { Streams } from './modules.ts';

const ARCH_NAMES: Record<string, string> = { amd64: 'x86_64', arm64: 'aarch64', all: 'noarch' };

function plainArch(arch: string): string {
  return ARCH_NAMES[arch] ?? arch;
}

/** A package may move between noarch and the machine's own architecture from one version to the next. Where nobody says which, it is the machine's. */
export function sameArch(row: string | undefined, item: string, platform: string): boolean {
  if (row === undefined || row === item) return true;
  const wanted = plainArch(row);
  const own = plainArch(item || platform);
  if (wanted === own) return true;
  const isLoose = (arch: string): boolean => arch === 'noarch' || arch === plainArch(platform);
  return isLoose(wanted) && isLoose(own);
}

/** How an installed package stands to a row: -1 is older than the fix. `undefined`: it cannot be told. */
export function compareToRow(item: Item, row: Row): Sign | undefined {
  return row.version && compareTo(item, row.kind, row.version);
}

/** Whether a row speaks of the version that is installed. Where its bounds cannot be compared, it is taken to. */
export function speaksOf(item: Item, { kind, from, upTo }: Row): boolean {
  return !(from && compareTo(item, kind, from) === -1) && !(upTo && compareTo(item, kind, upTo) === 1);
}

function compareTo(item: Item, kind: Row['kind'], version: Version): Sign | undefined {
  const own = kind === 'source' ? item.readSource : item.read;
  if (own === undefined) return item.partial?.kind === 'rpm' && version.kind === 'rpm' ? compareWithoutRelease(item.partial, version) : undefined;
  if (kind === 'source' && item.epochless && own.kind === 'rpm' && version.kind === 'rpm') return compareWithoutEpoch(own, version);
  return compareRead(own, version);
}

/** Of several rows that fit, the highest fix is what has to be reached; one without fix, or of an unreadable version, outweighs them. */
export function highest(rows: readonly Row[]): Row | undefined {
  const [first, ...others] = rows;
  return others.reduce((best, next) => (outweighs(best, next) ? best : next), first);
}

function outweighs(a: Row | undefined, b: Row): boolean {
  if (a === undefined || b.fixedVersion === null) return false;
  if (a.fixedVersion === null || a.version === undefined) return true;
  if (b.version === undefined) return false;
  return (compareRead(a.version, b.version) ?? -1) >= 0;
}

/** Whether a fix is of the stream that an installed kernel belongs to. Where one of them cannot be told, it is taken to be. */
export function sameStream(item: Item, row: Row): boolean {
  return row.stream === undefined || item.stream === undefined || row.stream === item.stream;
}

/**
 * The rows that may be compared with an rpm, by stream of kernel and of module and by release. `guess`: the stream of the node's module is
 * not known, and what is installed is of another upstream version, so that nothing can be said but that one of them is of another stream.
 */
export function comparableRows(item: Item, rows: readonly Row[], advisory: Advisory, streams: Streams): { rows: readonly Row[]; guess: boolean } {
  const fitting = ofOwnRelease(item.isKernel ? rows.filter((row) => sameStream(item, row)) : rows);
  if (item.family === undefined) return { rows: fitting.some(isModular) ? fitting.filter((row) => !isModular(row)) : fitting, guess: false };
  return modularRows(item, fitting.filter(isModular), advisory, streams);
}

function isModular(row: Row): boolean {
  return row.family !== undefined || row.module !== undefined;
}

function modularRows(item: Item, rows: readonly Row[], advisory: Advisory, streams: Streams): { rows: readonly Row[]; guess: boolean } {
  const named = streamsOf(advisory);
  const unsure: Row[] = [];
  const sure = rows.filter((row) => {
    const answer = followsStream(row.module === undefined ? named : [row.module], streams);
    if (answer === undefined) unsure.push(row);
    return answer === true;
  });
  if (sure.length > 0) return { rows: ofOwnBuild(item, sure), guess: false };
  const likely = unsure.filter(
    (row) => row.fixedVersion === null || sameUpstream(row.fixedVersion, row.kind === 'source' ? (item.sourceVersion ?? item.version) : item.version),
  );
  if (likely.length > 0) return { rows: ofOwnBuild(item, likely), guess: false };
  return { rows: named.length > 0 || unsure.some((row) => row.module !== undefined) ? unsure : [], guess: true };
}

/**
 * A module's record lists a package once for every build of the module that has it. Whoever has one of these very builds has the fix;
 * else the builds of the same family (`module_el8.6.0`) count, where there are any.
 */
function ofOwnBuild(item: Item, rows: readonly Row[]): readonly Row[] {
  const same = rows.filter((row) => row.fixedVersion === item.version);
  if (same.length > 0) return same;
  const family = rows.filter((row) => row.family === item.family);
  return family.length > 0 ? family : rows;
}

/** AlmaLinux lists now and then, for release 8, the builds of 9 and 10 beside its own: those can never be installed there. */
function ofOwnRelease(rows: readonly Row[]): readonly Row[] {
  if (rows.length < 2) return rows;
  const own = rows.filter((row) => {
    const tag = /\.el(\d+)/.exec(row.fixedVersion ?? '')?.[1];
    return tag === undefined || tag === row.release || row.release.startsWith(`${tag}.`);
  });
  return own.length > 0 ? own : rows;
}
