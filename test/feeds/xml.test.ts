/** What our reader adds to saxes: places, bounds, refusals and the words for what is broken, in whatever pieces a file comes. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FeedError } from '../../lambdas/feeds/feed.ts';
import { createXmlReader } from '../../lambdas/feeds/xml.ts';

type Said = [string, unknown][];

/** What is said of `a`, `a/b` and `a/b/c` when the bytes come in pieces of this size; the code of the refusal where it refuses. */
function said(text: string | Buffer, size: number): Said | string {
  const bytes = Buffer.from(text as string);
  const told: Said = [];
  const places = ['a', 'a/b', 'a/b/c'];
  const reader = createXmlReader('x', 'a', {
    open: Object.fromEntries(places.map((path) => [path, (attributes: Record<string, string>) => void told.push([`<${path}`, { ...attributes }])])),
    close: Object.fromEntries(places.map((path) => [path, (inside: string) => void told.push([`>${path}`, inside])])),
  });
  try {
    for (let at = 0; at < bytes.length; at += size) reader.write(bytes.subarray(at, at + size));
    reader.end();
    return told;
  } catch (error) {
    if (error instanceof FeedError) return error.code;
    throw error;
  }
}

const SIZES = [1, 2, 3, 5, 1_000];

describe('XML', () => {
  it('tells elements by their place, with the text directly in them', () => {
    const text = '<?xml version="1.0" encoding="UTF-8"?>\n<a x="1"><b>1<z>no</z>2<c y="&lt;é"/><![CDATA[&3]]></b><b/><z><b>no</b></z></a>\n';
    const expected: Said = [
      ['<a', { x: '1' }],
      ['<a/b', {}],
      ['<a/b/c', { y: '<é' }],
      ['>a/b/c', ''],
      ['>a/b', '12&3'],
      ['<a/b', {}],
      ['>a/b', ''],
      ['>a', ''],
    ];
    for (const size of SIZES) expect(said(text, size)).toEqual(expected);
  });

  it('says the same in whatever pieces a file comes', () => {
    const piece = fc.constantFrom('<b>', '</b>', '<c x="1"/>', 'é', '\u{1F600}', '&amp;', '<!-- - -->', '<![CDATA[]]]]>', '\r\n', ' ', '<', '&');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), fc.integer({ min: 1, max: 9 }), (pieces, size) => {
        const text = `<a>${pieces.join('')}</a>`;
        expect(said(text, size)).toEqual(said(text, 100_000));
      }),
    );
  });

  it.each<[string, string | Buffer, string]>([
    ['nothing at all', '', 'bad-xml'],
    ['what is no XML', '{"a": 1}', 'bad-xml'],
    ['a file that was cut off', '<a><b>', 'bad-xml'],
    ['an element that another ends', '<a><b></c></a>', 'bad-xml'],
    ['a second root element', '<a/><a/>', 'bad-xml'],
    ['text behind the root element', '<a/>x', 'bad-xml'],
    ['an attribute twice', '<a b="1" b="2"/>', 'bad-xml'],
    ['an entity that XML does not know', '<a>&b;</a>', 'bad-xml'],
    ['a control character', '<a>\u0001</a>', 'bad-xml'],
    ['bytes that are not UTF-8', Buffer.from([0x3c, 0x61, 0x3e, 0xff]), 'bad-xml'],
    ['a character that is cut off', Buffer.from([0x3c, 0x61, 0x2f, 0x3e, 0xc3]), 'bad-xml'],
    ['a document type', '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', 'forbidden-xml'],
    ['another encoding', '<?xml version="1.0" encoding="ISO-8859-1"?><a/>', 'reshaped'],
    ['another root element', '<html/>', 'reshaped'],
    ['too many kinds of elements', `<a>${Array.from({ length: 1_001 }, (_, index) => `<k${index}/>`).join('')}</a>`, 'reshaped'],
  ])('refuses %s, in whatever pieces', (_what, text, code) => {
    for (const size of SIZES) expect(said(text, size)).toBe(code);
  });

  it('counts the depth of elements that nobody asked for as well', () => {
    const nested = (depth: number): string => `<a>${'<z>'.repeat(depth - 1)}${'</z>'.repeat(depth - 1)}</a>`;
    expect([said(nested(20), 7), said(nested(21), 7)]).toEqual([
      [
        ['<a', {}],
        ['>a', ''],
      ],
      'forbidden-xml',
    ]);
  });

  it('says how far it came in a file that is broken', () => {
    const reader = createXmlReader('x.xml', 'a', {});
    expect(() => reader.write(Buffer.from('<a><b></c></a>'))).toThrow(/^x\.xml is not well-formed: .+ \(within the first 14 characters\)$/);
  });

  it('keeps the beginning of a text that nobody needs whole, and nothing of one that nobody asked for', () => {
    const texts: string[] = [];
    const reader = createXmlReader('x', 'a', { close: { 'a/b': (text) => void texts.push(text) } });
    reader.write(Buffer.from(`<a><b>${'x<!-- -->'.repeat(200_000)}</b><c>${'y'.repeat(1_000_000)}</c></a>`));
    reader.end();
    expect(texts.map((text) => text.length)).toEqual([64 * 1024]);
  });

  it('refuses a single field that never ends', () => {
    expect(said(`<a><b>${'y'.repeat(5_000_000)}</b></a>`, 65_536)).toBe('too-large');
  });
});
