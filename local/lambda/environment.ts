import { EventEmitter } from 'node:events';
import http, { type ClientRequest } from 'node:http';
import https from 'node:https';
import { createRequire, isBuiltin } from 'node:module';
import timers from 'node:timers';
import { LoadError, type Code } from './code.ts';
import { bridgedRequest, type Bridge } from './http-bridge.ts';
import { internetRequest, type Internet } from './internet.ts';
import { createOutput, type Output } from './output.ts';

export interface EnvironmentSettings {
  code: Code;
  /** All of the environment's variables. */
  variables: Record<string, string>;
  logFormat: 'Text' | 'JSON';
  bridge?: Bridge;
  /** Hosts outside that this machine answers; no other resolves. */
  internet?: Internet;
  /** Milliseconds since the epoch. */
  now: () => number;
  line: (text: string) => void;
}

/** What a function's code did to its own process. */
export interface EnvironmentEvents {
  exited(status: number): void;
}

type Handler = (event: unknown, context: unknown) => unknown;

const hostRequire = createRequire(import.meta.url);

/**
 * One execution environment of a function: its bundle evaluated with its own process, variables, console, globals and timers, all
 * within this Node process. It serves one invocation at a time and is used again, as Lambda's are.
 */
export class Environment {
  /** The invocation that runs, for log lines; empty while the code is loaded. */
  requestId = '';
  events: EnvironmentEvents = { exited: () => undefined };
  private readonly output: Output;
  private readonly pending = new Map<unknown, () => void>();
  private readonly requests = new Set<ClientRequest>();
  private readonly modules: Record<string, unknown>;
  private readonly world: object;
  private readonly process: object;
  private killed = false;
  private loaded: Handler | undefined;

  constructor(private readonly settings: EnvironmentSettings) {
    const { logFormat, now, line } = settings;
    this.output = createOutput({ format: logFormat, now, line, requestId: () => this.requestId });
    this.process = this.ownProcess();
    this.world = overlay(globalThis, { process: this.process, console: this.output.console, ...this.timers() });
    this.modules = this.ownModules();
  }

  /** The handler, after evaluating the bundle on first use. @throws LoadError */
  handler(): Handler {
    this.loaded ??= this.load();
    return this.loaded;
  }

  /** Writes out what the function wrote without a line end. */
  flush(): void {
    this.output.flush();
  }

  /** The environment is gone: none of its timers fires, its requests are cut, what it does from now on has no effect. */
  kill(): void {
    this.killed = true;
    for (const cancel of this.pending.values()) cancel();
    this.pending.clear();
    for (const request of this.requests) cut(request);
  }

  private load(): Handler {
    const { code } = this.settings;
    const exported = code.evaluate({
      process: this.process,
      console: this.output.console,
      globalThis: this.world,
      ...this.timers(),
      require: (name) => this.require(name),
      importModule: async (name) => {
        const module = this.require(name);
        return { ...(module as object), default: module };
      },
    });
    const handler = exported[code.handler];
    if (typeof handler !== 'function') throw new LoadError('Runtime.HandlerNotFound', `${code.handler} is undefined or not exported`);
    // Node.js 24 on Lambda has no callbacks: https://docs.aws.amazon.com/lambda/latest/dg/nodejs-handler.html
    if (handler.length >= 3) {
      throw new LoadError(
        'Runtime.CallbackHandlerDeprecated',
        'AWS Lambda has removed support for callback-based function handlers starting with Node.js 24.',
      );
    }
    return handler as Handler;
  }

  private require(name: string): unknown {
    const own = this.modules[name.replace(/^node:/, '')];
    if (own !== undefined) return own;
    if (isBuiltin(name)) return hostRequire(name);
    throw new LoadError('Runtime.ImportModuleError', `Error: Cannot find module '${name}'`);
  }

  private ownModules(): Record<string, unknown> {
    const own = this.timers();
    return {
      process: this.process,
      console: this.output.console,
      timers: { ...timers, ...own },
      'timers/promises': {
        ...hostRequire('node:timers/promises'),
        setTimeout: (milliseconds?: number, value?: unknown) => new Promise((resolve) => void own.setTimeout(() => resolve(value), milliseconds)),
        setImmediate: (value?: unknown) => new Promise((resolve) => void own.setImmediate(() => resolve(value))),
      },
      http: this.ownHttp(http),
      https: this.ownHttp(https),
    };
  }

