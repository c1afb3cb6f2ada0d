import diagnostics from 'node:diagnostics_channel';
import http, { type ClientRequest } from 'node:http';

/** An HTTP request that this process has begun and whose answer is not complete yet. */
export interface OpenRequest {
  describe(): string;
  /** Our side's port, once the connection stands. */
  port(): number | undefined;
  whenClosed(work: () => void): void;
}

/** What undici publishes (Node's `fetch`): https://github.com/nodejs/undici/blob/main/docs/docs/api/DiagnosticsChannel.md */
interface UndiciRequest {
  origin: string;
  path: string;
  method: string;
}

type AddRequest = (request: ClientRequest, ...rest: unknown[]) => void;

/**
 * Reports every HTTP request of this process from its creation: those of node:http and node:https through their agents, and those
 * without an agent when their header is sent (channel `http.client.request.start`, which comes too late for a request that waits
 * for `100 Continue` before its body); those of `fetch` through undici's channels. The result ends it.
 */
export function watchRequests(opened: (request: OpenRequest) => void): () => void {
  const seen = new WeakSet<ClientRequest>();
  function see(request: ClientRequest): void {
    if (seen.has(request)) return;
    seen.add(request);
    opened(ofClient(request));
  }
  const stopAgents = watchAgents(see);
  const started = (message: unknown): void => see((message as { request: ClientRequest }).request);
  diagnostics.subscribe('http.client.request.start', started);
  const stopFetch = watchFetch(opened);
  return () => {
    stopAgents();
    diagnostics.unsubscribe('http.client.request.start', started);
    stopFetch();
  };
}

/** `Agent.addRequest` is what every ClientRequest with an agent calls from its constructor; Node 20 has no channel for that moment. */
function watchAgents(see: (request: ClientRequest) => void): () => void {
  const prototype = http.Agent.prototype as unknown as { addRequest: AddRequest };
  const original = prototype.addRequest;
  prototype.addRequest = function addRequest(this: unknown, request, ...rest) {
    see(request);
    return original.call(this, request, ...rest);
  };
  return () => {
    prototype.addRequest = original;
  };
}

function ofClient(request: ClientRequest): OpenRequest {
  return {
    describe: () => `${request.method} ${request.protocol}//${request.host}${request.path}`,
    port: () => request.socket?.localPort,
    whenClosed: (work) => void request.once('close', work),
  };
}

function watchFetch(opened: (request: OpenRequest) => void): () => void {
  const closers = new WeakMap<UndiciRequest, () => void>();
  const created = (message: unknown): void => {
    const { request } = message as { request: UndiciRequest };
    opened({
      describe: () => `${request.method} ${request.origin}${request.path}`,
      port: () => undefined,
      whenClosed: (work) => void closers.set(request, work),
    });
  };
  const closed = (message: unknown): void => closers.get((message as { request: UndiciRequest }).request)?.();
  diagnostics.subscribe('undici:request:create', created);
  diagnostics.subscribe('undici:request:trailers', closed);
  diagnostics.subscribe('undici:request:error', closed);
  return () => {
    diagnostics.unsubscribe('undici:request:create', created);
    diagnostics.unsubscribe('undici:request:trailers', closed);
    diagnostics.unsubscribe('undici:request:error', closed);
  };
}
