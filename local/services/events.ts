import type { Iam } from '../iam/iam.ts';
import { parsePolicy } from '../iam/policy.ts';
import { object, type Json } from '../json.ts';
import { AwsError, type Caller, type Cloud, type Faults, type Service } from '../types.ts';
import { callTarget, deadLetter, deliver, arnParts, type Failure } from './delivery.ts';
import { checkTarget, makeRule, newBus, type Bus, type BusEvent, type Rule, type RuleSettings, type Target } from './event-bus.ts';
import { targetInput } from './event-input.ts';
import { eventOperations } from './event-operations.ts';
import { readTimetable } from './schedule-times.ts';

/** An event on its way in; account, Region, time and id are added. */
export interface NewEvent {
  source: string;
  detailType: string;
  resources: string[];
  detail: unknown;
}

/** Which hops between buses an event has made: AWS lets it make one of each kind. */
interface Hops {
  sameRegion: boolean;
  crossRegion: boolean;
}

export interface Events {
  service: Service;
  /** What AWS services publish, on the default bus of a location: best effort, so that faults may drop, double or delay it. */
  emit(account: string, region: string, event: NewEvent): void;
  /** What PutEvents has accepted: at least once, so that faults may only double or delay it. Answers the event's id. */
  accept(bus: Bus, event: NewEvent & { time?: Date }): string;
  /** The bus by name or ARN; `default` always exists. */
  bus(account: string, region: string, nameOrArn: string | undefined): Bus | undefined;
  buses(account: string, region: string): Bus[];
  createBus(account: string, region: string, name: string): Bus;
  /** Adds a statement to a bus policy, or replaces the one of the same Sid. @throws Error for one that EventBridge refuses */
  putBusPolicy(bus: Bus, statement: Json): void;
  putRule(bus: Bus, settings: RuleSettings): Rule;
  putTarget(rule: Rule, target: Target): void;
}

/**
 * From an event to its targets in ms. AWS: "typically about half a second" (EventBridge FAQ); a constant, so that a run can be repeated.
 */
const latency = 500;

/** Characters of a bus's policy (EventBridge User Guide, "Quotas"). */
const largestPolicy = 10_240;

const principal = 'events.amazonaws.com';

class EventBuses implements Events {
  readonly service: Service = { name: 'events', sdk: '@aws-sdk/client-eventbridge', operations: eventOperations(this) };
  private readonly known = new Map<string, Bus>();
  private readonly cloud: Cloud;
  private readonly iam: Iam;
  private readonly faults: Faults;

  constructor(cloud: Cloud, iam: Iam, faults: Faults) {
    this.cloud = cloud;
    this.iam = iam;
    this.faults = faults;
  }

  bus(account: string, region: string, nameOrArn = 'default'): Bus | undefined {
    const there = nameOrArn.startsWith('arn:') ? arnParts(nameOrArn) : { account, region, resource: `event-bus/${nameOrArn}` };
    const name = there.resource.replace('event-bus/', '');
    const known = this.known.get(`${there.account}/${there.region}/${name}`);
    return known ?? (name === 'default' ? this.createBus(there.account, there.region, name) : undefined);
  }

  buses(account: string, region: string): Bus[] {
    this.bus(account, region);
    return [...this.known.values()].filter((bus) => bus.account === account && bus.region === region);
  }

  createBus(account: string, region: string, name: string): Bus {
    const bus = newBus(account, region, name);
    this.known.set(`${account}/${region}/${name}`, bus);
    return bus;
  }

  putBusPolicy(bus: Bus, statement: Json): void {
    const others = (bus.policy?.Statement ?? []).filter((known) => known.Sid !== statement.Sid);
    const policy = { Version: '2012-10-17' as const, Statement: [...others, statement] };
    parsePolicy(policy, `policy of ${bus.arn}`, 'resource');
    const size = JSON.stringify(policy).length;
    if (size > largestPolicy) {
      throw new AwsError('PolicyLengthExceededException', `The policy of ${bus.arn} has ${size} characters, ${largestPolicy} are allowed`);
    }
    bus.policy = policy;
  }

  putRule(bus: Bus, settings: RuleSettings): Rule {
    const rule = makeRule(bus, settings);
    bus.rules.set(rule.Name, rule);
    if (rule.ScheduleExpression !== undefined) this.schedule(rule);
    return rule;
  }

  putTarget(rule: Rule, target: Target): void {
    checkTarget(rule, target);
    rule.targets.set(target.Id, target);
  }

  emit(account: string, region: string, event: NewEvent): void {
    const full = this.complete(account, region, event);
    this.enter(this.bus(account, region)!, full, this.delays(full));
  }

  accept(bus: Bus, event: NewEvent & { time?: Date }): string {
    const full = this.complete(bus.account, bus.region, event);
    const delays = this.delays(full);
    this.enter(bus, full, delays.length > 0 ? delays : [latency]);
    return full.id;
  }

  private delays(event: BusEvent): number[] {
    return this.faults.event?.(event) ?? [latency];
  }

  private complete(account: string, region: string, event: NewEvent & { time?: Date }): BusEvent {
    const time = (event.time ?? new Date(this.cloud.clock.now())).toISOString().replace(/\.\d+Z$/, 'Z');
    return {
      version: '0',
      id: this.cloud.random.uuid(),
      'detail-type': event.detailType,
      source: event.source,
      account,
      time,
      region,
      resources: event.resources,
      detail: object(JSON.parse(JSON.stringify(event.detail)), 'detail'),
    };
  }

