import { isObject, reason } from '../json.ts';
import { AwsError, type AccessRequest, type CallContext, type Input, type ServiceOperation } from '../types.ts';
import { ruleArn, type Bus, type Rule } from './event-bus.ts';
import { readEventPattern } from './event-pattern.ts';
import type { Events } from './events.ts';
import { pageOf } from './listing.ts';

/** The API of EventBridge as far as we lean on it and look inside. Actions and resources: Service Authorization Reference. */

function busOf(events: Events, context: CallContext, name: string | undefined): Bus {
  const bus = events.bus(context.account, context.region, name);
  if (!bus) throw new AwsError('ResourceNotFoundException', `Event bus ${name} does not exist.`);
  return bus;
}

function ruleOf(events: Events, context: CallContext, input: Input): Rule {
  const name = String(input.Name ?? input.Rule);
  const rule = busOf(events, context, input.EventBusName).rules.get(name);
  if (!rule) throw new AwsError('ResourceNotFoundException', `Rule ${name} does not exist on EventBus ${input.EventBusName ?? 'default'}.`);
  return rule;
}

function checked<T>(work: () => T, code = 'ValidationException'): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof AwsError) throw error;
    throw new AwsError(code, reason(error));
  }
}

function described(rule: Rule): Record<string, unknown> {
  return {
    Name: rule.Name,
    Arn: rule.arn,
    EventPattern: isObject(rule.EventPattern) ? JSON.stringify(rule.EventPattern) : rule.EventPattern,
    ScheduleExpression: rule.ScheduleExpression,
    State: rule.State,
    Description: rule.Description,
    EventBusName: rule.bus.name,
  };
}

/** An operation on one rule, allowed by the rule's ARN. */
function onRule(events: Events, action: string, run: (rule: Rule, input: Input) => unknown): ServiceOperation {
  return {
    access: (input, context) => {
      const bus = busOf(events, context, input.EventBusName);
      return [{ action: `events:${action}`, resource: ruleArn(bus, input.Name ?? input.Rule), resourceAccount: bus.account }];
    },
    run: (input, context) => run(ruleOf(events, context, input), input),
  };
}

function anywhere(action: string, run: ServiceOperation['run']): ServiceOperation {
  return { access: () => [{ action: `events:${action}`, resource: '*' }], run };
}

function putEventsAccess(events: Events, input: Input, context: CallContext): AccessRequest[] {
  return input.Entries.map((entry: Input) => {
    const bus = busOf(events, context, entry.EventBusName);
    return {
      action: 'events:PutEvents',
      resource: bus.arn,
      resourcePolicy: bus.policy,
      resourceAccount: bus.account,
      context: { 'events:source': [entry.Source ?? ''], 'events:detail-type': [entry.DetailType ?? ''], 'events:eventBusInvocation': ['false'] },
    };
  });
}

/** Bytes of all entries of one PutEvents together: EventBridge API reference, PutEvents. */
const LARGEST_REQUEST = 1024 * 1024;

function checkSize(entries: Input[]): void {
  const size = entries.reduce((sum, { Source = '', DetailType = '', Detail = '', Resources = [], Time }) => {
    const texts: string[] = [Source, DetailType, Detail, ...Resources];
    return sum + (Time === undefined ? 0 : 14) + texts.reduce((bytes, text) => bytes + Buffer.byteLength(text), 0);
  }, 0);
  if (size > LARGEST_REQUEST) throw new AwsError('ValidationException', 'Total size of the entries in the request is over the limit.');
}

/** What EventBridge says to one entry that lacks something. */
function lacking(entry: Input): Record<string, string> | undefined {
  const missing = ['Source', 'DetailType', 'Detail'].find((member) => !entry[member]);
  if (missing === undefined) return undefined;
  return { ErrorCode: 'InvalidArgument', ErrorMessage: `Parameter ${missing} is not valid. Reason: ${missing} is a required argument.` };
}

function putEvent(events: Events, context: CallContext, entry: Input): Record<string, string> {
  const lack = lacking(entry);
  if (lack) return lack;
  if (String(entry.Source).startsWith('aws.')) {
    return { ErrorCode: 'NotAuthorizedForSourceException', ErrorMessage: 'Not authorized for the source.' };
  }
  let detail: unknown;
  try {
    detail = JSON.parse(entry.Detail);
  } catch {
    return { ErrorCode: 'MalformedDetail', ErrorMessage: 'Detail is malformed.' };
  }
  if (!isObject(detail)) return { ErrorCode: 'MalformedDetail', ErrorMessage: 'Detail is malformed.' };
  const bus = busOf(events, context, entry.EventBusName);
  const event = { source: entry.Source, detailType: entry.DetailType, resources: entry.Resources ?? [], detail, time: entry.Time };
  return { EventId: events.accept(bus, event) };
}

