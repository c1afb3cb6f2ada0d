import { describe, expect, it } from 'vitest';
import { s3Address } from '../../local/fleet/plugins.ts';
import type { Behaviour, Behaviours } from '../../local/fleet/plugins.ts';
import type { Input } from '../../local/types.ts';
import { HERE, createWorld, nodes, plain, shellDocument, type World } from './fleet-world.ts';

type Steps = Array<{ name: string } & Record<string, unknown>>;

interface More {
  /** Exit codes by step; 0 where there is none. */
  exits?: Record<string, number>;
  parameters?: Record<string, unknown>;
  values?: Record<string, string[]>;
  platform?: string;
}

/** What each step of a document ended as: `Name:Status`, and the invocation's own end. */
async function walk(steps: Steps, more: More = {}): Promise<string> {
  const behaviours: Behaviours = Object.fromEntries(
    steps.map(({ name }): [string, Behaviour] => [
      `Doc/${name}`,
      async ({ process }) => {
        await process.sleep(10);
        return { code: more.exits?.[name] ?? 0 };
      },
    ]),
  );
  const sim = createWorld({
    behaviours,
    nodes: nodes(1),
    inventories: { plain: { ...plain, platform: more.platform ?? plain.platform, installed: {} } },
  });
  sim.ssm.createDocument(HERE, { name: 'Doc', content: shellDocument(steps, more.parameters) });
  return told(sim, await sim.send('Doc', [sim.host('n1').id], { Parameters: more.values ?? {} }), 3_000);
}

async function told(sim: World, command: string, seconds: number): Promise<string> {
  await sim.clock.pass(seconds);
  const row = (await sim.invocations(command))[sim.host('n1').id];
  return [...row.CommandPlugins.map((entry: Input) => `${entry.Name}:${entry.StatusDetails}`), row.StatusDetails].join(' ');
}

const rebooting = (times: number): Behaviours => ({
  'Doc/Before': async ({ host }) => {
    host.files.set('/before', `${host.files.get('/before') ?? ''}x`);
    return { code: 0 };
  },
  'Doc/Reboot': async ({ host }) => {
    const runs = (host.files.get('/runs') ?? '') + 'x';
    host.files.set('/runs', runs);
    return { code: runs.length <= times ? 194 : 0 };
  },
});

const nested = {
  name: 'Nested',
  action: 'aws:runDocument',
  documentType: 'SSMDocument',
  documentPath: 'Inner',
  documentParameters: '{"Say":"hello"}',
};
const nesting = (code: number): World => {
  const sim = createWorld({
    nodes: nodes(1),
    behaviours: {
      'Inner/A': async ({ parameters }) => ({ code, stdout: `A ${parameters.Say}` }),
      'Inner/B': async () => ({ code: 0, stdout: 'B' }),
      'Doc/After': async () => ({ code: 0 }),
    },
  });
  sim.ssm.createDocument(HERE, { name: 'Inner', content: shellDocument([{ name: 'A' }, { name: 'B' }], { Say: { type: 'String' } }) });
  return sim;
};

const rebootingWorld = (times: number): World => {
  const sim = createWorld({ behaviours: rebooting(times), nodes: nodes(1) });
  sim.ssm.createDocument(HERE, { name: 'Doc', content: shellDocument([{ name: 'Before' }, { name: 'Reboot' }]) });
  return sim;
};