  private enter(bus: Bus, event: BusEvent, delays: number[], hops: Hops = { sameRegion: false, crossRegion: false }): void {
    for (const delay of delays) {
      this.cloud.clock.at(this.cloud.clock.now() + delay, () => this.route(bus, event, hops));
    }
  }

  private route(bus: Bus, event: BusEvent, hops: Hops): void {
    for (const rule of bus.rules.values()) {
      if (rule.State !== 'ENABLED' || rule.matches?.(event) !== true) continue;
      for (const target of rule.targets.values()) void this.send(rule, target, event, hops);
    }
  }

  private async send(rule: Rule, target: Target, event: BusEvent, hops: Hops): Promise<void> {
    const facts = { ruleArn: rule.arn, ruleName: rule.Name, ingestionTime: new Date(this.cloud.clock.now()).toISOString() };
    const input = targetInput(target, event, facts);
    // One name for all tries of a delivery; an event that comes twice starts two executions.
    const name = arnParts(target.Arn).service === 'states' ? `${event.id}_${this.cloud.random.uuid()}` : undefined;
    await deliver(this.cloud, {
      policy: target.RetryPolicy,
      attempt: async () => {
        if (arnParts(target.Arn).service === 'events') return this.forward(rule, target, event, hops);
        return callTarget(this.cloud, this.caller(rule, target), { arn: target.Arn, input, name });
      },
      failed: (failure) => this.failed(rule, target, input, failure),
    });
  }

  /** Who calls the target: the target's role, or EventBridge itself for the rule (then the target's own policy decides). */
  private caller(rule: Rule, target: Target): Caller {
    const { account, region } = rule.bus;
    if (target.RoleArn === undefined) return { account, region, arn: principal, service: principal, sourceArn: rule.arn };
    return this.iam.serviceSession(principal, target.RoleArn, { name: rule.Name.slice(0, 64), region, sourceArn: rule.arn });
  }

  /** To another bus: by the role AND by that bus's policy when it is another account's; the event stays as it is. */
  private async forward(rule: Rule, target: Target, event: BusEvent, hops: Hops): Promise<void> {
    const there = arnParts(target.Arn);
    const crossRegion = there.region !== rule.bus.region;
    if (crossRegion && hops.crossRegion) throw new AwsError('THIRD_REGION_HOP_DETECTED', 'An event crosses Regions once only');
    if (!crossRegion && hops.sameRegion) throw new AwsError('THIRD_ACCOUNT_HOP_DETECTED', 'An event goes from one bus to another once only');
    const caller: Caller = { ...this.caller(rule, target), sourceArn: rule.arn };
    const bus = this.bus(there.account, there.region, target.Arn);
    const request = {
      action: 'events:PutEvents',
      resource: target.Arn,
      resourcePolicy: bus?.policy,
      resourceAccount: there.account,
      context: { 'events:source': [event.source], 'events:detail-type': [event['detail-type']], 'events:eventBusInvocation': ['true'] },
    };
    this.iam.authorize(caller, request, { service: 'events', region: there.region });
    if (!bus) throw new AwsError('ResourceNotFoundException', `Event bus ${target.Arn} does not exist.`);
    this.enter(bus, event, [latency], { sameRegion: hops.sameRegion || !crossRegion, crossRegion: hops.crossRegion || crossRegion });
  }

  private async failed(rule: Rule, target: Target, body: string, failure: Failure): Promise<void> {
    const queue = target.DeadLetterConfig?.Arn;
    if (queue === undefined) return;
    const { account } = arnParts(queue);
    const caller: Caller = { account, region: rule.bus.region, arn: principal, service: principal, sourceArn: rule.arn };
    const attributes = { RULE_ARN: rule.arn, TARGET_ARN: target.Arn, ...failure, RETRY_ATTEMPTS: String(failure.RETRY_ATTEMPTS) };
    try {
      await deadLetter(this.cloud, caller, queue, { body, attributes });
    } catch (error) {
      // The event is lost, as on AWS (only the metric InvocationsFailedToBeSentToDlq tells); IAM has kept the refusal.
      if (!(error instanceof AwsError)) throw error;
    }
  }

  /** Rules on a timetable run in UTC and reach their targets directly, as "Scheduled Event" (EventBridge User Guide). */
  private schedule(rule: Rule): void {
    const now = this.cloud.clock.now();
    const timetable = readTimetable(rule.ScheduleExpression!, { origin: now });
    const arm = (after: number): void => {
      const next = timetable.next(after);
      if (next === undefined) return;
      this.cloud.clock.at(next, () => {
        if (rule.bus.rules.get(rule.Name) !== rule) return;
        if (rule.State === 'ENABLED') this.tick(rule);
        arm(next);
      });
    };
    arm(now);
  }

  private tick(rule: Rule): void {
    const event = this.complete(rule.bus.account, rule.bus.region, {
      source: 'aws.events',
      detailType: 'Scheduled Event',
      resources: [rule.arn],
      detail: {},
    });
    for (const target of rule.targets.values()) void this.send(rule, target, event, { sameRegion: false, crossRegion: false });
  }
}

/**
 * The embedded EventBridge: buses and rules of every location.
 *
 * @param faults `event` decides when and how often an event arrives
 */
export function createEvents(cloud: Cloud, { iam, faults = {} }: { iam: Iam; faults?: Faults }): Events {
  return new EventBuses(cloud, iam, faults);
}
