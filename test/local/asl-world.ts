import { createRandom } from '../../local/random.ts';
import { createStates, type ExecutionView, type States } from '../../local/services/states.ts';
import { createWalkClock, type WalkClock } from '../../local/asl/walk-clock.ts';
import { AwsError, type CallContext, type Caller, type Cloud, type Input } from '../../local/types.ts';

export const ACCOUNT = '111111111111';
export const REGION = 'eu-central-1';
export const ROLE = `arn:aws:iam::${ACCOUNT}:role/path/MachineRole`;
export const START = Date.UTC(2026, 0, 1);
export const LAMBDA = 'arn:aws:states:::lambda:invoke';
export const CALLBACK = 'arn:aws:states:::lambda:invoke.waitForTaskToken';
export const CHILD = 'arn:aws:states:::states:startExecution.sync:2';

/** A function: gets its payload, gives its return value, or throws what the function or the service throws. */
export type TestFunction = (payload: Input, world: TestWorld) => unknown;

export interface MadeCall {
  caller: Caller;
  service: string;
  operation: string;
  input: Input;
}

export interface WorldOptions {
  functions?: Record<string, TestFunction>;
  /** Any other service. */
  services?: Record<string, (operation: string, input: Input) => unknown>;
  denied?: string[];
  /** Called before each call; throws to make it fail. */
  before?: (call: MadeCall) => void;
  /** Called when a call has had its effect; throws to lose the answer. */
  after?: (call: MadeCall) => void;
  seed?: number;
  session?: (machine: { arn: string }) => Caller;
}

/** Step Functions in a cloud whose other services the test gives, on a clock in memory. */
export class TestWorld {
  readonly clock: WalkClock = createWalkClock(START);
  readonly calls: MadeCall[] = [];
  readonly events: Array<{ source: string; detailType: string; resources: string[]; detail: unknown }> = [];
  /** What IAM would have been asked, in order. */
  readonly judged: string[] = [];
  readonly objects = new Map<string, string>();
  readonly states: States;
  /** `states:StopExecution` and the like are refused. */
  readonly denied: Set<string>;
  transitions = 0;

  constructor(private readonly options: WorldOptions = {}) {
    this.denied = new Set(options.denied);
    const cloud: Cloud = {
      clock: this.clock,
      random: createRandom(options.seed ?? 1),
      call: (caller, service, operation, input) => this.call({ caller, service, operation, input }),
      emit: (_account, _region, event) => void this.events.push(event),
    };
    this.states = createStates(cloud, {
      onTransition: () => void this.transitions++,
      ...(options.session ? { session: options.session } : {}),
    });
  }

  /** Makes a machine out of states; the first one starts. */
  define(name: string, states: Record<string, unknown>, more: Record<string, unknown> = {}): string {
    const arn = machineArn(name);
    const definition = { QueryLanguage: 'JSONata', StartAt: Object.keys(states)[0], States: states, ...more };
    this.states.define({ account: ACCOUNT, region: REGION, name, arn, roleArn: ROLE, definition });
    return arn;
  }

  /** Makes the machine `m`, runs it to its end and gives the execution. */
  async run(states: Record<string, unknown>, input: unknown = {}, more: Record<string, unknown> = {}): Promise<ExecutionView> {
    this.define('m', states, more);
    return this.runToEnd('m', input);
  }

  async runToEnd(name: string, input: unknown = {}, executionName = 'run'): Promise<ExecutionView> {
    const arn = await this.start(name, input, executionName);
    await this.until(() => this.execution(arn).status !== 'RUNNING');
    return this.execution(arn);
  }

  async start(name: string, input: unknown = {}, executionName?: string): Promise<string> {
    const request = { stateMachineArn: machineArn(name), input: JSON.stringify(input), ...(executionName ? { name: executionName } : {}) };
    const { executionArn } = await this.api('StartExecution', request);
    return executionArn;
  }

  /** Lets time run until something holds. */
  until(holds: () => boolean): Promise<void> {
    return this.clock.run(holds);
  }

  /** Lets virtual seconds pass. */
  async pass(seconds: number): Promise<void> {
    let over = false;
    this.clock.at(this.clock.now() + 1000 * seconds, () => {
      over = true;
    });
    await this.until(() => over);
  }

