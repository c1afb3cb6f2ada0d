/**
 * Streaming XML for feeds: well-formed UTF-8 within bounds, or a `FeedError`. No DTD, so no entities but XML's own five.
 * It finds its way by searches and expressions that are native code from the first call on: a Lambda that starts cold reads its feed before
 * a state machine in JavaScript, which looks at each character, has been compiled.
 */
import { FeedError } from './feed.ts';
import { createUtf8Decoder } from './utf8.ts';
import { XmlProblem, checkCharacters, checkComment, isSpace, nameOfEndTag, plainAttributes, readInstruction, readStartTag, readText } from './xml-syntax.ts';

/** What is wanted of which elements, by their place: those from the root to this one, joined by `/`: `updates/update/id`. */
export interface XmlEvents {
  /** Called at the beginning. */
  open?: Readonly<Record<string, (attributes: Record<string, string>) => void>>;
  /** Called at the end with the text directly in it; vendors put text only into leaves. */
  close?: Readonly<Record<string, (text: string) => void>>;
}

export interface XmlReader {
  write(chunk: Uint8Array): void;
  /** Throws when the document is not complete. */
  end(): void;
}

const MAX_DEPTH = 20;
/** Characters between two tags, or in one. Vendors' longest descriptions (kernel advisories) have some 100,000. */
const MAX_PIECE = 4 * 1024 * 1024;
/** Different elements, by their place. Vendors' files know some thirty; each new one costs memory. */
const MAX_KINDS = 1_000;
/** Characters of text that are kept of an element. No field that anybody uses comes near; white space between elements would pile up. */
const KEPT_TEXT = 64 * 1024;
/** Bytes looked at together, however many come at once. */
const SLICE = 64 * 1024;

/** A place in the document. Places are kept, so that the same element costs no new text each time that it comes. */
interface Place {
  path: string;
  name: string;
  /** `<id>` and `</id>`, as most tags are written. */
  startTag: string;
  endTag: string;
  children: Map<string, Place>;
  /** The child without attributes that came last: many elements have no other. */
  likely: Place | undefined;
  /** Names of the attributes that it last had. */
  attributes: string[];
  open: ((attributes: Record<string, string>) => void) | undefined;
  close: ((text: string) => void) | undefined;
}

/** `what` names the file in errors, `root` is the element that it must consist of. */
export function createXmlReader(what: string, root: string, events: XmlEvents): XmlReader {
  const decoder = createUtf8Decoder(what);
  const document = new Document(what, root, events);
  return {
    write(chunk) {
      for (let start = 0; start < chunk.length; start += SLICE) document.write(decoder.decode(chunk.subarray(start, start + SLICE)));
    },
    end() {
      decoder.end();
      document.end();
    },
  };
}

/** One document on its way through. */
class Document {
  readonly #open: Place[] = [];
  readonly #texts: string[] = [];
  /** What is not read yet: the piece that the last chunk cut off, and what has come since. */
  #source = '';
  /** Characters before `#source`. */
  #before = 0;
  /** Where the piece being read begins. */
  #at = 0;
  /** Up to where there is no bracket that would end the piece. */
  #searched = 0;
  #kinds = 0;
  /** Characters since the last tag. */
  #silence = 0;
  #rootSeen = false;
  /** Where the next `&` and `]]>` are: looked for again when they were passed. */
  #reference = -1;
  #cdataEnd = -1;
  readonly #top: Place;

  constructor(
    private readonly what: string,
    private readonly root: string,
    private readonly events: XmlEvents,
  ) {
    this.#top = this.#place('', '');
  }

  write(text: string): void {
    if (text === '') return;
    this.#silence += text.length;
    this.#wellFormed(() => {
      checkCharacters(text);
      this.#take(text);
      while (this.#step());
    });
    if (this.#silence > MAX_PIECE) throw new FeedError('too-large', `${this.what} has a single field of more than ${MAX_PIECE} characters`);
  }

  end(): void {
    this.#wellFormed(() => {
      const rest = this.#source.slice(this.#at).replace(/\r$/, '\n');
      const unclosed = this.#open.at(-1);
      if (unclosed) throw new XmlProblem(`it ends within ${unclosed.path}`);
      if (!isSpace(rest)) throw new XmlProblem(this.#rootSeen ? 'something follows its root element' : 'it is no XML');
      if (!this.#rootSeen) throw new XmlProblem('it has no element');
    });
  }

