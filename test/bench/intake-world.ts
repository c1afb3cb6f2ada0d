/** The embedded AWS of the intake's bench, in real time: functions run beside it, each in a process of its own, and everything they call is counted. */
import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { build } from 'esbuild';
import { openHub } from '../../cli/run/record.ts';
import { createEntities } from '../../lambdas/aws/entities.ts';
import { createRealClock } from '../../local/clock.ts';
import { createCloud } from '../../local/cloud.ts';
import type { Entities } from '../../lambdas/aws/entities.ts';
import type { Record as WavelockRecord } from '../../lambdas/aws/record.ts';
import type { Store } from '../../lambdas/aws/store.ts';
import type { EmbeddedAws } from '../../local/cloud.ts';
import type { FleetFile } from '../../local/fleet/types.ts';
import type { Input, ServiceOperation } from '../../local/types.ts';
import type { TaskInput, TaskName } from '../../statemachines/contracts.ts';
import type { Invoked } from './intake-function.ts';

/** What one call of DynamoDB takes, in ms: the middle of the 5 to 10 that one sees within a Region. Answered later by so much. */
export const LATENCY_MS = 8;
/** What a new on-demand table takes at once (DynamoDB Developer Guide, "On-demand capacity mode", initial throughput): units a second. */
const WRITE_UNITS = 4_000;
const READ_UNITS = 12_000;
/** Lambda gives one virtual CPU for so much memory (Lambda Developer Guide, "Configure Lambda function memory"). */
const MB_A_CPU = 1_769;

/** Counts of what a function asked for while it ran. */
export interface Meter {
  /** Operation of DynamoDB → calls. */
  dynamodb: { [operation: string]: number };
  readUnits: number;
  writeUnits: number;
  /** Bytes of the largest item that was written. */
  largestItem: number;
  /** Calls that were in flight at the same time, on average while there was any. */
  atOnce: number;
  s3: { calls: number; read: number; written: number; largest: number };
  /** Calls of Systems Manager, EC2 and the others. */
  others: number;
}

/** One invocation with what it took. Seconds and MB. */
export interface Took extends Invoked {
  name: string;
  memoryMb: number;
  meter: Meter;
  /** Of Lambda's 900 s, as reckoned: its CPU at the share that its memory gives it, its calls at their latency, and the table's own limits. */
  reckoned: number;
}

export interface BenchWorld {
  cloud: EmbeddedAws;
  record: WavelockRecord;
  store: Store;
  entities: Entities;
  invoke<T extends TaskName>(name: T, input: TaskInput<T>): Promise<Took>;
  stop(): Promise<void>;
}

/** Boots it with what `assembly` says. Nothing is started by events: what a function wants to start is counted only. */
export async function openWorld(assembly: string, fleet: FleetFile, folder: string): Promise<BenchWorld> {
  const cloud = await createCloud({ assembly, clock: createRealClock(), seed: 1, fleet: { file: fleet }, bridged: false });
  const counter = new Counter(cloud);
  const program = join(folder, 'intake-function.cjs');
  await build({
    entryPoints: ['test/bench/intake-function.ts'],
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    outfile: program,
    logLevel: 'error',
  });
  const hub = openHub(cloud);
  const table = resource(cloud, /./, 'AWS::DynamoDB::GlobalTable');
  const client = DynamoDBDocumentClient.from(new DynamoDBClient({ requestHandler: cloud.requestHandler() }), {
    marshallOptions: { removeUndefinedValues: true },
  });
  const bundle = bundleIn(assembly);
  return {
    cloud,
    ...hub,
    entities: createEntities(client, table),
    invoke: (name, input) => invoke({ cloud, counter, program, bundle }, name, input),
    stop: () => cloud.stop(),
  };
}

function bundleIn(assembly: string): string {
  const folder = readdirSync(assembly).find((name) => existsSync(join(assembly, name, 'index.js')));
  if (folder === undefined) throw new Error(`${assembly} holds no bundle of functions`);
  return join(assembly, folder);
}

function resource({ inventory }: EmbeddedAws, id: RegExp, type: string): string {
  const found = inventory.stacks[0]?.resources.find((one) => one.type === type && id.test(one.logicalId));
  if (!found) throw new Error(`the template has no ${type} ${id}`);
  return found.ref;
}

interface Stage {
  cloud: EmbeddedAws;
  counter: Counter;
  program: string;
  bundle: string;
}

/** Runs a function as it is deployed: its bundle, role, environment and memory, of which the heap gets half. */
async function invoke<T extends TaskName>({ cloud, counter, program, bundle }: Stage, name: T, input: TaskInput<T>): Promise<Took> {
  const { account = '', region = '' } = cloud.inventory.stacks[0] ?? {};
  const FunctionName = resource(cloud, new RegExp(`^${name}[0-9A-F]{8}$`), 'AWS::Lambda::Function');
  const deployed: Input = await cloud.call(cloud.administrator(account, region), 'lambda', 'GetFunctionConfiguration', { FunctionName });
  const session = { RoleArn: deployed.Role, RoleSessionName: name };
  const lambda = { account, region, arn: 'lambda.amazonaws.com', service: 'lambda.amazonaws.com' };
  const { Credentials: keys }: Input = await cloud.call(lambda, 'sts', 'AssumeRole', session);
  const env = {
    ...deployed.Environment.Variables,
    AWS_REGION: region,
    AWS_ENDPOINT_URL: cloud.endpoint,
    AWS_ACCESS_KEY_ID: keys.AccessKeyId,
    AWS_SECRET_ACCESS_KEY: keys.SecretAccessKey,
    AWS_SESSION_TOKEN: keys.SessionToken,
    AWS_LAMBDA_FUNCTION_NAME: name,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(deployed.MemorySize),
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
    PATH: process.env['PATH'],
  };
  counter.begin();
  const invoked = await run(program, { env, memoryMb: deployed.MemorySize, args: [bundle, name, JSON.stringify(input)] });
  const meter = counter.end();
  return { ...invoked, name, memoryMb: deployed.MemorySize, meter, reckoned: reckon(invoked, deployed.MemorySize, meter) };
}

