/** The reader of XML, held against saxes: what is well-formed, and what it says, in whatever pieces it comes. */
import * as fc from 'fast-check';
import { SaxesParser } from 'saxes';
import { describe, expect, it } from 'vitest';
import { FeedError } from '../../lambdas/feeds/feed.ts';
import { createUtf8Decoder } from '../../lambdas/feeds/utf8.ts';
import { createXmlReader } from '../../lambdas/feeds/xml.ts';
import { many } from './site.ts';

/** Anything that happens at an element, wherever it is: paths made of these few names. */
const NAMES = ['a', 'b', 'é', 'x:y', 'c-1.2_'];
const PATHS = NAMES.flatMap((one) => [`a/${one}`, ...NAMES.map((two) => `a/${one}/${two}`)]).concat('a');

type Said = [string, unknown][];

/** What is said by our reader, which gets the bytes in pieces of this size; `undefined` where it says that this is no XML. */
function ours(bytes: Buffer, size: number): Said | undefined {
  const said: Said = [];
  const open = Object.fromEntries(PATHS.map((path) => [path, (attributes: Record<string, string>) => void said.push([`<${path}`, { ...attributes }])]));
  const close = Object.fromEntries(PATHS.map((path) => [path, (text: string) => void said.push([`>${path}`, text])]));
  const reader = createXmlReader('x', 'a', { open, close });
  try {
    for (let at = 0; at < bytes.length; at += size) reader.write(bytes.subarray(at, at + size));
    reader.end();
    return said;
  } catch (error) {
    if (error instanceof FeedError && error.code === 'bad-xml') return undefined;
    throw error;
  }
}

