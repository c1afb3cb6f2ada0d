import { fileURLToPath } from 'node:url';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { buildSync } from 'esbuild';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createDynamoDb } from '../../local/services/dynamodb.ts';
import { ACCOUNT, HOME, REGION, rejection, START } from './base-world.ts';
import { createLambdaWorld, type LambdaWorld } from './lambda-world.ts';

let lambdas: LambdaWorld;
let world: LambdaWorld['world'];
let clock: LambdaWorld['clock'];
let create: LambdaWorld['create'];
let begin: LambdaWorld['begin'];
let invoke: LambdaWorld['invoke'];
let lines: LambdaWorld['lines'];
let counted: LambdaWorld['counted'];
let issued: LambdaWorld['issued'];
let folder: LambdaWorld['folder'];

async function build(options: Parameters<typeof createLambdaWorld>[0] = {}): Promise<void> {
  lambdas = await createLambdaWorld(options);
  ({ world, clock, create, begin, invoke, lines, counted, issued, folder } = lambdas);
}

beforeEach(() => build());
afterEach(() => lambdas.close());

async function addTable(): Promise<void> {
  const database = createDynamoDb(world.cloud, { useKey: () => undefined });
  world.add(database.service);
  await database.createTable({
    ...HOME,
    name: 'things',
    attributes: [{ AttributeName: 'pk', AttributeType: 'S' }],
    keys: [{ AttributeName: 'pk', KeyType: 'HASH' }],
  });
}

