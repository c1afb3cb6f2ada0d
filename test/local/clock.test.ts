import http from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import timersPromises from 'node:timers/promises';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { createRealClock, createVirtualClock, DeadlockError, type VirtualClock } from '../../local/clock.ts';
import { createRandom } from '../../local/random.ts';

const DAY = 86_400_000;
const START = Date.UTC(2026, 0, 1);
const realSetTimeout = setTimeout;

let clock: VirtualClock;
const cleanups: (() => void)[] = [];

function install(stallLimit?: number): VirtualClock {
  clock = createVirtualClock({ start: START, stallLimit });
  cleanups.push(() => clock.uninstall());
  return clock;
}

afterEach(() => {
  for (const cleanup of cleanups.splice(0).toReversed()) cleanup();
});

/** Runs `work` under the virtual clock and gives its result. */
async function under<T>(work: () => Promise<T>): Promise<T> {
  const promise = work();
  let settled = false;
  void promise.then(
    () => (settled = true),
    () => (settled = true),
  );
  await clock.run(() => settled);
  return promise;
}

/** A loopback server that answers after real milliseconds, as work does that virtual time knows nothing of. */
async function slowServer(answer: (response: http.ServerResponse) => void): Promise<string> {
  const server = http.createServer((request, response) => {
    request.resume().on('end', () => realSetTimeout(() => answer(response), 5));
  });
  return listening(server);
}

async function listening(server: http.Server): Promise<string> {
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => server.close().closeAllConnections());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

function get(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    http
      .get(url, (response) => {
        let body = '';
        response.on('data', (chunk) => (body += chunk)).on('end', () => resolve(body));
      })
      .on('error', reject);
  });
}

describe('virtual time', () => {
  it('moves Date and timers together, without waiting for real', async () => {
    install();
    const seen: string[] = [];
    setTimeout(() => seen.push(`second ${new Date().toISOString()}`), 2 * DAY);
    setTimeout((name: string) => seen.push(`${name} ${Date.now() - START}`), DAY, 'first');
    await clock.run(() => seen.length === 2);
    expect(seen).toEqual([`first ${DAY}`, 'second 2026-01-03T00:00:00.000Z']);
  });

  it('holds node:timers/promises, promisified timers and intervals too', async () => {
    install();
    const total = await under(async () => {
      await timersPromises.setTimeout(1000);
      await promisify(setTimeout)(1000);
      let ticks = 0;
      await new Promise<void>((resolve) => {
        const timer = setInterval(() => {
          if (++ticks === 3) resolve(clearInterval(timer));
        }, 1000);
      });
      await createRequire(import.meta.url)('timers').setTimeout[promisify.custom](1000);
      return Date.now() - START;
    });
    expect(total).toBe(6000);
  });

  it('reaches times that are further away than a timer can be set, and forgets cancelled ones', async () => {
    install();
    const reached: number[] = [];
    const cancel = clock.at(START + 300 * DAY, () => reached.push(1));
    clock.at(START + 400 * DAY, () => reached.push(clock.now() - START));
    cancel();
    await clock.run(() => reached.length > 0);
    expect(reached).toEqual([400 * DAY]);
  });

  it('does what is due now at this very time, also from within a timer', async () => {
    install();
    const times: number[] = [];
    clock.at(START + 1000, () => clock.at(clock.now(), () => clock.at(clock.now() - 5, () => times.push(clock.now()))));
    await clock.run(() => times.length > 0);
    expect(times).toEqual([START + 1000]);
  });

  it('gives the process its own time back', async () => {
    install();
    clock.uninstall();
    cleanups.pop();
    expect(setTimeout).toBe(realSetTimeout);
    expect(Math.abs(Date.now() - START)).toBeGreaterThan(DAY);
    const again = install();
    expect(again.now()).toBe(START);
    expect(() => createVirtualClock({ start: 0 })).toThrow('installed already');
  });

  it('stands still while a request is in flight, so that no time-out of 15 minutes is reached', async () => {
    install();
    const url = await slowServer((response) => response.end('ok'));
    const outcomes: string[] = [];
    const loops = Array.from({ length: 20 }, async () => {
      for (let round = 0; round < 5; round++) {
        let timer: NodeJS.Timeout | undefined;
        const timeout = new Promise<string>((resolve) => (timer = setTimeout(() => resolve('timeout'), 900_000)));
        outcomes.push(await Promise.race([get(url), timeout]));
        clearTimeout(timer);
        await clock.sleep(DAY);
      }
    });
    const burner = setImmediate(function burn() {
      // A busy event loop makes every reply late.
      const until = performance.now() + 1;
      while (performance.now() < until);
      if (outcomes.length < 100) setImmediate(burn);
    });
    await under(() => Promise.all(loops));
    clearImmediate(burner);
    expect(outcomes.filter((outcome) => outcome !== 'ok')).toEqual([]);
    expect(clock.now()).toBe(START + 5 * DAY);
  });

  it('stands still while fetch is in flight', async () => {
    install();
    const url = await slowServer((response) => response.end('ok'));
    setTimeout(() => expect.unreachable(), 6000);
    expect(await under(() => fetch(url).then((response) => response.text()))).toBe('ok');
    expect(clock.now()).toBe(START);
  });

  it('stands still while a request waits to be told to go on with its body', async () => {
    install();
    const server = http.createServer((request, response) => void request.resume().on('end', () => response.end('ok')));
    server.on('checkContinue', (request, response: http.ServerResponse) => {
      realSetTimeout(() => {
        response.writeContinue();
        server.emit('request', request, response);
      }, 20);
    });
    const url = await listening(server);
    setTimeout(() => expect.unreachable(), 6000);
    const put = new Promise<string>((resolve, reject) => {
      const request = http.request(url, { method: 'PUT', headers: { expect: '100-continue' } }, (response) => {
        response.resume().on('end', () => resolve('continued'));
      });
      request.on('continue', () => request.end('body')).on('error', reject);
    });
    expect(await under(() => put)).toBe('continued');
    expect(clock.now()).toBe(START);
  });

  it('stands still for tracked work even when a timer is due', async () => {
    install();
    const order: string[] = [];
    setTimeout(() => order.push('timer'), 1);
    await under(() =>
      clock.track(async () => {
        await new Promise((resolve) => void realSetTimeout(resolve, 20));
        order.push('tracked');
      }),
    );
    await clock.run(() => order.length === 2);
    expect(order).toEqual(['tracked', 'timer']);
  });
});

