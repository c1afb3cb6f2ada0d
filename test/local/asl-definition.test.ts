import { describe, expect, it } from 'vitest';
import { checkDefinition } from '../../local/asl/check-definition.ts';
import { createExpressions } from '../../local/asl/expressions.ts';
import { createWalkClock } from '../../local/asl/walk-clock.ts';
import { createRandom } from '../../local/random.ts';
import { CALLBACK, LAMBDA } from './asl-world.ts';

const expressions = createExpressions(createWalkClock(0), createRandom(1));

function check(definition: unknown): string {
  try {
    checkDefinition(definition, expressions);
    return 'fine';
  } catch (error) {
    return error instanceof Error ? error.message.replace(/^Invalid State Machine Definition: '(.*)'$/s, '$1') : String(error);
  }
}

function machine(states: Record<string, unknown>, more: Record<string, unknown> = {}): Record<string, unknown> {
  return { QueryLanguage: 'JSONata', StartAt: Object.keys(states)[0], States: states, ...more };
}

/** One state `A` that ends the machine. */
function one(state: Record<string, unknown>): Record<string, unknown> {
  return machine({ A: { End: true, ...state } });
}

const task = { Type: 'Task', Resource: LAMBDA, Arguments: { FunctionName: 'f' } };
const pass = { Type: 'Pass', End: true };

