/**
 * Reads vendors' files over HTTP: https only, known hosts only, bounded in size and time, patient with busy servers, and honest about
 * who asks.
 * An HTTP proxy is Node's own matter (`NODE_USE_ENV_PROXY=1` with `HTTPS_PROXY`, Node.js CLI documentation, since 24.5).
 */
import http from 'node:http';
import https from 'node:https';
import { FeedError } from './feed.ts';

export type Fetch = (url: string, options: FetchOptions) => Promise<Fetched>;

export interface FetchOptions {
  /** Bytes. */
  maxBytes: number;
  /** From an earlier answer: the server may say that nothing changed. */
  etag?: string;
  /** Media type, for sites that have the same in several: `application/json`. */
  accept?: string;
}

/** `unchanged` comes only when an `etag` was given. `bytes` are as sent: whoever reads them looks for compression. */
export type Fetched = { kind: 'unchanged' } | { kind: 'bytes'; bytes: Buffer; etag: string | undefined };

export interface FetchSettings {
  /** Hosts that may be read. */
  hosts: readonly string[];
  /**
   * Where a host really is, for mirrors and for feeds on a laptop: `cdn.amazonlinux.com` → `https://mirror.example/amazon`.
   * The name `*` serves every other host, under its name: `*` → `http://127.0.0.1:9000` reads `http://127.0.0.1:9000/www.cisa.gov/…`.
   */
  baseUrls: Readonly<Record<string, string>>;
  userAgent: string;
  /** Real milliseconds for one attempt. Default two minutes. */
  timeout?: number;
  /** Waits so many milliseconds between attempts. Default setTimeout. */
  sleep?: (milliseconds: number) => Promise<void>;
}

const ATTEMPTS = 3;
const REDIRECTS = 3;
const LONGEST_PAUSE = 30_000;

interface Answer {
  status: number;
  headers: http.IncomingHttpHeaders;
  bytes: Buffer;
}

/** Makes the `fetch` of one feed. It throws `FeedError` and nothing else. */
export function createFetch(settings: FetchSettings): Fetch {
  const sleep = settings.sleep ?? ((milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)));
  return async (url, options) => {
    for (let tries = 1; ; tries += 1) {
      const outcome = await follow(url, options, settings);
      if (!(outcome instanceof Busy)) return outcome;
      if (tries === ATTEMPTS) throw outcome.error;
      await sleep(Math.min(LONGEST_PAUSE, outcome.pause ?? 1_000 * 4 ** (tries - 1)));
    }
  };
}

/** An attempt that is worth repeating. `pause` is what the server asked for, in milliseconds. */
class Busy {
  constructor(
    readonly error: FeedError,
    readonly pause?: number,
  ) {}
}

async function follow(url: string, options: FetchOptions, settings: FetchSettings): Promise<Fetched | Busy> {
  let target = locate(url, settings);
  for (let hop = 0; hop <= REDIRECTS; hop += 1) {
    const answer = await attempt(target, options, settings);
    if (answer instanceof Busy) return answer;
    if (answer.status < 300 || answer.status > 308 || answer.status === 304) return judge(answer, url, options);
    target = nextHop(answer, target);
  }
  throw new FeedError('redirected', `${url} redirects more than ${REDIRECTS} times`);
}

function locate(url: string, settings: FetchSettings): URL {
  const asked = parseUrl(url);
  if (asked.protocol !== 'https:' || asked.username !== '' || asked.port !== '' || !settings.hosts.includes(asked.hostname)) {
    throw new FeedError('redirected', `${url} is not on ${settings.hosts.join(' or ')} by https`);
  }
  const path = `${asked.pathname}${asked.search}`;
  const base = settings.baseUrls[asked.hostname];
  if (base !== undefined) return parseUrl(`${base.replace(/\/+$/, '')}${path}`);
  const any = settings.baseUrls['*'];
  return any === undefined ? asked : parseUrl(`${any.replace(/\/+$/, '')}/${asked.hostname}${path}`);
}

function parseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === 'https:' || url?.protocol === 'http:') return url;
  throw new FeedError('redirected', `${text} is no web address`);
}

function nextHop(answer: Answer, from: URL): URL {
  const location = answer.headers.location ?? '';
  const to = URL.canParse(location, from.href) ? new URL(location, from) : undefined;
  if (to === undefined || to.origin !== from.origin) {
    throw new FeedError('redirected', `${from.href} redirects to another host: ${location || 'nowhere'}`);
  }
  return to;
}

function judge(answer: Answer, url: string, options: FetchOptions): Fetched | Busy {
  if (answer.status === 304 && options.etag !== undefined) return { kind: 'unchanged' };
  if (answer.status === 200) return { kind: 'bytes', bytes: answer.bytes, etag: answer.headers.etag };
  const said = `${url} answers ${answer.status}`;
  if (answer.status === 429) return new Busy(new FeedError('throttled', said), pauseOf(answer));
  if (answer.status >= 500) return new Busy(new FeedError('unreachable', said), pauseOf(answer));
  throw new FeedError('refused', said);
}

function pauseOf(answer: Answer): number | undefined {
  const seconds = answer.headers['retry-after'] ?? '';
  return /^\d{1,6}$/.test(seconds) ? Number(seconds) * 1_000 : undefined;
}

async function attempt(target: URL, options: FetchOptions, settings: FetchSettings): Promise<Answer | Busy> {
  try {
    return await request(target, options, settings);
  } catch (error) {
    if (error instanceof FeedError) throw error;
    const why = error instanceof Error ? error.message : String(error);
    return new Busy(new FeedError('unreachable', `${target.href} cannot be read: ${why}`, { cause: error }));
  }
}

function request(target: URL, options: FetchOptions, settings: FetchSettings): Promise<Answer> {
  // Compression is left to the files themselves: a second one on the way would hide their size and change their checksum.
  const headers = {
    'user-agent': settings.userAgent,
    'accept-encoding': 'identity',
    ...(options.etag === undefined ? {} : { 'if-none-match': options.etag }),
    ...(options.accept === undefined ? {} : { accept: options.accept }),
  };
  // Real time, also where setTimeout is virtual: a server that hangs does so in real time.
  const signal = AbortSignal.timeout(settings.timeout ?? 120_000);
  const client = target.protocol === 'https:' ? https : http;
  return new Promise((resolve, reject) => {
    client.get(target, { headers, signal }, (response) => collect(response, options.maxBytes, target).then(resolve, reject)).on('error', reject);
  });
}

async function collect(response: http.IncomingMessage, maxBytes: number, target: URL): Promise<Answer> {
  const tooLarge = (): FeedError => new FeedError('too-large', `${target.href} is larger than ${maxBytes} bytes`);
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    if (Number(response.headers['content-length'] ?? 0) > maxBytes) throw tooLarge();
    for await (const chunk of response as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > maxBytes) throw tooLarge();
      chunks.push(chunk);
    }
  } finally {
    response.destroy();
  }
  return { status: response.statusCode ?? 0, headers: response.headers, bytes: Buffer.concat(chunks) };
}
