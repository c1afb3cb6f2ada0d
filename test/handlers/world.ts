/**
 * The world of a handler test: the embedded AWS made from the synthesised template, with a small fleet and virtual time. Functions are
 * invoked as AWS invokes them: a task's version by the role of its machine, a reaction by its service. One world a test file.
 */
import { openHub } from '../../cli/run/record.ts';
import { createVirtualClock } from '../../local/clock.ts';
import { createCloud } from '../../local/cloud.ts';
import { tasks } from '../../statemachines/contracts.ts';
import { ASSEMBLY } from '../assembly.ts';
import { createFaultSwitch } from './faults.ts';
import { FLEET } from './fleet.ts';
import type { Record as WavelockRecord } from '../../lambdas/aws/record.ts';
import type { Store } from '../../lambdas/aws/store.ts';
import type { VirtualClock } from '../../local/clock.ts';
import type { CloudOptions, EmbeddedAws } from '../../local/cloud.ts';
import type { Host } from '../../local/fleet/host.ts';
import type { Caller, Input } from '../../local/types.ts';
import type { ReactionName, TaskInput, TaskName, TaskOutput } from '../../statemachines/contracts.ts';
import type { FaultSwitch } from './faults.ts';

/** Monday 9 November 2026, 10:00 in Berlin: no window of the demo's policy is open. */
export const START = Date.UTC(2026, 10, 9, 9);

export interface Command {
  id: string;
  batch: string;
  document: string;
  version: string;
  nodes: string[];
  parameters: { [name: string]: string[] };
  maxErrors: string;
}

export interface Publication {
  audience: string;
  event: string;
  wave: string;
  subject: string;
  text: string;
}

/** How a function ended that failed, as Step Functions sees it: `errorType` is what ASL's `ErrorEquals` names. */
export interface Failure {
  errorType: string;
  errorMessage: string;
}

export interface World extends FaultSwitch {
  clock: VirtualClock;
  cloud: EmbeddedAws;
  record: WavelockRecord;
  store: Store;
  hub: { account: string; region: string };
  administrator: Caller;
  /** Invokes a task as its machine does; its answer has been read with the contract. Fails when the function failed. */
  answer<T extends TaskName>(task: T, input: TaskInput<T>): Promise<TaskOutput<T>>;
  /** Invokes a task that answers through its token. */
  park<T extends TaskName>(task: T, input: TaskInput<T>): Promise<void>;
  /** Invokes a task that must fail, with whatever input. */
  failure(task: TaskName, input: unknown): Promise<Failure>;
  /** Invokes a reaction as its service does. Answers how it failed, or nothing. */
  react(reaction: ReactionName, event: unknown): Promise<Failure | undefined>;
  /** A function's environment, as the template sets it. */
  settings(name: TaskName | ReactionName): Promise<{ [name: string]: string }>;
  /** What a function has logged, oldest first. */
  log(name: TaskName | ReactionName): string[];
  /** Commands that Systems Manager knows in all locations. */
  commands(): Promise<Command[]>;
  /** Everything published to audiences so far. */
  published: Publication[];
  host(id: string): Host;
  /** How often an operation was called: `ssm:SendCommand`. */
  calls(operation: string): number;
  /** Lets virtual time run until a promise has settled. */
  settled<T>(promise: Promise<T>): Promise<T>;
  pass(seconds: number): Promise<void>;
  /** Ends it; throws when IAM has refused anything. */
  stop(): Promise<void>;
}

/** Boots it. `internet` answers hosts outside; others don't resolve. */
export async function createWorld(options: Partial<Pick<CloudOptions, 'internet' | 'fleet' | 'assembly'>> & { start?: number } = {}): Promise<World> {
  const { start = START, internet = {}, fleet = { file: FLEET }, assembly = ASSEMBLY } = options;
  const clock = createVirtualClock({ start });
  const published: Publication[] = [];
  const { faults, controls } = createFaultSwitch(({ service, operation }, input) => {
    if (service === 'sns' && operation === 'Publish' && input.MessageAttributes !== undefined) published.push(publication(input));
  });
  const cloud = await createCloud({ assembly, clock, seed: 1, fleet, faults, internet });
  const invoking = createInvoking(cloud, clock);
  return {
    clock,
    cloud,
    ...openHub(cloud),
    ...invoking,
    ...controls,
    commands: () => listCommands(cloud),
    published,
    host: (id) => found(cloud.fleet.host(id), `host ${id}`),
    calls: (operation) => cloud.usage().calls[operation] ?? 0,
    async pass(seconds) {
      const until = clock.now() + seconds * 1_000;
      clock.at(until, () => undefined);
      await clock.run(() => clock.now() >= until);
    },
    async stop() {
      await cloud.stop();
      clock.uninstall();
      // Without the secret nobody may look for it, and Slack gets nothing: that is how it is meant.
      const [denied] = cloud.deniedCalls().filter(({ service }) => service !== 'secretsmanager');
      if (denied) throw new Error(`IAM refused a call that no test meant to be refused: ${JSON.stringify(denied)}`);
    },
  };
}

