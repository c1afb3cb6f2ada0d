import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { truncateOutput } from '../../local/services/ssm-views.ts';
import type { Behaviour } from '../../local/fleet/plugins.ts';
import type { Input } from '../../local/types.ts';
import { HERE, createWorld, nodes, shellDocument, type World, type WorldOptions } from './fleet-world.ts';

const talk: Behaviour = async ({ process }) => {
  await process.sleep(30);
  return { code: 0, stdout: 'x'.repeat(30_000), stderr: 'warning' };
};
const quick: Behaviour = async () => ({ code: 3, stdout: 'out', stderr: 'err' });

function world(options: WorldOptions = {}): World {
  const made = createWorld({ behaviours: { 'Two/First': quick, 'Two/Second': talk, 'One/First': quick }, ...options });
  made.ssm.createDocument(HERE, { name: 'Two', content: shellDocument([{ name: 'First' }, { name: 'Second' }]) });
  made.ssm.createDocument(HERE, { name: 'One', content: shellDocument([{ name: 'First' }]) });
  return made;
}

const ids = ({ fleet }: World): string[] => fleet.hosts.map((host) => host.id);

/** All pages of a list, as lists of rows. */
async function pages(sim: World, operation: string, input: Input, member: string): Promise<Input[][]> {
  const all: Input[][] = [];
  let NextToken: string | undefined;
  do {
    const output = await sim.call(operation, { ...input, NextToken });
    all.push(output[member]);
    NextToken = output.NextToken;
  } while (NextToken !== undefined);
  return all;
}

describe('a new command', () => {
  it('is unknown to reads for two seconds: empty lists, InvocationDoesNotExist', async () => {
    const sim = world();
    const id = await sim.send('One', ids(sim));
    await sim.clock.pass(1.9);
    expect(await sim.call('ListCommandInvocations', { CommandId: id })).toEqual({ CommandInvocations: [] });
    expect(await sim.call('ListCommands', { CommandId: id })).toEqual({ Commands: [] });
    await expect(sim.call('GetCommandInvocation', { CommandId: id, InstanceId: ids(sim)[0] })).rejects.toMatchObject({
      code: 'InvocationDoesNotExist',
    });
    await sim.clock.pass(0.2);
    expect((await sim.call('ListCommandInvocations', { CommandId: id })).CommandInvocations).toHaveLength(3);
  });

  it('is forgotten after 30 days', async () => {
    const sim = world();
    const id = await sim.send('One', ids(sim));
    await sim.clock.pass(29 * 86_400);
    expect(await sim.invocations(id)).not.toEqual({});
    await sim.clock.pass(2 * 86_400);
    expect(await sim.invocations(id)).toEqual({});
  });
});

describe('ListCommandInvocations', () => {
  it('shows an entry a step, waiting ones as Pending, and only with Details', async () => {
    const sim = world({ nodes: nodes(1) });
    const id = await sim.send('Two', ids(sim));
    await sim.clock.pass(10);
    const [row] = Object.values(await sim.invocations(id));
    expect(row.CommandPlugins).toMatchObject([
      {
        Name: 'First',
        Status: 'Failed',
        StatusDetails: 'Failed',
        ResponseCode: 3,
        Output: 'out\n----------ERROR-------\nerr\nfailed to run commands: exit status 3',
      },
      { Name: 'Second', Status: 'Pending', StatusDetails: 'Pending', ResponseCode: -1, Output: '' },
    ]);
    expect((await sim.call('ListCommandInvocations', { CommandId: id })).CommandInvocations[0].CommandPlugins).toEqual([]);
    await sim.clock.pass(60);
    expect((await sim.invocations(id))[ids(sim)[0]!].Status).toBe('Failed');
  });

  it('cuts output and error together at 2,500 characters', async () => {
    const sim = world({ nodes: nodes(1) });
    const id = await sim.send('Two', ids(sim));
    await sim.clock.pass(60);
    const { Output } = (await sim.invocations(id))[ids(sim)[0]!].CommandPlugins[1];
    expect(Output).toHaveLength(2_500);
    expect(Output).toMatch(/x\n---Output truncated---\n----------ERROR-------\nwarning$/);
  });

  it('never gives more than the capacity, and all of it where it fits', () => {
    const text = fc.string({ maxLength: 4_000, size: 'max' });
    fc.assert(
      fc.property(text, text, (stdout, stderr) => {
        const output = truncateOutput(stdout, stderr, 2_500);
        expect(output.length).toBeLessThanOrEqual(2_500);
        expect(stdout.length + stderr.length >= 2_400 || (output.startsWith(stdout) && output.endsWith(stderr))).toBe(true);
      }),
    );
  });

  it('gives all rows once over short and empty pages', async () => {
    const sim = world({ nodes: nodes(40), gaps: { short: 0.5, empty: 0.3 } });
    const id = await sim.send('One', ids(sim));
    await sim.clock.pass(60);
    const found = await pages(sim, 'ListCommandInvocations', { CommandId: id, MaxResults: 10 }, 'CommandInvocations');
    expect(found.flat().map((row) => row.InstanceId)).toEqual(ids(sim));
    expect(found.some((rows) => rows.length === 0)).toBe(true);
    expect(found.some((rows) => rows.length > 0 && rows.length < 10)).toBe(true);
    expect(Math.max(...found.map((rows) => rows.length))).toBe(10);
  });

  it('filters by status, document and time, and knows no other filter', async () => {
    const sim = world({ nodes: [...nodes(2), ...nodes(1, { name: 'off', online: false })] });
    await sim.send('Two', ids(sim));
    const list = async (key: string, value: string): Promise<number> => {
      const { CommandInvocations } = await sim.call('ListCommandInvocations', { Filters: [{ key, value }] });
      return CommandInvocations.length;
    };
    await sim.clock.pass(70);
    expect(await list('Status', 'Failed')).toBe(2);
    expect(await list('Status', 'Delayed')).toBe(1);
    expect(await list('DocumentName', 'One')).toBe(0);
    expect(await list('InvokedAfter', '2026-12-09T04:58:00Z')).toBe(3);
    expect(await list('InvokedBefore', '2026-12-09T04:59:00Z')).toBe(0);
    await expect(list('Status', 'Undone')).rejects.toMatchObject({ code: 'ValidationException' });
    await expect(list('ExecutionStage', 'Complete')).rejects.toMatchObject({ code: 'InvalidFilterKey' });
  });

  it('may show the status from before a change', async () => {
    const sim = world({ nodes: nodes(1), statusLag: 5_000 });
    const id = await sim.send('Two', ids(sim));
    const status = async (): Promise<string> => (await sim.invocations(id))[ids(sim)[0]!].Status;
    while (!sim.events.some(({ detail }) => detail.status === 'Failed')) await sim.clock.pass(1);
    expect(await status()).toBe('InProgress');
    await sim.clock.pass(5);
    expect(await status()).toBe('Failed');
  });

  it.each<[string, Input]>([
    ['51 rows a page', { MaxResults: 51 }],
    ['a command id of another length', { CommandId: 'abc' }],
    ['six filters', { Filters: Array.from({ length: 6 }, () => ({ key: 'Status', value: 'Failed' })) }],
  ])('refuses %s', async (_, input) => {
    await expect(world().call('ListCommandInvocations', input)).rejects.toMatchObject({ code: 'ValidationException' });
  });

  it('refuses a token that it did not give', async () => {
    await expect(world().call('ListCommandInvocations', { NextToken: 'guess' })).rejects.toMatchObject({ code: 'InvalidNextToken' });
  });
});