function saxes(bytes: Buffer): Said | undefined {
  const said: Said = [];
  const texts: string[] = [];
  const path: string[] = [];
  const parser = new SaxesParser({ position: false, xmlns: false });
  parser.on('error', (error) => {
    throw error;
  });
  parser.on('opentag', ({ name, attributes }) => {
    path.push(name);
    texts.push('');
    if (PATHS.includes(path.join('/'))) said.push([`<${path.join('/')}`, { ...attributes }]);
  });
  const append = (text: string): void => {
    if (texts.length > 0) texts[texts.length - 1] += text;
  };
  parser.on('text', append);
  parser.on('cdata', append);
  parser.on('closetag', () => {
    const text = texts.pop();
    if (PATHS.includes(path.join('/'))) said.push([`>${path.join('/')}`, text]);
    path.pop();
  });
  try {
    parser.write(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    parser.close();
    return said;
  } catch {
    return undefined;
  }
}

/** An instruction whose target goes on behind a question mark is none (section 2.6); saxes lets it pass. */
const ONLY_SAXES = /<\?[^\s?]*\?(?!>)/;

function expectTheSame(text: string, size: number): void {
  fc.pre(!ONLY_SAXES.test(text));
  const bytes = Buffer.from(text);
  expect(ours(bytes, size), JSON.stringify(text)).toEqual(saxes(bytes));
}

describe('XML', () => {
  it.each([
    '<a/>',
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<!-- c --><?pi x?>\n<a b="1" c=\'2"\' >t</a >\n<!-- d -->\n',
    '\uFEFF<?xml version="1.0"?><a/>',
    '<a>&lt;&gt;&amp;&quot;&apos;&#65;&#x1F600;&#13;</a>',
    '<a b="&lt;&#10;&#9;x\ty\r\nz"/>',
    '<a>one\r\ntwo\rthree\r</a>\r',
    '<a>1<b>2</b>3<![CDATA[<b>&amp;]]]>4<!-- no -->5<?pi?>6</a>',
    '<a><é x:y="ü">ñ\u{1F600}</é></a>',
    '<a b="1>2"><b c=\'"\' d="\'"/></a>',
    '<a\n b = "1"\t/>',
    '<a __proto__="1" constructor="2" toString="3"/>',
    '<a><b/><b/><b c="1"/><b/><b c="1" d="2"/><b d="2" c="1"/><b d="2" c="1" e="3"/></a>',
    '<a><b></b><c-1.2_></c-1.2_><b></b></a>',
    '<a>]]&gt; ]] > - --</a>',
    '<a><z>1</z><z>&amp;</z><z><![CDATA[&]]></z><z><b>2</b></z><z/><z c="1">3</z><z>4</z></a>',
    '<a><?xml-stylesheet href="x"?></a>',
  ])('reads %j, in whatever pieces', (text) => {
    expect(saxes(Buffer.from(text))).toBeDefined();
    for (const size of [1, 2, 3, 5, 1_000]) expectTheSame(text, size);
  });

  it.each([
    '', ' ', 'a', '{}', '<', '<a', '<a>', '<a b>', '<a b=1/>', '<a b="1"c="2"/>', '<a b="1" b="2"/>', '<a b="1" c="3" b="2"/>', "<a b='1' b='2'/>", '<a b="<"/>', '<a b="&x;"/>',
    '<a b="1/>', '<a></b>', '<a></a', '<a></a b>', '<a></ a>', '</a>', '<a/></a>', '<a/><a/>', '<a/>x', 'x<a/>', '<a/><![CDATA[x]]>', '<![CDATA[x]]><a/>', '<a/>&amp;',
    '<a>&</a>', '<a>&amp</a>', '<a>&;</a>', '<a>&b;</a>', '<a>& amp;</a>', '<a>&#0;</a>', '<a>&#xD800;</a>', '<a>&#x110000;</a>', '<a>&#;</a>', '<a>&#x;</a>', '<a>&#X41;</a>', '<a>&#1a;</a>', '<a>&amp<b/>;</a>',
    '<a><z></z><z>&b;</z></a>', '<a><z>1</z><z>]]></z></a>', '<a><z>1</z><z>&</z></a>', '<a><z>1</z><z>2</y></a>', '<a><z>1</z><z></a>',
    '<a></a><a></a>', '<a>]]></a>', '<a>\u0000</a>', '<a>\u001F</a>', '<a>\uFFFE</a>', '<a b="\u0001"/>', '<a><!-- -- --></a>', '<a><!-- ---></a>', '<a><!--></a>', '<a><!---></a>', '<a><!-- </a>', '<a><![CDATA[</a>', '<a><![cdata[]]></a>', '<a><!b></a>',
    '<a><? x?></a>', '<a><?x', '<a><?xml version="1.0"?></a>', ' <?xml version="1.0"?><a/>', '<?xml?><a/>', '<?xml version="2.0"?><a/>', '<?xml encoding="UTF-8" version="1.0"?><a/>', '<?xml version="1.0" standalone="maybe"?><a/>', '<a><?XML x?></a>',
    '<1a/>', '<a><-b/></a>', '<a><b<c/></b></a>', '<a 1="2"/>', '<a / >', '<a/ >', '<a><b></a></b>', '< a/>', '<a b=""c=""/>', '<a><b c="1"></b c="1"></a>', '<a>\uFEFF<</a>',
  ])('refuses %j, in whatever pieces', (text) => {
    expect(saxes(Buffer.from(text))).toBeUndefined();
    for (const size of [1, 2, 3, 5, 1_000]) expect(ours(Buffer.from(text), size)).toBeUndefined();
  });

  /** Pieces of XML that fit together now and then. */
  const piece = fc.constantFrom(
    ...NAMES.flatMap((name) => [`<${name}>`, `</${name}>`, `<${name}/>`, `<${name} b="1" é='2'>`, `<${name} b="1"/>`, `</${name} >`]),
    'text', ' ', '\n', '\r', '\r\n', '&amp;', '&#x41;', '&', ';', '<', '>', '"', "'", '=', 'é', '\u{1F600}', ']]>', '<![CDATA[', '<!--', '-->', '--', '<?pi ', '?>', '<?xml version="1.0"?>', '\u0001', '/', '!',
  );

  it('says what saxes says of whatever pieces are put together', () => {
    const property = fc.property(fc.array(piece, { maxLength: 14 }), fc.integer({ min: 1, max: 9 }), (pieces, size) => expectTheSame(`<a>${pieces.join('')}</a>`, size));
    expect(() => fc.assert(property, { numRuns: 1_500 })).not.toThrow();
  });

  /** A small updateinfo with one thing changed. */
  it('says what saxes says of a file in which something was changed', () => {
    const sound = `<?xml version="1.0"?>\n<a>${many(2).join('').replaceAll('collection', 'b').replaceAll('package', 'x:y').replaceAll('update', 'b')}</a>`;
    const characters = fc.constantFrom('', '<', '>', '"', "'", '&', '/', ' ', '=', 'x', '\n', '\r', ';', '-', ']', '!', '?', '\u0002', 'é');
    const changed = fc.property(fc.integer({ min: sound.indexOf('<a>') + 3, max: sound.length }), fc.nat({ max: 3 }), characters, fc.integer({ min: 1, max: 400 }), (at, gone, put, size) => {
      expectTheSame(`${sound.slice(0, at)}${put}${sound.slice(at + gone)}`, size);
    });
    expect(() => fc.assert(changed, { numRuns: 600 })).not.toThrow();
  });

  it('counts the depth of elements that nobody asked for as well', () => {
    const nested = (depth: number): void => {
      const reader = createXmlReader('x', 'a', {});
      reader.write(Buffer.from(`<a>${'<z>'.repeat(depth - 2)}<y>1</y><y>1</y>${'</z>'.repeat(depth - 2)}</a>`));
      reader.end();
    };
    expect(() => nested(20)).not.toThrow();
    expect(() => nested(21)).toThrow('nests more than 20 elements');
  });

  it('says about where in the file it is broken', () => {
    const reader = createXmlReader('x.xml', 'a', {});
    const broken = Buffer.from(`<a>${'<b>text</b>'.repeat(20_000)}<b></c></a>`);
    expect(() => reader.write(broken)).toThrow(/^x\.xml is not well-formed: a\/b is ended by c \(about character 220007\)$/);
  });

  it('keeps the beginning of a text that nobody needs whole, and nothing of one that nobody asked for', () => {
    const texts: string[] = [];
    const reader = createXmlReader('x', 'a', { close: { 'a/b': (text) => void texts.push(text) } });
    reader.write(Buffer.from(`<a><b>${'x<!-- -->'.repeat(200_000)}</b><c>${'y'.repeat(1_000_000)}</c></a>`));
    reader.end();
    expect(texts.map((text) => text.length)).toEqual([64 * 1024]);
  });
});

describe('UTF-8', () => {
  function decoded(bytes: Uint8Array, size: number): string | undefined {
    const decoder = createUtf8Decoder('x');
    let text = '';
    try {
      for (let at = 0; at < bytes.length; at += size) text += decoder.decode(bytes.subarray(at, at + size));
      decoder.end();
      return text;
    } catch (error) {
      expect(error).toMatchObject({ name: 'FeedError', code: 'bad-xml' });
      return undefined;
    }
  }

  function strictly(bytes: Uint8Array): string | undefined {
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    } catch {
      return undefined;
    }
  }

  it('is read as a TextDecoder reads it, in whatever pieces', () => {
    const text = fc.string({ unit: 'binary', maxLength: 20 }).map((one) => new Uint8Array(Buffer.from(one)));
    const anything = fc.array(fc.constantFrom(0x41, 0x80, 0xbf, 0xc0, 0xc3, 0xa9, 0xe2, 0x82, 0xac, 0xed, 0xa0, 0xef, 0xbb, 0xbf, 0xf0, 0x9f, 0x98, 0x80, 0xf5, 0xff), { maxLength: 9 }).map((one) => new Uint8Array(one));
    fc.assert(
      fc.property(fc.oneof(text, anything), fc.integer({ min: 1, max: 6 }), (bytes, size) => {
        expect(decoded(bytes, size)).toEqual(strictly(bytes));
      }),
      { numRuns: 2_000 },
    );
  });
});
