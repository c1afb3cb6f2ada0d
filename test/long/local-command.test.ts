import { createServer } from 'node:net';
import {
  DescribeExecutionCommand,
  GetExecutionHistoryCommand,
  ListStateMachinesCommand,
  SFNClient,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';
import { DescribeInstanceInformationCommand, GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { command, start } from '../cli/command.ts';

/** Asks again until the answer is there; what it waits for takes milliseconds to a few seconds of real time. */
async function until<T>(ask: () => Promise<T | undefined> | T | undefined): Promise<T> {
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    await new Promise((resolve) => void setTimeout(resolve, 50));
  }
}

/** What the printed lines set in a shell; the first of each counts: the hub's. */
function environmentOf(text: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const [, name = '', value = ''] of text.matchAll(/\b(AWS_[A-Z_]+)=(\S+)/g)) if (!found.has(name)) found.set(name, value);
  return found;
}

describe('wavelock local', () => {
  const running = start(['local', '--port', '0']);
  let text: string;
  let client: { endpoint: string; region: string; credentials: { accessKeyId: string; secretAccessKey: string; sessionToken: string } };
  let sfn: SFNClient;

  beforeAll(async () => {
    const told = until(() => (running.said.stdout.includes('Decide: ') ? running.said.stdout : undefined));
    const early = running.ended.then(({ stderr }) => Promise.reject(new Error(`it ended: ${stderr}`)));
    text = await Promise.race([told, early]);
    early.catch(() => undefined);
    const environment = environmentOf(text);
    const value = (name: string): string => environment.get(name) ?? '';
    client = {
      endpoint: value('AWS_ENDPOINT_URL'),
      region: value('AWS_REGION'),
      credentials: {
        accessKeyId: value('AWS_ACCESS_KEY_ID'),
        secretAccessKey: value('AWS_SECRET_ACCESS_KEY'),
        sessionToken: value('AWS_SESSION_TOKEN'),
      },
    };
    sfn = new SFNClient(client);
  });
  afterAll(() => void running.child.kill('SIGKILL'));

  it('says where it listens, what is in it, and how to start things', () => {
    expect(text).toMatch(/listens on http:\/\/127\.0\.0\.1:\d+, in real time/);
    expect(text).toContain('222222222222/eu-west-1  Wavelock-Spoke-222222222222-eu-west-1');
    expect(text).toContain('60 machines: 40 EC2, 20 on-premises');
  });

  it('answers an SDK client with the keys that it prints: machines and nodes', async () => {
    const { stateMachines = [] } = await sfn.send(new ListStateMachinesCommand({}));
    const arns = stateMachines.map(({ stateMachineArn }) => stateMachineArn ?? '');
    expect(arns).toHaveLength(4);
    for (const arn of [...text.matchAll(/--state-machine-arn (\S+)/g)].map(([, named]) => named)) expect(arns).toContain(arn);
    const { InstanceInformationList = [] } = await new SSMClient(client).send(new DescribeInstanceInformationCommand({}));
    expect(InstanceInformationList.length).toBeGreaterThan(0);
  });

  it('refuses keys that it did not give', async () => {
    const stranger = new SFNClient({ ...client, credentials: { ...client.credentials, accessKeyId: 'ASIAAAAAAAAAAAAAAAAA' }, maxAttempts: 1 });
    await expect(stranger.send(new ListStateMachinesCommand({}))).rejects.toMatchObject({ name: 'UnrecognizedClientException' });
  });

  it('runs what its own line starts: advisories are stored and scans go out', async () => {
    const [, stateMachineArn, input] = /--state-machine-arn (\S+) --input '(\{"maxAgeHours":0\})'/.exec(text) ?? [];
    const { executionArn } = await sfn.send(new StartExecutionCommand({ stateMachineArn, input }));
    const states = await until(async () => {
      const { events = [] } = await sfn.send(new GetExecutionHistoryCommand({ executionArn, maxResults: 200 }));
      const names = events.flatMap(({ stateEnteredEventDetails }) => stateEnteredEventDetails?.name ?? []);
      const failed = events.find(({ type }) => type === 'ExecutionFailed');
      if (failed) throw new Error(JSON.stringify(failed));
      return events.some(({ type }) => type === 'MapRunStarted') ? names : undefined;
    });
    expect(states.length).toBeGreaterThan(2);
    expect((await sfn.send(new DescribeExecutionCommand({ executionArn }))).status).toBe('RUNNING');
  });

  it('shows how the feeds are, as its readers see it', async () => {
    const environment = Object.fromEntries(environmentOf(text));
    const ask = (...more: string[]) => start(['feeds', '--endpoint', client.endpoint, ...more], environment).ended;
    const [, stateMachineArn] = /--state-machine-arn (\S+) --input '\{"maxAgeHours":0\}'/.exec(text) ?? [];
    const { executionArn } = await sfn.send(new StartExecutionCommand({ stateMachineArn, input: '{"maxAgeHours":0,"scope":"feeds"}' }));
    await until(async () => ((await sfn.send(new DescribeExecutionCommand({ executionArn }))).status === 'RUNNING' ? undefined : true));
    const table = await ask();
    expect([table.status, table.stderr]).toEqual([0, expect.not.stringContaining('Error')]);
    expect(table.stdout.split('\n')[0]).toMatch(/^feed +last success \(UTC\) +newest record +records +errors +state$/);
    expect(table.stdout).toMatch(/^amazon-linux-2023 +\d{4}-\d\d-\d\d \d\d:\d\d +\S+ +40 +0 +(ok|stale)$/m);
    const json = JSON.parse((await ask('--json')).stdout) as object[];
    expect(json).toContainEqual(expect.objectContaining({ feed: 'cisa-kev', records: 12, errors: 0, failures: 0, reason: '' }));
    expect(await ask('--accept', 'cisa-kev')).toMatchObject({ status: 2, stderr: expect.stringContaining('--why') });
    expect(await ask('--accept', 'nobody', '--why', 'a test')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('no feed is called nobody'),
    });
    expect(await ask('--accept', 'cisa-kev', '--why', 'a test')).toMatchObject({
      status: 2,
      stdout: '',
      stderr: expect.stringMatching(/^cisa-kev is well: it was read on \S+ \S+ UTC, so there is nothing to accept\n$/),
    });
    expect(await ask('--qualifier', 'Nobody')).toMatchObject({
      status: 2,
      stdout: '',
      stderr: expect.stringContaining('there is no parameter /Nobody/hub'),
    });
  });

  it('has what people need who decide, and `approve` finds it', async () => {
    const { Parameter } = await new SSMClient(client).send(new GetParameterCommand({ Name: '/Wavelock/hub' }));
    expect(JSON.parse(Parameter?.Value ?? '')).toMatchObject({ table: expect.stringContaining('Record') });
    const args = ['approve', 'monthly-20261209-000000', '--why', 'a test', '--endpoint', client.endpoint];
    const { status, stderr } = await start(args, Object.fromEntries(environmentOf(text))).ended;
    expect(stderr).toContain('no rollout is called monthly-20261209-000000');
    expect(status).toBe(2);
  });

  it('refuses a port that is taken, by name, with status 2', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    const { status, stdout, stderr } = await command('local', '--port', String(port));
    server.close();
    expect(status).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain(`port ${port} of 127.0.0.1 is in use`);
  });

  it.each([
    ['a port that is none', ['--port', 'abc'], /--port: "abc" is no port/],
    ['a fleet that is not there', ['--fleet', 'no-such-fleet.yaml'], /no-such-fleet\.yaml/],
  ])('refuses %s with status 2', async (_what, args, message) => {
    const { status, stderr } = await command('local', ...args);
    expect(status).toBe(2);
    expect(stderr).toMatch(message);
  });

  it('ends cleanly when it is told to', async () => {
    running.child.kill('SIGTERM');
    const { status, stderr } = await running.ended;
    expect(status).toBe(0);
    expect(stderr).toContain('SIGTERM, ending');
    await expect(sfn.send(new ListStateMachinesCommand({}))).rejects.toThrow('ECONNREFUSED');
  });
});
