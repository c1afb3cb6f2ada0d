import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { GetFunctionCommand, GetFunctionConfigurationCommand, GetPolicyCommand, ListFunctionsCommand } from '@aws-sdk/client-lambda';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ACCOUNT, HOME, rejection, START } from './base-world.ts';
import { createLambdaWorld, type LambdaWorld } from './lambda-world.ts';

let lambdas: LambdaWorld;
let world: LambdaWorld['world'];
let clock: LambdaWorld['clock'];
let lambda: LambdaWorld['lambda'];
let sqs: LambdaWorld['sqs'];
let client: LambdaWorld['client'];
let create: LambdaWorld['create'];
let begin: LambdaWorld['begin'];
let invoke: LambdaWorld['invoke'];
let counted: LambdaWorld['counted'];

beforeEach(async () => {
  lambdas = await createLambdaWorld();
  ({ world, clock, lambda, sqs, client, create, begin, invoke, counted } = lambdas);
});
afterEach(() => lambdas.close());

describe('events', () => {
  it('are tried three times, and then recorded where the function says', async () => {
    const { arn } = sqs.createQueue({ ...HOME, name: 'failed' });
    const letters = sqs.createQueue({ ...HOME, name: 'letters' });
    const functionArn = create('event', `exports.handler = async () => { throw new Error('never'); };`, {
      async: { onFailure: arn, deadLetterArn: letters.arn },
    });
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
    expect(world.asked.filter(({ operation }) => operation === 'sqs:SendMessage').map(({ caller }) => caller)).toEqual(
      Array(2).fill(`arn:aws:sts::${ACCOUNT}:assumed-role/Runner/event`),
    );
  });

  it('are retried as often as the function wants, until one try succeeds', async () => {
    const { arn } = sqs.createQueue({ ...HOME, name: 'done' });
    create('third', `let calls = 0; exports.handler = async () => { if (++calls < 2) throw new Error('not yet'); return calls; };`, {
      async: { onSuccess: arn, maxRetries: 1 },
    });
    await invoke('third', {}, { InvocationType: 'Event' });
    await clock.run(() => sqs.peek(arn).length > 0);
    expect(JSON.parse(sqs.peek(arn)[0]?.body ?? '')).toMatchObject({
      requestContext: { condition: 'Success', approximateInvokeCount: 2 },
      responsePayload: 2,
    });
    expect(clock.now()).toBe(START + 60_000);
  });

  it('are not retried where the function does not want it', async () => {
    const { arn } = sqs.createQueue({ ...HOME, name: 'once' });
    create('once', `exports.handler = async () => { throw new Error('no'); };`, { async: { onFailure: arn, maxRetries: 0 } });
    await invoke('once', {}, { InvocationType: 'Event' });
    await clock.run(() => sqs.peek(arn).length > 0);
    expect(JSON.parse(sqs.peek(arn)[0]?.body ?? '')).toMatchObject({ requestContext: { approximateInvokeCount: 1 } });
    expect(clock.now()).toBe(START);
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
    const arn = create('api', 'exports.handler = async (event, context) => context.invokedFunctionArn;', {
      environment: { MODE: 'b' },
      description: 'what it does',
    });
    lambda.addPermission({ functionArn: arn, principal: 'events.amazonaws.com', sourceArn: 'arn:aws:events:eu-central-1:1:rule/r' });
    expect((await world.settle(client.send(new GetFunctionCommand({ FunctionName: arn })))).Configuration).toMatchObject({
      FunctionName: 'api',
      Timeout: 3,
      Environment: { Variables: { MODE: 'b' } },
      State: 'Active',
    });
    const policy = JSON.parse((await world.settle(client.send(new GetPolicyCommand({ FunctionName: 'api' })))).Policy ?? '');
    expect(policy.Statement[0]).toMatchObject({
      Principal: { Service: 'events.amazonaws.com' },
      Action: 'lambda:InvokeFunction',
      Resource: arn,
      Condition: { ArnLike: { 'AWS:SourceArn': 'arn:aws:events:eu-central-1:1:rule/r' } },
    });
    expect((await world.settle(client.send(new ListFunctionsCommand({})))).Functions?.map(({ FunctionName }) => FunctionName)).toEqual(['api']);
    const version = lambda.publishVersion(arn);
    expect((await invoke(version)).value).toBe(`${arn}:1`);
    expect(world.asked.at(-1)?.access).toEqual([`lambda:InvokeFunction ${arn}:1`]);
    expect((await rejection(world.settle(begin(`${arn}:2`)))).name).toBe('ResourceNotFoundException');
    expect((await rejection(world.settle(begin('none')))).name).toBe('ResourceNotFoundException');
    expect((await invoke('api', {}, { InvocationType: 'DryRun' })).StatusCode).toBe(204);
  });
});

describe('versions and aliases', () => {
  const source = 'exports.handler = async (event, context) => context.invokedFunctionArn;';
  const configurationOf = (FunctionName: string) => world.settle(client.send(new GetFunctionConfigurationCommand({ FunctionName })));

  it('are asked for by their own ARN, and an alias says which version it means', async () => {
    const arn = create('many', source, { timeout: 7, aliases: { live: 2, late: 3 } });
    for (let count = 0; count < 2; count += 1) lambda.publishVersion(arn);
    expect(await configurationOf('many')).toMatchObject({ Version: '$LATEST', FunctionArn: arn, Timeout: 7 });
    expect(await configurationOf('many:live')).toMatchObject({ Version: '2', FunctionArn: `${arn}:2` });
    expect(world.asked.at(-1)?.access).toEqual([`lambda:GetFunctionConfiguration ${arn}:live`]);
    expect((await invoke('many', {}, { Qualifier: 'live' })).ExecutedVersion).toBe('2');
    // It stands for a version that does not exist.
    expect((await rejection(configurationOf('many:late'))).name).toBe('ResourceNotFoundException');
    expect((await rejection(configurationOf('many:other'))).name).toBe('ResourceNotFoundException');
  });

  it('have the hash of the code: the same for the same, another for another', async () => {
    create('one', source);
    create('two', source);
    create('three', `${source} // changed`);
    const [one, two, three] = [await configurationOf('one'), await configurationOf('two'), await configurationOf('three')];
    expect(one.CodeSha256).toMatch(/^[A-Za-z0-9+/]{43}=$/);
    expect([two.CodeSha256 === one.CodeSha256, three.CodeSha256 === one.CodeSha256]).toEqual([true, false]);
  });
});

describe('what a function lets go', () => {
  it('is its own failure, and not the end of this process', async () => {
    const source = `let calls = 0; exports.handler = async ({ how }) => { calls++;
      if (how === 'rejection') { Promise.reject(new TypeError('nobody waits')); await new Promise(() => {}); }
      if (how === 'exception') { setImmediate(() => { throw new RangeError('nobody catches'); }); await new Promise(() => {}); }
      return calls; };`;
    create('stray', source);
    const host = fileURLToPath(new URL('fixtures/stray-host.ts', import.meta.url));
    const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', host, `${lambdas.folder}/stray`]);
    expect(JSON.parse(stdout)).toEqual({
      results: ['Runtime.UnhandledPromiseRejection: TypeError: nobody waits', 'RangeError: nobody catches', '1'],
      environments: 1,
    });
  });
});
