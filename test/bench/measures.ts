/** One measure in a process of its own, so that its memory is its own: `node measures.cjs <name> [arguments]` prints one line of JSON. */
import { createReadStream, readFileSync } from 'node:fs';
import { createGunzip, gunzipSync } from 'node:zlib';
import { XMLParser } from 'fast-xml-parser';
import { SaxesParser } from 'saxes';
import { createMatcher } from '../../lambdas/core/match/matcher.ts';
import { compareRead, compareVersions, readVersion } from '../../lambdas/core/versions/compare.ts';
import { readAdvisories } from '../../lambdas/feeds/updateinfo-advisory.ts';
import { readRecord } from '../../lambdas/feeds/osv/read.ts';
import { readOsvZip } from '../../lambdas/feeds/osv/zip.ts';
import type { Advisory } from '../../lambdas/core/advisory.ts';
import type { VersionKind } from '../../lambdas/core/versions/compare.ts';
import { NOW, almaLinuxAdvisories, almaLinuxZip, inventories, madeRecords, sequence } from './inputs.ts';

/** What one measure says. Seconds of the clock on the wall, and of one core's work in all threads. */
export interface Measured {
  seconds: number;
  cpu: number;
  /** Of what is counted: updates, records, comparisons. */
  count: number;
  /** MB, the process's highest. */
  peakRss: number;
  /** The same once more in the same process, when its code is compiled: the median of three. */
  again?: { seconds: number; cpu: number };
  cells?: Cell[];
}

/** Matching of one size. */
export interface Cell {
  inventories: number;
  advisories: number;
  seconds: number;
  cpu: number;
  matches: number;
}

const NODES = 10_000;
const PACKAGES = 500;
const COMPARISONS = 1_000_000;

interface Done {
  count: number;
  cells?: Cell[];
  /** When what is measured began; absent: when it was called. */
  since?: Mark;
  /** Of work that is done again: what the first time took, and the others. */
  first?: Spent;
  again?: Spent;
}
type Spent = ReturnType<typeof spent>;
type Work = (argument: string) => Promise<Done>;
interface Mark {
  wall: number;
  cpu: NodeJS.CpuUsage;
}

function mark(): Mark {
  return { wall: performance.now(), cpu: process.cpuUsage() };
}

function spent(since: Mark): { seconds: number; cpu: number } {
  const { user, system } = process.cpuUsage(since.cpu);
  return { seconds: (performance.now() - since.wall) / 1_000, cpu: (user + system) / 1e6 };
}

const dialect = { feed: 'bench', source: 'alas', os: 'amazon-linux', release: '2023', readId: (id: string) => id };
const raw = { key: '', sha256: '0'.repeat(64), url: 'https://example.com/updateinfo.xml.gz' };

const works: Record<string, Work> = {
  updateinfo: (path) =>
    again(async () => {
      let count = 0;
      for await (const reading of readAdvisories(readFileSync(path), dialect, raw, NOW)) if ('item' in reading) count += 1;
      return count;
    }),
  fastXml: (path) =>
    again(() => {
      const parsed = new XMLParser({ ignoreAttributes: false }).parse(gunzipSync(readFileSync(path)).toString()) as {
        updates: { update: unknown[] };
      };
      return Promise.resolve(parsed.updates.update.length);
    }),
  saxes: (path) =>
    again(async () => {
      let count = 0;
      const parser = new SaxesParser({ position: false, xmlns: false });
      parser.on('error', (error) => {
        throw error;
      });
      parser.on('opentag', ({ name }) => {
        if (name === 'update') count += 1;
      });
      const decoder = new TextDecoder('utf-8', { fatal: true });
      for await (const chunk of createReadStream(path).pipe(createGunzip({ chunkSize: 64 * 1_024 })) as AsyncIterable<Buffer>)
        parser.write(decoder.decode(chunk, { stream: true }));
      parser.close();
      return count;
    }),
  async osv() {
    let count = 0;
    if (almaLinuxZip === undefined) {
      const records = madeRecords(6_000);
      const since = mark();
      for (const bytes of records)
        if ('item' in readRecord(bytes, 'made', { url: () => 'https://example.com/', sha256: raw.sha256, now: NOW })) count += 1;
      return { count, since };
    }
    for (let round = 0; round < 2; round += 1) for await (const reading of readOsvZip(almaLinuxZip, NOW)) if ('item' in reading) count += 1;
    return { count };
  },
  async matching() {
    const advisories = await almaLinuxAdvisories();
    const since = mark();
    const cells = [1, 2, 4].flatMap((part) => matchingCells(everyNth(advisories, 4 / part)));
    return { count: cells.reduce((sum, cell) => sum + cell.matches, 0), cells, since };
  },
  compareRpm: () => comparing('rpm'),
  compareDeb: () => comparing('deb'),
};

