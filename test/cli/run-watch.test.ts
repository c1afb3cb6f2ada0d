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
