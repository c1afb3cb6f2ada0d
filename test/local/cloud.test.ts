import { rmSync } from 'node:fs';
import { DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient, ListRulesCommand } from '@aws-sdk/client-eventbridge';
import { ListExecutionsCommand, SFNClient } from '@aws-sdk/client-sfn';
import { CreateScheduleGroupCommand, ListSchedulesCommand, SchedulerClient } from '@aws-sdk/client-scheduler';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createVirtualClock, type VirtualClock } from '../../local/clock.ts';
import { createCloud, type CloudOptions, type EmbeddedAws } from '../../local/cloud.ts';
import type { Json } from '../../local/json.ts';
import { AwsError } from '../../local/types.ts';
import { bundleFunction, hub, hubResources, spoke, spokeResources, writeAssembly } from './cloud-assembly.ts';

const start = Date.parse('2026-11-23T01:00:00Z');
const night = Date.parse('2026-11-23T02:00:00Z');
const emptyFleet: CloudOptions['fleet'] = { file: { version: 1, locations: ['111111111111/eu-central-1'], inventories: {}, nodes: [] } };

let bundle: string;
let clock: VirtualClock;
let aws: EmbeddedAws | undefined;
const assemblies: string[] = [];

beforeAll(() => {
  bundle = bundleFunction();
});

afterEach(async () => {
  await aws?.stop();
  aws = undefined;
  clock.uninstall();
});

afterAll(() => {
  for (const directory of [bundle, ...assemblies]) rmSync(directory, { recursive: true });
});

async function boot(resources: { hub?: Json; spoke?: Json } = {}, more: Partial<CloudOptions> = {}): Promise<EmbeddedAws> {
  const assembly = writeAssembly(bundle, resources);
  assemblies.push(assembly);
  clock = createVirtualClock({ start });
  aws = await createCloud({ assembly, clock, seed: 1, fleet: emptyFleet, ...more });
  return aws;
}

async function until(time: number): Promise<void> {
  await clock.run(() => clock.now() >= time);
}

function client(
  cloud: EmbeddedAws,
  at = hub,
): {
  endpoint: string;
  region: string;
  credentials: ReturnType<EmbeddedAws['credentials']>;
  requestHandler: ReturnType<EmbeddedAws['requestHandler']>;
} {
  return { endpoint: cloud.endpoint, region: at.region, credentials: cloud.credentials(at.account), requestHandler: cloud.requestHandler() };
}

async function noted(cloud: EmbeddedAws): Promise<Array<Record<string, string | undefined>>> {
  const TableName = cloud.inventory.stacks[0]!.outputs.Table;
  const { Items = [] } = await new DynamoDBClient(client(cloud)).send(new ScanCommand({ TableName }));
  return Items.map((item) => Object.fromEntries(Object.entries(item).map(([name, value]) => [name, value.S])));
}

/** The hub with one resource changed, as text: its last `from` becomes `to`. */
function changed(id: string, from: string, to: string): Json {
  const resources = hubResources();
  const text = JSON.stringify(resources[id]);
  const at = text.lastIndexOf(from);
  expect(at).toBeGreaterThan(0);
  return { ...resources, [id]: JSON.parse(text.slice(0, at) + to + text.slice(at + from.length)) };
}