describe('a function', () => {
  it('gets its event and context, with time that passes on the clock', async () => {
    create(
      'ctx',
      `exports.handler = async (event, context) => {
      const before = context.getRemainingTimeInMillis();
      await new Promise((resolve) => setTimeout(resolve, 1500));
      return { event, before, after: context.getRemainingTimeInMillis(), now: Date.now(), ...context };
    };`,
      { timeout: 10, memory: 512 },
    );
    const { value, StatusCode, ExecutedVersion, FunctionError } = await invoke('ctx', { a: 1 });
    expect({ StatusCode, ExecutedVersion, FunctionError }).toEqual({
      StatusCode: 200,
      ExecutedVersion: '$LATEST',
      FunctionError: undefined,
    });
    expect(value).toMatchObject({
      event: { a: 1 },
      before: 10_000,
      after: 8500,
      now: START + 1500,
      functionName: 'ctx',
      memoryLimitInMB: '512',
      invokedFunctionArn: `arn:aws:lambda:${REGION}:${ACCOUNT}:function:ctx`,
      logGroupName: '/aws/lambda/ctx',
    });
    expect(value.awsRequestId).toMatch(/^[\da-f-]{36}$/);
  });

  it('has variables, globals and a process of its own', async () => {
    const source = `
      globalThis.mark = process.env.WHO; process.env.ADDED = process.env.WHO;
      const again = require('node:process').env, named = require('process');
      exports.handler = async () => ({ who: process.env.WHO, added: again.ADDED, mark: global.mark, same: named.env === process.env,
        region: process.env.AWS_REGION, name: process.env.AWS_LAMBDA_FUNCTION_NAME, key: process.env.AWS_ACCESS_KEY_ID,
        path: process.env.PATH, url: process.env.AWS_ENDPOINT_URL, cwd: process.cwd(), bigint: typeof process.hrtime.bigint(),
        uuid: globalThis.crypto.randomUUID().length });`;
    create('one', source, { environment: { WHO: 'first' } });
    create('two', source, { environment: { WHO: 'second' }, region: 'eu-west-1' });
    const one = (await invoke('one')).value;
    const west = new LambdaClient(world.config({ region: 'eu-west-1' }));
    const reply = await world.settle(west.send(new InvokeCommand({ FunctionName: 'two' })));
    expect(one).toMatchObject({
      who: 'first',
      added: 'first',
      mark: 'first',
      same: true,
      region: REGION,
      name: 'one',
      key: `ASIA${ACCOUNT}`,
      bigint: 'bigint',
      uuid: 36,
    });
    expect(one.path).toBeUndefined();
    expect(one.url).toBe(world.config().endpoint);
    expect(JSON.parse(reply.Payload?.transformToString() ?? '')).toMatchObject({
      who: 'second',
      added: 'second',
      mark: 'second',
      region: 'eu-west-1',
    });
    expect([process.env['WHO'], process.env['ADDED'], 'mark' in globalThis]).toEqual([undefined, undefined, false]);
    expect(issued[0]).toMatchObject({
      arn: `arn:aws:sts::${ACCOUNT}:assumed-role/Runner/one`,
      roleArn: `arn:aws:iam::${ACCOUNT}:role/Runner`,
    });
  });

  it('keeps its environment for the next invocation, and gets another for a concurrent one', async () => {
    create(
      'warm',
      `let calls = 0; exports.handler = async ({ sleep }) => {
        calls++; if (sleep) await new Promise((r) => setTimeout(r, sleep)); return calls; };`,
    );
    expect([(await invoke('warm')).value, (await invoke('warm')).value]).toEqual([1, 2]);
    const both = await world.settle(Promise.all([begin('warm', { sleep: 100 }), begin('warm', { sleep: 100 })]));
    expect(new Set(both.map(({ Payload }) => Payload?.transformToString()))).toEqual(new Set(['1', '3']));
  });

  it('is logged: console, standard streams, and what they leave open', async () => {
    create(
      'log',
      `exports.handler = async () => {
        console.log('hello %s', 'you', { a: 1 }); console.error('bad'); process.stdout.write('{"raw":true}\\nrest'); };`,
    );
    const { LogResult } = await invoke('log', {}, { LogType: 'Tail' });
    const text = Buffer.from(LogResult ?? '', 'base64').toString();
    expect(text).toMatch(/^2026-11-23T00:00:00.000Z\t[\da-f-]{36}\tINFO\thello you \{ a: 1 \}\n2026.*\tERROR\tbad\n\{"raw":true\}\nrest$/);
    expect(lines.map((line) => line.split('\t').at(-1))).toEqual([
      'hello you { a: 1 }',
      'bad',
      '/aws/lambda/log 00000001 {"raw":true}',
      '/aws/lambda/log 00000001 rest',
    ]);
    create('json', `exports.handler = async () => console.warn('x');`, { logFormat: 'JSON', logGroup: '/mine' });
    await invoke('json');
    expect(JSON.parse(lines.at(-1)?.replace(/^\S+ \S+ /, '') ?? '')).toMatchObject({
      level: 'WARN',
      message: 'x',
      timestamp: '2026-11-23T00:00:00.000Z',
    });
  });

  it('fails as on Lambda: with type, message and a trace without this machine’s paths', async () => {
    create(
      'throws',
      `class Unhappy extends Error { constructor(m) { super(m); this.name = 'Unhappy'; } }
exports.handler = async ({ plain }) => { if (plain) throw 'text'; throw new Unhappy('no'); };`,
    );
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
    create(
      'slow',
      `exports.handler = async () => {
      setInterval(() => seen.push('tick'), 1000);
      await new Promise((resolve) => setTimeout(resolve, 5000));
      seen.push('late'); await new Promise((resolve) => setTimeout(resolve, 1)); seen.push('later');
    };`,
      { timeout: 3 },
    );
    const { value } = await invoke('slow');
    expect(value.errorType).toBe('Sandbox.Timedout');
    expect(value.errorMessage).toMatch(/^RequestId: [\da-f-]{36} Error: Task timed out after 3\.00 seconds$/);
    expect(clock.now()).toBe(START + 3000);
    await world.settle(clock.sleep(60_000));
    expect(done).toEqual(['tick', 'tick']);
    Reflect.deleteProperty(globalThis, 'seen');
  });

  it('is not timed out while it works for real', async () => {
    create(
      'busy',
      `const { gzip } = require('node:zlib'); const { promisify } = require('node:util');
      exports.handler = async () => (await promisify(gzip)(Buffer.alloc(20_000_000, 'x'))).length;`,
      { timeout: 1 },
    );
    clock.at(START + 500, () => undefined);
    expect((await invoke('busy')).value).toBeGreaterThan(1000);
  });

  it('that waits for nothing, exits, or throws out of a timer is at an end, and its environment with it', async () => {
    await lambdas.close();
    await build({ stallLimit: 300 });
    create(
      'ends',
      `let calls = 0; exports.handler = ({ how }) => new Promise((resolve) => { calls++;
      if (how === 'exit') process.exit(3);
      if (how === 'timer') setTimeout(() => { throw new RangeError('out of a timer'); }, 10);
      if (how === 'ok') resolve(calls); });`,
    );
    expect((await invoke('ends', { how: 'exit' })).value).toMatchObject({
      errorType: 'Runtime.ExitError',
      errorMessage: expect.stringContaining('exit status 3'),
    });
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
    expect(types).toEqual([
      'Runtime.UserCodeSyntaxError',
      'Runtime.ImportModuleError',
      'Runtime.HandlerNotFound',
      'Runtime.CallbackHandlerDeprecated',
      'Runtime.ImportModuleError',
    ]);
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
    const all = await world.settle(
      Promise.allSettled(
        Array.from({ length: 21 }, () => new LambdaClient({ ...world.config(), maxAttempts: 1 }).send(new InvokeCommand({ FunctionName: 'many' }))),
      ),
    );
    expect(all.filter(({ status }) => status === 'rejected')).toHaveLength(1);
  });
});

describe('a bundle with the SDK', () => {
  const entry = fileURLToPath(new URL('fixtures/lambda-sdk.ts', import.meta.url));

  it.each([
    ['without a socket', true],
    ['over loopback', false],
  ])('finds the embedded AWS %s, and logs and counts through Powertools', async (_, way) => {
    await lambdas.close();
    await build({ bridged: way });
    await world.settle(addTable());
    const { outputFiles } = buildSync({
      entryPoints: [entry],
      bundle: true,
      platform: 'node',
      target: 'node20',
      format: 'cjs',
      write: false,
      logLevel: 'error',
    });
    create('sdk', outputFiles[0]?.text ?? '', { timeout: 30 });
    const { value } = await invoke('sdk', { id: 'a', value: 'stored' });
    expect(value).toEqual({ read: 'stored', missing: 'ResourceNotFoundException', waited: expect.any(Number) });
    expect(world.asked.filter(({ operation }) => operation.startsWith('dynamodb')).map(({ operation }) => operation)).toEqual([
      'dynamodb:PutItem',
      'dynamodb:GetItem',
      'dynamodb:GetItem',
    ]);
    expect(lines.some((line) => line.includes('"message":"stored"') && line.includes('"service":"things"'))).toBe(true);
    expect(lines.some((line) => line.includes('"CloudWatchMetrics"'))).toBe(true);
    expect(clock.now()).toBe(START);
  });
});