  /** Lets everything happen that needs no time. */
  settle(): Promise<void> {
    return this.pass(0);
  }

  /** Virtual seconds since the world began. */
  get seconds(): number {
    return (this.clock.now() - START) / 1000;
  }

  execution(arn: string): ExecutionView {
    const found = this.states.executions().find((execution) => execution.arn === arn);
    if (!found) throw new Error(`no execution ${arn}`);
    return found;
  }

  executionsOf(machine: string): ExecutionView[] {
    return this.states.executions().filter((execution) => execution.machine === machine);
  }

  /** An operation as somebody in the account calls it. */
  api(operation: string, input: Input, place: { account?: string; region?: string } = {}): Promise<Input> {
    const caller: Caller = {
      account: place.account ?? ACCOUNT,
      region: place.region ?? REGION,
      arn: 'arn:aws:iam::111111111111:role/tester',
      administrator: true,
    };
    return this.call({ caller, service: 'states', operation, input });
  }

  callsTo(action: string): MadeCall[] {
    return this.calls.filter(({ service, operation }) => `${service}:${operation}` === action);
  }

  private async call(made: MadeCall): Promise<Input> {
    const answer: Input = await this.answer(made);
    this.options.after?.(made);
    return answer;
  }

  private async answer(made: MadeCall): Promise<Input> {
    const { caller, service, operation } = made;
    const input: Input = structuredClone(made.input);
    this.calls.push({ ...made, input });
    this.options.before?.(made);
    if (this.denied.has(`${service}:${operation}`)) {
      throw new AwsError('AccessDeniedException', `User: ${caller.arn} is not authorized to perform: ${service}:${operation}`, 403);
    }
    if (service === 'states') return structuredClone(await this.ownService(caller, operation, input));
    if (service === 'lambda') return this.invoke(input);
    if (service === 's3') return this.s3(operation, input);
    const other = this.options.services?.[service];
    if (!other) throw new Error(`the test has no service ${service}`);
    return other(operation, input);
  }

  private ownService(caller: Caller, operation: string, input: Input): unknown {
    const known = this.states.service.operations[operation];
    if (!known) throw new Error(`no operation ${operation}`);
    const { account, region } = caller;
    const context: CallContext = { caller, account, region, service: 'states', operation, requestId: 'request' };
    for (const { action, resource } of known.access(input, context)) this.judged.push(`${action} on ${resource}`);
    return known.run(input, context);
  }

  private async invoke(input: Input): Promise<Input> {
    const name: string = input.FunctionName;
    const implementation = this.options.functions?.[name];
    if (!implementation) throw new AwsError('ResourceNotFoundException', `Function not found: ${name}`, 404);
    const payload = input.Payload === undefined ? undefined : JSON.parse(Buffer.from(input.Payload).toString());
    try {
      const result = await implementation(payload, this);
      return { StatusCode: 200, ExecutedVersion: '$LATEST', Payload: Buffer.from(JSON.stringify(result ?? null)) };
    } catch (error) {
      if (error instanceof AwsError || !(error instanceof Error)) throw error;
      const body = { errorType: error.name, errorMessage: error.message };
      return { StatusCode: 200, ExecutedVersion: '$LATEST', FunctionError: 'Unhandled', Payload: Buffer.from(JSON.stringify(body)) };
    }
  }

  private s3(operation: string, input: Input): Input {
    const key = `${input.Bucket}/${input.Key}`;
    if (operation === 'PutObject') {
      this.objects.set(key, Buffer.from(input.Body).toString());
      return {};
    }
    const body = this.objects.get(key);
    if (body === undefined) throw new AwsError('NoSuchKey', 'The specified key does not exist.', 404);
    return { Body: Buffer.from(body) };
  }
}

export function machineArn(name: string, region = REGION): string {
  return `arn:aws:states:${region}:${ACCOUNT}:stateMachine:${name}`;
}

/** An error of a function's own. */
export function thrown(name: string, message = ''): Error {
  const error = new Error(message);
  error.name = name;
  return error;
}

/** Types of an execution's events, in order. */
export function eventTypes(execution: ExecutionView): string[] {
  return execution.events.map(({ type }) => type);
}
