import { Readable } from 'node:stream';
import type { WireRequest, WireResponse } from './protocol.ts';
import type { Answer } from './server.ts';

/** The part of the SDK's HttpRequest that is sent. */
interface SdkRequest {
  method: string;
  path: string;
  headers: Record<string, string>;
  query?: Record<string, string | string[] | null | undefined>;
  body?: unknown;
}

/** Usable as `requestHandler` of every SDK client. */
export interface InProcessHandler {
  metadata: { handlerProtocol: string };
  handle(request: SdkRequest): Promise<{ response: { statusCode: number; headers: Record<string, string>; body: Readable | Uint8Array } }>;
  updateHttpClientConfig(): void;
  httpHandlerConfigs(): Record<string, never>;
  destroy(): void;
}

/** A request handler for the SDK's clients that needs no socket: the same bytes as over loopback, in a fixed order. */
export function createInProcessHandler(answer: Answer): InProcessHandler {
  return {
    metadata: { handlerProtocol: 'http/1.1' },
    async handle(request) {
      const wireRequest = await wireRequestOf(request);
      const response = await answer(wireRequest);
      return { response: { statusCode: response.status, headers: response.headers, body: bodyOf(wireRequest, response) } };
    },
    updateHttpClientConfig: () => undefined,
    httpHandlerConfigs: () => ({}),
    destroy: () => undefined,
  };
}

async function wireRequestOf({ method, path, headers, query, body }: SdkRequest): Promise<WireRequest> {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    for (const item of Array.isArray(value) ? value : [value ?? '']) search.append(name, item);
  }
  const lower = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
  return { method, url: search.size > 0 ? `${path}?${search.toString()}` : path, headers: lower, body: await bytesOf(body) };
}

async function bytesOf(body: unknown): Promise<Buffer> {
  if (body === undefined || body === null) return Buffer.alloc(0);
  if (typeof body === 'string') return Buffer.from(body);
  if (body instanceof ArrayBuffer) return Buffer.from(body);
  if (ArrayBuffer.isView(body)) return Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const chunks: Buffer[] = [];
  for await (const chunk of body as AsyncIterable<Uint8Array | string>) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

/** Objects come as streams, as their readers expect; for all else the bytes spare a turn of the event loop. */
function bodyOf(request: WireRequest, response: WireResponse): Readable | Uint8Array {
  const bytes = request.method === 'HEAD' ? Buffer.alloc(0) : Buffer.from(response.body);
  const isObject = /\/s3\/aws4_request/.test(request.headers['authorization'] ?? '');
  return isObject ? Readable.from(bytes.length > 0 ? [bytes] : [], { objectMode: false }) : bytes;
}
