import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { GetFunctionCommand, GetPolicyCommand, InvokeCommand, LambdaClient, ListFunctionsCommand, type InvokeCommandInput } from '@aws-sdk/client-lambda';
import { buildSync } from 'esbuild';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { VirtualClock } from '../../local/clock.ts';
import { createDynamoDb } from '../../local/services/dynamodb.ts';
import { createLambda, type FunctionDefinition, type Lambda } from '../../local/services/lambda.ts';
import { createSqs, type Sqs } from '../../local/services/sqs.ts';
import type { Caller } from '../../local/types.ts';
import { ACCOUNT, createBaseWorld, HOME, REGION, rejection, START, type BaseWorld } from './base-world.ts';

const ROLE = `arn:aws:iam::${ACCOUNT}:role/Runner`;
let folder: string;
let world: BaseWorld;
let clock: VirtualClock;
let lambda: Lambda;
let sqs: Sqs;
let client: LambdaClient;
let bridged = true;
const lines: string[] = [];
const counted: string[] = [];
const issued: Caller[] = [];

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'wavelock-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

async function build(stallLimit?: number): Promise<void> {
  world = createBaseWorld({ virtual: true, stallLimit });
  clock = world.clock as VirtualClock;
  sqs = createSqs(world.cloud, { useKey: () => undefined });
  lambda = createLambda(world.cloud, {
    endpoint: () => world.config().endpoint,
    bridge: () => (bridged ? { host: new URL(world.config().endpoint).host, answer: world.wire.answer } : undefined),
    credentials: {
      issue(caller) {
        issued.push(caller);
        return { accessKeyId: `ASIA${caller.account}`, secretAccessKey: 's', sessionToken: 't' };
      },
    },
    log: (_location, group, stream, line) => void lines.push(`${group} ${stream.slice(-8)} ${line}`),
    metric: (_location, { name, value }) => void counted.push(`${name} ${String(value)}`),
    concurrency: 20,
  });
  world.add(lambda.service, sqs.service);
  await world.overSocket();
  client = new LambdaClient(world.config());
}

beforeEach(() => build());

afterEach(async () => {
  for (const list of [lines, counted, issued]) list.length = 0;
  bridged = true;
  await world.close();
});

/** Makes a function of a CommonJS source. */
function create(name: string, source: string, more: Partial<FunctionDefinition> = {}): string {
  const codeDirectory = path.join(folder, name);
  mkdirSync(codeDirectory, { recursive: true });
  writeFileSync(path.join(codeDirectory, 'index.js'), source);
  return lambda.createFunction({ ...HOME, name, codeDirectory, handler: 'index.handler', roleArn: ROLE, ...more });
}

/** Starts an invocation; under virtual time somebody has to let time run. */
function begin(name: string, event: unknown = {}, more: Partial<InvokeCommandInput> = {}) {
  return client.send(new InvokeCommand({ FunctionName: name, Payload: JSON.stringify(event), ...more }));
}

async function invoke(name: string, event: unknown = {}, more: Partial<InvokeCommandInput> = {}) {
  const reply = await world.settle(begin(name, event, more));
  const text = reply.Payload?.transformToString();
  return { ...reply, value: text ? JSON.parse(text) : undefined };
}

