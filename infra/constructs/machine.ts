import { ArnFormat, Stack, Validations } from 'aws-cdk-lib/core';
import { Policy } from 'aws-cdk-lib/aws-iam';
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';
import { DefinitionBody, LogLevel, StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import type { MachineName } from '../../statemachines/contracts.ts';
import { loadMachine, statesOf, substitutionsOf, type Definition } from '../../statemachines/splice.ts';
import { acknowledgeTracing, allow, statementOf, type Allowance } from './allow.ts';
import type { Store } from './store.ts';
import type { TaskFunction } from './task-function.ts';

export interface MachineProps {
  /** Its file in `statemachines/`. */
  name: MachineName;
  /** By the name that stands in the machine's text: `JudgeWave`. */
  functions: ReadonlyMap<string, TaskFunction>;
  /** By the name that stands in the machine's text: `WaveMachine`. */
  machines: ReadonlyMap<string, Machine>;
  /** Where Distributed Maps read their items. */
  store: Store;
  logs: ILogGroup;
  /** Tasks that this installation does not have: the machine leaves them out. */
  without?: readonly string[];
}

/**
 * A state machine from its file, with exactly the permissions that its text asks for. CDK grants nothing to a machine that comes as text,
 * so the policy is derived from what the states call.
 */
export class Machine extends Construct {
  readonly machine: StateMachine;

  constructor(scope: Construct, id: string, props: MachineProps) {
    super(scope, id);
    const definition = loadMachine(props.name, props.without);
    const parts = resolveParts(definition, props);
    this.machine = new StateMachine(this, 'Default', {
      definitionBody: DefinitionBody.fromString(JSON.stringify(definition, undefined, 1)),
      definitionSubstitutions: Object.fromEntries([
        ...parts.functions.map(([name, part]) => [name, part.version.functionArn]),
        ...parts.machines.map(([name, part]) => [name, part.machine.stateMachineArn]),
      ]),
      // Without data: inputs and outputs hold task tokens.
      logs: { destination: props.logs, level: LogLevel.ERROR, includeExecutionData: false },
      tracingEnabled: true,
    });
    this.#grant(definition, parts, props.store);
    this.#acknowledge();
  }

  /** ARNs of this machine's executions; `label` adds those of a Distributed Map's children (Step Functions: `machine/label:name`). */
  executions(label = ''): string {
    return Stack.of(this).formatArn({
      service: 'states',
      resource: 'execution',
      resourceName: `${this.machine.stateMachineName}${label}:*`,
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    });
  }

  #grant(definition: Definition, parts: Parts, store: Store): void {
    const { role } = this.machine;
    allow(role, {
      actions: ['lambda:InvokeFunction'],
      resources: parts.functions.map(([, part]) => `${part.function.functionArn}:*`),
      because: 'An execution keeps calling the versions that it began with; after an update those are older ones than the newest.',
    });
    if (parts.machines.length > 0)
      allow(
        role,
        ...childAllowances(
          this,
          parts.machines.map(([, part]) => part),
        ),
      );
    if (![...statesOf(definition)].some((state) => isDistributedMap(state))) return;
    allow(role, ...store.opening());
    // A policy of its own: inside the role's it would make role and machine wait for each other.
    const own = new Policy(this, 'MapRuns', { roles: [role] });
    own.addStatements(...mapRunAllowances(this).map((allowance) => statementOf(own, allowance)));
  }

  #acknowledge(): void {
    acknowledgeTracing(this.machine);
    const validations = Validations.of(this.machine);
    validations.acknowledge({
      id: 'AwsSolutions-IAM5[Resource::*]',
      reason: 'Log delivery of Step Functions (logs:CreateLogDelivery and its siblings) has no resource types.',
    });
    validations.acknowledge({
      id: 'AwsSolutions-SF1',
      reason: 'Errors are logged. All events would be a copy of the execution history, which Step Functions keeps for 90 days anyway.',
    });
  }
}

interface Parts {
  functions: [string, TaskFunction][];
  machines: [string, Machine][];
}

/** What each `${Name}` of the text stands for. Throws when nothing has that name: CloudFormation would only tell at deployment. */
function resolveParts(definition: Definition, props: MachineProps): Parts {
  const parts: Parts = { functions: [], machines: [] };
  for (const name of substitutionsOf(definition)) {
    const task = props.functions.get(name);
    const machine = props.machines.get(name);
    if (task) parts.functions.push([name, task]);
    else if (machine) parts.machines.push([name, machine]);
    else throw new Error(`statemachines/${props.name}.asl.json uses \${${name}}, but this hub has no function and no machine of that name`);
  }
  return parts;
}

function isDistributedMap(state: { ItemProcessor?: unknown }): boolean {
  const processor = state.ItemProcessor as { ProcessorConfig?: { Mode: string } } | undefined;
  return processor?.ProcessorConfig?.Mode === 'DISTRIBUTED';
}

/** Step Functions Developer Guide, "IAM policies for calling other state machines" (`.sync`). */
function childAllowances(machine: Machine, children: Machine[]): Allowance[] {
  const resourceName = 'StepFunctionsGetEventsForStepFunctionsExecutionRule';
  const rule = Stack.of(machine).formatArn({ service: 'events', resource: 'rule', resourceName });
  return [
    { actions: ['states:StartExecution'], resources: children.map((child) => child.machine.stateMachineArn) },
    {
      actions: ['states:DescribeExecution', 'states:StopExecution'],
      resources: children.map((child) => child.executions()),
      because: 'Executions have names that are given when they start.',
    },
    { actions: ['events:PutTargets', 'events:PutRule', 'events:DescribeRule'], resources: [rule] },
  ];
}

/** Step Functions Developer Guide, "IAM policies for using Distributed Map states". */
function mapRunAllowances(machine: Machine): Allowance[] {
  const because = 'Children of a Distributed Map have names that Step Functions gives when they start.';
  return [
    { actions: ['states:StartExecution'], resources: [machine.machine.stateMachineArn] },
    { actions: ['states:DescribeExecution', 'states:StopExecution'], resources: [machine.executions(), machine.executions('/*')], because },
    { actions: ['states:RedriveExecution'], resources: [machine.executions('/*')], because },
  ];
}
