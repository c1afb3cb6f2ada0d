import type { Json } from '../json.ts';
import { readEventPattern, type EventPattern } from './event-pattern.ts';
import type { RetryPolicy } from './delivery.ts';
import type { InputSettings } from './event-input.ts';
import { arnParts, retryProblem } from './delivery.ts';

/** What the buses of all locations hold, and what a rule may look like. */

/** An event as targets see it (EventBridge User Guide, "Events"). */
export interface BusEvent extends Json {
  version: '0';
  id: string;
  source: string;
  'detail-type': string;
  account: string;
  /** ISO 8601, whole seconds */
  time: string;
  region: string;
  resources: string[];
  detail: Json;
}

export interface Target extends InputSettings {
  Id: string;
  Arn: string;
  RoleArn?: string;
  DeadLetterConfig?: { Arn?: string };
  RetryPolicy?: RetryPolicy;
}

export interface RuleSettings {
  Name: string;
  /** Object or JSON text */
  EventPattern?: unknown;
  ScheduleExpression?: string;
  State?: string;
  Description?: string;
}

export interface Rule extends RuleSettings {
  arn: string;
  bus: Bus;
  State: 'ENABLED' | 'DISABLED';
  matches: EventPattern | undefined;
  targets: Map<string, Target>;
}

export interface Bus {
  account: string;
  region: string;
  name: string;
  arn: string;
  /** Statements by Sid, as EventBusPolicy resources add them. */
  policy: { Version: '2012-10-17'; Statement: Json[] } | undefined;
  rules: Map<string, Rule>;
}

/** @returns a bus without rules; every location has one named `default` from the start */
export function newBus(account: string, region: string, name: string): Bus {
  return { account, region, name, arn: `arn:aws:events:${region}:${account}:event-bus/${name}`, policy: undefined, rules: new Map() };
}

/** ARN of a rule (Service Authorization Reference, EventBridge): the default bus doesn't appear in it. */
export function ruleArn(bus: Bus, name: string): string {
  return `arn:aws:events:${bus.region}:${bus.account}:rule/${bus.name === 'default' ? '' : `${bus.name}/`}${name}`;
}

/** EventBridge User Guide, "Quotas". */
const longestPattern = 2_048;

function patternLength(pattern: unknown): number {
  return pattern === undefined ? 0 : (typeof pattern === 'string' ? pattern : JSON.stringify(pattern)).length;
}

/**
 * Checks and makes a rule; an existing rule of the name keeps its targets, as PutRule does.
 *
 * @throws Error that says what is not understood
 */
export function makeRule(bus: Bus, settings: RuleSettings): Rule {
  const { State = 'ENABLED' } = settings;
  if (State !== 'ENABLED' && State !== 'DISABLED') throw new Error(`State ${State} of rule ${settings.Name} is not known to the embedded AWS`);
  if (!/^[.\-_A-Za-z0-9]{1,64}$/.test(settings.Name)) throw new Error(`Name of rule ${settings.Name} must match [.\\-_A-Za-z0-9]+`);
  if (patternLength(settings.EventPattern) > longestPattern) {
    throw new Error(`The event pattern of rule ${settings.Name} has more than ${longestPattern} characters`);
  }
  if (settings.EventPattern === undefined && settings.ScheduleExpression === undefined) {
    throw new Error(`Rule ${settings.Name} needs an EventPattern or a ScheduleExpression`);
  }
  if (settings.ScheduleExpression !== undefined && bus.name !== 'default') {
    throw new Error(`Rule ${settings.Name}: ScheduleExpression is supported only on the default event bus`);
  }
  return {
    ...settings,
    State,
    bus,
    arn: ruleArn(bus, settings.Name),
    matches: settings.EventPattern === undefined ? undefined : readEventPattern(settings.EventPattern),
    targets: bus.rules.get(settings.Name)?.targets ?? new Map(),
  };
}

const kinds: Record<string, RegExp> = {
  lambda: /^function:/,
  states: /^stateMachine:/,
  sqs: /^[^:]+$/,
  events: /^event-bus\//,
};

/** The most targets of one rule (EventBridge User Guide, "Quotas"). */
const mostTargets = 5;

/** @throws Error when a target is of a kind that the embedded AWS doesn't deliver to, or lacks what AWS demands */
export function checkTarget(rule: Rule, target: Target): void {
  const { service, resource } = arnParts(target.Arn);
  if (!kinds[service]?.test(resource)) throw new Error(`Target ${target.Arn} of rule ${rule.Name} is of a kind not known to the embedded AWS`);
  if ((service === 'states' || service === 'events') && target.RoleArn === undefined) {
    throw new Error(`RoleArn is required for target ${target.Arn}.`);
  }
  // AWS refuses this for a bus of another account; for one's own a transformed event would no longer be the origin's.
  if (service === 'events' && (target.Input ?? target.InputPath ?? target.InputTransformer) !== undefined) {
    throw new Error(`Target ${target.Arn} of rule ${rule.Name}: input of a target that is an event bus can't be changed`);
  }
  if (!/^[.\-_A-Za-z0-9]{1,64}$/.test(target.Id)) throw new Error(`Target id ${target.Id} of rule ${rule.Name} must match [.\\-_A-Za-z0-9]+`);
  const problem = retryProblem(target.RetryPolicy);
  if (problem !== undefined) throw new Error(`RetryPolicy of target ${target.Id} of rule ${rule.Name}: ${problem}`);
  if (!rule.targets.has(target.Id) && rule.targets.size >= mostTargets) {
    throw new Error(`Rule ${rule.Name} has more than ${mostTargets} targets`);
  }
}
