/** What a run is given: files read and checked, all problems at once, before anything is started. */
import { readDate } from '../files/dates.ts';
import { faultOn } from '../../local/fleet/scenario.ts';
import { checkFeedsFolder } from '../files/feeds.ts';
import { expandEntry } from '../../local/fleet/nodes.ts';
import { nodesOf } from '../files/fleet-nodes.ts';
import { readFleetFile } from '../files/fleet.ts';
import { checkHooks } from '../files/hooks.ts';
import { checkSelections, readPolicyFile } from '../files/policy.ts';
import { collect, failIfAny, fileProblem, InputErrors } from '../files/problems.ts';
import { readScenario } from '../files/scenario.ts';
import { scenarioNames, scenarioPath, shipped } from '../files/shipped.ts';
import { checkMaintenanceWindows } from '../files/windows.ts';
import { nextPlan } from '../../lambdas/core/calendar.ts';
import { didYouMean } from '../../lambdas/core/policy/problems.ts';
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
  /** When the policy's plan is made (absent: when an advisory starts it), and when the world begins, ms. */
  plannedFor: number | undefined;
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
  const collected: Problem[] = [];
  const feeds = shipped(options.feeds);
  const fleet = collect(collected, () => readFleetFile(shipped(options.fleet)).fleet);
  collect(collected, () => checkFeedsFolder(feeds));
  const scenario = collect(collected, () => scenarioOf(options, fleet));
  const policyPath = shipped(options.policy === DEMO_POLICY ? (scenario?.policy ?? options.policy) : options.policy);
  const from = collect(collected, () => startDate(options, scenario)) ?? DEMO_FROM;
  const policy = collect(collected, () => readPolicyFile(policyPath, new Date(from).toISOString().slice(0, 10)));
  const chosen = fleet && collect(collected, () => onlyNodes(fleet, options));
  const played = scenario && chosen && collect(collected, () => playedOn(scenario, chosen, options));
  if (policy && chosen) collect(collected, () => checkSelections(policy, nodesOf(chosen)));
  if (policy && fleet) collect(collected, () => checkHooks(policy, fleet));
  if (policy && fleet) collect(collected, () => checkMaintenanceWindows(policy, fleet));
  if (!/^[1-9]\d{0,8}$/.test(options.seed)) collected.push(fileProblem('--seed', `"${options.seed}" is no whole number from 1 on`, 'for example 7'));
  const first = policy?.policy.policies[0];
  const times = first && collect(collected, () => timesOf(first, { from, policyPath, scenario }));
  failIfAny(collected);
  if (!policy || !chosen || !first || !times) throw new Error('input without problems must be complete');
  return {
    fleet: chosen,
    policyFile: policy.policy,
    policyPath,
    policyText: policy.text,
    policy: first,
    scenario: played,
    scenarioName: options.scenario ?? (isDemo(options) ? 'demo' : 'none'),
    feeds,
    ...times,
    seed: Number(options.seed),
  };
}

/** When the plan is made, if a calendar says so, and when the world begins: with the look at the fleet before it, or of that day. */
function timesOf(
  policy: Policy,
  { from, policyPath, scenario }: { from: number; policyPath: string; scenario: Scenario | undefined },
): Pick<RunInput, 'plannedFor' | 'start'> {
  if (policy.startWhen !== undefined && scenario?.story?.some((step) => 'publishes' in step)) {
    if (policy.mode === 'observe') {
      const hint = 'mode: approve asks people first, mode: auto does not';
      throw new InputErrors([
        fileProblem(policyPath, `policies.${policy.name} only observes (mode: observe): an advisory would tell people and start nothing`, hint),
      ]);
    }
    return { plannedFor: undefined, start: Math.floor(from / DAY_MS) * DAY_MS + INTAKE_HOUR_MS - 60_000 };
  }
  if (policy.plan === undefined) {
    const hint = 'npm start -- --scenario zero-day runs one that an advisory starts';
    throw new InputErrors([fileProblem(policyPath, `policies.${policy.name} has no plan: only an advisory starts it, and here none comes`, hint)]);
  }
  const plannedFor = nextPlan(policy.plan, from);
  if (plannedFor === undefined) throw new InputErrors([fileProblem(policyPath, `policies.${policy.name}.plan never comes`)]);
  return { plannedFor, start: intakeBefore(plannedFor) };
}

function isDemo(options: RunOptions): boolean {
  return options.fleet === DEMO_FLEET && options.policy === DEMO_POLICY;
}

function startDate({ at, policy }: RunOptions, scenario: Scenario | undefined): number {
  if (at === undefined && scenario?.begins !== undefined) return Date.parse(scenario.begins);
  if (at === undefined) return policy === DEMO_POLICY ? DEMO_FROM : Date.now();
  return readDate('--at', at);
}

/** A minute before the daily look at the fleet that precedes the plan. */
function intakeBefore(planned: number): number {
  const sameDay = Math.floor(planned / DAY_MS) * DAY_MS + INTAKE_HOUR_MS;
  return (sameDay < planned ? sameDay : sameDay - DAY_MS) - 60_000;
}

/** The demo goes wrong a little by itself; with another fleet or policy only what is asked for goes wrong. Throws `InputErrors`. */
function scenarioOf(options: RunOptions, fleet: FleetFile | undefined): Scenario | undefined {
  const name = options.scenario ?? (isDemo(options) ? 'demo' : 'none');
  if (name === 'none') return undefined;
  if (/\.ya?ml$/.test(name)) return readScenario(shipped(name), fleet).scenario;
  const names = scenarioNames();
  if (names.includes(name)) return readScenario(scenarioPath(name), fleet).scenario;
  const hint = didYouMean(name, names) ?? `there are ${names.join(', ')} and none, or name a .yaml file`;
  throw new InputErrors([fileProblem('--scenario', `there is no scenario "${name}"`, hint)]);
}

/** What would happen to nodes that `--only` leaves out does not. Throws `InputErrors` where nothing is left of a scenario that was asked for. */
function playedOn(scenario: Scenario, fleet: FleetFile, { only, scenario: asked }: RunOptions): Scenario {
  if (only === undefined) return scenario;
  const nodes = nodesOf(fleet).map((node) => ({ ...node, hybrid: node.id.startsWith('mi-') }));
  const faults = scenario.faults.flatMap((fault) => faultOn(fault, nodes));
  if (asked !== undefined && faults.length === 0 && scenario.faults.length > 0)
    throw new InputErrors([fileProblem('--only', `nothing of the scenario ${asked} happens to these nodes`, 'take in those that it is about')]);
  return { ...scenario, faults };
}

function onlyNodes(fleet: FleetFile, { only, fleet: path }: RunOptions): FleetFile {
  if (only === undefined) return fleet;
  const wanted = only
    .split(',')
    .map((id) => id.trim())
    .filter((id) => id !== '');
  const nodes = nodesOf(fleet);
  const unknown = wanted.filter((id) => !nodes.some((node) => node.id === id || node.name === id));
  if (unknown.length > 0 || wanted.length === 0)
    throw new InputErrors([
      fileProblem('--only', `${path} has no node ${unknown.join(', ') || '(none given)'}`, 'ids or names, separated by commas'),
    ]);
  const kept = new Set(nodes.filter((node) => wanted.includes(node.id) || wanted.includes(node.name)).map((node) => node.id));
  return { ...fleet, nodes: fleet.nodes.flatMap(expandEntry).filter((entry) => kept.has(entry.id)) };
}
