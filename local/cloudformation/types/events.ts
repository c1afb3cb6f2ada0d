import { object, text, type Json } from '../../json.ts';
import type { Target } from '../../services/event-bus.ts';
import type { Parts } from '../parts.ts';
import { objectOf, objectsOf, optionalText, textOf, type Created, type Resource, type ResourceType } from '../resource-type.ts';

function optional(value: unknown, what: string): string | undefined {
  return value === undefined ? undefined : text(value, what);
}

function retryPolicy(value: unknown): Target['RetryPolicy'] {
  if (value === undefined) return undefined;
  const { MaximumRetryAttempts, MaximumEventAgeInSeconds } = object(value, 'RetryPolicy');
  return {
    MaximumRetryAttempts: MaximumRetryAttempts === undefined ? undefined : Number(MaximumRetryAttempts),
    MaximumEventAgeInSeconds: MaximumEventAgeInSeconds === undefined ? undefined : Number(MaximumEventAgeInSeconds),
  };
}

function deadLetter(value: unknown): Target['DeadLetterConfig'] {
  return value === undefined ? undefined : { Arn: text(object(value, 'DeadLetterConfig').Arn, 'Arn of DeadLetterConfig') };
}

function transformer(value: unknown): Target['InputTransformer'] {
  if (value === undefined) return undefined;
  const { InputPathsMap = {}, InputTemplate } = object(value, 'InputTransformer');
  const paths = Object.entries(object(InputPathsMap, 'InputPathsMap')).map(([name, path]) => [name, text(path, name)]);
  return { InputPathsMap: Object.fromEntries(paths), InputTemplate: text(InputTemplate, 'InputTemplate') };
}

function target(source: Json): Target {
  return {
    Id: text(source.Id, 'Id'),
    Arn: text(source.Arn, 'Arn'),
    RoleArn: optional(source.RoleArn, 'RoleArn'),
    Input: optional(source.Input, 'Input'),
    InputPath: optional(source.InputPath, 'InputPath'),
    InputTransformer: transformer(source.InputTransformer),
    DeadLetterConfig: deadLetter(source.DeadLetterConfig),
    RetryPolicy: retryPolicy(source.RetryPolicy),
  };
}

function createRule(resource: Resource, { events }: Parts): Created {
  const { account, region } = resource.stack;
  const busName = optionalText(resource, 'EventBusName');
  const bus = events.bus(account, region, busName);
  if (!bus) throw new Error(`Event bus ${busName} does not exist.`);
  const name = optionalText(resource, 'Name') ?? resource.generatedName({ max: 64 });
  const rule = events.putRule(bus, {
    Name: name,
    EventPattern: resource.properties.EventPattern,
    ScheduleExpression: optionalText(resource, 'ScheduleExpression'),
    State: optionalText(resource, 'State'),
    Description: optionalText(resource, 'Description'),
  });
  for (const source of objectsOf(resource, 'Targets')) events.putTarget(rule, target(source));
  return { ref: bus.name === 'default' ? name : `${bus.name}|${name}`, attributes: { Arn: rule.arn } };
}

function createBus(resource: Resource, { events }: Parts): Created {
  const { account, region } = resource.stack;
  const bus = events.createBus(account, region, textOf(resource, 'Name'));
  return { ref: bus.name, attributes: { Arn: bus.arn, Name: bus.name } };
}

function createBusPolicy(resource: Resource, { events }: Parts): Created {
  const { account, region } = resource.stack;
  const name = optionalText(resource, 'EventBusName');
  const bus = events.bus(account, region, name);
  if (!bus) throw new Error(`Event bus ${name} does not exist.`);
  const Sid = textOf(resource, 'StatementId');
  events.putBusPolicy(bus, { ...objectOf(resource, 'Statement'), Sid });
  return { ref: Sid };
}

function createSchedule(resource: Resource, { scheduler }: Parts): Created {
  const { account, region } = resource.stack;
  const source = objectOf(resource, 'Target');
  const date = (name: string): Date | undefined => (resource.properties[name] === undefined ? undefined : new Date(textOf(resource, name)));
  const name = optionalText(resource, 'Name') ?? resource.generatedName({ max: 64 });
  const arn = scheduler.createSchedule(account, region, {
    Name: name,
    GroupName: optionalText(resource, 'GroupName'),
    ScheduleExpression: textOf(resource, 'ScheduleExpression'),
    ScheduleExpressionTimezone: optionalText(resource, 'ScheduleExpressionTimezone'),
    FlexibleTimeWindow: { Mode: text(objectOf(resource, 'FlexibleTimeWindow').Mode, 'Mode') },
    State: optionalText(resource, 'State'),
    Description: optionalText(resource, 'Description'),
    StartDate: date('StartDate'),
    EndDate: date('EndDate'),
    Target: {
      Arn: text(source.Arn, 'Arn'),
      RoleArn: text(source.RoleArn, 'RoleArn'),
      Input: optional(source.Input, 'Input'),
      RetryPolicy: retryPolicy(source.RetryPolicy),
      DeadLetterConfig: deadLetter(source.DeadLetterConfig),
    },
  });
  return { ref: name, attributes: { Arn: arn } };
}

const targetPaths = ['Arn', 'RoleArn', 'Input', 'RetryPolicy.MaximumRetryAttempts', 'RetryPolicy.MaximumEventAgeInSeconds', 'DeadLetterConfig.Arn'];
const notJudged = { Tags: 'no policy here asks for them' };

/** EventBridge and EventBridge Scheduler. */
export const eventTypes: ResourceType[] = [
  {
    type: 'AWS::Events::Rule',
    honours: [
      'Description',
      'EventBusName',
      'EventPattern',
      'Name',
      'ScheduleExpression',
      'State',
      ...['Id', 'InputPath', 'InputTransformer.InputPathsMap', 'InputTransformer.InputTemplate', ...targetPaths].map((path) => `Targets.${path}`),
    ],
    withoutEffect: notJudged,
    create: createRule,
  },
  {
    type: 'AWS::Events::EventBus',
    honours: ['Name'],
    withoutEffect: { Description: 'for people', ...notJudged },
    create: createBus,
  },
  {
    type: 'AWS::Events::EventBusPolicy',
    honours: ['EventBusName', 'Statement', 'StatementId'],
    withoutEffect: {},
    create: createBusPolicy,
  },
  {
    type: 'AWS::Scheduler::Schedule',
    honours: [
      'Description',
      'EndDate',
      'FlexibleTimeWindow.Mode',
      'GroupName',
      'Name',
      'ScheduleExpression',
      'ScheduleExpressionTimezone',
      'StartDate',
      'State',
      ...targetPaths.map((path) => `Target.${path}`),
    ],
    withoutEffect: {},
    create: createSchedule,
  },
  {
    type: 'AWS::Scheduler::ScheduleGroup',
    honours: ['Name'],
    withoutEffect: notJudged,
    create(resource, { scheduler }) {
      const name = optionalText(resource, 'Name') ?? resource.generatedName({ max: 64 });
      const arn = scheduler.createGroup(resource.stack.account, resource.stack.region, name);
      return { ref: name, attributes: { Arn: arn, State: 'ACTIVE' } };
    },
  },
  {
    type: 'AWS::CDK::Metadata',
    honours: [],
    withoutEffect: { Analytics: 'tells AWS which constructs a stack uses' },
    create: (resource) => ({ ref: resource.logicalId }),
  },
];
