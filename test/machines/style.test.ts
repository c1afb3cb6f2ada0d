import { readFileSync } from 'node:fs';
import validate from 'asl-validator';
import jsonata from 'jsonata';
import { describe, expect, it } from 'vitest';
import { machines, tasks } from '../../statemachines/contracts.ts';
import { loadMachine, passing, statesOf, substitutionsOf } from '../../statemachines/splice.ts';
import type { State } from '../../statemachines/splice.ts';

const EXPRESSION_LIMIT = 90;
/** What every task is called again after that may be repeated, as the files write it. */
const again = ['Retryable', 'Lambda.TooManyRequestsException', '%%passing%%'];
const MACHINE_SUBSTITUTIONS = ['FeedMachine', 'IntakeMachine', 'WaveMachine'];
const definitions = machines.map((name) => ({
  name,
  definition: loadMachine(name),
  text: readFileSync(new URL(`../../statemachines/${name}.asl.json`, import.meta.url), 'utf8'),
}));
const own = (name: string) => Object.entries(JSON.parse(definitions.find((one) => one.name === name)?.text ?? '{}').States as Record<string, State>);
/** States of the file itself: a spliced track is looked at where it stands. */
const states = definitions.flatMap(({ name }) =>
  own(name).flatMap(([title, state]) =>
    [[title, state] as const, ...inner(state)].map(([inside, one]) => ({ machine: name, title: inside, state: one })),
  ),
);

function inner(state: State): (readonly [string, State])[] {
  return typeof state.ItemProcessor === 'object' ? Object.entries(state.ItemProcessor.States) : [];
}

/** The states of a machine, and those inside of each of its Maps. */
function neighbourhoods(all: Record<string, State>): Record<string, State>[] {
  return [all, ...Object.values(all).flatMap((state) => (typeof state.ItemProcessor === 'object' ? neighbourhoods(state.ItemProcessor.States) : []))];
}

function expressionsOf(value: unknown): string[] {
  if (typeof value === 'string') return value.startsWith('{%') ? [value.slice(2, -2).trim()] : [];
  if (Array.isArray(value)) return value.flatMap(expressionsOf);
  return value !== null && typeof value === 'object' ? Object.values(value).flatMap(expressionsOf) : [];
}

function taskOf(state: State): keyof typeof tasks | undefined {
  const name = /^\$\{(\w+)\}$/.exec(String(state.Arguments?.FunctionName ?? ''))?.[1];
  return name !== undefined && name in tasks ? (name as keyof typeof tasks) : undefined;
}

describe.each(definitions)('$name', ({ definition, text }) => {
  it('is valid for asl-validator', () => {
    const result = validate(definition);
    expect(result.isValid, result.errorsText('\n')).toBe(true);
  });

  it('is JSONata, timed, commented with in and out, small and flat', () => {
    expect(definition.QueryLanguage).toBe('JSONata');
    expect(definition.TimeoutSeconds).toBeGreaterThan(0);
    expect(definition.Comment).toMatch(/in: .*out: /);
    expect(text.split('\n').length).toBeLessThanOrEqual(250);
    expect(Object.keys(definition.States).length).toBeLessThanOrEqual(15);
  });

  it('never hides an expression from the deploy: no ${ inside {% %}', () => {
    expect(expressionsOf(definition).filter((expression) => expression.includes('${'))).toEqual([]);
  });
});

describe.each(states.map((one) => [`${one.machine}: ${one.title}`, one] as const))('%s', (_title, { machine, state, title }) => {
  it('says why it is there', () => {
    expect(String(state.Comment ?? '').length).toBeGreaterThan(20);
  });

  it('has short expressions that compile and take neither clock nor chance', () => {
    for (const expression of expressionsOf({ ...state, ItemProcessor: undefined })) {
      expect(() => jsonata(expression)).not.toThrow();
      expect(expression.length, expression).toBeLessThanOrEqual(EXPRESSION_LIMIT);
      expect(expression).not.toMatch(/\$(now|millis|random|uuid|eval)\b/);
    }
  });

  if (state.Type === 'Task')
    it('is timed, caught where something goes on afterwards, and retried by name only', () => {
      expect(state.TimeoutSeconds).toBeDefined();
      const catches = (state.Catch ?? []) as { ErrorEquals: string[] }[];
      // A redrive begins with the state that failed; one that was caught and led to a Fail would only end there again.
      if (machine === 'rollout') expect(catches.flatMap(({ ErrorEquals }) => ErrorEquals)).not.toContain('States.ALL');
      else expect(catches.at(-1)?.ErrorEquals).toEqual(['States.ALL']);
      for (const retry of (state.Retry ?? []) as Record<string, unknown>[]) {
        expect(retry.ErrorEquals).not.toContain('States.ALL');
        expect(retry.ErrorEquals).not.toContain('States.TaskFailed');
        expect(retry).toMatchObject({ MaxAttempts: expect.any(Number), MaxDelaySeconds: expect.any(Number), JitterStrategy: 'FULL' });
      }
    });

  if (state.Type === 'Choice')
    it('ends in a Fail when none of its choices fits', () => {
      const siblings = definitions.flatMap(({ definition }) => neighbourhoods(definition.States)).find((one) => title in one);
      expect(siblings?.[String(state.Default)]?.Type).toBe('Fail');
    });

  const task = taskOf(state);
  if (task !== undefined)
    it('keeps to its contract: token where it parks, no repetition where it may be done once only', () => {
      const payload = JSON.stringify(state.Arguments);
      expect(String(state.Resource).endsWith('.waitForTaskToken')).toBe(tasks[task].parks);
      expect(payload.includes('$states.context.Task.Token')).toBe(tasks[task].parks);
      if (tasks[task].once)
        expect((state.Retry as { ErrorEquals: string[] }[]).flatMap((retry) => retry.ErrorEquals)).toEqual(['Lambda.TooManyRequestsException']);
      else expect((state.Retry as { ErrorEquals: string[] }[]).flatMap((retry) => retry.ErrorEquals)).toEqual(again);
      const shape = state.Arguments?.Payload;
      if (shape !== null && typeof shape === 'object')
        expect(Object.keys(shape).toSorted()).toEqual(Object.keys((tasks[task].in as unknown as { shape: object }).shape).toSorted());
    });
});

describe('contracts', () => {
  it('has an entry for every substitution, and every entry is used', () => {
    const used = [...new Set(definitions.flatMap(({ definition }) => substitutionsOf(definition)))];
    expect(used.toSorted()).toEqual([...Object.keys(tasks), ...MACHINE_SUBSTITUTIONS].toSorted());
  });

  it('marks what may not be repeated', () => {
    expect(
      Object.entries(tasks)
        .filter(([, task]) => task.once)
        .map(([name]) => name),
    ).toEqual(['SendBatch']);
  });

  it('knows the errors of Lambda that pass, and leaves no mark in what is deployed', () => {
    expect(passing).toContain('Lambda.SdkClientException');
    expect(JSON.stringify(loadMachine('wave'))).toContain(`"Retryable","Lambda.TooManyRequestsException",${JSON.stringify(passing).slice(1, -1)}]`);
    for (const { definition } of definitions) expect(JSON.stringify(definition)).not.toContain('%%');
  });

  it('looks at every state, spliced ones too', () => {
    for (const { definition } of definitions) expect([...statesOf(definition)].length).toBeGreaterThan(5);
  });
});
