import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createExpressions } from '../../local/asl/expressions.ts';
import { plainJson, type JsonObject, type JsonValue } from '../../local/asl/values.ts';
import { createWalkClock } from '../../local/asl/walk-clock.ts';
import { createRandom } from '../../local/random.ts';

const NOW = Date.UTC(2030, 4, 6, 7, 8, 9, 10);

function evaluate(source: string, bindings: JsonObject = {}, seed = 1): Promise<JsonValue> {
  return createExpressions(createWalkClock(NOW), createRandom(seed)).evaluate(`{% ${source} %}`, 'Output', bindings);
}

describe('an expression', () => {
  it.each<[string, JsonValue]>([
    ['$partition([1..5], 2)', [[1, 2], [3, 4], [5]]],
    ['$partition([1,2,3], 2.9)', [[1, 2], [3]]],
    ['$range(1, 5, 2)', [1, 3, 5]],
    ['$range(3, 1, -1)', [3, 2, 1]],
    ['$hash("a", "SHA-256")', 'ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb'],
    ['$hash("a", "MD5")', '0cc175b9c0f1b6a831c399e269772661'],
    ['$length($uuid())', 36],
    ['$parse(\'{"a":[1,null]}\')', { a: [1, null] }],
    ['$random(7) = $random(7)', true],
    ['$now()', '2030-05-06T07:08:09.010Z'],
    ['$now("[Y0001]-[M01]")', '2030-05'],
    ['$millis()', NOW],
    ['null', null],
    ['[]', []],
    ['{}', {}],
  ])('%s gives %j', async (source, value) => {
    expect(await evaluate(source)).toEqual(value);
  });

  it.each([
    ['$x.nope', 'returned nothing (undefined).'],
    ['$nobody', 'returned nothing (undefined).'],
    ['$sum', 'returned nothing (undefined).'],
    ['function($x) { $x }', 'returned nothing (undefined).'],
    ['{"f": $sum}', 'returned nothing (undefined).'],
    ['$eval("1 + 1")', 'threw an error during evaluation. T1006: '],
    ['1 + "a"', 'threw an error during evaluation. T2002: '],
    ['$parse("{")', 'threw an error during evaluation. D3137: Invalid JSON'],
    ['$hash("a", "CRC")', '$hash knows MD5, SHA-1, SHA-256, SHA-384, SHA-512, not CRC'],
    ['$partition([1], 0)', '$partition needs a size of at least 1'],
    ['$range(1, 2, 0)', '$range needs a step that is not 0'],
    ['$uuid(1)', 'T0410: '],
  ])('%s fails as States.QueryEvaluationError', async (source, message) => {
    const failed: unknown = await evaluate(source, { x: {} }).catch((error: unknown) => error);
    const cause = expect.stringContaining(`The JSONata expression '${source}' specified for the field 'Output' `);
    expect(failed).toMatchObject({ failure: { error: 'States.QueryEvaluationError', cause } });
    expect(String(failed)).toContain(message);
  });

  it('unwraps a filter with a single hit, unless it stands in a list', async () => {
    const x = [
      { id: 1, s: 'Failed' },
      { id: 2, s: 'Ok' },
    ];
    expect(await evaluate('$x[s="Failed"].id', { x })).toBe(1);
    expect(await evaluate('[$x[s="Failed"].id]', { x })).toEqual([1]);
    expect(await evaluate('[$x[s="None"].id]', { x })).toEqual([]);
    expect(await evaluate('$x.id', { x })).toEqual([1, 2]);
  });

  it('takes chance from the seed', async () => {
    for (const source of ['$random()', '$uuid()', '$shuffle([1..20])']) {
      expect(await evaluate(source, {}, 5)).toEqual(await evaluate(source, {}, 5));
      expect(await evaluate(source, {}, 5)).not.toEqual(await evaluate(source, {}, 6));
    }
  });

  it('leaves its input as it was', async () => {
    const x = { list: [1, 2, { a: [3] }], numbers: [3, 4] };
    const before = structuredClone(x);
    await evaluate('{"a": $x.list, "b": $append($x.list, 4), "c": $x.list[[0..1]], "d": $x.numbers^(>$)[0], "e": $reverse($x.list)}', {
      x,
    });
    await evaluate('$x ~> |list[2]|{"a": 5}|', { x });
    await evaluate('$append($x.list, $x.list)', { x });
    expect(x).toStrictEqual(before);
    expect(Object.keys(x.list)).toEqual(['0', '1', '2']);
  });

  it('holds time while it is evaluated, and never for a constant', async () => {
    let tracked = 0;
    const clock = createWalkClock(NOW);
    const counting = { ...clock, track: <T>(work: () => Promise<T>) => (tracked++, clock.track(work)) };
    const expressions = createExpressions(counting, createRandom(1));
    expect(await expressions.evaluate({ a: 1, b: ['{ % no % }'] }, 'Output', {})).toEqual({ a: 1, b: ['{ % no % }'] });
    expect(tracked).toBe(0);
    await expressions.evaluate({ a: '{% 1 %}', b: '{% 2 %}' }, 'Output', {});
    expect(tracked).toBe(1);
  });
});

describe('what jsonata gives back', () => {
  it('is plain JSON: a filtered list is equal to a list of its own', async () => {
    const list = await evaluate('$x[$ > 1]', { x: [1, 2, 3] });
    expect(list).toStrictEqual([2, 3]);
    expect(Object.keys(list as unknown[])).toEqual(['0', '1']);
  });

  it('is copied without loss for any JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const copy = plainJson(value);
        expect(JSON.stringify(copy)).toBe(JSON.stringify(JSON.parse(JSON.stringify(value))));
        const shared = copy === value && typeof value === 'object' && value !== null;
        expect(shared).toBe(false);
      }),
    );
  });

  it('passes any JSON through an expression unharmed', async () => {
    await fc.assert(
      // -0 has no JSON text of its own.
      fc.asyncProperty(
        fc.jsonValue().filter((value) => !JSON.stringify(value).includes('-0')),
        async (value) => {
          const x = JSON.parse(JSON.stringify(value)) as JsonValue;
          expect(await evaluate('{"x": $states.input}', { states: { input: [x] } })).toEqual({ x: [x] });
        },
      ),
    );
  });
});
