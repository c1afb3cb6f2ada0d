import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { WireRequest, WireResponse } from './protocol.ts';

/** Answers a request; `port` is the client's, for one that came over a socket. */
export type Answer = (request: WireRequest, port?: number) => Promise<WireResponse>;

export interface WireServer {
  /** `http://127.0.0.1:4566` */
  url: string;
  port: number;
  close(): Promise<void>;
}

/** Listens on the loopback interface; without `port` the system chooses one. Rejects when the port is taken. */
export async function listen(answer: Answer, port = 0): Promise<WireServer> {
  const server = http.createServer({ keepAliveTimeout: 0 }, (request, response) => {
    void collect(request).then(
      async (wireRequest) => {
        send(wireRequest.method, response, await answer(wireRequest, request.socket.remotePort));
      },
      (error: Error) => response.destroy(error),
    );
  });
  // The date that clients compare their clocks with is the embedded AWS's, not the machine's.
  server.on('request', (_, response) => {
    response.sendDate = false;
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const address = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${address.port}`, port: address.port, close: () => close(server) };
}

function close(server: http.Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.close((error) => (error ? reject(error) : resolve()));
    server.closeAllConnections();
  });
}

async function collect(request: IncomingMessage): Promise<WireRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers)) headers[name] = Array.isArray(value) ? value.join(',') : (value ?? '');
  return { method: request.method ?? 'GET', url: request.url ?? '/', headers, body: Buffer.concat(chunks) };
}

function send(method: string, response: ServerResponse, { status, headers, body }: WireResponse): void {
  const bodyless = method === 'HEAD' || status === 204 || status === 304;
  if (bodyless) response.writeHead(status, headers).end();
  else response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) }).end(body);
}
