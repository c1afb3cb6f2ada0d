/** Streaming XML for feeds: well-formed UTF-8 within bounds, or a `FeedError`. No DTD, so no entities but XML's own five. */
import { SaxesParser } from 'saxes';
import { FeedError } from './feed.ts';

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

/** A place in the document. Places are kept, so that the same element costs no new text each time that it comes. */
interface Place {
  path: string;
  children: Map<string, Place>;
  open: ((attributes: Record<string, string>) => void) | undefined;
  close: ((text: string) => void) | undefined;
}

/** `what` names the file in errors, `root` is the element that it must consist of. */
export function createXmlReader(what: string, root: string, events: XmlEvents): XmlReader {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  // Lines and columns cost a tenth of the speed; how far it came is told instead.
  const parser = new SaxesParser({ position: false, xmlns: false });
  const top = placeOf('', events);
  const open: Place[] = [];
  const texts: string[] = [];
  let kinds = 0;
  let silence = 0;
  let read = 0;

  function enter(within: Place, name: string): Place {
    const known = within.children.get(name);
    if (known) return known;
    kinds += 1;
    if (kinds > MAX_KINDS) throw new FeedError('reshaped', `${what} has more than ${MAX_KINDS} kinds of elements`);
    const place = placeOf(within === top ? name : `${within.path}/${name}`, events);
    within.children.set(name, place);
    return place;
  }

  parser.on('error', (error) => {
    throw new FeedError('bad-xml', `${what} is not well-formed: ${error.message} (within the first ${read} characters)`, { cause: error });
  });
  parser.on('doctype', () => {
    throw new FeedError('forbidden-xml', `${what} carries a document type, which may define entities`);
  });
  parser.on('xmldecl', ({ encoding }) => {
    if (encoding !== undefined && !/^(utf-8|us-ascii)$/i.test(encoding)) {
      throw new FeedError('reshaped', `${what} is written in ${encoding}, not UTF-8`);
    }
  });
  parser.on('opentag', ({ name, attributes }) => {
    silence = 0;
    if (open.length === 0 && name !== root) throw new FeedError('reshaped', `${what} starts with ${name}, not ${root}`);
    if (open.length === MAX_DEPTH) throw new FeedError('forbidden-xml', `${what} nests more than ${MAX_DEPTH} elements`);
    const place = enter(open.at(-1) ?? top, name);
    open.push(place);
    texts.push('');
    place.open?.(attributes);
  });
  const append = (text: string): void => {
    if (open.at(-1)?.close === undefined) return;
    const kept = texts.at(-1);
    if (kept !== undefined && kept.length < KEPT_TEXT) texts[texts.length - 1] = kept + text;
  };
  parser.on('text', append);
  parser.on('cdata', append);
  parser.on('closetag', () => {
    silence = 0;
    const text = texts.pop() ?? '';
    open.pop()?.close?.(text);
  });

  function parse(text: string): void {
    silence += text.length;
    read += text.length;
    parser.write(text);
    if (silence > MAX_PIECE) throw new FeedError('too-large', `${what} has a single field of more than ${MAX_PIECE} characters`);
  }
  return {
    write: (chunk) => parse(decoded(() => decoder.decode(chunk, { stream: true }), what)),
    end() {
      parse(decoded(() => decoder.decode(), what));
      parser.close();
    },
  };
}

function placeOf(path: string, { open = {}, close = {} }: XmlEvents): Place {
  return {
    path,
    children: new Map(),
    open: Object.hasOwn(open, path) ? open[path] : undefined,
    close: Object.hasOwn(close, path) ? close[path] : undefined,
  };
}

function decoded(decode: () => string, what: string): string {
  try {
    return decode();
  } catch (error) {
    throw new FeedError('bad-xml', `${what} is not UTF-8`, { cause: error });
  }
}
