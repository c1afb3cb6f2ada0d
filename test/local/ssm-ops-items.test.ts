import { CreateOpsItemCommand, DescribeOpsItemsCommand, GetOpsItemCommand, SSMClient, UpdateOpsItemCommand } from '@aws-sdk/client-ssm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTickets } from '../../lambdas/aws/tickets.ts';
import { opsItemOperations } from '../../local/services/ssm-ops-items.ts';
import { createBaseWorld, rejection } from './base-world.ts';
import type { CreateOpsItemCommandInput } from '@aws-sdk/client-ssm';
import type { BaseWorld } from './base-world.ts';

const KEY = '/aws/dedup';
const dedup = (text: string) => ({ [KEY]: { Type: 'SearchableString' as const, Value: JSON.stringify({ dedupString: text }) } });
const good: CreateOpsItemCommandInput = {
  Title: 'CVE-2026-31337: 12 nodes exposed',
  Description: 'x',
  Source: 'Wavelock',
  Severity: '1',
  Priority: 1,
  Category: 'Security',
};

let world: BaseWorld;
let ssm: SSMClient;

beforeEach(() => {
  world = createBaseWorld();
  const operations = opsItemOperations({ clock: world.clock, random: world.cloud.random, gaps: { short: 0, empty: 0 } });
  world.add({ name: 'ssm', sdk: '@aws-sdk/client-ssm', operations });
  ssm = new SSMClient({ ...world.config(), maxAttempts: 1 });
});
afterEach(() => world.close());

describe('an OpsItem', () => {
  it('is created open, with an id and an ARN, and is read back as it was written', async () => {
    const { OpsItemId = '', OpsItemArn } = await ssm.send(new CreateOpsItemCommand({ ...good, OperationalData: dedup('a') }));
    expect(OpsItemId).toMatch(/^oi-[0-9a-f]{12}$/);
    expect(OpsItemArn).toBe(`arn:aws:ssm:eu-central-1:111111111111:opsitem/${OpsItemId}`);
    const { OpsItem } = await ssm.send(new GetOpsItemCommand({ OpsItemId }));
    expect(OpsItem).toMatchObject({ ...good, OpsItemId, Status: 'Open', OpsItemType: '/aws/issue', OperationalData: dedup('a') });
    expect(OpsItem?.CreatedTime).toBeInstanceOf(Date);
  });

  it('is changed where something is given, and keeps the rest', async () => {
    const { OpsItemId = '' } = await ssm.send(new CreateOpsItemCommand({ ...good, OperationalData: dedup('a') }));
    await ssm.send(
      new UpdateOpsItemCommand({
        OpsItemId,
        Status: 'InProgress',
        OperationalData: { 'wavelock-rollout': { Value: 'r', Type: 'SearchableString' } },
      }),
    );
    const { OpsItem } = await ssm.send(new GetOpsItemCommand({ OpsItemId }));
    expect(OpsItem).toMatchObject({ Title: good.Title, Status: 'InProgress', Version: '2' });
    expect(Object.keys(OpsItem?.OperationalData ?? {}).toSorted()).toEqual([KEY, 'wavelock-rollout']);
  });

  it('belongs to one account and Region', async () => {
    const { OpsItemId } = await ssm.send(new CreateOpsItemCommand(good));
    const elsewhere = new SSMClient({ ...world.config({ region: 'eu-west-1' }), maxAttempts: 1 });
    expect(await rejection(elsewhere.send(new GetOpsItemCommand({ OpsItemId })))).toMatchObject({ name: 'OpsItemNotFoundException' });
  });

  it('is one as long as one with the same text is open or in progress; resolved, a new one is made', async () => {
    const create = () => ssm.send(new CreateOpsItemCommand({ ...good, OperationalData: dedup('same') }));
    const { OpsItemId } = await create();
    expect(await rejection(create())).toMatchObject({ name: 'OpsItemAlreadyExistsException', OpsItemId });
    await ssm.send(new UpdateOpsItemCommand({ OpsItemId, Status: 'InProgress' }));
    expect(await rejection(create())).toMatchObject({ OpsItemId });
    await ssm.send(new CreateOpsItemCommand({ ...good, OperationalData: dedup('other') }));
    await ssm.send(new UpdateOpsItemCommand({ OpsItemId, Status: 'Resolved' }));
    expect((await create()).OpsItemId).not.toBe(OpsItemId);
  });

  it.each<[string, Partial<CreateOpsItemCommandInput>, string]>([
    ['a title that is too long', { Title: 'x'.repeat(1_025) }, 'ValidationException'],
    ['a description that is too long', { Description: 'x'.repeat(2_049) }, 'ValidationException'],
    ['a source of AWS', { Source: 'aws-wavelock' }, 'OpsItemInvalidParameterException'],
    ['a severity that is none', { Severity: 'high' }, 'ValidationException'],
    ['a priority that is none', { Priority: 9 }, 'ValidationException'],
    ['a key of AWS', { OperationalData: { 'aws-x': { Value: 'x', Type: 'String' } } }, 'OpsItemInvalidParameterException'],
    ['a key of Systems Manager', { OperationalData: { ssmx: { Value: 'x', Type: 'String' } } }, 'OpsItemInvalidParameterException'],
    ['a value that is too large', { OperationalData: { mine: { Value: 'x'.repeat(20_481), Type: 'String' } } }, 'OpsItemInvalidParameterException'],
    ['another form of dedup', { OperationalData: { [KEY]: { Value: 'x', Type: 'String' } } }, 'OpsItemInvalidParameterException'],
    ['what it does not know', { RelatedOpsItems: [{ OpsItemId: 'oi-1' }] }, 'NotImplemented'],
  ])('refuses %s', async (_what, change, name) => {
    expect((await rejection(ssm.send(new CreateOpsItemCommand({ ...good, ...change })))).name).toBe(name);
  });

  it('is found by what it says', async () => {
    await ssm.send(new CreateOpsItemCommand({ ...good, OperationalData: dedup('a') }));
    const { OpsItemId } = await ssm.send(new CreateOpsItemCommand({ ...good, Title: 'another' }));
    await ssm.send(new UpdateOpsItemCommand({ OpsItemId, Status: 'Resolved' }));
    const by = async (Key: 'Status' | 'Title' | 'OperationalDataValue', Operator: 'Equal' | 'Contains', value: string) => {
      const { OpsItemSummaries = [] } = await ssm.send(new DescribeOpsItemsCommand({ OpsItemFilters: [{ Key, Operator, Values: [value] }] }));
      return OpsItemSummaries.map(({ Title }) => Title);
    };
    expect(await by('Status', 'Equal', 'Resolved')).toEqual(['another']);
    expect(await by('Title', 'Contains', '31337')).toEqual([good.Title]);
    expect(await by('OperationalDataValue', 'Contains', 'dedupString')).toEqual([good.Title]);
    expect((await ssm.send(new DescribeOpsItemsCommand({}))).OpsItemSummaries).toHaveLength(2);
  });

  it('is asked for with the permissions that AWS asks for', async () => {
    const { OpsItemId, OpsItemArn } = await ssm.send(new CreateOpsItemCommand(good));
    await ssm.send(new UpdateOpsItemCommand({ OpsItemId, Priority: 2 }));
    expect(world.asked.map(({ access }) => access)).toEqual([['ssm:CreateOpsItem *'], [`ssm:UpdateOpsItem ${OpsItemArn}`]]);
  });
});