  private ownHttp(real: typeof http | typeof https): object {
    const { bridge, internet = {} } = this.settings;
    const outside = internetRequest(real.request, internet);
    const send = bridge && real === http ? bridgedRequest(outside, bridge) : outside;
    const request = (...args: never[]): ClientRequest => {
      const sent = (send as (...rest: never[]) => ClientRequest)(...args);
      this.requests.add(sent);
      sent.once('close', () => this.requests.delete(sent));
      if (this.killed) cut(sent);
      return sent;
    };
    const get = (...args: never[]): ClientRequest => {
      const sent = request(...args);
      sent.end();
      return sent;
    };
    return { ...real, request, get };
  }

  /** Timers of this environment; those of a killed one never fire. */
  private timers(): Timers {
    return {
      setTimeout: (work, milliseconds, ...args) =>
        this.hold(
          (fire) => globalThis.setTimeout(fire, milliseconds),
          globalThis.clearTimeout,
          () => work(...args),
        ),
      setImmediate: (work, ...args) =>
        this.hold(
          (fire) => globalThis.setImmediate(fire),
          globalThis.clearImmediate,
          () => work(...args),
        ),
      setInterval: (work, milliseconds, ...args) => {
        const handle = globalThis.setInterval(() => work(...args), milliseconds);
        if (this.killed) clearInterval(handle);
        else this.pending.set(handle, () => clearInterval(handle));
        return handle;
      },
      clearTimeout: (handle) => this.release(handle, globalThis.clearTimeout),
      clearInterval: (handle) => this.release(handle, globalThis.clearInterval),
    };
  }

  private hold<H>(set: (fire: () => void) => H, clear: (handle: H) => void, work: () => void): H {
    const handle = set(() => {
      this.pending.delete(handle);
      if (!this.killed) work();
    });
    if (this.killed) clear(handle);
    else this.pending.set(handle, () => clear(handle));
    return handle;
  }

  private release(handle: unknown, clear: (handle: NodeJS.Timeout) => void): void {
    this.pending.delete(handle);
    clear(handle as NodeJS.Timeout);
  }

  private ownProcess(): object {
    const emitter = new EventEmitter();
    const listeners = [
      'on',
      'once',
      'off',
      'addListener',
      'removeListener',
      'removeAllListeners',
      'emit',
      'listeners',
      'listenerCount',
      'prependListener',
    ] as const;
    const exit = (status = 0): never => {
      this.events.exited(status);
      throw new ExitSignal(status);
    };
    return overlay(process, {
      ...Object.fromEntries(listeners.map((name) => [name, (emitter[name] as (...args: unknown[]) => unknown).bind(emitter)])),
      env: { ...this.settings.variables },
      stdout: this.output.stdout,
      stderr: this.output.stderr,
      cwd: () => '/var/task',
      exit,
      abort: () => exit(134),
      emitWarning: (warning: unknown) => this.output.console.warn(warning),
    });
  }
}

/** Thrown by `process.exit`, because a function's code must not go on after it. */
class ExitSignal extends Error {
  constructor(status: number) {
    super(`process.exit(${status})`);
    this.name = 'ExitSignal';
  }
}

interface Timers {
  setTimeout(work: (...args: unknown[]) => void, milliseconds?: number, ...args: unknown[]): unknown;
  setInterval(work: (...args: unknown[]) => void, milliseconds?: number, ...args: unknown[]): unknown;
  setImmediate(work: (...args: unknown[]) => void, ...args: unknown[]): unknown;
  clearTimeout(handle: unknown): void;
  clearInterval(handle: unknown): void;
}

function cut(request: ClientRequest): void {
  // Who waited for the answer is gone with its environment.
  request.on('error', () => undefined);
  request.destroy();
}

/** An object with members of its own over another's: reads fall through, writes stay on top. */
function overlay(lower: object, upper: Record<string, unknown>): object {
  return new Proxy(Object.assign(Object.create(null) as object, upper), {
    get: (target, key) => (Reflect.has(target, key) ? Reflect.get(target, key) : Reflect.get(lower, key)),
    has: (target, key) => Reflect.has(target, key) || Reflect.has(lower, key),
  });
}
