/**
 * `npm run bench [-- --json]`: how quick parsing, matching and comparing are on this machine, beside a public tool where one reads the
 * same data. Never a test: what a machine needs for it depends on who else works on it.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { hasSamples, writeUpdateinfo } from './inputs.ts';
import type { Cell, Measured } from './measures.ts';

interface Line {
  what: string;
  result: number;
  unit: string;
  /** MB. */
  peakRss: number;
  /** What is promised: at least so much, or at most (`< 2`). */
  promised?: string;
  beside?: string;
}

const SIZES = [10, 40, 160];

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'wavelock-bench-'));
  try {
    const program = join(folder, 'measures.cjs');
    await build({
      entryPoints: ['test/bench/measures.ts'],
      bundle: true,
      platform: 'node',
      target: 'node20',
      format: 'cjs',
      outfile: program,
      logLevel: 'error',
    });
    const measure = (...args: string[]): Measured => JSON.parse(execFileSync(process.execPath, [program, ...args], { encoding: 'utf8' })) as Measured;
    const lines = [...(await parsing(folder, measure)), ...osv(measure), ...comparing(measure)];
    const matching = measure('matching');
    const cells = matching.cells ?? [];
    const data = hasSamples ? 'real samples' : 'made data of the same shape';
    if (process.argv.includes('--json'))
      print(
        JSON.stringify(
          { data, cpu: cpus()[0]?.model, node: process.version, updateinfo: XML_LEGEND, lines, matching: { cells, peakRss: matching.peakRss } },
          null,
          2,
        ),
      );
    else
      print(
        [
          `${data}, Node.js ${process.version}, ${cpus()[0]?.model}`,
          '',
          ...table(lines),
          XML_LEGEND,
          '',
          ...matchingTable(cells, matching.peakRss),
        ].join('\n'),
      );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

type Measure = (...args: string[]) => Measured;

async function parsing(folder: string, measure: Measure): Promise<Line[]> {
  const lines: Line[] = [];
  for (const size of SIZES) {
    const path = join(folder, `updateinfo-${size}.xml.gz`);
    const { bytes, updates } = await writeUpdateinfo(path, size);
    const ours = measure('updateinfo', path);
    expectAll(ours.count, updates);
    const others =
      size === 160
        ? []
        : [
            ['saxes', 'saxes'],
            ['fast-xml-parser', 'fastXml'],
          ].map(([name = '', work = '']) => ({ name, measured: measure(work, path) }));
    for (const { measured } of others) expectAll(measured.count, updates);
    const line = (what: string, cpuOf: (measured: Measured) => number): Line => ({
      what: `updateinfo, ${size} MB of XML, ${what}`,
      result: bytes / 1e6 / cpuOf(ours),
      unit: 'MB/s',
      peakRss: ours.peakRss,
      promised: '40, RSS < 200',
      beside: others.map(({ name, measured }) => `${name} ${shown(bytes / 1e6 / cpuOf(measured))} MB/s, ${shown(measured.peakRss)} MB`).join('; '),
    });
    lines.push(
      line('cold', ({ cpu }) => cpu),
      line('loaded', ({ cpu, again }) => again?.cpu ?? cpu),
    );
  }
  return lines;
}

const XML_LEGEND =
  "updateinfo: from compressed bytes to checked advisories, a second of one core's time (of all threads together); cold is the first reading of a new process, as in a Lambda that starts (modules are loaded, nothing is compiled), loaded the median of three more; beside: parsing only, of the same file";

function osv(measure: Measure): Line[] {
  const { count, seconds, peakRss } = measure('osv');
  return [{ what: `OSV, ${count} records`, result: count / seconds, unit: 'records/s', peakRss, promised: '2,000, RSS < 200' }];
}

function comparing(measure: Measure): Line[] {
  return (['rpm', 'deb'] as const).map((kind) => {
    const { count, seconds, peakRss } = measure(kind === 'rpm' ? 'compareRpm' : 'compareDeb');
    return { what: `versions of ${kind} compared`, result: count / seconds, unit: 'pairs/s', peakRss };
  });
}

/** A bench that reads half of its input would be quick. */
function expectAll(count: number, wanted: number): void {
  if (count !== wanted) throw new Error(`${count} of ${wanted} were read`);
}

function table(lines: readonly Line[]): string[] {
  return rows([
    ['', 'result', '', 'peak RSS', 'promised', 'beside'],
    ...lines.map(({ what, result, unit, peakRss, promised = '', beside = '' }) => [
      what,
      shown(result),
      unit,
      `${shown(peakRss)} MB`,
      promised,
      beside,
    ]),
  ]);
}

/** Matching by size: what it costs for each inventory and advisory must not grow with their number. */
function matchingTable(cells: readonly Cell[], peakRss: number): string[] {
  const head = ['advisories', 'inventories', 'seconds', 'CPU seconds', 'matches on 10,000 nodes', 'CPU ms an inventory'];
  const body = cells.map((cell) => [
    shown(cell.advisories),
    shown(cell.inventories),
    cell.seconds.toFixed(3),
    cell.cpu.toFixed(3),
    shown(cell.matches),
    ((1_000 * cell.cpu) / cell.inventories).toFixed(2),
  ]);
  return [
    `matching 10,000 nodes of 500 packages, once loaded (promised: < 2 s for 200 inventories and 3,237 advisories; peak RSS ${shown(peakRss)} MB)`,
    ...rows([head, ...body]),
  ];
}

function rows(cells: readonly string[][]): string[] {
  const widths = (cells[0] ?? []).map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  return cells.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

function shown(number: number): string {
  return Math.round(number).toLocaleString('en-US');
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

// A fleet's whole intake takes minutes: only when it is asked for.
if (process.argv.includes('intake')) await (await import('./intake.ts')).intake(process.argv.slice(2));
else await main();