describe('the gateway of tickets', () => {
  const ticket = {
    key: 'wavelock zero-day CVE-2026-31337',
    title: 'CVE-2026-31337',
    description: 'reached 12 nodes',
    status: 'Open' as const,
    data: { policy: 'zero-day' },
  };

  /** The gateway makes its own client, as a function does: it finds AWS through the environment. */
  async function gateway() {
    const { accessKeyId, secretAccessKey, sessionToken } = world.config().credentials;
    Object.assign(process.env, {
      AWS_ENDPOINT_URL: await world.overSocket(),
      AWS_REGION: 'eu-central-1',
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
      AWS_SESSION_TOKEN: sessionToken,
    });
    ssm = new SSMClient({ ...world.config(), maxAttempts: 1 });
    return createTickets();
  }

  it('opens one, answers the same one again, and resolves it', async () => {
    const tickets = await gateway();
    const id = await tickets.open(ticket);
    expect(await tickets.open(ticket)).toBe(id);
    expect(await tickets.update(id ?? '', { status: 'Resolved', description: 'none left' })).toBe(true);
    const { OpsItem } = await ssm.send(new GetOpsItemCommand({ OpsItemId: id }));
    expect(OpsItem).toMatchObject({
      Title: ticket.title,
      Description: 'none left',
      Status: 'Resolved',
      OperationalData: { 'wavelock-policy': { Value: 'zero-day' } },
    });
  });

  it('says so when a person has deleted it', async () => {
    expect(await (await gateway()).update('oi-000000000000', { status: 'Resolved', description: 'none left' })).toBe(false);
  });
});