describe('a function', () => {
  it('gets its event and context, with time that passes on the clock', async () => {
    create('ctx', `exports.handler = async (event, context) => {
      const before = context.getRemainingTimeInMillis();
      await new Promise((resolve) => setTimeout(resolve, 1500));
      return { event, before, after: context.getRemainingTimeInMillis(), now: Date.now(), ...context };
    };`, { timeout: 10, memory: 512 });
    const { value, StatusCode, ExecutedVersion, FunctionError } = await invoke('ctx', { a: 1 });
    expect({ StatusCode, ExecutedVersion, FunctionError }).toEqual({ StatusCode: 200, ExecutedVersion: '$LATEST', FunctionError: undefined });
    expect(value).toMatchObject({
      event: { a: 1 }, before: 10_000, after: 8500, now: START + 1500, functionName: 'ctx', memoryLimitInMB: '512',
      invokedFunctionArn: `arn:aws:lambda:${REGION}:${ACCOUNT}:function:ctx`, logGroupName: '/aws/lambda/ctx',
    });
    expect(value.awsRequestId).toMatch(/^[\da-f-]{36}$/);
  });

  it('has variables, globals and a process of its own', async () => {
    const source = `
      globalThis.mark = process.env.WHO; process.env.ADDED = process.env.WHO;
      const again = require('node:process').env, named = require('process');
      exports.handler = async () => ({ who: process.env.WHO, added: again.ADDED, mark: global.mark, same: named.env === process.env,
        region: process.env.AWS_REGION, name: process.env.AWS_LAMBDA_FUNCTION_NAME, key: process.env.AWS_ACCESS_KEY_ID, path: process.env.PATH,
        url: process.env.AWS_ENDPOINT_URL, cwd: process.cwd(), bigint: typeof process.hrtime.bigint(), uuid: globalThis.crypto.randomUUID().length });`;
    create('one', source, { environment: { WHO: 'first' } });
    create('two', source, { environment: { WHO: 'second' }, region: 'eu-west-1' });
    const one = (await invoke('one')).value;
    const west = new LambdaClient(world.config({ region: 'eu-west-1' }));
    const reply = await world.settle(west.send(new InvokeCommand({ FunctionName: 'two' })));
    expect(one).toMatchObject({ who: 'first', added: 'first', mark: 'first', same: true, region: REGION, name: 'one', key: `ASIA${ACCOUNT}`, bigint: 'bigint', uuid: 36 });
    expect(one.path).toBeUndefined();
    expect(one.url).toBe(world.config().endpoint);
    expect(JSON.parse(reply.Payload?.transformToString() ?? '')).toMatchObject({ who: 'second', added: 'second', mark: 'second', region: 'eu-west-1' });
    expect([process.env['WHO'], process.env['ADDED'], 'mark' in globalThis]).toEqual([undefined, undefined, false]);
    expect(issued[0]).toMatchObject({ arn: `arn:aws:sts::${ACCOUNT}:assumed-role/Runner/one`, roleArn: ROLE });
  });

  it('keeps its environment for the next invocation, and gets another for a concurrent one', async () => {
    create('warm', `let calls = 0; exports.handler = async ({ sleep }) => { calls++; if (sleep) await new Promise((r) => setTimeout(r, sleep)); return calls; };`);
    expect([(await invoke('warm')).value, (await invoke('warm')).value]).toEqual([1, 2]);
    const both = await world.settle(Promise.all([begin('warm', { sleep: 100 }), begin('warm', { sleep: 100 })]));
    expect(both.map(({ Payload }) => Payload?.transformToString()).toSorted()).toEqual(['1', '3']);
  });

  it('is logged: console, standard streams, and what they leave open', async () => {
    create('log', `exports.handler = async () => { console.log('hello %s', 'you', { a: 1 }); console.error('bad'); process.stdout.write('{"raw":true}\\nrest'); };`);
    const { LogResult } = await invoke('log', {}, { LogType: 'Tail' });
    const text = Buffer.from(LogResult ?? '', 'base64').toString();
    expect(text).toMatch(/^2026-11-23T00:00:00.000Z\t[\da-f-]{36}\tINFO\thello you \{ a: 1 \}\n2026.*\tERROR\tbad\n\{"raw":true\}\nrest$/);
    expect(lines.map((line) => line.split('\t').at(-1))).toEqual(['hello you { a: 1 }', 'bad', '/aws/lambda/log 00000001 {"raw":true}', '/aws/lambda/log 00000001 rest']);
    create('json', `exports.handler = async () => console.warn('x');`, { logFormat: 'JSON', logGroup: '/mine' });
    await invoke('json');
    expect(JSON.parse(lines.at(-1)?.replace(/^\S+ \S+ /, '') ?? '')).toMatchObject({ level: 'WARN', message: 'x', timestamp: '2026-11-23T00:00:00.000Z' });
  });

  it('fails as on Lambda: with type, message and a trace without this machine’s paths', async () => {
    create('throws', `class Unhappy extends Error { constructor(m) { super(m); this.name = 'Unhappy'; } }\nexports.handler = async ({ plain }) => { if (plain) throw 'text'; throw new Unhappy('no'); };`);
    const { value, FunctionError } = await invoke('throws');
    expect(FunctionError).toBe('Unhandled');
    expect(value).toMatchObject({ errorType: 'Unhappy', errorMessage: 'no' });
    expect(value.trace[1]).toMatch(/at .*handler \(?\/var\/task\/index\.js:2:/);
    expect(JSON.stringify(value)).not.toContain(folder);
    expect((await invoke('throws', { plain: true })).value).toEqual({ errorType: 'string', errorMessage: 'text', trace: [] });
    expect(counted.filter((line) => line.startsWith('Errors'))).toEqual(['Errors 1', 'Errors 1']);
    expect(lines.at(-1)).toContain('Invoke Error\t{"errorType":"string"');
  });

  it('times out on the clock, and does nothing more afterwards', async () => {
    const done: string[] = [];
    const seen = { push: (word: string) => void done.push(word) };
    Object.assign(globalThis, { seen });
    create('slow', `exports.handler = async () => {
      setInterval(() => seen.push('tick'), 1000);
      await new Promise((resolve) => setTimeout(resolve, 5000));
      seen.push('late'); await new Promise((resolve) => setTimeout(resolve, 1)); seen.push('later');
    };`, { timeout: 3 });
    const { value } = await invoke('slow');
    expect(value.errorType).toBe('Sandbox.Timedout');
    expect(value.errorMessage).toMatch(/^RequestId: [\da-f-]{36} Error: Task timed out after 3\.00 seconds$/);
    expect(clock.now()).toBe(START + 3000);
    await world.settle(clock.sleep(60_000));
    expect(done).toEqual(['tick', 'tick']);
    Reflect.deleteProperty(globalThis, 'seen');
  });

  it('is not timed out while it works for real', async () => {
    create('busy', `const { gzip } = require('node:zlib'); const { promisify } = require('node:util');
      exports.handler = async () => (await promisify(gzip)(Buffer.alloc(20_000_000, 'x'))).length;`, { timeout: 1 });
    clock.at(START + 500, () => undefined);
    expect((await invoke('busy')).value).toBeGreaterThan(1000);
  });

  it('that waits for nothing, exits, or throws out of a timer is at an end, and its environment with it', async () => {
    await world.close();
    await build(300);
    create('ends', `let calls = 0; exports.handler = ({ how }) => new Promise((resolve) => { calls++;
      if (how === 'exit') process.exit(3); if (how === 'timer') setTimeout(() => { throw new RangeError('out of a timer'); }, 10); if (how === 'ok') resolve(calls); });`);
    expect((await invoke('ends', { how: 'exit' })).value).toMatchObject({ errorType: 'Runtime.ExitError', errorMessage: expect.stringContaining('exit status 3') });
    expect((await invoke('ends', { how: 'timer' })).value).toMatchObject({ errorType: 'RangeError', errorMessage: 'out of a timer' });
    expect((await invoke('ends', { how: 'hang' })).value).toMatchObject({ errorType: 'Runtime.NodeJsExit' });
    expect((await invoke('ends', { how: 'ok' })).value).toBe(1);
  });

  it('that can’t be loaded says why, each time', async () => {
    create('syntax', 'exports.handler = async (');
    create('import', `require('left-pad'); exports.handler = async () => 1;`);
    create('nothing', 'exports.other = 1;');
    create('callback', 'exports.handler = (event, context, callback) => callback(null, 1);');
    const types = [];
    for (const name of ['syntax', 'import', 'nothing', 'callback', 'import']) types.push((await invoke(name)).value.errorType);
    expect(types).toEqual(['Runtime.UserCodeSyntaxError', 'Runtime.ImportModuleError', 'Runtime.HandlerNotFound', 'Runtime.CallbackHandlerDeprecated', 'Runtime.ImportModuleError']);
  });

  it('has Lambda’s limits', async () => {
    create('big', `exports.handler = async ({ size, loop }) => { if (loop) { const a = {}; a.a = a; return a; } return 'x'.repeat(size); };`);
    expect((await invoke('big', { size: 6_291_554 })).FunctionError).toBeUndefined();
    expect((await invoke('big', { size: 6_291_555 })).value.errorType).toBe('Function.ResponseSizeTooLarge');
    expect((await invoke('big', { loop: true })).value.errorType).toBe('Runtime.MarshalError');
    const large = JSON.stringify({ x: 'x'.repeat(1024 * 1024) });
    expect((await rejection(world.settle(begin('big', {}, { Payload: large, InvocationType: 'Event' })))).name).toBe('RequestTooLargeException');
    expect((await rejection(world.settle(begin('big', {}, { Payload: '{' })))).name).toBe('InvalidRequestContentException');
    create('many', 'exports.handler = () => new Promise((resolve) => setTimeout(resolve, 10));');
    const all = await world.settle(Promise.allSettled(Array.from({ length: 21 }, () => new LambdaClient({ ...world.config(), maxAttempts: 1 }).send(new InvokeCommand({ FunctionName: 'many' })))));
    expect(all.filter(({ status }) => status === 'rejected')).toHaveLength(1);
  });
});

describe('a bundle with the SDK', () => {
  const entry = fileURLToPath(new URL('fixtures/lambda-sdk.ts', import.meta.url));

  async function table(): Promise<void> {
    const database = createDynamoDb(world.cloud, { useKey: () => undefined });
    world.add(database.service);
    await database.createTable({ ...HOME, name: 'things', attributes: [{ AttributeName: 'pk', AttributeType: 'S' }], keys: [{ AttributeName: 'pk', KeyType: 'HASH' }] });
  }

  it.each([['without a socket', true], ['over loopback', false]])('finds the embedded AWS %s, and logs and counts through Powertools', async (_, way) => {
    bridged = way;
    await world.settle(table());
    const { outputFiles } = buildSync({ entryPoints: [entry], bundle: true, platform: 'node', target: 'node20', format: 'cjs', write: false, logLevel: 'error' });
    create('sdk', outputFiles[0]?.text ?? '', { timeout: 30 });
    const { value } = await invoke('sdk', { id: 'a', value: 'stored' });
    expect(value).toEqual({ read: 'stored', missing: 'ResourceNotFoundException', waited: expect.any(Number) });
    expect(world.asked.filter(({ operation }) => operation.startsWith('dynamodb')).map(({ operation }) => operation)).toEqual(['dynamodb:PutItem', 'dynamodb:GetItem', 'dynamodb:GetItem']);
    expect(lines.some((line) => line.includes('"message":"stored"') && line.includes('"service":"things"'))).toBe(true);
    expect(lines.some((line) => line.includes('"CloudWatchMetrics"'))).toBe(true);
    expect(clock.now()).toBe(START);
  });
});

describe('events', () => {
  it('are tried three times, and then recorded where the function says', async () => {
    const { arn } = sqs.createQueue({ ...HOME, name: 'failed' });
    const letters = sqs.createQueue({ ...HOME, name: 'letters' });
    const functionArn = create('event', `exports.handler = async () => { throw new Error('never'); };`, { async: { onFailure: arn, deadLetterArn: letters.arn } });
    expect((await invoke('event', { n: 1 }, { InvocationType: 'Event' })).StatusCode).toBe(202);
    await clock.run(() => sqs.peek(letters.arn).length > 0);
    expect(clock.now()).toBe(START + 180_000);
    const [message] = sqs.peek(arn);
    expect(JSON.parse(message?.body ?? '')).toMatchObject({
      version: '1.0',
      requestContext: { functionArn: `${functionArn}:$LATEST`, condition: 'RetriesExhausted', approximateInvokeCount: 3 },
      requestPayload: { n: 1 },
      responseContext: { functionError: 'Unhandled' },
      responsePayload: { errorMessage: 'never' },
    });
    expect(sqs.peek(letters.arn)[0]).toMatchObject({ body: '{"n":1}', attributes: { ErrorMessage: { StringValue: 'never' } } });
    expect(world.asked.filter(({ operation }) => operation === 'sqs:SendMessage').map(({ caller }) => caller)).toEqual(Array(2).fill(`arn:aws:sts::${ACCOUNT}:assumed-role/Runner/event`));
  });

  it('are retried as often as the function wants, until one try succeeds', async () => {
    const { arn } = sqs.createQueue({ ...HOME, name: 'done' });
    create('third', `let calls = 0; exports.handler = async () => { if (++calls < 2) throw new Error('not yet'); return calls; };`, { async: { onSuccess: arn, maxRetries: 1 } });
    await invoke('third', {}, { InvocationType: 'Event' });
    await clock.run(() => sqs.peek(arn).length > 0);
    expect(JSON.parse(sqs.peek(arn)[0]?.body ?? '')).toMatchObject({ requestContext: { condition: 'Success', approximateInvokeCount: 2 }, responsePayload: 2 });
    expect(clock.now()).toBe(START + 60_000);
  });

  it('come to a function in the background while time goes on', async () => {
    create('back', `exports.handler = () => new Promise((resolve) => setTimeout(resolve, 2000));`);
    await invoke('back', {}, { InvocationType: 'Event' });
    expect(clock.now()).toBe(START);
    await clock.run(() => counted.includes('Duration 2000'));
  });
});

describe('the API', () => {
  it('describes functions, versions and permissions', async () => {
    const arn = create('api', 'exports.handler = async (event, context) => context.invokedFunctionArn;', { environment: { A: 'b' }, description: 'what it does' });
    lambda.addPermission({ functionArn: arn, principal: 'events.amazonaws.com', sourceArn: 'arn:aws:events:eu-central-1:1:rule/r' });
    expect((await world.settle(client.send(new GetFunctionCommand({ FunctionName: arn })))).Configuration).toMatchObject({ FunctionName: 'api', Timeout: 3, Environment: { Variables: { A: 'b' } }, State: 'Active' });
    const policy = JSON.parse((await world.settle(client.send(new GetPolicyCommand({ FunctionName: 'api' })))).Policy ?? '');
    expect(policy.Statement[0]).toMatchObject({ Principal: { Service: 'events.amazonaws.com' }, Action: 'lambda:InvokeFunction', Resource: arn, Condition: { ArnLike: { 'AWS:SourceArn': 'arn:aws:events:eu-central-1:1:rule/r' } } });
    expect((await world.settle(client.send(new ListFunctionsCommand({})))).Functions?.map(({ FunctionName }) => FunctionName)).toEqual(['api']);
    const version = lambda.publishVersion(arn);
    expect((await invoke(version)).value).toBe(`${arn}:1`);
    expect(world.asked.at(-1)?.access).toEqual([`lambda:InvokeFunction ${arn}:1`]);
    expect((await rejection(world.settle(begin(`${arn}:2`)))).name).toBe('ResourceNotFoundException');
    expect((await rejection(world.settle(begin('none')))).name).toBe('ResourceNotFoundException');
    expect((await invoke('api', {}, { InvocationType: 'DryRun' })).StatusCode).toBe(204);
  });
});