describe('a document on a node', () => {
  it.each<[string, Steps, Record<string, number>, string]>([
    ['runs all steps, and a failed one does not stop later ones', [{ name: 'One' }, { name: 'Two' }], { One: 1 }, 'One:Failed Two:Success Failed'],
    [
      'stops after a failure with onFailure: exit; skipped steps show as successes',
      [{ name: 'One', onFailure: 'exit' }, { name: 'Two' }],
      { One: 1 },
      'One:Failed Two:Success Failed',
    ],
    [
      'ends well after a failure with onFailure: successAndExit',
      [{ name: 'One', onFailure: 'successAndExit' }, { name: 'Two' }],
      { One: 1 },
      'One:Success Two:Success Success',
    ],
    ['ends as a success with exit code 168', [{ name: 'One' }, { name: 'Two' }], { One: 168, Two: 1 }, 'One:Success Two:Success Success'],
    ['ends as a failure with exit code 169', [{ name: 'One' }, { name: 'Two' }], { One: 169 }, 'One:Failed Two:Success Failed'],
    [
      'runs a finally step whatever came before',
      [{ name: 'One', onFailure: 'exit' }, { name: 'Two' }, { name: 'End', finallyStep: true }],
      { One: 1, End: 1 },
      'One:Failed Two:Success End:Failed Failed',
    ],
    [
      'honours finallyStep on the last step only',
      [{ name: 'One', onFailure: 'exit' }, { name: 'End', finallyStep: true }, { name: 'Two' }],
      { One: 1, End: 1 },
      'One:Failed End:Success Two:Success Failed',
    ],
    [
      'stops after a success with onSuccess: exit',
      [{ name: 'One', onSuccess: 'exit' }, { name: 'Two' }],
      { Two: 1 },
      'One:Success Two:Success Success',
    ],
    [
      'goes on after a step that timed out, onFailure: exit or not',
      [{ name: 'One', onFailure: 'exit', timeoutSeconds: '5' }, { name: 'Two' }],
      { Two: 1 },
      'One:ExecutionTimedOut Two:Failed Failed',
    ],
    [
      'ends as timed out if that is the worst',
      [{ name: 'One', timeoutSeconds: 5 }, { name: 'Two' }],
      {},
      'One:ExecutionTimedOut Two:Success ExecutionTimedOut',
    ],
    ['takes 3,600 seconds for a time-out that the agent does not accept', [{ name: 'One', timeoutSeconds: '4' }], {}, 'One:Success Success'],
  ])('%s', async (_, steps, exits, expected) => {
    expect(await walk(steps, { exits })).toBe(expected);
  });

  it('says in the output why it stopped', async () => {
    const sim = createWorld({ behaviours: { 'Doc/One': async () => ({ code: 168, stdout: 'here', stderr: 'warning' }) }, nodes: nodes(1) });
    sim.ssm.createDocument(HERE, { name: 'Doc', content: shellDocument([{ name: 'One' }]) });
    const command = await sim.send('Doc', [sim.host('n1').id]);
    await sim.clock.pass(10);
    const [entry] = (await sim.invocations(command))[sim.host('n1').id].CommandPlugins;
    expect(entry.Output).toMatch(/^here\nStep exited with code 168\. Therefore, marking step as succeeded/);
    expect(entry.Output).not.toContain('warning');
  });

  it.each<[string, Record<string, unknown>, string]>([
    ['is skipped on another platform', { precondition: { StringEquals: ['platformType', 'Windows'] } }, 'One:Success Last:Failed Failed'],
    ['runs on its platform', { precondition: { StringEquals: ['Linux', 'platformType'] } }, 'One:Failed Last:Failed Failed'],
    ['runs if a parameter has the value', { precondition: { StringEquals: ['{{ Mode }}', 'a'] } }, 'One:Failed Last:Failed Failed'],
    ['is skipped if a parameter has another', { precondition: { StringEquals: ['{{ Mode }}', 'b'] } }, 'One:Success Last:Failed Failed'],
    ['fails without a parameter in it', { precondition: { StringEquals: ['a', 'b'] } }, 'One:Failed Last:Failed Failed'],
    ['fails with an operator that the agent does not know', { precondition: { StringLike: ['{{ Mode }}', 'a'] } }, 'One:Failed Last:Failed Failed'],
  ])('with a precondition %s', async (_, step, expected) => {
    const steps = [{ name: 'One', ...step }, { name: 'Last' }];
    expect(await walk(steps, { exits: { One: 1, Last: 1 }, parameters: { Mode: { type: 'String', default: 'a' } } })).toBe(expected);
  });

  it('skips a plugin that the platform does not have', async () => {
    const steps = [{ name: 'One' }, { name: 'Two', action: 'aws:runPowerShellScript' }];
    expect(await walk(steps, { platform: 'windows-2022-x86_64', exits: { One: 1 } })).toBe('One:Success Two:Success Success');
  });

  it('takes a time-out from a parameter', async () => {
    const options = { parameters: { executionTimeout: { type: 'String', default: '60' } }, values: { executionTimeout: ['5'] } };
    expect(await walk([{ name: 'One', timeoutSeconds: '{{ executionTimeout }}' }], options)).toBe('One:ExecutionTimedOut ExecutionTimedOut');
  });
});