describe('activities', () => {
  it('keep time still while they work and let it move while they sleep', async () => {
    install();
    const order: string[] = [];
    clock.at(START + 1000, () => order.push(`guard ${clock.now() - START}`));
    await under(() =>
      clock.activity('function a', async () => {
        await promisify(gzip)(Buffer.alloc(5_000_000, 'wavelock'));
        order.push(`zipped ${clock.now() - START}`);
        await new Promise((resolve) => setTimeout(resolve, 5000));
        order.push(`slept ${clock.now() - START}`);
      }),
    );
    expect(order).toEqual(['zipped 0', 'guard 1000', 'slept 5000']);
  });

  it('wait for what their children sleep for', async () => {
    install();
    const end = await under(() =>
      clock.activity('outer', async () => {
        await clock.activity('inner', () => clock.sleep(7000));
        return clock.now() - START;
      }),
    );
    expect(end).toBe(7000);
  });

  it('wait for what their requests sleep for, on the other side of a socket', async () => {
    install();
    const server = http.createServer((request, response) => {
      request.resume();
      void clock.activity('server', () => clock.sleep(3000).then(() => void response.end('late')), { port: request.socket.remotePort });
    });
    const url = await listening(server);
    const reply = await under(() => clock.activity('client', async () => `${await get(url)} ${clock.now() - START}`));
    expect(reply).toBe('late 3000');
  });

  it('may await somebody else', async () => {
    install();
    const message = new Promise<string>((resolve) => void clock.at(START + 500, () => resolve('hello')));
    expect(await under(() => clock.activity('receiver', () => clock.parked(message)))).toBe('hello');
  });

  it('get what their own timers throw', async () => {
    install();
    const failure = await under(
      () =>
        new Promise((resolve) => {
          void clock.activity('thrower', () => new Promise(() => void setTimeout(() => JSON.parse('{'), 10)), { failed: resolve });
        }),
    );
    expect(failure).toBeInstanceOf(SyntaxError);
  });

  it('with a timer that only guards them keep time still', async () => {
    install();
    const end = await under(() =>
      clock.activity(
        'guarded',
        async () => {
          const guard = setTimeout(() => expect.unreachable(), 2995);
          await promisify(gzip)(Buffer.alloc(5_000_000, 'wavelock'));
          clearTimeout(guard);
          return clock.now();
        },
        { guards: { from: START + 2900, to: START + 3000 } },
      ),
    );
    expect(end).toBe(START);
  });

  it('that look dead are left to their guards', async () => {
    install(20);
    const end = await under(() =>
      clock.activity('hung', () => new Promise<number>((resolve) => void setTimeout(() => resolve(clock.now()), 2995)), {
        guards: { from: START + 2900, to: START + 3000 },
        stalled: () => expect.unreachable(),
      }),
    );
    expect(end).toBe(START + 2995);
  });

  it('are told when they look dead', async () => {
    install(20);
    const told = await under(
      () => new Promise((resolve) => void clock.activity('dead', () => new Promise(() => undefined), { stalled: () => resolve('told') })),
    );
    expect(told).toBe('told');
  });
});

describe('a deadlock', () => {
  it('is an error when there is nothing to wait for', async () => {
    install();
    await expect(clock.run(() => false)).rejects.toThrow(/2026-01-01T00:00:00.000Z: nothing is in flight and no timer is set; open: nothing/);
  });

  it('says what is open', async () => {
    install(20);
    const work = clock.activity('lambda intake', () =>
      clock.track(async function unzip() {
        await new Promise(() => undefined);
      }),
    );
    work.catch(() => undefined);
    const failure = await clock.run(() => false).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(DeadlockError);
    expect(String(failure)).toContain('open: lambda intake (busy), tracked unzip #1');
  });

  it('is not a timer that throws: that error comes out as it is', async () => {
    install();
    clock.at(START, () => {
      throw new RangeError('out');
    });
    await expect(clock.run(() => false)).rejects.toThrow(RangeError);
  });
});

describe('the real clock', () => {
  it('runs work at its time', async () => {
    const real = createRealClock();
    const before = real.now();
    await real.activity('nap', () => real.sleep(2));
    const never = real.at(real.now() + 5, () => expect.unreachable());
    never();
    expect(await real.track(() => real.parked(Promise.resolve('done')))).toBe('done');
    expect(real.now()).toBeGreaterThan(before);
  });
});

describe('seeded chance', () => {
  it('repeats itself and gives version 4 UUIDs', () => {
    const [one, two] = [createRandom(7), createRandom(7)];
    const uuids = Array.from({ length: 50 }, () => one.uuid());
    expect(Array.from({ length: 50 }, () => two.uuid())).toEqual(uuids);
    expect(new Set(uuids).size).toBe(50);
    for (const uuid of uuids) expect(uuid).toMatch(/^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
    const values = Array.from({ length: 2000 }, () => one.next());
    expect(Math.min(...values)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...values)).toBeLessThan(1);
    expect(values.reduce((sum, value) => sum + value) / values.length).toBeCloseTo(0.5, 1);
  });
});