/** The first time counts what a Lambda pays that starts cold (modules are loaded, and nothing is compiled); then three times more. */
async function again(work: () => Promise<number>): Promise<Done> {
  const tries: Spent[] = [];
  let count = 0;
  for (let round = 0; round < 4; round += 1) {
    const since = mark();
    count = await work();
    tries.push(spent(since));
  }
  const [first, ...others] = tries;
  return { count, ...(first ? { first } : {}), again: others.toSorted((a, b) => a.cpu - b.cpu)[1] ?? { seconds: 0, cpu: 0 } };
}

/** Spread over all kinds of advisories: the first thousand of a vendor's would be bug fixes. */
function everyNth(advisories: readonly Advisory[], step: number): Advisory[] {
  return advisories.filter((_, index) => index % step === 0);
}

function matchingCells(advisories: readonly Advisory[]): Cell[] {
  return [50, 100, 200].map((count) => {
    const distinct = inventories(advisories, count, PACKAGES);
    // The median of three, each with a matcher that has seen nothing.
    const tries = [1, 2, 3].map(() => {
      const match = createMatcher({ advisories });
      const since = mark();
      const found = distinct.map((facts) => match(facts).length);
      let matches = 0;
      for (let node = 0; node < NODES; node += 1) matches += found[node % count] ?? 0;
      return { ...spent(since), matches };
    });
    const [, median = { seconds: 0, cpu: 0, matches: 0 }] = tries.toSorted((a, b) => a.cpu - b.cpu);
    return { inventories: count, advisories: advisories.length, ...median };
  });
}

function comparing(kind: VersionKind): Promise<{ count: number; since: Mark }> {
  const chance = sequence(3);
  const tail = kind === 'rpm' ? () => `${1 + chance(99)}.el8_${chance(10)}` : () => `${1 + chance(9)}ubuntu${chance(20)}.${chance(9)}`;
  const versions = Array.from({ length: 2_000 }, () => `${chance(3) === 0 ? '1:' : ''}${chance(9)}.${chance(40)}.${chance(300)}-${tail()}`);
  const read = versions.flatMap((text) => readVersion(kind, text) ?? []);
  const since = mark();
  let count = 0;
  for (let index = 0; index < COMPARISONS / 2; index += 1) {
    if (compareVersions(kind, versions[index % 2_000] ?? '', versions[(index * 7 + 3) % 2_000] ?? '') !== undefined) count += 1;
    const [a, b] = [read[(index * 3) % 2_000], read[(index * 11 + 5) % 2_000]];
    if (a && b && compareRead(a, b) !== undefined) count += 1;
  }
  return Promise.resolve({ count, since });
}

async function main(): Promise<void> {
  const [name = '', argument = ''] = process.argv.slice(2);
  const work = works[name];
  if (!work) throw new Error(`no measure is called ${name}`);
  const began = mark();
  const { count, cells, since, first, again: repeated } = await work(argument);
  const took = first ?? spent(since ?? began);
  const measured: Measured = {
    ...took,
    count,
    peakRss: process.resourceUsage().maxRSS / 1_024,
    ...(cells ? { cells } : {}),
    ...(repeated ? { again: repeated } : {}),
  };
  process.stdout.write(`${JSON.stringify(measured)}\n`);
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exitCode = 1;
});