describe('a step that asks for a reboot', () => {
  it('runs again after it, with a new boot, and no other step does', async () => {
    const sim = rebootingWorld(2);
    const node = sim.host('n1');
    const boots = new Set([node.bootId]);
    const command = await sim.send('Doc', [node.id]);
    for (let minute = 0; minute < 15; minute++) {
      await sim.clock.pass(60);
      boots.add(node.bootId);
    }
    expect(await told(sim, command, 0)).toBe('Before:Success Reboot:Success Success');
    expect([node.files.get('/before'), node.files.get('/runs'), boots.size]).toEqual(['x', 'xxx', 3]);
  });

  it('stays InProgress meanwhile, and the node does not ping', async () => {
    const sim = rebootingWorld(1);
    const command = await sim.send('Doc', [sim.host('n1').id]);
    await sim.clock.pass(70);
    expect(sim.host('n1').heartbeat.beats).toBe(false);
    expect(await told(sim, command, 0)).toMatch(/InProgress$/);
  });

  it('is given up after fifteen runs', async () => {
    const sim = rebootingWorld(99);
    expect(await told(sim, await sim.send('Doc', [sim.host('n1').id], { TimeoutSeconds: 100_000 }), 20_000)).toMatch(/Failed$/);
    expect(sim.host('n1').files.get('/runs')).toHaveLength(15);
  });

  it('never runs again on a node that does not come back', async () => {
    const sim = rebootingWorld(1);
    sim.host('n1').faults.reboot = 'gone';
    const command = await sim.send('Doc', [sim.host('n1').id]);
    expect(await told(sim, command, 3_000)).toMatch(/InProgress$/);
    expect(sim.host('n1').heartbeat.status()).toBe('ConnectionLost');
    expect(await told(sim, command, 6_000)).toMatch(/DeliveryTimedOut$/);
  });

  it('runs again once somebody has repaired the node', async () => {
    for (const reboot of ['gone', 'loop'] as const) {
      const sim = rebootingWorld(1);
      sim.host('n1').faults.reboot = reboot;
      const command = await sim.send('Doc', [sim.host('n1').id]);
      expect(await told(sim, command, 3_000)).toMatch(/InProgress$/);
      sim.host('n1').recover();
      expect(await told(sim, command, 600)).toBe('Before:Success Reboot:Success Success');
    }
  });

  it('never runs again on a node that crashes at every start, though it pings now and then', async () => {
    const sim = rebootingWorld(1);
    sim.host('n1').faults.reboot = 'loop';
    const command = await sim.send('Doc', [sim.host('n1').id]);
    const { bootId } = sim.host('n1');
    expect(await told(sim, command, 3_000)).toMatch(/InProgress$/);
    expect(sim.host('n1').heartbeat.status()).toBe('Online');
    expect(sim.host('n1').bootId).not.toBe(bootId);
  });
});