  /** Runs it and says of a problem where in the file it is. */
  #wellFormed(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!(error instanceof XmlProblem)) throw error;
      throw new FeedError('bad-xml', `${this.what} is not well-formed: ${error.message} (about character ${this.#before + this.#at + 1})`, { cause: error });
    }
  }

  /** Section 2.11: every line end is one `\n`. A `\r` at the end waits for what follows it. */
  #take(text: string): void {
    const rest = this.#source.slice(this.#at);
    this.#before += this.#at;
    this.#searched = Math.max(0, this.#searched - this.#at);
    this.#at = 0;
    this.#reference = -1;
    this.#cdataEnd = -1;
    const whole = rest + text;
    this.#source = whole.includes('\r') ? whole.replace(/\r\n|\r(?=[^])/g, '\n') : whole;
  }

  /** Reads the next piece. False: what is there of it is not all. */
  #step(): boolean {
    const bracket = this.#source.indexOf('<', Math.max(this.#at, this.#searched));
    if (bracket < 0) {
      this.#searched = this.#source.length;
      return false;
    }
    if (bracket > this.#at) this.#text(bracket);
    this.#at = bracket;
    const end = this.#markup(this.#source.charCodeAt(bracket + 1));
    this.#searched = end ?? bracket;
    this.#at = end ?? bracket;
    return end !== undefined;
  }

  /** Reads the text up to a bracket. */
  #text(end: number): void {
    const isPlain = this.#isPlain(this.#at, end);
    const place = this.#open.at(-1);
    // Most text is a description that nobody asked for.
    if (isPlain && place && place.close === undefined) return;
    const text = this.#source.slice(this.#at, end);
    if (!place && !isSpace(text)) throw new XmlProblem('there is text outside of its root element');
    this.#append(isPlain ? text : readText(text));
  }

  /** Whether text is what it says: no reference, and not the end of a CDATA section, which text must not hold. */
  #isPlain(from: number, end: number): boolean {
    if (this.#reference < from) this.#reference = this.#find('&', from);
    if (this.#cdataEnd < from) this.#cdataEnd = this.#find(']]>', from);
    return this.#reference >= end && this.#cdataEnd >= end;
  }

  #find(word: string, from: number): number {
    const found = this.#source.indexOf(word, from);
    return found < 0 ? Infinity : found;
  }

  #append(text: string): void {
    if (this.#open.at(-1)?.close === undefined) return;
    const last = this.#texts.length - 1;
    const kept = this.#texts[last] ?? '';
    if (kept.length < KEPT_TEXT) this.#texts[last] = kept === '' ? text : kept + text;
  }

  /** Reads what begins at the bracket. Answers where it ends, `undefined` while that has not come. */
  #markup(second: number): number | undefined {
    if (second === SLASH) return this.#endTag();
    if (second === EXCLAMATION) return this.#declaration();
    if (second === QUESTION) return this.#instruction();
    return this.#startTag();
  }

  #startTag(): number | undefined {
    const within = this.#open.at(-1) ?? this.#top;
    const { likely } = within;
    if (likely && this.#source.startsWith(likely.startTag, this.#at)) {
      const passed = this.#pass(likely);
      if (passed !== undefined) return passed;
      this.#enter(likely, NO_ATTRIBUTES, this.#at + likely.startTag.length);
      return this.#at + likely.startTag.length;
    }
    const tag = readStartTag(this.#source, this.#at);
    if (!tag) return undefined;
    const { name, attributes, isEmpty, end } = tag;
    if (this.#open.length === 0) this.#begin(name);
    const place = within.children.get(name) ?? this.#newPlace(within, name);
    if (attributes === '' && within !== this.#top) within.likely = place;
    this.#enter(place, typeof attributes === 'string' ? plainAttributes(attributes, place.attributes) : attributes, end);
    if (isEmpty) this.#leave(end);
    return end;
  }

  /** The end of an element that nobody asked for and that holds plain text only; `undefined` where it is not plain, or not all there. */
  #pass(place: Place): number | undefined {
    if (place.open !== undefined || place.close !== undefined || this.#open.length >= MAX_DEPTH) return undefined;
    const begin = this.#at + place.startTag.length;
    const bracket = this.#source.indexOf('<', begin);
    if (bracket < 0 || !this.#source.startsWith(place.endTag, bracket) || !this.#isPlain(begin, bracket)) return undefined;
    const end = bracket + place.endTag.length;
    this.#silence = this.#source.length - end;
    return end;
  }

  /** `end`: behind the tag. */
  #enter(place: Place, attributes: Record<string, string>, end: number): void {
    if (this.#open.length === MAX_DEPTH) throw new FeedError('forbidden-xml', `${this.what} nests more than ${MAX_DEPTH} elements`);
    this.#silence = this.#source.length - end;
    this.#open.push(place);
    this.#texts.push('');
    place.open?.(attributes);
  }

  #leave(end: number): void {
    this.#silence = this.#source.length - end;
    const text = this.#texts.pop() ?? '';
    this.#open.pop()?.close?.(text);
  }

  #begin(name: string): void {
    if (this.#rootSeen) throw new XmlProblem('a second root element follows the first');
    if (name !== this.root) throw new FeedError('reshaped', `${this.what} starts with ${name}, not ${this.root}`);
    this.#rootSeen = true;
  }

  #newPlace(within: Place, name: string): Place {
    this.#kinds += 1;
    if (this.#kinds > MAX_KINDS) throw new FeedError('reshaped', `${this.what} has more than ${MAX_KINDS} kinds of elements`);
    const place = this.#place(name, within === this.#top ? name : `${within.path}/${name}`);
    within.children.set(name, place);
    return place;
  }

  #place(name: string, path: string): Place {
    const { open = {}, close = {} } = this.events;
    return {
      path,
      name,
      startTag: `<${name}>`,
      endTag: `</${name}>`,
      children: new Map(),
      likely: undefined,
      attributes: [],
      open: Object.hasOwn(open, path) ? open[path] : undefined,
      close: Object.hasOwn(close, path) ? close[path] : undefined,
    };
  }

  #endTag(): number | undefined {
    const place = this.#open.at(-1);
    if (place && this.#source.startsWith(place.endTag, this.#at)) {
      const end = this.#at + place.endTag.length;
      this.#leave(end);
      return end;
    }
    const end = this.#behind('>');
    if (end === undefined) return undefined;
    const name = nameOfEndTag(this.#source.slice(this.#at, end));
    if (name !== place?.name) throw new XmlProblem(place ? `${place.path} is ended by ${name}` : `${name} is ended and was not begun`);
    this.#leave(end);
    return end;
  }

  /** Comment, CDATA section or document type. */
  #declaration(): number | undefined {
    const begins = (word: string): boolean => this.#source.startsWith(word, this.#at);
    if (begins('<!--')) {
      const end = this.#behind('-->', 4);
      if (end !== undefined) checkComment(this.#source.slice(this.#at, end));
      return end;
    }
    if (begins(CDATA)) {
      if (this.#open.length === 0) throw new XmlProblem('there is text outside of its root element');
      const end = this.#behind(']]>', CDATA.length);
      if (end !== undefined) this.#append(this.#source.slice(this.#at + CDATA.length, end - 3));
      return end;
    }
    if (begins(DOCTYPE)) throw new FeedError('forbidden-xml', `${this.what} carries a document type, which may define entities`);
    const begun = this.#source.slice(this.#at);
    if (['<!--', CDATA, DOCTYPE].some((word) => word.startsWith(begun))) return undefined;
    throw new XmlProblem(`a declaration is malformed: ${begun.slice(0, 40)}`);
  }

  #instruction(): number | undefined {
    const end = this.#behind('?>', 2);
    if (end === undefined) return undefined;
    const encoding = readInstruction(this.#source.slice(this.#at, end), this.#before + this.#at === 0);
    if (encoding !== undefined && !/^(utf-8|us-ascii)$/i.test(encoding)) {
      throw new FeedError('reshaped', `${this.what} is written in ${encoding}, not UTF-8`);
    }
    return end;
  }

  /** Behind the next `closing`, that begins at least so many characters behind the bracket. */
  #behind(closing: string, least = 0): number | undefined {
    const found = this.#source.indexOf(closing, this.#at + least);
    return found < 0 ? undefined : found + closing.length;
  }
}

const NO_ATTRIBUTES: Readonly<Record<string, string>> = Object.freeze({});
const SLASH = 0x2f;
const EXCLAMATION = 0x21;
const QUESTION = 0x3f;
const CDATA = '<![CDATA[';
const DOCTYPE = '<!DOCTYPE';
