/**
 * `npm run bench -- intake`: a whole intake of ten thousand nodes, each function in a process of its own as it is deployed, against the
 * embedded AWS whose DynamoDB answers as late as AWS's. Says for each what it took, and whether that fits Lambda's limits twice.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { synthesise } from '../../cli/run/synth.ts';
import { parseLocation } from '../../lambdas/core/model.ts';
import { almaLinuxAdvisories, hasSamples } from './inputs.ts';
import { factsLists, fleetFile, POLICY, storeKnowledge, storeScans } from './intake-fleet.ts';
import { endWave } from './intake-rollout.ts';
import { LATENCY_MS, openWorld } from './intake-world.ts';
import { Plan } from '../../lambdas/core/plan.ts';
import type { FleetFacts } from '../../lambdas/core/model.ts';
import type { BenchWorld, Took } from './intake-world.ts';

/** Half of what Lambda and DynamoDB allow: 900 s, 400 KB. */
const MOST_SECONDS = 450;
const MOST_ITEM = 200_000;

interface Size {
  nodes: number;
  lists: number;
}

/** Runs it all and prints a table; with `--json` every figure. `nodes=2000` and `lists=50` make it smaller. */
export async function intake(options: readonly string[]): Promise<void> {
  const size: Size = { nodes: numberOf(options, 'nodes', 10_000), lists: numberOf(options, 'lists', 200) };
  const folder = mkdtempSync(join(tmpdir(), 'wavelock-intake-'));
  try {
    const took = await measure(size, folder);
    const head = `${size.nodes} nodes, ${size.lists} lists of 500 packages, ${hasSamples ? 'real' : 'made'} advisories of AlmaLinux 8; ${LATENCY_MS} ms a call of DynamoDB; Node.js ${process.version}, ${cpus()[0]?.model}`;
    print(options.includes('--json') ? JSON.stringify({ size, took }, null, 2) : [head, '', ...table(took)].join('\n'));
    // In real time the simulated nodes' heartbeats would go on for ever.
    process.exitCode = took.some(({ took: one }) => problemsOf(one).length > 0) ? 1 : 0;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  process.exit();
}

interface Line {
  occasion: string;
  took: Took;
}

async function measure(size: Size, folder: string): Promise<Line[]> {
  const fleet = fleetFile(size.nodes);
  const [policy, assembly] = [join(folder, 'policy.yaml'), join(folder, 'cdk.out')];
  writeFileSync(policy, POLICY);
  await synthesise({ locations: fleet.locations, policy, directory: assembly });
  const advisories = await almaLinuxAdvisories();
  const lists = factsLists(advisories, size.lists);
  const world = await openWorld(assembly, fleet, folder);
  try {
    await storeKnowledge(world, advisories);
    const bench = new Bench(world, fleet.locations);
    await bench.look('first', lists.before);
    await bench.look('unchanged', undefined);
    await bench.look('patched', lists.after);
    await bench.rollout();
    return bench.lines;
  } finally {
    await world.stop();
  }
}

class Bench {
  readonly lines: Line[] = [];

  constructor(
    private readonly world: BenchWorld,
    private readonly locations: readonly string[],
  ) {}

  /** A whole look at the fleet. `lists`: what scans find on nodes; absent: what they found before. */
  async look(occasion: string, lists: readonly FleetFacts[] | undefined): Promise<void> {
    const { world } = this;
    this.note(occasion, await world.invoke('LayOutScan', { execution: `bench-${occasion}`, maxAgeHours: 0 }));
    if (lists) await storeScans(world, this.locations.map(parseLocation), lists);
    this.note(occasion, await world.invoke('PickFeeds', { scope: 'all', since: new Date().toISOString() }));
    this.note(occasion, await world.invoke('CloseIntake', { scan: `scan-bench-${occasion}` }));
    this.note(occasion, await world.invoke('StartRollouts', { scan: `scan-bench-${occasion}` }));
  }

  /** A rollout over all of them: every function that holds a plan, a wave or its outcomes. */
  async rollout(): Promise<void> {
    const { world } = this;
    const planned = this.note(
      'rollout',
      await world.invoke('PlanRollout', { policy: 'monthly', scheduledFor: '2026-11-23T09:00:00.000Z', execution: 'bench' }),
    );
    const { rollout } = planned.answer as { rollout: string };
    const plan = Plan.parse(await world.store.getJson((await world.record.rollout(rollout)).planKey ?? ''));
    for (const { name, nodes } of plan.waves) {
      const opened = this.note(name, await world.invoke('OpenWave', { rollout, wave: name }));
      const { lock } = opened.answer as { lock: string };
      const round = this.note(name, await world.invoke('LayOutRound', { rollout, wave: name, phase: 'patch' }));
      const [track = { key: '', batches: 0 }] = (await world.store.getJson((round.answer as { key: string }).key)) as {
        key: string;
        batches: number;
      }[];
      await endWave(world, this.locations, { rollout, wave: name, lock, nodes: new Set(nodes.map(({ id }) => id)) });
      this.note(name, await world.invoke('AdmitBatch', { track, index: 0 }));
      this.note(name, await world.invoke('LayOutRound', { rollout, wave: name, phase: 'patch' }));
      this.note(name, await world.invoke('JudgeWave', { rollout, wave: name, phase: 'patch' }));
    }
    this.note('rollout', await world.invoke('CloseRollout', { rollout }));
  }

  private note(occasion: string, took: Took): Took {
    process.stderr.write(`${occasion} ${took.name}: ${JSON.stringify(took)}\n`);
    this.lines.push({ occasion, took });
    return took;
  }
}

function table(lines: readonly Line[]): string[] {
  const head = [
    '',
    'function',
    'wall s',
    'CPU s',
    'reckoned s',
    'peak MB',
    'of MB',
    'DynamoDB calls',
    'at once',
    'read units',
    'write units',
    'S3 read MB',
    'S3 written MB',
    '',
  ];
  const body = lines.map(({ occasion, took }) => {
    const { meter } = took;
    const calls = Object.entries(meter.dynamodb)
      .map(([name, count]) => `${name} ${count}`)
      .join(', ');
    return [
      occasion,
      took.name,
      took.seconds.toFixed(1),
      took.cpu.toFixed(1),
      took.reckoned.toFixed(1),
      took.peakRss.toFixed(0),
      String(took.memoryMb),
      calls,
      meter.atOnce.toFixed(1),
      meter.readUnits.toFixed(0),
      meter.writeUnits.toFixed(0),
      (meter.s3.read / 1e6).toFixed(1),
      (meter.s3.written / 1e6).toFixed(1),
      problemsOf(took).join(', '),
    ];
  });
  const rows = [head, ...body];
  const widths = head.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

function problemsOf({ error, reckoned, peakRss, memoryMb, meter }: Took): string[] {
  return [
    ...(error === undefined ? [] : [error.slice(0, 200)]),
    ...(reckoned > MOST_SECONDS ? [`over ${MOST_SECONDS} s`] : []),
    ...(peakRss > memoryMb / 2 ? ['over half of its memory'] : []),
    ...(meter.largestItem > MOST_ITEM ? [`an item of ${meter.largestItem} bytes`] : []),
  ];
}

function numberOf(options: readonly string[], name: string, otherwise: number): number {
  const text = options.find((option) => option.startsWith(`${name}=`))?.slice(name.length + 1);
  return text === undefined ? otherwise : Number(text);
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
