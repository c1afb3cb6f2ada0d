/**
 * What a piece of XML 1.0 (fifth edition) must look like, without state: tags, references, comments, declarations. The pieces come with
 * line ends already made `\n` (section 2.11). Everything here throws `XmlProblem` for what is not well-formed.
 */

/** Why a document is not well-formed, for people. */
export class XmlProblem extends Error {}

/** One start tag as written, from the bracket at its beginning to `end`, behind the one at its end. */
export interface StartTag {
  name: string;
  /** Those of a plain tag as they are written, ` a="1" b="2"`, for `plainAttributes`; of any other tag as they are meant. */
  attributes: string | Record<string, string>;
  isEmpty: boolean;
  end: number;
}

const START = ':A-Z_a-z\\u00C0-\\u00D6\\u00D8-\\u00F6\\u00F8-\\u02FF\\u0370-\\u037D\\u037F-\\u1FFF\\u200C\\u200D\\u2070-\\u218F\\u2C00-\\u2FEF\\u3001-\\uD7FF\\uF900-\\uFDCF\\uFDF0-\\uFFFD\\u{10000}-\\u{EFFFF}';
const NAME = `[${START}][${START}.0-9\\u00B7\\u0300-\\u036F\\u203F\\u2040-]*`;
const SPACE = '[ \\t\\n]';

