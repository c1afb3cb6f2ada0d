import http, { type ClientRequest } from 'node:http';

/**
 * Where hosts of the internet are answered on this machine: `hooks.slack.com` → `http://127.0.0.1:9000`. The name `*` answers every other
 * host, under its name: `*` → `http://127.0.0.1:9001` reads `http://127.0.0.1:9001/www.cisa.gov/…`.
 */
export type Internet = Readonly<Record<string, string>>;

type Request = typeof http.request;
/** `request` in all its forms: target, options, callback. */
export type Send = (target: string | URL | http.RequestOptions, ...rest: unknown[]) => ClientRequest;

/**
 * `http.request` or `https.request` of a function whose internet is this machine's: nothing leaves it. The function asks for the real host
 * and gets its answer from the mapped one, as name resolution would do it; a host without mapping does not resolve.
 */
export function internetRequest(real: Request, internet: Internet): Send {
  const request = (target: string | URL | http.RequestOptions, ...rest: unknown[]): ClientRequest => {
    const url = urlOf(target);
    if (url === undefined || isLoopback(url.hostname)) return Reflect.apply(real, undefined, [target, ...rest]);
    const mapped = mapUrl(url, internet);
    const given = typeof target === 'object' && !(target instanceof URL) ? target : {};
    const [first] = rest;
    const options = typeof first === 'object' && first !== null ? (first as http.RequestOptions) : {};
    const callback = rest.find((part) => typeof part === 'function') as ((response: http.IncomingMessage) => void) | undefined;
    if (mapped === undefined) return unresolved(url.hostname);
    // The caller's agent speaks TLS; on loopback there is none.
    const merged: http.RequestOptions = { ...given, ...options, agent: undefined, protocol: 'http:', host: undefined };
    return http.request({ ...merged, hostname: mapped.hostname, port: mapped.port, path: `${mapped.pathname}${mapped.search}` }, callback);
  };
  return request;
}

function urlOf(target: string | URL | http.RequestOptions): URL | undefined {
  if (typeof target === 'string' || target instanceof URL) return new URL(target);
  const host = target.hostname ?? target.host;
  return host === null || host === undefined ? undefined : new URL(`${target.protocol ?? 'http:'}//${host}${target.path ?? '/'}`);
}

function mapUrl(url: URL, internet: Internet): URL | undefined {
  const base = internet[url.hostname];
  if (base !== undefined) return new URL(`${base}${url.pathname}${url.search}`);
  const every = internet['*'];
  return every === undefined ? undefined : new URL(`${every}/${url.hostname}${url.pathname}${url.search}`);
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || hostname.startsWith('127.');
}

/** What Node reports for a name that no server knows (Node.js documentation, "Common system errors"). */
function unresolved(hostname: string): ClientRequest {
  const failed = http.request({ hostname: '127.0.0.1', port: 1, lookup: () => undefined });
  failed.destroy(Object.assign(new Error(`getaddrinfo ENOTFOUND ${hostname}`), { code: 'ENOTFOUND', hostname }));
  return failed;
}