function run(program: string, { env, memoryMb, args }: { env: NodeJS.ProcessEnv; memoryMb: number; args: string[] }): Promise<Invoked> {
  // Half of the memory is the margin; what is not heap (code, buffers, the runtime) takes some 90 MB of it.
  const heap = Math.max(64, Math.floor(memoryMb / 2 - 90));
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [`--max-old-space-size=${heap}`, program, ...args], { env, stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
    let answer: Invoked | undefined;
    let said = '';
    child.stderr?.on('data', (chunk) => (said = `${said}${String(chunk)}`.slice(-2_000)));
    child.on('message', (message) => (answer = message as Invoked));
    child.on('error', reject);
    child.on('close', (code) => resolve(answer ?? { error: `ended with ${code}: ${said}`, cpu: 0, seconds: 0, peakRss: 0 }));
  });
}

function reckon({ cpu }: Invoked, memoryMb: number, { dynamodb, atOnce, readUnits, writeUnits }: Meter): number {
  const calls = Object.values(dynamodb).reduce((sum, count) => sum + count, 0);
  const waits = (calls * LATENCY_MS) / 1_000 / Math.max(1, atOnce);
  // One thread uses one CPU, however much memory it has.
  const computing = cpu / Math.min(1, memoryMb / MB_A_CPU);
  return computing + Math.max(waits, writeUnits / WRITE_UNITS + readUnits / READ_UNITS);
}

/** Stands around the operations of the embedded services. */
class Counter {
  private on = false;
  private meter: Meter = empty();
  private inFlight = 0;
  private busySince = 0;
  private busy = 0;
  private spent = 0;

  constructor({ parts }: EmbeddedAws) {
    for (const [name, operation] of Object.entries(parts.dynamodb.service.operations))
      this.around(operation, (input, perform) => this.dynamo(name, input, perform));
    for (const [name, operation] of Object.entries(parts.s3.service.operations))
      this.around(operation, (input, perform) => this.object(name, input, perform));
    for (const { service } of [parts.ssm, parts.events, parts.sns]) {
      for (const [name, operation] of Object.entries(service.operations))
        this.around(operation, (input, perform) => this.other(name, input, perform));
    }
  }

  begin(): void {
    this.meter = empty();
    [this.busy, this.spent, this.inFlight] = [0, 0, 0];
    this.on = true;
  }

  end(): Meter {
    this.on = false;
    return { ...this.meter, atOnce: this.busy === 0 ? 0 : this.spent / this.busy };
  }

  private around(operation: ServiceOperation, counted: (input: Input, onward: (input: Input) => unknown) => unknown): void {
    const perform = operation.run.bind(operation);
    operation.run = (input, context) => (this.on ? counted(input, (other) => perform(other, context)) : perform(input, context));
  }

  private async dynamo(name: string, input: Input, perform: (input: Input) => unknown): Promise<unknown> {
    const began = performance.now();
    if (this.inFlight === 0) this.busySince = began;
    this.inFlight += 1;
    try {
      const [output] = await Promise.all([perform({ ...input, ReturnConsumedCapacity: 'TOTAL' }) as Promise<Input>, pause(LATENCY_MS)]);
      this.count(name, input, output);
      return output;
    } finally {
      const ended = performance.now();
      this.inFlight -= 1;
      this.spent += ended - began;
      if (this.inFlight === 0) this.busy += ended - this.busySince;
    }
  }

  private count(name: string, input: Input, { ConsumedCapacity: consumed = [] }: Input): void {
    const units = [consumed].flat().reduce((sum: number, one: Input) => sum + one.CapacityUnits, 0);
    this.meter.dynamodb[name] = (this.meter.dynamodb[name] ?? 0) + 1;
    if (['Query', 'GetItem', 'BatchGetItem'].includes(name)) this.meter.readUnits += units;
    else this.meter.writeUnits += units;
    const items: Input[] = Object.values<Input[]>(input.RequestItems ?? {})
      .flat()
      .map((one) => one.PutRequest?.Item);
    for (const item of [input.Item, ...items]) if (item) this.meter.largestItem = Math.max(this.meter.largestItem, JSON.stringify(item).length);
  }

  private async object(name: string, input: Input, perform: (input: Input) => unknown): Promise<unknown> {
    const output = (await perform(input)) as Input;
    const { s3 } = this.meter;
    const [read, written] = [name === 'GetObject' ? sizeOf(output.Body) : 0, name === 'PutObject' ? sizeOf(input.Body) : 0];
    this.meter.s3 = { calls: s3.calls + 1, read: s3.read + read, written: s3.written + written, largest: Math.max(s3.largest, read, written) };
    return output;
  }

  private async other(name: string, input: Input, perform: (input: Input) => unknown): Promise<unknown> {
    this.meter.others += 1;
    if (name !== 'PutEvents') return perform(input);
    return { FailedEntryCount: 0, Entries: (input.Entries as unknown[]).map((_, index) => ({ EventId: String(index) })) };
  }
}

function empty(): Meter {
  return { dynamodb: {}, readUnits: 0, writeUnits: 0, largestItem: 0, atOnce: 0, s3: { calls: 0, read: 0, written: 0, largest: 0 }, others: 0 };
}

function sizeOf(body: unknown): number {
  if (typeof body === 'string') return Buffer.byteLength(body);
  return (body as Uint8Array | undefined)?.byteLength ?? 0;
}
