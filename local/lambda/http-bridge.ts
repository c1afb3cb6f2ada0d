import { EventEmitter } from 'node:events';
import http, { type ClientRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { Readable, Writable } from 'node:stream';
import type { WireRequest, WireResponse } from '../wire/protocol.ts';
import type { Answer } from '../wire/server.ts';

type Respond = (response: IncomingMessage) => void;
type RequestArguments = [options: RequestOptions | string | URL, ...rest: unknown[]];

/** Where requests go that need no socket. */
export interface Bridge {
  /** `127.0.0.1:4566` */
  host: string;
  answer: Answer;
}

/**
 * `http.request` that answers requests to the embedded AWS in place: the same bytes without a socket, in a fixed order. It gives what
 * the SDK's HTTP handler uses of a ClientRequest. Everything else takes `real`.
 */
export function bridgedRequest(real: typeof http.request, bridge: Bridge): (...args: RequestArguments) => ClientRequest {
  return (...args) => {
    const [target] = args;
    const isSdk = typeof target === 'object' && !(target instanceof URL) && typeof args.at(-1) === 'function' && args.length === 2;
    if (isSdk && `${target.host ?? target.hostname}:${target.port}` === bridge.host) {
      return new BridgedRequest(target, bridge.answer, args[1] as Respond) as unknown as ClientRequest;
    }
    return (real as (...rest: unknown[]) => ClientRequest)(...args);
  };
}

/** A connection that stands already. */
class BridgedSocket extends EventEmitter {
  readonly connecting = false;
  setKeepAlive(): this {
    return this;
  }
  setTimeout(): this {
    return this;
  }
  destroy(): this {
    return this;
  }
}

class BridgedRequest extends Writable {
  readonly socket = new BridgedSocket();
  readonly method: string;
  readonly path: string;
  private readonly headers: Record<string, string>;
  private readonly chunks: Buffer[] = [];

  constructor(
    options: RequestOptions,
    private readonly answer: Answer,
    respond: Respond,
  ) {
    // A request isn't over when it is sent.
    super({ autoDestroy: false });
    this.method = options.method ?? 'GET';
    this.path = options.path ?? '/';
    this.headers = Object.fromEntries(Object.entries(options.headers ?? {}).map(([name, value]) => [name.toLowerCase(), String(value)]));
    this.once('response', respond);
    process.nextTick(() => {
      this.emit('socket', this.socket);
      if (this.headers['expect'] === '100-continue') this.emit('continue');
    });
  }

  override _write(chunk: Buffer | string, encoding: BufferEncoding, done: () => void): void {
    this.chunks.push(typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk);
    done();
  }

  override _final(done: () => void): void {
    done();
    const request: WireRequest = { method: this.method, url: this.path, headers: this.headers, body: Buffer.concat(this.chunks) };
    void this.answer(request).then((response) => this.receive(response));
  }

  setTimeout(): this {
    return this;
  }

  private receive(response: WireResponse): void {
    if (this.destroyed) return;
    const body = this.method === 'HEAD' || response.status === 204 || response.status === 304 ? Buffer.alloc(0) : Buffer.from(response.body);
    const headers: Record<string, string> = { ...response.headers };
    if (this.method !== 'HEAD') headers['content-length'] = String(body.length);
    const message = Object.assign(Readable.from(body.length > 0 ? [body] : [], { objectMode: false }), {
      statusCode: response.status,
      statusMessage: http.STATUS_CODES[response.status] ?? '',
      headers,
      complete: true,
      socket: this.socket,
    });
    this.emit('response', message);
    this.emit('close');
  }
}
