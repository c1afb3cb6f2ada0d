import { isObject } from '../json.ts';
import { AwsError, type AccessRequest, type CallContext, type Clock, type Input, type ServiceOperation } from '../types.ts';
import type { CloudOutside } from './cloud-outside.ts';
import { describeExecution, describeMapRun, listedExecution } from './describe.ts';
import type { Engine } from './engine.ts';
import type { Machine } from './execution.ts';
import type { HistoryEvent } from './history.ts';
import { page } from './pages.ts';
import { checkChoice, checkName, executionOf, givenFailure, jsonText, machineOf, mapRunOf, required } from './requests.ts';
import { statesArn } from './resources.ts';

/** What the operations work on. */
export interface Api {
  engine: Engine;
  outside: CloudOutside;
  clock: Clock;
}

type Access = (input: Input, context: CallContext) => AccessRequest[];
type Run = (api: Api, input: Input, context: CallContext) => unknown;

/** The operations of `@aws-sdk/client-sfn` that exist here, in its shapes, each with the permission that it needs. */
export function statesOperations(api: Api): Record<string, ServiceOperation> {
  const operation = (access: Access, run: Run): ServiceOperation => ({ access, run: (input, context) => run(api, input, context) });
  return {
    CreateStateMachine: operation(accessToCreate, createStateMachine),
    DescribeStateMachine: operation(on('DescribeStateMachine', 'stateMachineArn'), describeStateMachine),
    ListStateMachines: operation(onAnything('ListStateMachines'), listStateMachines),
    StartExecution: operation(on('StartExecution', 'stateMachineArn'), startExecution),
    DescribeExecution: operation(on('DescribeExecution', 'executionArn'), describeOneExecution),
    ListExecutions: operation(accessToList, listExecutions),
    GetExecutionHistory: operation(on('GetExecutionHistory', 'executionArn'), getExecutionHistory),
    StopExecution: operation(on('StopExecution', 'executionArn'), stopExecution),
    RedriveExecution: operation(on('RedriveExecution', 'executionArn'), redriveExecution),
    SendTaskSuccess: operation(onAnything('SendTaskSuccess'), sendTaskSuccess),
    SendTaskFailure: operation(onAnything('SendTaskFailure'), sendTaskFailure),
    SendTaskHeartbeat: operation(onAnything('SendTaskHeartbeat'), sendTaskHeartbeat),
    ListMapRuns: operation(on('ListMapRuns', 'executionArn'), listMapRuns),
    DescribeMapRun: operation(on('DescribeMapRun', 'mapRunArn'), describeOneMapRun),
  };
}

/** Permission on the thing that one member of the request names. */
function on(action: string, member: string): Access {
  return (input, context) => {
    const resource = String(input[member] ?? '');
    return [{ action: `states:${action}`, resource, resourceAccount: statesArn(resource)?.account ?? context.account }];
  };
}

/** Permission that knows no resource: the service authorization reference of Step Functions lists none for these actions. */
function onAnything(action: string): Access {
  return () => [{ action: `states:${action}`, resource: '*' }];
}

/** The role is handed to Step Functions: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html */
function accessToCreate(input: Input, context: CallContext): AccessRequest[] {
  return [
    { action: 'states:CreateStateMachine', resource: machineArn(String(input.name), context) },
    { action: 'iam:PassRole', resource: String(input.roleArn), context: { 'iam:PassedToService': ['states.amazonaws.com'] } },
  ];
}

function accessToList(input: Input, context: CallContext): AccessRequest[] {
  return on('ListExecutions', input.mapRunArn === undefined ? 'stateMachineArn' : 'mapRunArn')(input, context);
}

function machineArn(name: string, { account, region }: CallContext): string {
  return `arn:aws:states:${region}:${account}:stateMachine:${name}`;
}

const creationMembers = new Set(['name', 'definition', 'roleArn', 'type', 'tracingConfiguration']);

