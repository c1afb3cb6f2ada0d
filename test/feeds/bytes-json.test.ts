import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openJson } from '../../lambdas/feeds/bytes-json.ts';
import { FeedError } from '../../lambdas/feeds/feed.ts';

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