describe('the embedded AWS', () => {
  it('says what it made of the templates', async () => {
    const { inventory, endpoint } = await boot();
    expect(endpoint).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(inventory.stacks.map(({ name, account, region }) => ({ name, account, region }))).toEqual([
      { name: 'Hub', ...hub },
      { name: 'Spoke', ...spoke },
    ]);
    expect(inventory.stacks[0]?.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(inventory.types).toMatchObject({ 'AWS::Lambda::Function': 1, 'AWS::IAM::Role': 5, 'AWS::Events::Rule': 2, 'AWS::KMS::Key': 1 });
  });

  it('runs what the schedule starts, from the machine to the table, with nobody refused', async () => {
    const cloud = await boot();
    await until(night + 60_000);
    expect(await noted(cloud)).toEqual([
      expect.objectContaining({ pk: '2026-11-23T02:00:00Z', parameter: 'from the spoke', at: expect.stringMatching(/^2026-11-23T02:00:0/) }),
    ]);
    expect(cloud.deniedCalls()).toEqual([]);
    expect(cloud.outbox()).toMatchObject([{ endpoint: 'ops@example.com', subject: 'Seen', message: '2026-11-23T02:00:00Z' }]);
  });

  it('counts what was used', async () => {
    const cloud = await boot();
    await until(night + 60_000);
    const { calls, ...rest } = cloud.usage();
    expect(calls).toMatchObject({
      'states:StartExecution': 1,
      'lambda:Invoke': 1,
      'sts:AssumeRole': 1,
      'ssm:GetParameter': 1,
      'dynamodb:PutItem': 1,
      'sns:Publish': 1,
    });
    expect(rest).toMatchObject({ stateTransitions: 1, lambdaInvocations: 1 });
  });

  it("brings an event of the spoke to the hub's function, as it was", async () => {
    const cloud = await boot();
    cloud.emit(spoke.account, spoke.region, { source: 'aws.ssm', detailType: 'Command', resources: [], detail: { status: 'Success' } });
    await until(start + 60_000);
    expect(await noted(cloud)).toEqual([expect.objectContaining({ account: spoke.account })]);
    expect(cloud.deniedCalls()).toEqual([]);
  });

  it('can be looked into with any SDK, by the administrator of an account', async () => {
    const cloud = await boot();
    await until(night + 60_000);
    const { account: Account } = hub;
    expect(await new STSClient(client(cloud)).send(new GetCallerIdentityCommand({}))).toMatchObject({ Account });
    expect(await new STSClient(client(cloud, spoke)).send(new GetCallerIdentityCommand({}))).toMatchObject({ Account: spoke.account });
    expect((await new SchedulerClient(client(cloud)).send(new ListSchedulesCommand({}))).Schedules).toHaveLength(1);
    expect((await new EventBridgeClient(client(cloud)).send(new ListRulesCommand({ EventBusName: 'Wavelock' }))).Rules).toHaveLength(1);
    const [{ ref: stateMachineArn } = { ref: '' }] = cloud.inventory.stacks[0]!.resources.filter(({ type }) => type.endsWith('StateMachine'));
    expect((await new SFNClient(client(cloud)).send(new ListExecutionsCommand({ stateMachineArn }))).executions).toMatchObject([
      { status: 'SUCCEEDED' },
    ]);
  });

  it('tells by name what it does not do', async () => {
    const cloud = await boot();
    await expect(new SchedulerClient(client(cloud)).send(new CreateScheduleGroupCommand({ Name: 'g' }))).rejects.toThrow(
      'embedded AWS does not know',
    );
    await expect(cloud.call(cloud.administrator(hub.account, hub.region), 'scheduler', 'CreateScheduleGroup', { Name: 'g' })).rejects.toThrow(
      'scheduler:CreateScheduleGroup',
    );
  });

  it('checks what its own services send as it checks what comes over the wire', async () => {
    const cloud = await boot();
    const owner = cloud.administrator(hub.account, hub.region);
    await expect(cloud.call(owner, 'events', 'DescribeRule', { Nmae: 'R' })).rejects.toThrow('Nmae');
  });

  it("has the assembly's files in the bootstrap bucket", async () => {
    const { parts } = await boot();
    expect(parts.s3.keys('cdk-hnb659fds-assets-111111111111-eu-central-1')).toEqual(['machine.json']);
  });

  it('works over the socket as well, for functions and for people', async () => {
    const cloud = await boot({}, { bridged: false });
    await until(night + 60_000);
    const { requestHandler: _inProcess, ...overSocket } = client(cloud);
    const { Items } = await new DynamoDBClient(overSocket).send(new ScanCommand({ TableName: cloud.inventory.stacks[0]!.outputs.Table }));
    expect(Items).toHaveLength(1);
  });

  it('does not answer to keys that were never given out', async () => {
    const cloud = await boot();
    const credentials = { accessKeyId: 'ASIANOBODY', secretAccessKey: 's', sessionToken: 't' };
    await expect(new STSClient({ ...client(cloud), credentials }).send(new GetCallerIdentityCommand({}))).rejects.toThrow('security token');
  });

  it('gives the same run for the same seed', async () => {
    const trace = async (): Promise<unknown> => {
      const cloud = await boot();
      await until(night + 60_000);
      const result = {
        items: await noted(cloud),
        names: cloud.inventory.stacks.flatMap((stack) => stack.resources),
        executions: cloud.parts.states.executions(),
      };
      await cloud.stop();
      aws = undefined;
      clock.uninstall();
      return JSON.parse(JSON.stringify(result).replaceAll(cloud.endpoint, 'endpoint'));
    };
    const first = await trace();
    expect(await trace()).toEqual(first);
    clock = createVirtualClock({ start });
  });
});

describe('what IAM holds together', () => {
  it.each([
    ['the table', 'FunctionRole', 'dynamodb:PutItem', 'not authorized to perform: dynamodb:PutItem'],
    ['the topic', 'FunctionRole', 'sns:Publish', 'not authorized to perform: sns:Publish'],
    ['the spoke', 'FunctionRole', 'sts:AssumeRole', 'not authorized to perform: sts:AssumeRole'],
    ['the function', 'MachineRole', 'lambda:InvokeFunction', 'not authorized to perform: lambda:InvokeFunction'],
    ['the machine', 'ScheduleRole', 'states:StartExecution', 'not authorized to perform: states:StartExecution'],
  ])('without the grant for %s the night fails, and the refusal is told', async (_name, role, action, message) => {
    const cloud = await boot({ hub: changed(role, `"Action":"${action}"`, '"Action":"sts:GetSessionToken"') });
    await until(night + 120_000);
    expect(cloud.deniedCalls()[0]?.message).toContain(message);
    expect(cloud.outbox()).toEqual([]);
  });

  it('without the grant for the key nothing encrypted can be used', async () => {
    const cloud = await boot({ hub: changed('FunctionRole', '"kms:Decrypt","kms:GenerateDataKey"', '"kms:DescribeKey"') });
    await until(night + 120_000);
    expect(cloud.deniedCalls()[0]).toMatchObject({ service: 'dynamodb', action: expect.stringMatching(/^kms:/) });
  });

  it('without the bus policy no event comes in, and without the permission none reaches the function', async () => {
    const event = { source: 'aws.ssm', detailType: 'Command', resources: [], detail: {} };
    const { BusPolicy: _policy, ...noPolicy } = hubResources();
    const closed = await boot({ hub: noPolicy });
    closed.emit(spoke.account, spoke.region, event);
    await until(start + 60_000);
    expect(closed.deniedCalls()).toMatchObject([{ action: 'events:PutEvents' }]);
    await closed.stop();
    clock.uninstall();

    const { RulePermission: _permission, ...noPermission } = hubResources();
    const cloud = await boot({ hub: noPermission });
    cloud.emit(spoke.account, spoke.region, event);
    await until(start + 60_000);
    expect(cloud.deniedCalls()).toMatchObject([{ caller: 'events.amazonaws.com', action: 'lambda:InvokeFunction' }]);
    expect(cloud.parts.sqs.queues()[0]?.counts.visible).toBe(1);
  });

  it('lists what was granted and never needed', async () => {
    const cloud = await boot();
    await until(night + 60_000);
    const unused = cloud
      .unusedStatements()
      .map(({ role, statement, action }) => [role.replace(/^.*role\/(?:\w+-)?(\w+).*$/, '$1'), statement, action]);
    expect(unused).toEqual([
      ['FunctionRole', 'Unneeded', 'dynamodb:Scan'],
      ['FunctionRole', 'statement 6', 'sqs:SendMessage'],
      ['ForwardRole', 'statement 1', 'events:PutEvents'],
    ]);
  });

  it("a spoke whose role is taken away can't be reached any more", async () => {
    const cloud = await boot();
    cloud.parts.iam.removeRole(`arn:aws:iam::${spoke.account}:role/Spoke`);
    await until(night + 60_000);
    expect(cloud.deniedCalls()).toMatchObject([{ action: 'sts:AssumeRole' }]);
  });
});

/** Names of the alarms that rang at the end of any minute until a time. */
async function rang(cloud: EmbeddedAws, time: number): Promise<string[]> {
  const names = new Set<string>();
  while (clock.now() < time) {
    await until(clock.now() + 60_000);
    for (const { name, state } of cloud.parts.monitoring.alarms(hub)) if (state === 'ALARM') names.add(name.replace(/^Hub-(\w+)-.*$/, '$1'));
  }
  return [...names].toSorted();
}

describe('alarms', () => {
  it('stay quiet in a quiet night', async () => {
    expect(await rang(await boot(), night + 600_000)).toEqual([]);
  });

  it('see an execution that failed, errors of a function, and what could not be delivered', async () => {
    const cloud = await boot({ hub: changed('FunctionRole', '"Action":"sns:Publish"', '"Action":"sts:GetSessionToken"') });
    cloud.emit(spoke.account, spoke.region, { source: 'aws.ssm', detailType: 'Command', resources: [], detail: {} });
    expect(await rang(cloud, start + 600_000)).toEqual(['Alarm', 'LettersAlarm']);
    expect(await rang(cloud, night + 600_000)).toContain('MachineAlarm');
  });
});

describe('faults', () => {
  it('before a call keep it from happening; the SDK tries again', async () => {
    let left = 2;
    const cloud = await boot(
      {},
      {
        faults: {
          call: (when, { operation }) =>
            when === 'before' && operation === 'PutItem' && left-- > 0 ? new AwsError('ThrottlingException', 'slow') : undefined,
        },
      },
    );
    await until(night + 60_000);
    expect(await noted(cloud)).toHaveLength(1);
    expect(cloud.usage().calls['dynamodb:PutItem']).toBe(3);
  });

  it('after a call lose its answer: the item is there, and the call is made again', async () => {
    let left = 1;
    const cloud = await boot(
      {},
      {
        faults: {
          call: (when, { operation }) =>
            when === 'after' && operation === 'PutItem' && left-- > 0 ? new AwsError('InternalServerError', 'lost', 500) : undefined,
        },
      },
    );
    await until(night + 60_000);
    expect(await noted(cloud)).toHaveLength(1);
    expect(cloud.usage().calls['dynamodb:PutItem']).toBe(2);
  });

  it('drop events of AWS services', async () => {
    const cloud = await boot({}, { faults: { event: () => [] } });
    cloud.emit(spoke.account, spoke.region, { source: 'aws.ssm', detailType: 'Command', resources: [], detail: {} });
    await until(start + 60_000);
    expect(await noted(cloud)).toEqual([]);
  });
});

describe("what can't be loaded", () => {
  it.each<[string, () => Json, string]>([
    ['an unknown type', () => ({ ...hubResources(), Odd: { Type: 'AWS::EC2::VPC' } }), 'Odd (AWS::EC2::VPC): the type "AWS::EC2::VPC" is not known'],
    [
      'an unknown property',
      () => changed('Topic', '"KmsMasterKeyId":', '"FifoTopic":true,"KmsMasterKeyId":'),
      'the property "FifoTopic" of AWS::SNS::Topic',
    ],
    ['a substitution without value', () => changed('Machine', '"Note":', '"Other":'), "names ${Note}, which DefinitionSubstitutions don't define"],
    [
      'a substitution that nobody needs',
      () => changed('Machine', '"Note":', '"Other":"x","Note":'),
      "define Other, which the definition doesn't name",
    ],
    [
      "a function whose role Lambda can't assume",
      () => changed('FunctionRole', 'lambda.amazonaws.com', 'ec2.amazonaws.com'),
      'lambda.amazonaws.com is not authorized to perform: sts:AssumeRole',
    ],
    [
      "logs under a key that doesn't let them in",
      () => changed('Key', 'logs.eu-central-1', 'logs.eu-west-1'),
      'The specified KMS key does not exist or is not allowed',
    ],
    [
      'a machine that may not write the logs it asks for',
      () => changed('Machine', '"RoleArn":', '"LoggingConfiguration":{"Level":"ERROR"},"RoleArn":'),
      'not authorized to access the Log Destination: logs:CreateLogDelivery',
    ],
    [
      'a policy with an unknown key',
      () => changed('StorePolicy', 'aws:SecureTransport', 'aws:SecureTransports'),
      'The condition key "aws:SecureTransports"',
    ],
  ])('%s is named, with the stack', async (_name, resources, message) => {
    const refused = await boot({ hub: resources() }).catch((error: Error) => error.message);
    expect(refused).toMatch(/^Stack Hub, /);
    expect(refused).toContain(message);
  });

  it('leaves nothing listening', async () => {
    const free = await boot();
    const port = Number(new URL(free.endpoint).port);
    await free.stop();
    clock.uninstall();
    const odd = { ...spokeResources(), Odd: { Type: 'AWS::EC2::VPC' } };
    await expect(boot({ spoke: odd }, { port })).rejects.toThrow('AWS::EC2::VPC');
    clock.uninstall();
    expect((await boot({}, { port })).endpoint).toBe(`http://127.0.0.1:${port}`);
  });
});
