/** What a run is given: files read and checked, all problems at once, before anything is started. */
import { checkFeedsFolder } from '../files/feeds.ts';
import { expandEntry } from '../../local/fleet/nodes.ts';
import { nodesOf } from '../files/fleet-nodes.ts';
import { readFleetFile } from '../files/fleet.ts';
import { checkSelections, readPolicyFile } from '../files/policy.ts';
import { failIfAny, fileProblem, InputErrors } from '../files/problems.ts';
import { readScenario } from '../files/scenario.ts';
import { nextPlan } from '../../lambdas/core/calendar.ts';
import type { Problem } from '../files/problems.ts';
import type { Policy, PolicyFile } from '../../lambdas/core/model.ts';
import type { FleetFile, Scenario } from '../../local/fleet/types.ts';

export interface RunOptions {
  fleet: string;
  policy: string;
  feeds: string;
  scenario?: string;
  only?: string;
  at?: string;
  seed: string;
  out: string;
  json?: boolean;
}

export interface RunInput {
  fleet: FleetFile;
  policyFile: PolicyFile;
  policyPath: string;
  policyText: string;
  policy: Policy;
  scenario: Scenario | undefined;
  scenarioName: string;
  feeds: string;
  /** When the policy's plan is made, and when the world begins, ms. */
  plannedFor: number;
  start: number;
  seed: number;
}

const DEMO_POLICY = 'demo/policy.yaml';
const DEMO_FLEET = 'demo/fleet.yaml';
/** The demo's calendar does not move with the reader's. */
const DEMO_FROM = Date.UTC(2026, 11, 1);
const DAY_MS = 86_400_000;
/** Five o'clock UTC: when the stack's own schedule looks at the fleet, so that a run begins with it. */
const INTAKE_HOUR_MS = 5 * 3_600_000;

/** Reads everything that the options name. Throws `InputErrors` with every problem of every file. */
export function readInput(options: RunOptions): RunInput {
  const from = startDate(options);
  const collected: Problem[] = [];
  const today = new Date(from).toISOString().slice(0, 10);
  const policy = collect(collected, () => readPolicyFile(options.policy, today));
  const fleet = collect(collected, () => readFleetFile(options.fleet).fleet);
  collect(collected, () => checkFeedsFolder(options.feeds));
  const scenarioPath = scenarioFile(options);
  const scenario = scenarioPath === undefined ? undefined : collect(collected, () => readScenario(scenarioPath, fleet).scenario);
  const chosen = fleet && collect(collected, () => onlyNodes(fleet, options));
  if (policy && chosen) collect(collected, () => checkSelections(policy, nodesOf(chosen)));
  const first = policy?.policy.policies[0];
  const planned = first?.plan && nextPlan(first.plan, from);
  if (first && planned === undefined) collected.push(fileProblem(options.policy, `policies.${first.name}.plan never comes`));
  failIfAny(collected);
  if (!policy || !chosen || !first || planned === undefined) throw new Error('input without problems must be complete');
  return {
    fleet: chosen,
    policyFile: policy.policy,
    policyPath: options.policy,
    policyText: policy.text,
    policy: first,
    scenario,
    scenarioName: options.scenario ?? (isDemo(options) ? 'demo' : 'none'),
    feeds: options.feeds,
    plannedFor: planned,
    start: intakeBefore(planned),
    seed: Number.parseInt(options.seed, 10) || 1,
  };
}

function isDemo(options: RunOptions): boolean {
  return options.fleet === DEMO_FLEET && options.policy === DEMO_POLICY;
}

function startDate({ at, policy }: RunOptions): number {
  if (at === undefined) return policy === DEMO_POLICY ? DEMO_FROM : Date.now();
  const date = Date.parse(at);
  if (Number.isNaN(date)) throw new InputErrors([fileProblem('--at', `"${at}" is no ISO date`, 'for example 2026-12-01')]);
  return date;
}

/** A minute before the daily look at the fleet that precedes the plan. */
function intakeBefore(planned: number): number {
  const sameDay = Math.floor(planned / DAY_MS) * DAY_MS + INTAKE_HOUR_MS;
  return (sameDay < planned ? sameDay : sameDay - DAY_MS) - 60_000;
}

/** The demo goes wrong a little by itself; with another fleet or policy only what is asked for goes wrong. */
function scenarioFile(options: RunOptions): string | undefined {
  const name = options.scenario ?? (isDemo(options) ? 'demo' : 'none');
  if (name === 'none') return undefined;
  return /\.ya?ml$/.test(name) ? name : `demo/scenarios/${name}.yaml`;
}

function onlyNodes(fleet: FleetFile, { only, fleet: path }: RunOptions): FleetFile {
  if (only === undefined) return fleet;
  const wanted = only.split(',').map((id) => id.trim()).filter((id) => id !== '');
  const nodes = nodesOf(fleet);
  const unknown = wanted.filter((id) => !nodes.some((node) => node.id === id || node.name === id));
  if (unknown.length > 0 || wanted.length === 0) throw new InputErrors([fileProblem('--only', `${path} has no node ${unknown.join(', ') || '(none given)'}`, 'ids or names, separated by commas')]);
  const kept = new Set(nodes.filter((node) => wanted.includes(node.id) || wanted.includes(node.name)).map((node) => node.id));
  return { ...fleet, nodes: fleet.nodes.flatMap(expandEntry).filter((entry) => kept.has(entry.id)) };
}

/** Runs one reader; its problems are kept so that all files are checked before anything is said. */
export function collect<T>(problems: Problem[], read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof InputErrors)) throw error;
    problems.push(...error.problems);
    return undefined;
  }
}