function createStateMachine({ engine }: Api, input: Input, context: CallContext): unknown {
  for (const member of Object.keys(input)) {
    // A member that would do nothing is refused by name.
    if (input[member] === undefined || creationMembers.has(member)) continue;
    throw new AwsError('ValidationException', `The embedded AWS does not support '${member}' of CreateStateMachine`);
  }
  const name = required(input.name, 'name');
  checkName(name);
  if ((input.type ?? 'STANDARD') !== 'STANDARD')
    throw new AwsError('StateMachineTypeNotSupported', `The embedded AWS does not support the type ${input.type}`);
  const arn = machineArn(name, context);
  const definition = required(input.definition, 'definition');
  const roleArn = required(input.roleArn, 'roleArn');
  const existing = engine.machines.get(arn);
  // Idempotent for the same request: API reference, CreateStateMachine.
  const same = existing?.source === definition && existing.roleArn === roleArn;
  if (existing && !same) throw new AwsError('StateMachineAlreadyExists', `State Machine Already Exists: '${arn}'`);
  const { account, region } = context;
  const tracing = input.tracingConfiguration?.enabled === true;
  const machine = existing ?? engine.define({ account, region, name, arn, roleArn, definition, tracing });
  return { stateMachineArn: arn, creationDate: new Date(machine.creationDate) };
}

function describeStateMachine({ engine }: Api, input: Input, context: CallContext): unknown {
  const machine = machineOf(engine, input.stateMachineArn, context);
  return {
    ...listedMachine(machine),
    status: 'ACTIVE',
    definition: machine.source,
    roleArn: machine.roleArn,
    loggingConfiguration: { level: 'OFF', includeExecutionData: false },
    tracingConfiguration: { enabled: machine.tracing },
  };
}

function listStateMachines({ engine }: Api, input: Input, context: CallContext): unknown {
  const here = [...engine.machines.values()].filter(({ account, region }) => account === context.account && region === context.region);
  const { items, nextToken } = page(
    here.map((machine, key) => ({ key, value: listedMachine(machine) })),
    'machines',
    input,
  );
  return { stateMachines: items, nextToken };
}

function listedMachine({ arn, name, creationDate }: Machine): Record<string, unknown> {
  return { stateMachineArn: arn, name, type: 'STANDARD', creationDate: new Date(creationDate) };
}

function startExecution({ engine, outside }: Api, input: Input, context: CallContext): unknown {
  const child = outside.expectedStart(String(input.stateMachineArn), input.name)?.();
  if (child) return { executionArn: child.arn, startDate: new Date(child.startDate) };
  if (/:stateMachine:[^:]+\//.test(String(input.stateMachineArn))) {
    // A Distributed Map's processor only runs as part of its Map: API reference, StartExecution.
    throw new AwsError('ValidationException', 'API does not support labeled ARNs', 400, { reason: 'API_DOES_NOT_SUPPORT_LABELED_ARNS' });
  }
  const machine = machineOf(engine, input.stateMachineArn, context);
  if (input.name !== undefined) checkName(input.name);
  const source = input.input ?? '{}';
  const inputValue = jsonText(source, 'input', 'InvalidExecutionInput');
  const execution = engine.start({ machine, name: input.name, input: source, inputValue, traceHeader: input.traceHeader });
  return { executionArn: execution.arn, startDate: new Date(execution.startDate) };
}

function describeOneExecution({ engine, clock }: Api, input: Input, context: CallContext): unknown {
  return describeExecution(executionOf(engine, input.executionArn, context), clock.now());
}

function listExecutions({ engine }: Api, input: Input, context: CallContext): unknown {
  const { stateMachineArn, mapRunArn, statusFilter, redriveFilter } = input;
  if ((stateMachineArn === undefined) === (mapRunArn === undefined)) {
    throw new AwsError('ValidationException', "Must provide either 'stateMachineArn' or 'mapRunArn', but not both");
  }
  checkChoice(statusFilter, 'statusFilter', ['RUNNING', 'SUCCEEDED', 'FAILED', 'TIMED_OUT', 'ABORTED', 'PENDING_REDRIVE']);
  checkChoice(redriveFilter, 'redriveFilter', ['REDRIVEN', 'NOT_REDRIVEN']);
  const owner = mapRunArn === undefined ? machineOf(engine, stateMachineArn, context).arn : mapRunOf(engine, mapRunArn, context).arn;
  const entries = [...engine.executions.values()]
    .map((execution, key) => ({ key, value: execution }))
    .filter(({ value }) => (value.mapRun ? value.mapRun.arn : value.machineArn) === owner)
    .filter(({ value }) => statusFilter === undefined || value.status === statusFilter)
    .filter(({ value }) => redriveFilter === undefined || (redriveFilter === 'REDRIVEN') === value.redriveCount > 0)
    // The most recent execution comes first: API reference, ListExecutions.
    .toReversed();
  const { items, nextToken } = page(entries, `executions ${owner} ${statusFilter} ${redriveFilter}`, input);
  return { executions: items.map(listedExecution), nextToken };
}

