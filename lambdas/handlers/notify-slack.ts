import https from 'node:https';
import { z } from 'zod';
import { Retryable } from '../core/errors.ts';
import { react } from './implement.ts';

/** SNS delivery to Lambda (Lambda developer guide, "SNS"); `Message` is what Notices wrote for the `lambda` protocol. */
const Delivery = z.object({ Records: z.array(z.object({ Sns: z.object({ Message: z.string() }) })) });
const Message = z.object({ audience: z.string(), text: z.string(), blocks: z.array(z.unknown()) });

/** Slack's webhooks answer quickly or not at all, ms. */
const TIMEOUT_MS = 10_000;

/**
 * Posts to an audience's Slack webhook. Busy or failing Slack is retried by Lambda's asynchronous invocation and then left to the
 * dead-letter queue: it never fails a rollout. The webhook's address is a secret and appears in no log and no error.
 */
export const handler = react(async (event, deps) => {
  for (const record of Delivery.parse(event).Records) {
    const parsed = Message.safeParse(parseJson(record.Sns.Message));
    if (!parsed.success) continue;
    const { audience, text, blocks } = parsed.data;
    const secret = deps.setting('SLACK_SECRETS')[audience];
    const webhook = secret === undefined ? undefined : await deps.secrets.read(secret);
    if (webhook === undefined || !webhook.startsWith('https://') || !URL.canParse(webhook)) {
      deps.log.warn('no Slack webhook to post to: create the secret that the policy names', { audience, secret });
      continue;
    }
    const status = await post(webhook.trim(), JSON.stringify({ text, blocks }));
    if (status === 429 || status >= 500) throw new Retryable(`Slack answered ${status}`);
    if (status >= 300) deps.log.error('Slack refused the message', { audience, status });
  }
});

function post(webhook: string, body: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const request = https.request(
      webhook,
      { method: 'POST', headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }, timeout: TIMEOUT_MS },
      (response) => {
        // The status is the answer; waiting for what follows would take for ever where that is cut off.
        resolve(response.statusCode ?? 0);
        response.resume();
      },
    );
    request.on('timeout', () => request.destroy(new Error('timed out')));
    // The cause would name the address: only its code is passed on.
    request.on('error', (error) => reject(new Retryable(`Slack could not be reached (${(error as NodeJS.ErrnoException).code ?? 'error'})`)));
    request.end(body);
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // A test message typed into the SNS console is not for Slack.
    return undefined;
  }
}