describe('GetCommandInvocation', () => {
  it('needs the step of a document with several, and gives 24,000 characters of it', async () => {
    const sim = world({ nodes: nodes(1) });
    const id = await sim.send('Two', ids(sim));
    const get = (PluginName?: string): Promise<Input> => sim.call('GetCommandInvocation', { CommandId: id, InstanceId: ids(sim)[0], PluginName });
    await sim.clock.pass(10);
    await expect(get()).rejects.toMatchObject({ code: 'InvalidPluginName' });
    await expect(get('Third')).rejects.toMatchObject({ code: 'InvalidPluginName' });
    expect(await get('Second')).toMatchObject({
      Status: 'InProgress',
      ResponseCode: -1,
      ExecutionStartDateTime: '',
      StandardOutputContent: '',
    });
    await sim.clock.pass(30);
    const done = await get('Second');
    expect(done).toMatchObject({ Status: 'Success', ResponseCode: 0, ExecutionElapsedTime: 'PT30.000S', StandardErrorContent: 'warning' });
    expect(done.StandardOutputContent).toHaveLength(24_000);
  });

  it('needs none where there is one step', async () => {
    const sim = world({ nodes: nodes(1) });
    const id = await sim.send('One', ids(sim));
    await sim.clock.pass(10);
    expect(await sim.call('GetCommandInvocation', { CommandId: id, InstanceId: ids(sim)[0] })).toMatchObject({
      PluginName: 'First',
      ResponseCode: 3,
      StandardOutputContent: 'out',
    });
  });
});

describe('ListCommands', () => {
  it('finds a command by comment, node, stage and time, newest first', async () => {
    const sim = world();
    await sim.send('Two', ids(sim), { Comment: 'first' });
    await sim.clock.pass(20);
    await sim.send('One', ids(sim).slice(0, 1), { Comment: 'second' });
    await sim.clock.pass(5);
    const comments = async (input: Input): Promise<string[]> => {
      const { Commands } = await sim.call('ListCommands', input);
      return Commands.map((command: Input) => command.Comment);
    };
    expect(await comments({})).toEqual(['second', 'first']);
    expect(await comments({ InstanceId: ids(sim)[1] })).toEqual(['first']);
    expect(await comments({ Filters: [{ key: 'ExecutionStage', value: 'Executing' }] })).toEqual(['first']);
    const late = [
      { key: 'DocumentName', value: 'One' },
      { key: 'InvokedAfter', value: '2026-12-09T04:59:10Z' },
    ];
    expect(await comments({ Filters: late })).toEqual(['second']);
    await expect(comments({ InstanceId: ids(sim)[0], Filters: [{ key: 'Status', value: 'Pending' }] })).rejects.toMatchObject({
      code: 'ValidationException',
    });
  });
});
