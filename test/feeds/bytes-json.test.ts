import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { endOfLife } from '../../lambdas/feeds/end-of-life.ts';
import { openJson, parseJson } from '../../lambdas/feeds/bytes-json.ts';
import { FeedError } from '../../lambdas/feeds/feed.ts';
import { readRecord } from '../../lambdas/feeds/osv/read.ts';
import { failure, NOW } from './site.ts';

function read(text: string): { rest: unknown; elements: unknown[] } {
  const { rest, elements } = openJson(Buffer.from(text), 'list', 'x.json');
  return { rest, elements: [...elements] };
}

/** Objects with keys and texts that look like structure. */
const texts = fc.oneof(fc.string(), fc.constantFrom('list', '"list":[', ']}', '\\', '\\"', '{"a":1}', 'ü€😀'));
const objects = fc.dictionary(texts, fc.jsonValue({ stringUnit: 'binary' }));

describe('a JSON object that is mostly one long array', () => {
  it('is the same read piece by piece and at once', () => {
    fc.assert(
      fc.property(objects, fc.array(objects), objects, fc.boolean(), (before, list, after, pretty) => {
        const { list: _before, ...first } = before;
        const { list: _after, ...second } = after;
        const whole = { ...first, list, ...second };
        const text = JSON.stringify(whole, null, pretty ? 2 : undefined);
        const { rest, elements } = read(text);
        expect(rest).toEqual({ ...JSON.parse(text), list: [] });
        expect(elements).toEqual(JSON.parse(text).list);
      }),
    );
  });

  it('may lack the array, or have it elsewhere only', () => {
    expect(read('{"a":{"list":[{"b":1}]}}')).toEqual({ rest: { a: { list: [{ b: 1 }] } }, elements: [] });
    expect(read('{"list":{"list":[{"b":1}]}}').elements).toEqual([]);
    expect(read('["list",[{"b":1}]]').elements).toEqual([]);
    expect(read('{"a":"list","b":[{}]}')).toEqual({ rest: { a: 'list', b: [{}] }, elements: [] });
  });

  const broken = ['', '{', '{"list":[{}', '{"list":[{}]', '{"list":[{"a":}]}', '{"list":[{}]}}', '{"list":[{"a":"1]}', '\u0000', '[[['];
  it.each(broken)('is refused when it is %j', (text) => {
    expect(() => read(text)).toThrow(FeedError);
  });

  it('is refused when it is not UTF-8, before and within the array', () => {
    const wrong = Buffer.from([0xff]);
    expect(() => openJson(Buffer.concat([Buffer.from('{"a":"'), wrong, Buffer.from('","list":[]}')]), 'list', 'x')).toThrow(FeedError);
    const { elements } = openJson(Buffer.concat([Buffer.from('{"list":[{"a":"'), wrong, Buffer.from('"}]}')]), 'list', 'x');
    expect(() => [...elements]).toThrow(FeedError);
  });
});

/** A small file that takes a hundred times its size as soon as it is looked at: a list of so many empty objects. */
function flood(before: string, count: number, after: string): Buffer {
  return Buffer.concat([Buffer.from(before), Buffer.alloc(count * 3 - 1, '{},'), Buffer.from(after)]);
}

describe('a flood of values that say nothing', () => {
  it('is refused before it is parsed', () => {
    expect(() => parseJson(flood('[', 600_000, ']'), 'x.json')).toThrow(/x.json holds more than 500000 values/);
    expect(parseJson(flood('[', 200_000, ']'), 'x.json')).toHaveLength(200_000);
  });

  it('is refused in the array that is read piece by piece, and in one of its pieces', () => {
    expect(() => openJson(flood('{"list":[', 250_000, ']}'), 'list', 'x.json')).toThrow(/lists more than 200000 entries/);
    const { elements } = openJson(flood('{"list":[{"a":[', 600_000, ']}]}'), 'list', 'x.json');
    expect(() => [...elements]).toThrow(/more than 500000 values/);
  });

  it('makes a feed fail, and of a bucket one record a bad one', async () => {
    const file = flood('{"generated_at":"2026-11-22T00:00:00Z","total":1,"result":[', 600_000, ']}');
    expect((await failure(endOfLife, { 'https://endoflife.date/api/v1/products/full': file })).code).toBe('too-large');
    const record = flood('{"id":"USN-1-1","modified":"2026-01-01T00:00:00Z","affected":[', 600_000, ']}');
    expect(readRecord(record, 'USN-1-1', { url: () => 'x', sha256: '0'.repeat(64), now: NOW })).toEqual({
      record: 'USN-1-1',
      problem: 'holds more values than any record',
    });
  });
});
