import { describe, expect, it } from 'vitest';
import { createWatch, waveOf } from '../../cli/run/watch.ts';
import { clientToken } from '../../lambdas/aws/client-token.ts';
import type { CallContext, Input } from '../../local/types.ts';

const ROLLOUT = 'zero-day-20261221-3f9ca1';
const BATCH = `${ROLLOUT}-test-p1-0-0`;

function seen(calls: [service: string, operation: string, input: Input][]) {
  const watch = createWatch();
  for (const [service, operation, input] of calls) watch.faults.call?.('after', { service, operation } as CallContext, input);
  return watch.commands.map(({ document, batch, nodes }) => [document, waveOf(batch, ROLLOUT), nodes]);
}

const payload = (value: unknown) => Buffer.from(JSON.stringify(value));
const start = { DocumentName: 'Corp-Isolate', ClientToken: clientToken(BATCH), Targets: [{ Key: 'ParameterValues', Values: ['i-1', 'i-2'] }] };
const sendBatch = { FunctionName: 'Wavelock-Hub-SendBatch', Payload: payload({ batch: BATCH, taskToken: 't' }) };

describe('what a run tells of what it ran', () => {
  it.each<[string, [string, string, Input][], unknown[]]>([
    ['a command', [['ssm', 'SendCommand', { DocumentName: 'Corp-X', Comment: BATCH, InstanceIds: ['i-1'] }]], [['Corp-X', 'test', ['i-1']]]],
    [
      "a function of the user's",
      [['lambda', 'Invoke', { FunctionName: 'waf-block', Payload: payload({ version: 1, id: BATCH, action: 'apply', nodes: [{ id: 'i-1' }] }) }]],
      [['function waf-block', 'test', ['i-1']]],
    ],
    [
      'a runbook, whose batch is that of whoever started it',
      [
        ['ssm', 'StartAutomationExecution', start],
        ['lambda', 'Invoke', sendBatch],
      ],
      [['runbook Corp-Isolate', 'test', ['i-1', 'i-2']]],
    ],
    [
      'a runbook of another batch',
      [
        ['ssm', 'StartAutomationExecution', { ...start, ClientToken: clientToken('other') }],
        ['lambda', 'Invoke', sendBatch],
      ],
      [['runbook Corp-Isolate', '', ['i-1', 'i-2']]],
    ],
    [
      "no function of Wavelock's own",
      [
        ['lambda', 'Invoke', sendBatch],
        ['lambda', 'Invoke', { FunctionName: 'x' }],
      ],
      [],
    ],
  ])('%s', (_title, calls, commands) => {
    expect(seen(calls)).toEqual(commands);
  });
});

describe('the token of a batch', () => {
  it('is a UUID, always the same, and another for another batch', () => {
    expect(clientToken(BATCH)).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/);
    expect([clientToken(BATCH), clientToken(`${BATCH}0`) === clientToken(BATCH)]).toEqual([clientToken(BATCH), false]);
  });
});

describe('the mails of a run', () => {
  const ops = { email: ['a@example.com', 'b@example.com'] };
  const people = { ops, managers: { email: [], slack: { secret: 'x' } }, security: { email: ['b@example.com'] } };

  function published(audience: string): [CallContext, Input] {
    const attribute = (StringValue: string) => ({ DataType: 'String', StringValue });
    const MessageAttributes = { audience: attribute(audience), event: attribute('failed'), wave: attribute('test') };
    const Message = JSON.stringify({ email: 'what happened', lambda: JSON.stringify({ text: 'x' }) });
    return [{ service: 'sns', operation: 'Publish' } as CallContext, { MessageStructure: 'json', Subject: 'FAILED', Message, MessageAttributes }];
  }
  const mail = (endpoint: string) => ({ endpoint, subject: 'FAILED', message: 'what happened' });

  it('are one for each address, and belong to the audience that has it', () => {
    const watch = createWatch();
    for (const audience of ['managers', 'ops', 'security']) watch.faults.call?.('after', ...published(audience));
    const notices = watch.notices([mail('b@example.com'), mail('a@example.com'), mail('b@example.com'), mail('who@example.com')], [], people);
    expect(notices.map(({ channel, audience, event, wave }) => [channel, audience, event, wave])).toEqual([
      ['email', 'ops', 'failed', 'test'],
      ['email', 'ops', 'failed', 'test'],
      ['email', 'security', 'failed', 'test'],
    ]);
  });
});
