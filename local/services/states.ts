import { statesOperations } from '../asl/api.ts';
import { CloudOutside, roleSession } from '../asl/cloud-outside.ts';
import { statusEvent } from '../asl/describe.ts';
import { Engine, type MachineSettings } from '../asl/engine.ts';
import type { Execution, ExecutionStatus } from '../asl/execution.ts';
import type { Frame } from '../asl/frame.ts';
import type { HistoryEvent } from '../asl/history.ts';
import { jsonOf } from '../asl/values.ts';
import type { Caller, Cloud, Service } from '../types.ts';

export type { MachineSettings } from '../asl/engine.ts';

/** An execution as tests and reports read it. Times are milliseconds since the epoch. */
export interface ExecutionView {
  arn: string;
  name: string;
  account: string;
  region: string;
  /** Name of the machine, or `machine/label` of a Map Run's child. */
  machine: string;
  status: ExecutionStatus;
  startDate: number;
  stopDate?: number;
  input: unknown;
  output?: unknown;
  error?: string;
  cause?: string;
  redriveCount: number;
  mapRunArn?: string;
  /** Names of the states that it stands in; those of branches and iterations as well. */
  standsIn: string[];
  events: readonly HistoryEvent[];
}

export interface StatesOptions {
  /** Called once for each state transition that AWS bills. */
  onTransition?(): void;
  /**
   * The caller that a machine's role becomes, e.g. `iam.serviceSession('states.amazonaws.com', …)`; it may throw an AwsError when the
   * role can't be assumed. Without it the role is taken to trust Step Functions.
   */
  session?: (machine: { name: string; arn: string; region: string; account: string; roleArn: string }) => Caller;
}

export interface States {
  service: Service;
  /** Makes or changes a machine. @throws AwsError `InvalidDefinition` */
  define(machine: MachineSettings): void;
  executions(): ExecutionView[];
}

/**
 * AWS Step Functions, as far as Wavelock leans on it: Standard machines in JSONata, with tasks by `cloud.call` as the machine's role.
 * Every other operation is answered by the wire with an error that names it.
 */
export function createStates(cloud: Cloud, options: StatesOptions = {}): States {
  const outside = new CloudOutside(cloud, options.session ?? roleSession, (arn) => engine.executions.get(arn));
  const engine = new Engine(cloud.clock, cloud.random, outside, {
    transition: () => options.onTransition?.(),
    status: (execution) => announce(cloud, execution),
  });
  return {
    service: { name: 'states', sdk: '@aws-sdk/client-sfn', operations: statesOperations({ engine, outside, clock: cloud.clock }) },
    define: (machine) => void engine.define(machine),
    executions: () => [...engine.executions.values()].map(view),
  };
}

/** https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html */
function announce(cloud: Cloud, execution: Execution): void {
  const { account, region } = execution.machine;
  const detail = statusEvent(execution, cloud.clock.now());
  cloud.emit(account, region, {
    source: 'aws.states',
    detailType: 'Step Functions Execution Status Change',
    resources: [execution.arn],
    detail,
  });
}

function view(execution: Execution): ExecutionView {
  const { machine, output, stopDate, mapRun } = execution;
  return {
    arn: execution.arn,
    name: execution.name,
    account: machine.account,
    region: machine.region,
    machine: execution.machineName,
    status: execution.status,
    startDate: execution.startDate,
    ...(stopDate === undefined ? {} : { stopDate }),
    input: execution.inputValue,
    ...(output === undefined ? {} : { output: jsonOf(output) }),
    ...execution.failure,
    redriveCount: execution.redriveCount,
    ...(mapRun ? { mapRunArn: mapRun.arn } : {}),
    standsIn: execution.status === 'RUNNING' ? standsIn(execution.root) : [],
    events: execution.history.events,
  };
}

function standsIn(frame: Frame): string[] {
  if (frame.ended) return [];
  return [frame.state, ...(frame.branches ?? []).flatMap(standsIn)];
}
