import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { amount, clip, jsonText, labelled, layout, plain, shellWord, shortHash, some, usd, wrap, wrapWhole } from '../../cli/ui/text.ts';
import { printWidth } from '../../cli/ui/width.ts';
import { span } from '../../cli/ui/times.ts';

const words = fc.array(fc.stringMatching(/^[a-z0-9.-]{1,40}$/), { minLength: 1, maxLength: 30 });

describe('wrapping', () => {
  it('never makes a line too wide and never loses a letter', () => {
    fc.assert(
      fc.property(words, fc.integer({ min: 5, max: 100 }), (list, width) => {
        const lines = wrap(list.join(' '), width);
        expect(lines.every((line) => line.length <= width)).toBe(true);
        expect(lines.join('').replaceAll(' ', '')).toBe(list.join(''));
      }),
    );
  });

  it('keeps words whole that fit', () => {
    expect(wrap('one two three', 8)).toEqual(['one two', 'three']);
  });

  it('leaves every word whole where it is told to, in as few lines', () => {
    fc.assert(
      fc.property(words, fc.integer({ min: 5, max: 100 }), (list, width) => {
        const lines = wrapWhole(list.join(' '), width);
        expect(lines.join(' ')).toBe(list.join(' '));
        expect(lines.every((line) => line.length <= width || !line.includes(' '))).toBe(true);
      }),
    );
  });

  it('goes by the terminal it prints to, within reason, and is as wide as ever where there is none', () => {
    expect(
      [{ isTTY: true, columns: 80 }, { isTTY: true, columns: 300 }, { isTTY: true, columns: 20 }, { isTTY: true, columns: 0 }, { columns: 80 }].map(
        printWidth,
      ),
    ).toEqual([80, 100, 45, 100, 100]);
  });

  it('sets a label before the first line only', () => {
    expect(labelled('told', 'one two three', { width: 16, column: 8 })).toEqual(['  told  one two', '        three']);
  });

  it('leaves columns alone in text that fits', () => {
    expect(layout('Why        3 of 12\n           web-t1', 40)).toEqual(['Why        3 of 12', '           web-t1']);
    expect(layout('  a long line that does not fit', 16)).toEqual(['  a long line that', '  does not fit']);
  });
});

it('leaves nothing in JSON that a terminal would obey, and says the same to a program', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.constantFrom(undefined, 2), (name, indent) => {
      const value = { [`-${name}`]: [name] };
      const text = jsonText(value, indent);
      expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Bidi_Control}]/u);
      expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
  expect(jsonText('\u009b31m\u202ered')).toBe('"\\u009b31m\\u202ered"');
});

it.each([
  ['out', 'out'],
  ['my out', "'my out'"],
  ["it's", "'it'\\''s'"],
  ['$(x)', "'$(x)'"],
])('makes one word for a shell of %j', (text, word) => {
  expect(shellWord(text)).toBe(word);
});

it('leaves nothing in text that a terminal would obey', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(plain(text)).not.toMatch(/[\p{Cc}\p{Bidi_Control}]/u);
    }),
  );
});

it.each([
  [amount(1, 'node'), '1 node'],
  [amount(3412, 'advisory', 'advisories'), '3,412 advisories'],
  [some(['a', 'b', 'c'], 2), 'a, b and 1 more'],
  [clip('production', 5), 'prod…'],
  [shortHash('plans/3f9c7712aa01bb02.json'), '3f9c..02'],
  [usd(0), '0.000 USD'],
  [usd(0.0004), 'under 0.001 USD'],
  [usd(1.23456), '1.235 USD'],
])('writes %s', (written, expected) => {
  expect(written).toBe(expected);
});

describe('a span of time', () => {
  it('names the day once', () => {
    expect(span(Date.parse('2026-12-09T21:00:00Z'), Date.parse('2026-12-10T01:00:00Z'), 'Europe/Berlin')).toBe('Wed 9 Dec 22:00-02:00');
  });

  it('names only days when it is longer than one', () => {
    expect(span(Date.parse('2026-12-09T21:00:00Z'), Date.parse('2026-12-11T01:00:00Z'), 'Europe/Berlin')).toBe('Wed 9 Dec-Fri 11 Dec');
  });
});
