import { createIam, type Iam } from '../../local/iam/iam.ts';
import { createRandom } from '../../local/random.ts';
import type { AwsError, Caller, Clock, Cloud, Input } from '../../local/types.ts';

/** A clock that a test moves by hand. */
export interface HandClock extends Clock {
  /** Moves to a time (ms), running what is due on the way and letting promises settle in between. */
  to(time: number): Promise<void>;
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}

/** @param start milliseconds since the epoch */
export function handClock(start: number): HandClock {
  let now = start;
  const due: Array<{ time: number; work: () => void }> = [];
  const clock: HandClock = {
    now: () => now,
    at(time, work) {
      const timer = { time, work };
      due.push(timer);
      return () => void due.splice(due.indexOf(timer), due.includes(timer) ? 1 : 0);
    },
    sleep: (milliseconds) => new Promise((resolve) => clock.at(now + milliseconds, resolve)),
    track: (work) => work(),
    async to(time) {
      await settle();
      for (;;) {
        const [next] = due.toSorted((a, b) => a.time - b.time);
        if (!next || next.time > time) break;
        due.splice(due.indexOf(next), 1);
        now = Math.max(now, next.time);
        next.work();
        await settle();
      }
      now = time;
    },
  };
  return clock;
}

/** A call that a service made. */
export interface Call {
  time: number;
  caller: Caller;
  name: string;
  input: Input;
}

/** The services' view of a cloud whose targets are scripted: what EventBridge and Scheduler send is recorded. */
export interface World {
  cloud: Cloud;
  clock: HandClock;
  iam: Iam;
  calls: Call[];
  /** Errors to answer, by call name, one a call; calls beyond them succeed. */
  answers: Record<string, AwsError[]>;
}

/** @param start milliseconds since the epoch */
export function world(start = Date.parse('2026-11-23T03:00:00Z')): World {
  const clock = handClock(start);
  const calls: Call[] = [];
  const answers: Record<string, AwsError[]> = {};
  const cloud: Cloud = {
    clock,
    random: createRandom(7),
    async call(caller, service, operation, input) {
      const name = `${service}:${operation}`;
      calls.push({ time: clock.now(), caller, name, input });
      const error = answers[name]?.shift();
      if (error) throw error;
      return {};
    },
    emit: () => undefined,
  };
  return { cloud, clock, iam: createIam(() => clock.now()), calls, answers };
}

/** A role that a service may assume, with one statement of permissions. */
export function putRole(iam: Iam, arn: string, service: string, ...statements: Array<Record<string, unknown>>): string {
  iam.putRole({
    arn,
    trust: { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { Service: service } }] },
    policies: [{ name: 'P', document: { Version: '2012-10-17', Statement: statements } }],
  });
  return arn;
}

/** What a function was called with. */
export function payload(call: { input: { Payload: Uint8Array } } | undefined): Record<string, unknown> {
  return JSON.parse(new TextDecoder().decode(call?.input.Payload));
}

/** Lets time pass: a minute, or so many milliseconds. */
export async function later(clock: World['clock'], milliseconds = 60_000): Promise<void> {
  await clock.to(clock.now() + milliseconds);
}