describe('a definition', () => {
  it('with everything that is supported passes, as text and as object', () => {
    const all = machine(
      {
        Task: {
          ...task,
          QueryLanguage: 'JSONata',
          TimeoutSeconds: '{% 5 %}',
          Retry: [
            { ErrorEquals: ['A', 'B'], IntervalSeconds: 1, MaxAttempts: 0, BackoffRate: 1.5, MaxDelaySeconds: 9, JitterStrategy: 'FULL' },
            { ErrorEquals: ['States.ALL'] },
          ],
          Catch: [
            {
              ErrorEquals: ['States.ALL'],
              Output: '{% $states.errorOutput %}',
              Assign: { e: '{% $states.errorOutput.Error %}' },
              Next: 'Choose',
            },
          ],
          Output: '{% $states.result.Payload %}',
          Assign: { size_1: 3 },
          Next: 'Choose',
        },
        Choose: {
          Type: 'Choice',
          Comment: 'why',
          Choices: [{ Condition: '{% $states.input.a %}', Next: 'Wait', Comment: 'c' }],
          Default: 'Map',
        },
        Wait: { Type: 'Wait', Seconds: 5, Next: 'Map' },
        Map: {
          Type: 'Map',
          Label: 'l',
          ItemReader: {
            Resource: 'arn:aws:states:::s3:getObject',
            ReaderConfig: { InputType: 'JSONL', MaxItems: 5 },
            Arguments: { Bucket: 'b', Key: 'k' },
          },
          ItemBatcher: { MaxItemsPerBatch: 5, BatchInput: { a: '{% $size_1 %}' } },
          ItemProcessor: { ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' }, StartAt: 'P', States: { P: pass } },
          ResultWriter: { Resource: 'arn:aws:states:::s3:putObject', Arguments: { Bucket: 'b' } },
          ToleratedFailurePercentage: 2.5,
          ToleratedFailureCount: 3,
          MaxConcurrency: '{% 4 %}',
          Next: 'Fork',
        },
        Fork: {
          Type: 'Parallel',
          Branches: [{ StartAt: 'F', States: { F: { Type: 'Fail', Error: '{% "E" %}', Cause: 'c' } } }],
          Next: 'Done',
        },
        Done: { Type: 'Succeed', Output: {} },
      },
      { Comment: 'all', TimeoutSeconds: 100, Version: '1.0' },
    );
    expect(check(all)).toBe('fine');
    expect(check(JSON.stringify(all))).toBe('fine');
  });

  it.each([
    ['an unknown field of a state', one({ Type: 'Pass', Result: 1 }), "SCHEMA_VALIDATION_FAILED: Field 'Result' is not supported at /States/A"],
    ['a field of JSONPath', one({ ...task, ResultPath: '$.a' }), "Field 'ResultPath' is not supported at /States/A"],
    ['an unknown field of the machine', machine({ A: pass }, { Timeout: 5 }), "Field 'Timeout' is not supported at "],
    [
      'a time limit of a Map',
      one({ Type: 'Map', ItemProcessor: { StartAt: 'P', States: { P: pass } }, TimeoutSeconds: 5 }),
      "Field 'TimeoutSeconds' is not supported at /States/A",
    ],
    ['Catch on a Pass', one({ Type: 'Pass', Catch: [{ ErrorEquals: ['States.ALL'], Next: 'A' }] }), "Field 'Catch' is not supported at /States/A"],
    [
      'an unknown field of a retrier',
      one({ ...task, Retry: [{ ErrorEquals: ['A'], Jitter: 1 }] }),
      "Field 'Jitter' is not supported at /States/A/Retry[0]",
    ],
    [
      'fields of a Distributed Map on an inline one',
      one({ Type: 'Map', ItemProcessor: { StartAt: 'P', States: { P: pass } }, ToleratedFailureCount: 1 }),
      "Field 'ToleratedFailureCount' is not supported",
    ],
    ['an unknown type', one({ Type: 'Loop' }), 'Type must be one of Pass, Task, Choice, Wait, Succeed, Fail, Parallel, Map, not "Loop" at /States/A'],
    ['JSONPath', { StartAt: 'A', States: { A: pass } }, "The field 'QueryLanguage' is required"],
    ['JSONPath by name', machine({ A: pass }, { QueryLanguage: 'JSONPath' }), 'must be JSONata, not "JSONPath" at /QueryLanguage'],
    [
      'an unknown Resource',
      one({ Type: 'Task', Resource: 'arn:aws:states:::sns:publish' }),
      "The embedded AWS does not support the Resource 'arn:aws:states:::sns:publish' at /States/A/Resource",
    ],
    [
      'an unknown SDK service',
      one({ Type: 'Task', Resource: 'arn:aws:states:::aws-sdk:braket:x' }),
      "does not support the Resource 'arn:aws:states:::aws-sdk:braket:x'",
    ],
    ['a function as Resource', one({ Type: 'Task', Resource: 'arn:aws:lambda:r:1:function:f' }), 'does not support the Resource'],
    [
      'an invoke without a function',
      one({ ...task, Arguments: { Payload: 1 } }),
      "The field 'FunctionName' is required but was missing at /States/A/Arguments",
    ],
    [
      'an unknown argument',
      one({ ...task, Arguments: { FunctionName: 'f', LogType: 'Tail' } }),
      "Field 'LogType' is not supported at /States/A/Arguments",
    ],
    [
      'Express children',
      one({
        Type: 'Map',
        ItemProcessor: { ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'EXPRESS' }, StartAt: 'P', States: { P: pass } },
      }),
      'must be STANDARD, not "EXPRESS"',
    ],
    [
      'a heartbeat longer than the time limit',
      one({ ...task, Resource: CALLBACK, TimeoutSeconds: 60, HeartbeatSeconds: 60 }),
      'HeartbeatSeconds must be smaller than TimeoutSeconds',
    ],
    ['a heartbeat without a token', one({ ...task, HeartbeatSeconds: 60 }), "Field 'HeartbeatSeconds' does nothing without a task token"],
    ['a number out of range', one({ ...task, TimeoutSeconds: 0 }), 'must be a number from 1 to 99999999, not 0 at /States/A/TimeoutSeconds'],
    ['both ends', one({ Type: 'Pass', Next: 'A' }), "must have either 'Next' or 'End' at /States/A"],
    ['a Wait for nothing', one({ Type: 'Wait' }), "must have either 'Seconds' or 'Timestamp'"],
    [
      'States.ALL beside another',
      one({ ...task, Retry: [{ ErrorEquals: ['States.ALL', 'A'] }] }),
      'States.ALL must appear alone at /States/A/Retry[0]',
    ],
    [
      'States.ALL before another',
      one({ ...task, Retry: [{ ErrorEquals: ['States.ALL'] }, { ErrorEquals: ['A'] }] }),
      'States.ALL must appear in the last entry',
    ],
    [
      'a delay shorter than the interval',
      one({ ...task, Retry: [{ ErrorEquals: ['A'], IntervalSeconds: 5, MaxDelaySeconds: 5 }] }),
      'MaxDelaySeconds must be greater than IntervalSeconds',
    ],
    ['a reserved variable', one({ Type: 'Pass', Assign: { states: 1 } }), "'states' is not a name for a variable at /States/A/Assign"],
    ['a variable with a dash', one({ Type: 'Pass', Assign: { 'a-b': 1 } }), "'a-b' is not a name for a variable"],
    [
      'two states of one name',
      machine({ A: { Type: 'Parallel', Branches: [{ StartAt: 'A', States: { A: pass } }], End: true } }),
      "The name 'A' is used by another state at /States/A/Branches[0]/States/A",
    ],
    ['a long name', machine({ ['x'.repeat(81)]: pass }), 'The name of a state has at most 80 characters'],
    ['too large', machine({ A: { ...pass, Comment: 'x'.repeat(1_048_576) } }), 'DEFINITION_TOO_LARGE'],
    ['no JSON', '{', 'INVALID_JSON_DESCRIPTION'],
  ])('is refused for %s', (_what, definition, message) => {
    expect(check(definition)).toContain(message);
  });

  it('is refused for transitions that lead nowhere, in the words of AWS', () => {
    const branches = machine({
      A: { Type: 'Choice', Choices: [{ Condition: true, Next: 'X' }], Default: 'Y' },
      B: { ...task, Catch: [{ ErrorEquals: ['E'], Next: 'Z' }], End: true },
    });
    expect(check(branches).split(', ')).toEqual([
      "MISSING_TRANSITION_TARGET: Missing 'Next' target: Y at /States/A/Default",
      "MISSING_TRANSITION_TARGET: Missing 'Next' target: X at /States/A/Choices[0]/Next",
      "MISSING_TRANSITION_TARGET: Missing 'Next' target: Z at /States/B/Catch[0]/Next",
      'MISSING_TRANSITION_TARGET: State "B" is not reachable. at /States/B',
    ]);
    expect(check(machine({ A: { Type: 'Pass', Next: 'B' }, B: { Type: 'Pass', Next: 'A' } }))).toBe(
      'MISSING_END_STATE: Workflow has no terminal state at null',
    );
    expect(check(machine({ A: pass }, { StartAt: 'B' }))).toContain("Missing 'Next' target: B at /StartAt");
  });

  it('is refused when an inner scope assigns a variable of an outer one, but not in a Distributed Map', () => {
    const inner = { StartAt: 'I', States: { I: { ...pass, Assign: { v: 1 } } } };
    const outer = { Type: 'Pass', Assign: { v: 0 }, Next: 'M' };
    expect(check(machine({ A: outer, M: { Type: 'Map', ItemProcessor: inner, End: true } }))).toContain(
      "The variable 'v' is assigned in an outer scope already",
    );
    const distributed = { ...inner, ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' } };
    expect(check(machine({ A: outer, M: { Type: 'Map', ItemProcessor: distributed, End: true } }))).toBe('fine');
  });
});

describe('an expression of a definition', () => {
  it.each([
    ['{% 1 + %}', 'INVALID_JSONATA_EXPRESSION: Unexpected end of expression at /States/A/Output/v'],
    ['{% a[1,2) %}', 'INVALID_JSONATA_EXPRESSION: Expected "]", got "," at /States/A/Output/v'],
    ['{% $x ?? 1 %}', 'INVALID_JSONATA_EXPRESSION'],
    ['{% phone %}', "UNSUPPORTED_JSONATA_EXPRESSION: Reference to 'phone' at the top level is not supported. at /States/A/Output/v"],
    ['{% $.phone %}', "Reference to '$' at the top level is not supported."],
    ['{% $$ %}', "Reference to '$$' is not supported."],
    ['{% $eval("1") %}', '$eval is not supported, use $parse'],
    ['{% $map([1], $eval) %}', '$eval is not supported, use $parse'],
    ['{% $states.result.x %}', "Reference to '$states.result' is not supported here."],
    ['{% $states.errorOutput %}', "Reference to '$states.errorOutput' is not supported here."],
    ['{% 1', 'An expression must start with {% and end with %}, with nothing before or after'],
    [' {% 1 %}', 'An expression must start with {% and end with %}, with nothing before or after'],
  ])('%s is refused', (expression, message) => {
    expect(check(one({ Type: 'Pass', Output: { v: expression } }))).toContain(message);
  });

  it.each([
    '{% $states.input.xs[id = 1].name %}',
    '{% $states.input.xs.(id & name) %}',
    '{% $map($states.input.xs, function($x) { $x.id }) %}',
    '{% $filter($v, function($x) { $x.a > 1 }) %}',
    '{% $states.input.xs{id: name} %}',
    '{% $states.input.xs^(>id) %}',
    '{% ($a := 1; $a + $b) %}',
    '{% $states.input.xs[$ > 1] %}',
    '{% $states.input ~> |a|{"b": c}| %}',
    '{% $contains("abc", /b/) %}',
    'plain text',
    '100%}%',
  ])('%s is fine', (expression) => {
    expect(check(one({ Type: 'Pass', Output: [expression] }))).toBe('fine');
  });

  it('is checked wherever it stands', () => {
    expect(check(one({ ...task, Retry: [{ ErrorEquals: ['A'] }], TimeoutSeconds: '{% x %}' }))).toContain('/States/A/TimeoutSeconds');
    expect(check(machine({ C: { Type: 'Choice', Choices: [{ Condition: '{% x %}', Next: 'A' }] }, A: pass }))).toContain(
      '/States/C/Choices[0]/Condition',
    );
    expect(check(machine({ C: { Type: 'Choice', Choices: [{ Condition: 'yes', Next: 'A' }] }, A: pass }))).toContain(
      'must be an expression or a boolean',
    );
    expect(check(one({ Type: 'Fail', Error: '{% x %}', End: undefined }))).toContain('/States/A/Error');
  });
});