function putEvents(events: Events): ServiceOperation {
  return {
    access: (input, context) => putEventsAccess(events, input, context),
    run: (input, context) => {
      // "PutEvents: Array Members: Minimum number of 1 item. Maximum number of 10 items." (API reference)
      if (input.Entries.length > 10) throw new AwsError('ValidationException', 'Entries must have length less than or equal to 10');
      checkSize(input.Entries);
      const Entries: Array<Record<string, string>> = input.Entries.map((entry: Input) => putEvent(events, context, entry));
      return { FailedEntryCount: Entries.filter((entry) => entry.ErrorCode !== undefined).length, Entries };
    },
  };
}

function putRule(events: Events): ServiceOperation {
  return {
    access: (input, context) => {
      const bus = busOf(events, context, input.EventBusName);
      return [{ action: 'events:PutRule', resource: ruleArn(bus, input.Name), resourceAccount: bus.account }];
    },
    run: (input, context) => {
      const { Name, EventPattern, ScheduleExpression, State, Description } = input;
      const bus = busOf(events, context, input.EventBusName);
      const settings = { Name, EventPattern, ScheduleExpression, State, Description };
      return { RuleArn: checked(() => events.putRule(bus, settings), 'InvalidEventPatternException').arn };
    },
  };
}

function putTargets(events: Events): ServiceOperation {
  const operation = onRule(events, 'PutTargets', (rule, input) => {
    for (const target of input.Targets) checked(() => events.putTarget(rule, target));
    return { FailedEntryCount: 0, FailedEntries: [] };
  });
  return {
    run: (input, context) => operation.run(input, context),
    access: (input, context) => [
      ...operation.access(input, context),
      ...input.Targets.filter((target: Input) => target.RoleArn !== undefined).map((target: Input) => ({
        action: 'iam:PassRole',
        resource: target.RoleArn,
        context: { 'iam:PassedToService': ['events.amazonaws.com'] },
      })),
    ],
  };
}

function switched(events: Events, action: string, State: Rule['State']): ServiceOperation {
  return onRule(events, action, (rule) => {
    rule.State = State;
    return {};
  });
}

function removeTargets(rule: Rule, input: Input): unknown {
  for (const id of input.Ids) rule.targets.delete(id);
  return { FailedEntryCount: 0, FailedEntries: [] };
}

function deleteRule(rule: Rule): unknown {
  if (rule.targets.size > 0) throw new AwsError('ValidationException', "Rule can't be deleted since it has targets.");
  rule.bus.rules.delete(rule.Name);
  return {};
}

function listRules(events: Events): ServiceOperation {
  return anywhere('ListRules', (input, context) => {
    const rules = [...busOf(events, context, input.EventBusName).rules.values()].filter((rule) => rule.Name.startsWith(input.NamePrefix ?? ''));
    const { items, next } = pageOf(rules, input.Limit ?? 100, input.NextToken);
    return { Rules: items.map(described), NextToken: next };
  });
}

function listTargets(rule: Rule, input: Input): unknown {
  const { items, next } = pageOf([...rule.targets.values()], input.Limit ?? 100, input.NextToken);
  return { Targets: items, NextToken: next };
}

function shownBus(bus: Bus): Record<string, unknown> {
  return { Name: bus.name, Arn: bus.arn, Policy: bus.policy && JSON.stringify(bus.policy) };
}

/** Operations of the signing name `events`. */
export function eventOperations(events: Events): Record<string, ServiceOperation> {
  return {
    PutEvents: putEvents(events),
    PutRule: putRule(events),
    PutTargets: putTargets(events),
    RemoveTargets: onRule(events, 'RemoveTargets', removeTargets),
    DeleteRule: onRule(events, 'DeleteRule', deleteRule),
    EnableRule: switched(events, 'EnableRule', 'ENABLED'),
    DisableRule: switched(events, 'DisableRule', 'DISABLED'),
    DescribeRule: onRule(events, 'DescribeRule', described),
    ListTargetsByRule: onRule(events, 'ListTargetsByRule', listTargets),
    ListRules: listRules(events),
    DescribeEventBus: {
      access: (input, context) => [{ action: 'events:DescribeEventBus', resource: busOf(events, context, input.Name).arn }],
      run: (input, context) => shownBus(busOf(events, context, input.Name)),
    },
    ListEventBuses: anywhere('ListEventBuses', (_input, context) => ({
      EventBuses: events.buses(context.account, context.region).map(shownBus),
    })),
    TestEventPattern: anywhere('TestEventPattern', (input) => ({
      Result: checked(() => readEventPattern(input.EventPattern), 'InvalidEventPatternException')(JSON.parse(input.Event)),
    })),
  };
}
