import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { InvokeCommand, LambdaClient, type InvokeCommandInput, type InvokeCommandOutput } from '@aws-sdk/client-lambda';
import type { VirtualClock } from '../../local/clock.ts';
import { createLambda, type FunctionDefinition, type Lambda } from '../../local/services/lambda.ts';
import { createSqs, type Sqs } from '../../local/services/sqs.ts';
import type { Caller, Input } from '../../local/types.ts';
import { ACCOUNT, createBaseWorld, HOME, type BaseWorld } from './base-world.ts';

const ROLE = `arn:aws:iam::${ACCOUNT}:role/Runner`;

export interface LambdaWorld {
  world: BaseWorld;
  clock: VirtualClock;
  lambda: Lambda;
  sqs: Sqs;
  client: LambdaClient;
  /** Folder of the functions' code. */
  folder: string;
  /** Log lines as `group stream line`. */
  lines: string[];
  /** Metrics as `Name value`. */
  counted: string[];
  /** Callers for whom keys were issued. */
  issued: Caller[];
  /** Makes a function of a CommonJS source. */
  create: (name: string, source: string, more?: Partial<FunctionDefinition>) => string;
  /** Starts an invocation; under virtual time somebody has to let time run. */
  begin: (name: string, event?: unknown, more?: Partial<InvokeCommandInput>) => Promise<InvokeCommandOutput>;
  invoke: (name: string, event?: unknown, more?: Partial<InvokeCommandInput>) => Promise<InvokeCommandOutput & { value: Input }>;
  close(): Promise<void>;
}

/** Functions under a virtual clock, over loopback. `bridged`: their own requests need no socket. */
export async function createLambdaWorld({ stallLimit, bridged = true }: { stallLimit?: number; bridged?: boolean } = {}): Promise<LambdaWorld> {
  const world = createBaseWorld({ virtual: true, stallLimit });
  const folder = mkdtempSync(path.join(tmpdir(), 'wavelock-'));
  const sqs = createSqs(world.cloud, { useKey: () => undefined });
  const lines: string[] = [];
  const counted: string[] = [];
  const issued: Caller[] = [];
  const lambda = createLambda(world.cloud, {
    endpoint: () => world.config().endpoint,
    bridge: () => (bridged ? { host: new URL(world.config().endpoint).host, answer: world.wire.answer } : undefined),
    credentials: {
      issue(caller) {
        issued.push(caller);
        return { accessKeyId: `ASIA${caller.account}`, secretAccessKey: 's', sessionToken: 't' };
      },
    },
    log: (_location, group, stream, line) => void lines.push(`${group} ${stream.slice(-8)} ${line}`),
    metric: (_location, { name, value }) => void counted.push(`${name} ${JSON.stringify(value)}`),
    concurrency: 20,
  });
  world.add(lambda.service, sqs.service);
  await world.overSocket();
  const client = new LambdaClient(world.config());
  const begin: LambdaWorld['begin'] = (name, event = {}, more = {}) =>
    client.send(new InvokeCommand({ FunctionName: name, Payload: JSON.stringify(event), ...more }));
  return {
    world,
    lambda,
    sqs,
    client,
    folder,
    lines,
    counted,
    issued,
    begin,
    clock: world.clock as VirtualClock,
    create(name, source, more = {}) {
      const codeDirectory = path.join(folder, name);
      mkdirSync(codeDirectory, { recursive: true });
      writeFileSync(path.join(codeDirectory, 'index.js'), source);
      return lambda.createFunction({ ...HOME, name, codeDirectory, handler: 'index.handler', roleArn: ROLE, ...more });
    },
    async invoke(name, event, more) {
      const reply = await world.settle(begin(name, event, more));
      const text = reply.Payload?.transformToString();
      return { ...reply, value: text ? JSON.parse(text) : undefined };
    },
    async close() {
      await world.close();
      rmSync(folder, { recursive: true });
    },
  };
}