describe('aws:runDocument', () => {
  it('runs the document that the node fetches, with one output and the worst status', async () => {
    const sim = nesting(1);
    sim.ssm.createDocument(HERE, { name: 'Doc', content: shellDocument([nested, { name: 'After' }]) });
    const command = await sim.send('Doc', [sim.host('n1').id]);
    expect(await told(sim, command, 30)).toBe('Nested:Failed After:Success Failed');
    const [entry] = (await sim.invocations(command))[sim.host('n1').id].CommandPlugins;
    expect(entry).toMatchObject({ ResponseCode: 0, Output: expect.stringContaining('A hello\nB') });
    expect(sim.calls).toEqual([
      {
        caller: `arn:aws:sts::111111111111:assumed-role/InstanceNodeRole/${sim.host('n1').id}`,
        operation: 'GetDocument',
      },
    ]);
  });

  it('ends as its worst step: a time-out outweighs a failure, and a failure a reboot', async () => {
    const ends = async (exits: Record<string, number | 'hangs'>): Promise<string> => {
      const behaviours: Behaviours = Object.fromEntries(
        ['A', 'B'].map((name): [string, Behaviour] => [
          `Inner/${name}`,
          async ({ process }) => {
            const exit = exits[name] ?? 0;
            if (exit === 'hangs') await process.sleep(1_000);
            return { code: exit === 'hangs' ? 0 : exit };
          },
        ]),
      );
      const sim = createWorld({ nodes: nodes(1), behaviours });
      sim.ssm.createDocument(HERE, {
        name: 'Inner',
        content: shellDocument([{ name: 'A', timeoutSeconds: '60' }, { name: 'B' }], { Say: { type: 'String' } }),
      });
      sim.ssm.createDocument(HERE, { name: 'Doc', content: shellDocument([nested]) });
      return told(sim, await sim.send('Doc', [sim.host('n1').id]), 300);
    };
    expect(await ends({ A: 'hangs', B: 1 })).toBe('Nested:ExecutionTimedOut ExecutionTimedOut');
    expect(await ends({ A: 1, B: 194 })).toBe('Nested:Failed Failed');
  });

  it('waits for a script of it longer than its own step would', async () => {
    const sim = createWorld({
      nodes: nodes(1),
      behaviours: { 'Inner/A': async ({ process }) => process.sleep(5_000).then(() => ({ code: 0 })) },
    });
    sim.ssm.createDocument(HERE, { name: 'Inner', content: shellDocument([{ name: 'A', timeoutSeconds: '7200' }], { Say: { type: 'String' } }) });
    sim.ssm.createDocument(HERE, { name: 'Doc', content: shellDocument([nested]) });
    expect(await told(sim, await sim.send('Doc', [sim.host('n1').id]), 6_000)).toBe('Nested:Success Success');
  });

  it.each([
    ['a file that is not there', { documentType: 'LocalPath', documentPath: '/var/lib/other.json' }],
    ['a parameter that the document does not have', { documentParameters: '{"Shout":"hello"}' }],
  ])('fails with %s', async (_, change) => {
    const sim = nesting(0);
    sim.ssm.createDocument(HERE, { name: 'Doc', content: shellDocument([{ ...nested, ...change }]) });
    expect(await told(sim, await sim.send('Doc', [sim.host('n1').id]), 30)).toBe('Nested:Failed Failed');
  });

  it('fails where the document does not exist, and does nothing for AWS-Noop', async () => {
    const sim = nesting(0);
    sim.ssm.createDocument(HERE, {
      name: 'Doc',
      content: shellDocument([
        { ...nested, documentPath: 'Other' },
        { ...nested, name: 'Noop', documentPath: 'AWS-Noop' },
      ]),
    });
    expect(await told(sim, await sim.send('Doc', [sim.host('n1').id]), 30)).toBe('Nested:Failed Noop:Success Failed');
  });
});

describe('an agent whose document worker dies', () => {
  it('reports the first step only, with the reason', async () => {
    const sim = createWorld({
      behaviours: { 'Doc/One': async () => ({ code: 0 }), 'Doc/Two': async ({ process }) => process.sleep(600).then(() => ({ code: 0 })) },
      nodes: nodes(1),
    });
    sim.ssm.createDocument(HERE, { name: 'Doc', content: shellDocument([{ name: 'One' }, { name: 'Two' }]) });
    sim.host('n1').faults.workerDiesIn = 'Two';
    const command = await sim.send('Doc', [sim.host('n1').id]);
    expect(await told(sim, command, 60)).toBe('One:Failed Failed');
    expect((await sim.invocations(command))[sim.host('n1').id].CommandPlugins[0].Output).toContain('ipc messaging received timeout signal');
  });
});

describe('addresses of S3 objects', () => {
  it.each([
    ['https://bucket.name.s3.eu-central-1.amazonaws.com/a/b.lock', 'bucket.name', 'a/b.lock'],
    ['https://bucket.s3.amazonaws.com/b.lock', 'bucket', 'b.lock'],
    ['https://s3.eu-central-1.amazonaws.com/bucket/a/b%2Bc.lock', 'bucket', 'a/b+c.lock'],
    ['https://s3-eu-west-1.amazonaws.com/bucket/b.lock', 'bucket', 'b.lock'],
  ])('%s', (url, bucket, key) => expect(s3Address(url)).toEqual({ bucket, key }));

  it('are nothing else', () => expect(() => s3Address('https://example.com/bucket/key')).toThrow(/not the address of an S3 object/));
});
