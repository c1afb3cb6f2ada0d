import { createRealClock, createVirtualClock, type ActivityClock, type VirtualClock } from '../../local/clock.ts';
import { createRandom } from '../../local/random.ts';
import { AwsError, type Caller, type CallContext, type Cloud, type Input, type Service } from '../../local/types.ts';
import { createWire, type Wire, type WireServer } from '../../local/wire/wire.ts';

export const ACCOUNT = '111111111111';
export const OTHER_ACCOUNT = '222222222222';
export const REGION = 'eu-central-1';
export const START = Date.UTC(2026, 10, 23);
export const HOME = { account: ACCOUNT, region: REGION };

/** What was asked for, with the access that it would have needed. */
export interface Asked {
  operation: string;
  caller: string;
  access: string[];
}

/** A cloud in which everybody may do everything, for tests of single services. */
export interface BaseWorld {
  clock: ActivityClock;
  cloud: Cloud;
  wire: Wire;
  asked: Asked[];
  events: Input[];
  /** Makes services reachable; they may be made with `world.cloud`. */
  add(...services: Service[]): void;
  /** Settings for an SDK client, in process unless `overSocket` was called. */
  config(location?: { account?: string; region?: string }): Input;
  overSocket(): Promise<string>;
  /** Lets `work` run to its end, moving virtual time where there is one. */
  settle<T>(work: Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** `virtual: true` installs a virtual clock that starts at START; `stallLimit` is its, in real milliseconds. */
export function createBaseWorld({ virtual = false, stallLimit }: { virtual?: boolean; stallLimit?: number } = {}): BaseWorld {
  const clock: ActivityClock & Partial<VirtualClock> = virtual ? createVirtualClock({ start: START, stallLimit }) : createRealClock();
  const random = createRandom(1);
  const services: Service[] = [];
  const asked: Asked[] = [];
  const events: Input[] = [];

  async function invoke(caller: Caller, service: string, operation: string, input: Input): Promise<Input> {
    const found = services.find(({ name }) => name === service)?.operations[operation];
    if (!found) throw new AwsError('UnknownOperationException', `embedded AWS does not know ${service}:${operation}`);
    const context: CallContext = { caller, account: caller.account, region: caller.region, service, operation, requestId: random.uuid() };
    const access = found.access(input, context);
    asked.push({
      operation: `${service}:${operation}`,
      caller: caller.arn,
      access: access.map(({ action, resource }) => `${action} ${resource}`),
    });
    return found.run(input, context);
  }

  const cloud: Cloud = {
    clock,
    random,
    async call(caller, service, operation, input) {
      wire.checkInput(service, operation, input);
      const output = await invoke(caller, service, operation, input);
      wire.checkOutput(service, operation, output);
      return output;
    },
    emit: (account, region, event) => void events.push({ account, region, ...event }),
  };
  const wire = createWire({
    services,
    identify: (accessKeyId) => identify(accessKeyId),
    invoke: (service, operation, input, caller) => invoke(caller, service, operation, input),
    requestId: () => random.uuid(),
    around: (name, work, port) => clock.activity(name, work, { port }),
  });
  let server: WireServer | undefined;

  async function settle<T>(work: Promise<T>): Promise<T> {
    let settled = false;
    const noted = work.finally(() => (settled = true));
    noted.catch(() => undefined);
    await clock.run?.(() => settled);
    return noted;
  }

  return {
    clock,
    cloud,
    wire,
    asked,
    events,
    settle,
    add: (...added) => void services.push(...added),
    config: ({ account = ACCOUNT, region = REGION } = {}) => ({
      region,
      endpoint: server?.url ?? 'http://127.0.0.1:1',
      credentials: { accessKeyId: `ASIA${account}`, secretAccessKey: 'secret', sessionToken: 'token' },
      ...(server ? {} : { requestHandler: wire.inProcessHandler() }),
    }),
    overSocket: async () => (server ??= await wire.listen()).url,
    async close() {
      await server?.close();
      clock.uninstall?.();
    },
  };
}

function identify(accessKeyId: string): Caller | 'expired' | undefined {
  if (accessKeyId === 'ASIAEXPIRED') return 'expired';
  const account = /^ASIA(\d{12})$/.exec(accessKeyId)?.[1];
  return account === undefined ? undefined : { account, region: '', arn: `arn:aws:iam::${account}:role/Tester` };
}

/** What a promise rejects with. */
export async function rejection(promise: Promise<unknown>): Promise<Input> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('it did not fail');
}