function getExecutionHistory({ engine }: Api, input: Input, context: CallContext): unknown {
  const execution = executionOf(engine, input.executionArn, context);
  const { reverseOrder = false, includeExecutionData = true } = input;
  const entries = execution.history.events.map((event) => ({ key: event.id, value: event }));
  const { items, nextToken } = page(reverseOrder ? entries.toReversed() : entries, `history ${execution.arn} ${reverseOrder}`, input);
  return { events: includeExecutionData ? items : items.map(withoutData), nextToken };
}

/** Payloads that `includeExecutionData: false` leaves out: API reference, GetExecutionHistory. */
const dataMembers = new Set(['input', 'output', 'parameters', 'assignedVariables']);

function withoutData(event: HistoryEvent): HistoryEvent {
  const bare = Object.entries(event).map(([member, details]) => {
    if (!member.endsWith('EventDetails') || !isObject(details)) return [member, details];
    return [member, Object.fromEntries(Object.entries(details).filter(([name]) => !dataMembers.has(name)))];
  });
  return { ...event, ...Object.fromEntries(bare) };
}

function stopExecution({ engine, clock }: Api, input: Input, context: CallContext): unknown {
  const execution = executionOf(engine, input.executionArn, context);
  engine.stop(execution, givenFailure(input));
  return { stopDate: new Date(execution.stopDate ?? clock.now()) };
}

function redriveExecution({ engine, outside }: Api, input: Input, context: CallContext): unknown {
  const execution = executionOf(engine, input.executionArn, context);
  const redriven = outside.expectedRedrive(execution.arn)?.();
  if (redriven !== undefined) return { redriveDate: new Date(redriven) };
  if (execution.mapRun) {
    throw new AwsError('ExecutionNotRedrivable', 'Execution is a child of a Map Run and is redriven with the execution that started it');
  }
  return { redriveDate: new Date(engine.redrive(execution, input.clientToken)) };
}

function sendTaskSuccess({ engine }: Api, input: Input, context: CallContext): unknown {
  const output = required(input.output, 'output');
  jsonText(output, 'output', 'InvalidOutput');
  engine.tokens.find(required(input.taskToken, 'taskToken'), context).succeed(output);
  return {};
}

function sendTaskFailure({ engine }: Api, input: Input, context: CallContext): unknown {
  const failure = givenFailure(input);
  engine.tokens.find(required(input.taskToken, 'taskToken'), context).fail(failure);
  return {};
}

function sendTaskHeartbeat({ engine }: Api, input: Input, context: CallContext): unknown {
  engine.tokens.find(required(input.taskToken, 'taskToken'), context).heartbeat();
  return {};
}

function listMapRuns({ engine }: Api, input: Input, context: CallContext): unknown {
  const execution = executionOf(engine, input.executionArn, context);
  const own = [...engine.mapRuns.values()].filter(({ parent }) => parent === execution);
  const entries = own.map((mapRun, key) => ({
    key,
    value: {
      executionArn: execution.arn,
      mapRunArn: mapRun.arn,
      stateMachineArn: `${execution.machine.arn}/${mapRun.label}`,
      startDate: new Date(mapRun.startDate),
      ...(mapRun.stopDate === undefined ? {} : { stopDate: new Date(mapRun.stopDate) }),
    },
  }));
  const { items, nextToken } = page(entries, `map runs ${execution.arn}`, input);
  return { mapRuns: items, nextToken };
}

function describeOneMapRun({ engine }: Api, input: Input, context: CallContext): unknown {
  return describeMapRun(mapRunOf(engine, input.mapRunArn, context));
}