/** Everything about calling functions, and reading what they wrote. */
function createInvoking(cloud: EmbeddedAws, clock: VirtualClock) {
  const stack = found(cloud.inventory.stacks[0], 'hub stack');
  const hub = { account: stack.account, region: stack.region };
  const administrator = cloud.administrator(hub.account, hub.region);
  const ref = (pattern: RegExp, type: string) =>
    found(
      stack.resources.find((one) => one.type === type && pattern.test(one.logicalId)),
      `${type} ${pattern}`,
    ).ref;
  const roleOf = (task: TaskName): Caller => {
    const machine = machineOf(task);
    const RoleName = ref(new RegExp(`^${machine}Role[0-9A-F]{8}$`), 'AWS::IAM::Role');
    const sourceArn = ref(new RegExp(`^${machine}[0-9A-F]{8}$`), 'AWS::StepFunctions::StateMachine');
    const roleArn = `arn:aws:iam::${hub.account}:role/${RoleName}`;
    return cloud.parts.iam.serviceSession('states.amazonaws.com', roleArn, { name: 'test', region: hub.region, sourceArn });
  };

  async function settled<T>(promise: Promise<T>): Promise<T> {
    let open = true;
    const watched = promise.finally(() => (open = false));
    watched.catch(() => undefined);
    await clock.run(() => !open);
    return watched;
  }

  async function invoke(caller: Caller, FunctionName: string, input: unknown): Promise<{ failed: boolean; payload: unknown }> {
    const Payload = new TextEncoder().encode(JSON.stringify(input));
    const result: Input = await settled(cloud.call(caller, 'lambda', 'Invoke', { FunctionName, Payload }));
    return { failed: result.FunctionError !== undefined, payload: JSON.parse(new TextDecoder().decode(result.Payload)) };
  }

  async function run(task: TaskName, input: unknown): Promise<unknown> {
    const { failed, payload } = await invoke(roleOf(task), versionOf(task), input);
    if (failed) throw new Error(`${task}: ${JSON.stringify(payload)}`);
    return payload;
  }

  const versionOf = (task: TaskName): string => ref(new RegExp(`^${task}CurrentVersion`), 'AWS::Lambda::Version');

  return {
    hub,
    administrator,
    settled,
    async answer<T extends TaskName>(task: T, input: TaskInput<T>): Promise<TaskOutput<T>> {
      return tasks[task].out.parse(await run(task, input)) as TaskOutput<T>;
    },
    async park<T extends TaskName>(task: T, input: TaskInput<T>): Promise<void> {
      await run(task, input);
    },
    async failure(task: TaskName, input: unknown): Promise<Failure> {
      const { failed, payload } = await invoke(roleOf(task), versionOf(task), input);
      if (!failed) throw new Error(`${task} did not fail: ${JSON.stringify(payload)}`);
      return payload as Failure;
    },
    async react(reaction: ReactionName, event: unknown): Promise<Failure | undefined> {
      const name = ref(new RegExp(`^${reaction}[0-9A-F]{8}$`), 'AWS::Lambda::Function');
      const { failed, payload } = await invoke(serviceOf(reaction), name, event);
      return failed ? (payload as Failure) : undefined;
    },
    async settings(name: TaskName | ReactionName): Promise<{ [name: string]: string }> {
      const FunctionName = ref(new RegExp(`^${name}[0-9A-F]{8}$`), 'AWS::Lambda::Function');
      return (await cloud.call(administrator, 'lambda', 'GetFunctionConfiguration', { FunctionName })).Environment.Variables;
    },
    log(name: TaskName | ReactionName): string[] {
      return cloud.parts.logs.lines(hub, ref(new RegExp(`^${name}Logs`), 'AWS::Logs::LogGroup')).map(({ message }) => message);
    },
  };

  /** Who calls a reaction: the hub's rule, or the topic of the first audience. */
  function serviceOf(reaction: ReactionName): Caller {
    const [, rule = ''] = ref(/^CommandEventsRule/, 'AWS::Events::Rule').split('|');
    const sourceArn =
      reaction === 'NotifySlack' ? ref(/^NoticesTolinuxops/, 'AWS::SNS::Topic') : `arn:aws:events:${hub.region}:${hub.account}:rule/Wavelock/${rule}`;
    const service = reaction === 'NotifySlack' ? 'sns.amazonaws.com' : 'events.amazonaws.com';
    return { ...hub, arn: service, service, sourceArn };
  }
}

/** The machine whose role calls a task; `track` runs inside the Maps of the others. */
function machineOf(task: TaskName): string {
  if (['PullPart', 'StoreFeed'].includes(task)) return 'Feed';
  if (['PickFeeds', 'PullFeed', 'LayOutScan', 'CloseIntake', 'StartRollouts'].includes(task)) return 'Intake';
  return ['PlanRollout', 'AskPeople', 'NextWave', 'CloseRollout'].includes(task) ? 'Rollout' : 'Wave';
}

async function listCommands(cloud: EmbeddedAws): Promise<Command[]> {
  const commands: Input[] = [];
  for (const { account, region } of cloud.inventory.stacks) {
    let NextToken: string | undefined;
    do {
      // Pages may be short or empty while there are more.
      const page: Input = await cloud.call(cloud.administrator(account, region), 'ssm', 'ListCommands', { ...(NextToken && { NextToken }) });
      commands.push(...page.Commands);
      NextToken = page.NextToken;
    } while (NextToken);
  }
  return commands.map(sentAs);
}

function sentAs(command: Input): Command {
  const {
    CommandId: id,
    Comment: batch,
    DocumentName: document,
    DocumentVersion: version,
    InstanceIds: nodes,
    Parameters: parameters,
    MaxErrors: maxErrors,
  } = command;
  return { id, batch, document, version, nodes, parameters, maxErrors };
}

function publication(input: Input): Publication {
  const attribute = (name: string): string => input.MessageAttributes?.[name]?.StringValue ?? '';
  const { email: text } = JSON.parse(input.Message) as { email: string };
  return { audience: attribute('audience'), event: attribute('event'), wave: attribute('wave'), subject: input.Subject, text };
}

/** The value, or an error that names what is missing. */
export function found<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`there is no ${what}`);
  return value;
}
