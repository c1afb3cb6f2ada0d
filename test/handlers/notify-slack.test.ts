import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createSite } from './sites.ts';
import { createWorld, found } from './world.ts';
import type { Site } from './sites.ts';
import type { World } from './world.ts';

const PATH = 'services/T0SECRET/B0SECRET/x0secret';
const WEBHOOK = `https://hooks.slack.com/${PATH}`;
const SECRET = 'wavelock/slack-ops';

let world: World;
let site: Site;

beforeAll(async () => {
  site = await createSite();
  world = await createWorld({ internet: { 'hooks.slack.com': `${site.url}/hooks.slack.com` } });
});
afterEach(() => {
  world.mend();
  site.status = undefined;
  site.posts.length = 0;
});
afterAll(async () => {
  await site.close();
  await world.stop();
});

/** What Notices writes for the `lambda` protocol. */
function message(audience = 'linux-ops'): string {
  return JSON.stringify({ audience, text: 'monthly done', blocks: [{ type: 'section', text: { type: 'mrkdwn', text: 'monthly done: 60 nodes' } }] });
}

function delivery(Message: string) {
  return { Records: [{ EventSource: 'aws:sns', Sns: { MessageId: '1', Message } }] };
}

/** Puts the webhook's address there as an operator would, or changes it. */
async function secret(SecretString: string): Promise<void> {
  const known = await world.cloud.call(world.administrator, 'secretsmanager', 'ListSecrets', {}).then(
    ({ SecretList }) => SecretList.some(({ Name }: { Name: string }) => Name === SECRET),
    () => written,
  );
  await world.cloud.call(
    world.administrator,
    'secretsmanager',
    known ? 'PutSecretValue' : 'CreateSecret',
    known ? { SecretId: SECRET, SecretString } : { Name: SECRET, SecretString },
  );
  written = true;
}
let written = false;

function lastLog(): { [name: string]: unknown } {
  const line = world.log('NotifySlack').findLast((one) => one.startsWith('{') && one.includes('"level"'));
  return JSON.parse(found(line, 'log line')) as { [name: string]: unknown };
}

describe('NotifySlack', () => {
  it('posts nothing and fails nothing while nobody has created the secret: it says so', async () => {
    expect(await world.react('NotifySlack', delivery(message()))).toBeUndefined();
    expect(site.posts).toEqual([]);
    expect(lastLog()).toMatchObject({ level: 'WARN', audience: 'linux-ops', secret: SECRET, message: expect.stringContaining('create the secret') });
  });

  it("posts the notice to the audience's webhook", async () => {
    await secret(`${WEBHOOK}\n`);
    expect(await world.react('NotifySlack', delivery(message()))).toBeUndefined();
    const [post, ...others] = site.posts;
    expect(others).toEqual([]);
    expect(post?.address).toBe(WEBHOOK);
    expect(JSON.parse(found(post, 'post').body)).toEqual({ text: 'monthly done', blocks: [expect.objectContaining({ type: 'section' })] });
  });

  it('posts for the topic that tells the audience, and leaves audiences without Slack alone', async () => {
    await secret(WEBHOOK);
    const { TOPICS } = await world.settings('JudgeWave');
    const [TopicArn] = Object.values(JSON.parse(found(TOPICS, 'topics')) as { [audience: string]: string });
    const text = JSON.stringify({ default: 'monthly done', email: 'monthly done', lambda: message() });
    await world.cloud.call(world.administrator, 'sns', 'Publish', { TopicArn, Subject: 'done', MessageStructure: 'json', Message: text });
    await world.pass(60);
    expect(site.posts).toHaveLength(1);
    expect(await world.react('NotifySlack', delivery(message('security')))).toBeUndefined();
    expect(site.posts).toHaveLength(1);
  });

  it.each([429, 500, 503])('is retryable when Slack answers %i', async (status) => {
    await secret(WEBHOOK);
    site.status = status;
    expect(await world.react('NotifySlack', delivery(message()))).toMatchObject({ errorType: 'Retryable', errorMessage: `Slack answered ${status}` });
  });

  it('is tried again by Lambda, and left to the undelivered when Slack stays down', async () => {
    await secret(WEBHOOK);
    const { TOPICS } = await world.settings('JudgeWave');
    const [TopicArn] = Object.values(JSON.parse(found(TOPICS, 'topics')) as { [audience: string]: string });
    const waiting = (): number => world.cloud.parts.sqs.queues().reduce((sum, { counts }) => sum + counts.visible, 0);
    const publish = () =>
      world.cloud.call(world.administrator, 'sns', 'Publish', {
        TopicArn,
        MessageStructure: 'json',
        Message: JSON.stringify({ default: 'x', lambda: message() }),
      });
    const before = waiting();
    site.status = 503;
    await publish();
    await world.pass(30);
    site.status = undefined;
    await world.pass(60);
    expect(site.posts).toHaveLength(2);
    expect(waiting()).toBe(before);
    site.status = 503;
    await publish();
    await world.pass(600);
    expect(site.posts).toHaveLength(5);
    expect(waiting() - before).toBe(1);
  });

  it('does not repeat what Slack refuses, and says so', async () => {
    await secret(WEBHOOK);
    site.status = 404;
    expect(await world.react('NotifySlack', delivery(message()))).toBeUndefined();
    expect(lastLog()).toMatchObject({ level: 'ERROR', audience: 'linux-ops', status: 404 });
  });

  it('has its answer when the status is there, whatever becomes of the rest', async () => {
    await secret(WEBHOOK);
    site.answers[WEBHOOK] = (_, response) => {
      response.writeHead(200, { 'content-length': '100' }).write('o');
      setImmediate(() => response.destroy());
    };
    expect(await world.react('NotifySlack', delivery(message()))).toBeUndefined();
    delete site.answers[WEBHOOK];
    expect(site.posts).toHaveLength(1);
  });

  it('posts to no address that is none', async () => {
    await secret('https://');
    expect(await world.react('NotifySlack', delivery(message()))).toBeUndefined();
    expect(lastLog()).toMatchObject({ level: 'WARN' });
  });

  it('is retryable when Slack cannot be reached', async () => {
    await secret('https://nowhere.slack.invalid/services/T0SECRET/B0SECRET/x0secret');
    expect(await world.react('NotifySlack', delivery(message()))).toMatchObject({
      errorType: 'Retryable',
      errorMessage: 'Slack could not be reached (ENOTFOUND)',
    });
  });

  it('posts nowhere but to https', async () => {
    await secret(`http://hooks.slack.com/${PATH}`);
    expect(await world.react('NotifySlack', delivery(message()))).toBeUndefined();
    expect(site.posts).toEqual([]);
    expect(lastLog()).toMatchObject({ level: 'WARN' });
  });

  it('ignores what is not a notice, and is terminal for what no topic delivers', async () => {
    await secret(WEBHOOK);
    expect(await world.react('NotifySlack', delivery('a test from the console'))).toBeUndefined();
    expect(await world.react('NotifySlack', delivery('{"some":"json"}'))).toBeUndefined();
    expect(site.posts).toEqual([]);
    expect(await world.react('NotifySlack', { Records: 'none' })).toMatchObject({ errorType: 'Terminal' });
  });

  it('has written the address into no log, whatever happened before', () => {
    const lines = world.log('NotifySlack');
    expect(lines.length).toBeGreaterThan(10);
    expect(lines.filter((line) => /T0SECRET|x0secret|hooks\.slack\.com/i.test(line))).toEqual([]);
  });
});