/** Section 2.2: what no document may hold. Surrogates come only in pairs out of UTF-8. */
const FORBIDDEN = /[^\t\n\r -\uFFFD]/;
const NOT_SPACE = /[^ \t\n]/;
const NAME_HERE = new RegExp(NAME, 'uy');
const ATTRIBUTE_HERE = new RegExp(`${SPACE}+(${NAME})${SPACE}*=${SPACE}*(["'])`, 'uy');
const END_HERE = new RegExp(`${SPACE}*(/?)>`, 'y');
const CLOSING = new RegExp(`^</(${NAME})${SPACE}*>$`, 'u');
const INSTRUCTION = new RegExp(`^<\\?(${NAME})(?:${SPACE}[^]*)?\\?>$`, 'u');
const DECLARATION = new RegExp(
  `^<\\?xml${SPACE}+version${SPACE}*=${SPACE}*(["'])1\\.[0-9]+\\1` +
    `(?:${SPACE}+encoding${SPACE}*=${SPACE}*(["'])([A-Za-z][A-Za-z0-9._-]*)\\2)?` +
    `(?:${SPACE}+standalone${SPACE}*=${SPACE}*(["'])(?:yes|no)\\4)?${SPACE}*\\?>$`,
);
const QUOTE_OR_BRACKET = /["'<>]/g;
const REFERENCE = /&([^;&<]*)(;?)/g;
/** A plain start tag: names in ASCII, values in double quotes with nothing to be looked at again. All but a few are such. */
const PLAIN_TAG = /<([A-Za-z_][\w.:-]*)((?: [A-Za-z_][\w.:-]*="[^"<&\t\n]*")*)[ \t\n]*(\/?)>/y;
/** Characters of a tag beyond which it is not plain any more: the expression above remembers each for its way back. */
const LONGEST_PLAIN = 4_096;

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

export function isSpace(text: string): boolean {
  return !NOT_SPACE.test(text);
}

/** Throws where a text holds characters that no document may. */
export function checkCharacters(text: string): void {
  const found = FORBIDDEN.exec(text);
  if (found) throw new XmlProblem(`it holds the character ${codeOf(found[0])}`);
}

function codeOf(character: string): string {
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
}

/** The start tag at this place; `undefined` while the end of it is not there. */
export function readStartTag(source: string, at: number): StartTag | undefined {
  const nearest = source.indexOf('>', at);
  if (nearest < 0) return undefined;
  PLAIN_TAG.lastIndex = at;
  const plain = nearest - at < LONGEST_PLAIN ? PLAIN_TAG.exec(source) : null;
  if (plain) {
    const [whole, name = '', attributes = '', slash] = plain;
    return { name, attributes, isEmpty: slash === '/', end: at + whole.length };
  }
  const end = endOfTag(source, at);
  return end === undefined ? undefined : { ...anyTag(source.slice(at, end)), end };
}

/**
 * Attributes of a plain tag. `before`: the names of those of the last such tag, in their order, which are likely those of this one; where
 * they are not, it is changed.
 */
export function plainAttributes(text: string, before: string[]): Record<string, string> {
  const attributes: Record<string, string> = new Attributes();
  let count = 0;
  for (let at = 0; at < text.length; count += 1) {
    const likely = before[count];
    let begin: number;
    if (likely !== undefined && text.startsWith(likely, at + 1) && text.charCodeAt(at + 1 + likely.length) === EQUALS) {
      begin = at + likely.length + 3;
    } else {
      begin = text.indexOf('=', at) + 2;
      const name = text.slice(at + 1, begin - 2);
      if (name in attributes) throw twice(name);
      before.splice(count, Infinity, name);
    }
    const end = text.indexOf('"', begin);
    attributes[before[count] ?? ''] = text.slice(begin, end);
    at = end + 1;
  }
  return attributes;
}

const EQUALS = 0x3d;

/** Attributes of one tag, whatever they are called: nothing is inherited, so that `__proto__` is an ordinary name. */
class Attributes {
  [name: string]: string;
}
Object.setPrototypeOf(Attributes.prototype, null);
Reflect.deleteProperty(Attributes.prototype, 'constructor');

function twice(name: string): XmlProblem {
  return new XmlProblem(`the attribute ${name} comes twice in one tag`);
}

/** Behind the bracket that ends a tag: those in quotes do not. */
function endOfTag(source: string, at: number): number | undefined {
  for (let from = at + 1; ; ) {
    QUOTE_OR_BRACKET.lastIndex = from;
    const found = QUOTE_OR_BRACKET.exec(source);
    if (!found) return undefined;
    if (found[0] === '>') return found.index + 1;
    if (found[0] === '<') throw new XmlProblem('a tag begins within another one');
    const close = source.indexOf(found[0], found.index + 1);
    if (close < 0) return undefined;
    from = close + 1;
  }
}

function anyTag(text: string): Omit<StartTag, 'end'> {
  NAME_HERE.lastIndex = 1;
  const name = NAME_HERE.exec(text)?.[0];
  if (name === undefined) throw new XmlProblem(`a tag has no name: ${text.slice(0, 40)}`);
  const attributes: Record<string, string> = new Attributes();
  for (let at = 1 + name.length; ; ) {
    END_HERE.lastIndex = at;
    const end = END_HERE.exec(text);
    if (end) return { name, attributes, isEmpty: end[1] === '/' };
    ATTRIBUTE_HERE.lastIndex = at;
    const [begin, key = '', quote = ''] = ATTRIBUTE_HERE.exec(text) ?? [];
    if (begin === undefined) throw new XmlProblem(`the tag ${name} has something that is no attribute`);
    const close = text.indexOf(quote, at + begin.length);
    const value = text.slice(at + begin.length, close);
    if (value.includes('<')) throw new XmlProblem(`the attribute ${key} holds a <`);
    // Section 3.3.3: white space in a value is blanks, unless it is written as a reference.
    if (key in attributes) throw twice(key);
    attributes[key] = resolve(value.replace(/[\t\n]/g, ' '));
    at = close + 1;
  }
}

/** Name in an end tag, from `</` to `>`. */
export function nameOfEndTag(text: string): string {
  const name = CLOSING.exec(text)?.[1];
  if (name === undefined) throw new XmlProblem(`an end tag is malformed: ${text.slice(0, 40)}`);
  return name;
}

/** Character data as it is meant. */
export function readText(text: string): string {
  if (text.includes(']]>')) throw new XmlProblem('text holds ]]>');
  return resolve(text);
}

/** Replaces references by what they stand for: XML's own five entities and characters by number; there are no others without a DTD. */
function resolve(text: string): string {
  if (!text.includes('&')) return text;
  return text.replace(REFERENCE, (_, name: string, end: string) => {
    const entity = Object.hasOwn(ENTITIES, name) ? ENTITIES[name] : characterOf(name);
    if (end === '' || entity === undefined) throw new XmlProblem(`&${name.slice(0, 40)}${end} stands for nothing`);
    return entity;
  });
}

function characterOf(name: string): string | undefined {
  const [, hexadecimal, decimal] = /^#(?:x([0-9a-fA-F]+)|([0-9]+))$/.exec(name) ?? [];
  const code = hexadecimal === undefined ? Number(decimal ?? Number.NaN) : Number.parseInt(hexadecimal, 16);
  const isCharacter = code === 0x9 || code === 0xa || code === 0xd || (code >= 0x20 && code <= 0xd7ff) || (code >= 0xe000 && code <= 0xfffd) || (code >= 0x10000 && code <= 0x10ffff);
  return isCharacter ? String.fromCodePoint(code) : undefined;
}

/** A comment from `<!--` to `-->`. */
export function checkComment(text: string): void {
  if (text.length < 7 || text.indexOf('--', 4) !== text.length - 3) throw new XmlProblem('a comment holds --');
}

/** A processing instruction from `<?` to `?>`; `first`: it stands at the very beginning, where the declaration may. Answers the encoding that it declares. */
export function readInstruction(text: string, first: boolean): string | undefined {
  if (first && /^<\?xml[ \t\n?]/.test(text)) {
    const declaration = DECLARATION.exec(text);
    if (!declaration) throw new XmlProblem('its XML declaration is malformed');
    return declaration[3];
  }
  const target = INSTRUCTION.exec(text)?.[1];
  if (target === undefined || /^xml$/i.test(target)) throw new XmlProblem(`an instruction is malformed: ${text.slice(0, 40)}`);
  return undefined;
}
