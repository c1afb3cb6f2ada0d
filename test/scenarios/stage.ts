/** A scenario test's stage: the demo's fleet and policy as `wavelock run` reads them, in this test file's own process. One at a time. */
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readInput } from '../../cli/run/input.ts';
import { openHub } from '../../cli/run/record.ts';
import { openStage } from '../../cli/run/stage.ts';
import { ASSEMBLY } from '../assembly.ts';
import { snapshot } from './truth.ts';
import type { RunDocument, RunExtra, WorldMessage } from '../../cli/run/messages.ts';
import type { Stage, WorldConfig } from '../../cli/run/stage.ts';
import type { Record as WavelockRecord } from '../../lambdas/aws/record.ts';
import type { RolloutResult } from '../../lambdas/core/result.ts';
import type { Installed } from './truth.ts';

export interface Scene extends Stage {
  config: WorldConfig;
  record: WavelockRecord;
  /** Everything that the world told so far. */
  messages: WorldMessage[];
  /** What every host had installed before anything ran. */
  before: Installed;
  /** Lets the rollout run to its end or to where it waits for a person. */
  run(): Promise<Told>;
}

/** What a run tells at its end. */
export interface Told {
  document: RunDocument;
  result: RolloutResult | undefined;
  extra: RunExtra;
}

/** As `configOf`, with the demo's nodes of one platform only: what a scenario is about shows on a quarter of the fleet, in a quarter of the time. */
export function platformConfigOf(scenario: string, platform: string): WorldConfig {
  const config = configOf(scenario);
  const { inventories, nodes } = config.fleet;
  return { ...config, fleet: { ...config.fleet, nodes: nodes.filter((node) => inventories[node.inventory]?.platform.startsWith(platform)) } };
}

/** What `wavelock run --scenario NAME` gives its world. */
export function configOf(scenario: string): WorldConfig {
  const options = { fleet: 'demo/fleet.yaml', policy: 'demo/policy.yaml', feeds: 'demo/feeds', scenario, seed: '1', out: 'out' };
  const input = readInput(options);
  return {
    assembly: ASSEMBLY,
    fleet: input.fleet,
    ...(input.scenario ? { scenario: input.scenario } : {}),
    people: input.policyFile.people,
    policy: input.policy.name,
    plannedFor: input.plannedFor,
    others: input.policyFile.policies.slice(1).map(({ name }) => name),
    start: input.start,
    feeds: input.feeds,
    seed: input.seed,
  };
}

export async function openScene(config: WorldConfig): Promise<Scene> {
  const messages: WorldMessage[] = [];
  const stage = await openStage(config, (message) => void messages.push(message));
  const { record } = openHub(stage.cloud);
  return {
    ...stage,
    config,
    record,
    messages,
    before: snapshot(stage.cloud),
    async run() {
      await stage.playOut();
      return stage.observer.ended();
    },
  };
}

/** The first of them, or an error that says what is missing. */
export function found<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`there is no ${what}`);
  return value;
}

/** Copies the assembly and changes every file of a kind that `edit` changes. Fails when it changed none: the test would test nothing. */
export function editedAssembly(directory: string, kind: RegExp, edit: (text: string, file: string) => string): string {
  cpSync(ASSEMBLY, directory, { recursive: true });
  let changed = 0;
  for (const file of readdirSync(directory).filter((name) => kind.test(name))) {
    const text = readFileSync(join(directory, file), 'utf8');
    const after = edit(text, file);
    if (after !== text) changed += 1;
    writeFileSync(join(directory, file), after);
  }
  if (changed === 0) throw new Error(`nothing in ${ASSEMBLY} was changed: what the test breaks is written differently now`);
  return directory;
}
