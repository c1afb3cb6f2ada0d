/** What came of commands: ListCommandInvocations, GetCommandInvocation, ListCommands, and CancelCommand. Bounds: SSM API reference. */
import { AwsError, type AccessRequest, type CallContext, type Clock, type Input, type Random, type ServiceOperation } from '../types.ts';
import { checkBounds } from './ssm-checks.ts';
import type { CommandEngine } from './ssm-commands.ts';
import { page, type PageGaps } from './ssm-pages.ts';
import { isTerminal, type Command, type SsmState } from './ssm-state.ts';
import { commandInvocationView, commandView, invocationView } from './ssm-views.ts';

export interface ReadDeps {
  clock: Clock;
  random: Random;
  state: SsmState;
  engine: CommandEngine;
  gaps: PageGaps;
  /** How long a command is unknown to reads after it was accepted, in milliseconds. */
  visibilityLag: number;
}

/** Run Command keeps its history for 30 days (General Reference, Systems Manager quotas). */
const HISTORY = 30 * 24 * 3_600_000;
const INVOCATION_STATUSES = [
  'Pending',
  'InProgress',
  'Delayed',
  'Success',
  'Cancelled',
  'Failed',
  'TimedOut',
  'AccessDenied',
  'DeliveryTimedOut',
  'ExecutionTimedOut',
  'Undeliverable',
  'InvalidPlatform',
  'Terminated',
];
const COMMAND_STATUSES = [
  'Pending',
  'InProgress',
  'Success',
  'Cancelled',
  'Failed',
  'TimedOut',
  'AccessDenied',
  'DeliveryTimedOut',
  'ExecutionTimedOut',
  'Incomplete',
  'NoInstancesInTag',
  'LimitExceeded',
];

interface Filter {
  key: string;
  value: string;
}

/** Reads and CancelCommand have no resource types: IAM sees `*` (Service Authorization Reference). */
function onAll(action: string): (input: Input, context: CallContext) => AccessRequest[] {
  return () => [{ action: `ssm:${action}`, resource: '*' }];
}

/** ListCommandInvocations, GetCommandInvocation, ListCommands and CancelCommand. */
export function readOperations(deps: ReadDeps): Record<string, ServiceOperation> {
  return {
    ListCommandInvocations: { access: onAll('ListCommandInvocations'), run: (input, context) => listInvocations(input, context, deps) },
    GetCommandInvocation: { access: onAll('GetCommandInvocation'), run: (input, context) => getInvocation(input, context, deps) },
    ListCommands: { access: onAll('ListCommands'), run: (input, context) => listCommands(input, context, deps) },
    CancelCommand: { access: onAll('CancelCommand'), run: (input, context) => cancel(input, context, deps) },
  };
}

/** Commands that reads know at this moment, newest first. Those past the history are forgotten here. */
function visible({ state, clock, visibilityLag }: ReadDeps, context: CallContext): Command[] {
  const { commands } = state.at(context.account, context.region);
  for (const command of commands.values()) if (command.requested < clock.now() - HISTORY) commands.delete(command.id);
  return [...commands.values()].filter((command) => command.requested + visibilityLag <= clock.now()).toReversed();
}

function checkList(input: Input, keys: string[], statuses: string[]): Filter[] {
  const filters: Filter[] = input.Filters ?? [];
  checkBounds([
    ['commandId', input.CommandId, { min: 36, max: 36 }],
    ['instanceId', input.InstanceId, { pattern: /^(i-(\w{8}|\w{17})|mi-\w{17})$/ }],
    ['maxResults', input.MaxResults, { min: 1, max: 50 }],
    ['filters', input.Filters, { min: 1, max: 5 }],
  ]);
  for (const { key, value } of filters) {
    if (!keys.includes(key)) throw new AwsError('InvalidFilterKey', `The filter key ${key} isn't valid; there are ${keys.join(', ')}.`);
    checkBounds([['filters.value', value, { min: 1, max: 128, oneOf: key === 'Status' ? statuses : undefined }]]);
    if (key.startsWith('Invoked') && Number.isNaN(Date.parse(value))) {
      throw new AwsError('ValidationException', `${key} must be a time, not ${value}`);
    }
  }
  return filters;
}

function fits(command: Command, filters: Filter[], isStatus: (value: string) => boolean): boolean {
  return filters.every(({ key, value }) => {
    if (key === 'InvokedAfter') return command.requested >= Date.parse(value);
    if (key === 'InvokedBefore') return command.requested < Date.parse(value);
    if (key === 'DocumentName') return command.documentName === value;
    if (key === 'ExecutionStage') return (value === 'Complete') === isTerminal(command.status);
    return isStatus(value);
  });
}

function listInvocations(input: Input, context: CallContext, deps: ReadDeps): Input {
  const filters = checkList(input, ['InvokedAfter', 'InvokedBefore', 'Status', 'DocumentName'], INVOCATION_STATUSES);
  const commands = visible(deps, context).filter(({ id }) => input.CommandId === undefined || id === input.CommandId);
  const rows = commands.flatMap((command) =>
    command.invocations
      .filter(({ host }) => input.InstanceId === undefined || host.id === input.InstanceId)
      .filter((invocation) => {
        const { status, details } = deps.engine.shown(invocation);
        return fits(command, filters, (value) => value === status || value === details);
      })
      .map((invocation) => ({ command, invocation })),
  );
  const { items, NextToken } = page(rows, input.MaxResults ?? 50, input.NextToken, deps);
  const CommandInvocations = items.map(({ command, invocation }) =>
    invocationView(command, invocation, deps.engine.shown(invocation), input.Details === true),
  );
  return { CommandInvocations, ...(NextToken === undefined ? {} : { NextToken }) };
}

function listCommands(input: Input, context: CallContext, deps: ReadDeps): Input {
  const filters = checkList(input, ['InvokedAfter', 'InvokedBefore', 'Status', 'DocumentName', 'ExecutionStage'], COMMAND_STATUSES);
  if (input.InstanceId !== undefined && filters.some(({ key, value }) => key === 'Status' && value === 'Pending')) {
    throw new AwsError('ValidationException', "You can't specify an instance ID in the same command that you specify Status = Pending.");
  }
  const rows = visible(deps, context)
    .filter((command) => input.CommandId === undefined || command.id === input.CommandId)
    .filter((command) => input.InstanceId === undefined || command.invocations.some(({ host }) => host.id === input.InstanceId))
    .filter((command) => fits(command, filters, (value) => value === command.status || value === command.details));
  const { items, NextToken } = page(rows, input.MaxResults ?? 50, input.NextToken, deps);
  return { Commands: items.map(commandView), ...(NextToken === undefined ? {} : { NextToken }) };
}

/** A document of several steps needs PluginName, a step's name; without it AWS answers InvalidPluginName. */
function getInvocation(input: Input, context: CallContext, deps: ReadDeps): Input {
  checkBounds([
    ['commandId', input.CommandId ?? '', { min: 36, max: 36 }],
    ['instanceId', input.InstanceId ?? '', { pattern: /^(i-(\w{8}|\w{17})|mi-\w{17})$/ }],
    ['pluginName', input.PluginName, { min: 4 }],
  ]);
  const command = visible(deps, context).find(({ id }) => id === input.CommandId);
  const invocation = command?.invocations.find(({ host }) => host.id === input.InstanceId);
  if (!command || !invocation) {
    throw new AwsError(
      'InvocationDoesNotExist',
      "The command ID and managed node ID you specified didn't match any invocations. " +
        'Verify the command ID and the managed node ID and try again.',
    );
  }
  const steps = command.document.mainSteps;
  const name: string | undefined = input.PluginName ?? (steps.length === 1 ? steps[0]?.name : undefined);
  if (name === undefined || !steps.some((step) => step.name === name)) {
    throw new AwsError('InvalidPluginName', `The plugin name ${name ?? '(none)'} isn't valid.`);
  }
  const view = deps.engine.shown(invocation);
  return commandInvocationView(command, invocation, view, { name, step: view.steps.find((step) => step.name === name) });
}

function cancel(input: Input, context: CallContext, { state, engine }: ReadDeps): Input {
  const ids: string[] = input.InstanceIds ?? [];
  checkBounds([
    ['commandId', input.CommandId ?? '', { min: 36, max: 36 }],
    ['instanceIds', ids, { max: 50 }],
  ]);
  const command = state.at(context.account, context.region).commands.get(input.CommandId);
  if (!command) throw new AwsError('InvalidCommandId', "The specified command ID isn't valid. Verify the ID and try again.");
  const twice = ids.find((id, index) => ids.indexOf(id) !== index);
  if (twice !== undefined) throw new AwsError('DuplicateInstanceId', `Instance ${twice} is given twice.`);
  const targets = command.invocations.filter(({ host }) => ids.includes(host.id));
  if (targets.length < ids.length) {
    throw new AwsError('InvalidInstanceId', `An instance of [${ids.join(', ')}] is not a target of the command.`);
  }
  engine.cancel(command, ids.length === 0 ? command.invocations : targets);
  return {};
}
