import { AsyncLocalStorage } from 'node:async_hooks';
import { watchRequests, type OpenRequest } from './clock-requests.ts';

export interface ActivityOptions {
  /** Gets what a timer of this work throws: nobody else could catch it. Without it, the error ends `VirtualClock.run`. */
  failed?: (error: unknown) => void;
  /** Called when this work has neither ended nor shown any sign of life for the clock's stall limit of real time. */
  stalled?: () => void;
  /**
   * A span of time (ms since the epoch) in which timers only guard the work, as middy's does shortly before a function's time-out:
   * work with such a timer alone isn't asleep.
   */
  guards?: { from: number; to: number };
  /** The client's port of the loopback connection that this work answers: its request counts as this work, not twice. */
  port?: number;
}

/**
 * A piece of work that keeps time still while it does something real, and lets time move while it only waits for time itself:
 * for a timer of its own, for a child's, or for the answer to a request whose server waits so.
 */
export class Activity {
  open = true;
  /** Timers, children and requests that this work waits for. With none of them, it is busy with something that nobody sees. */
  pending = 0;
  /** Timers that guard it. When it looks dead, they are let go first. */
  guards = 0;
  yields = false;

  constructor(
    readonly name: string,
    readonly parent: Activity | undefined,
    readonly options: ActivityOptions,
  ) {}
}

interface HeldRequest {
  request: OpenRequest;
  owner: Activity | undefined;
}

/**
 * Knows whether anything real is in flight: tracked work, busy activities, HTTP requests. While it is, virtual time must stand
 * still, or a reply that takes 5 ms of real time comes after a time-out of 15 virtual minutes.
 */
export class Gate {
  /** Counts every change, so that the clock can tell slow from dead. */
  progress = 0;
  private readonly frames = new AsyncLocalStorage<Activity | undefined>();
  private readonly activities = new Set<Activity>();
  private readonly answering = new Map<number, Activity>();
  private readonly tracked = new Set<string>();
  private readonly requests = new Set<HeldRequest>();
  private readonly unwatch: () => void;
  private trackings = 0;

  constructor() {
    this.unwatch = watchRequests((request) => this.requestOpened(request));
  }

  dispose(): void {
    this.unwatch();
  }

  /** The open activity whose code is running, if any. */
  current(): Activity | undefined {
    const activity = this.frames.getStore();
    return activity?.open ? activity : undefined;
  }

  /** Runs `work` outside of any activity, for what goes on in the background. */
  detached<T>(work: () => T): T {
    return this.frames.run(undefined, work);
  }

  async activity<T>(name: string, work: (activity: Activity) => Promise<T>, options: ActivityOptions): Promise<T> {
    const activity = new Activity(name, this.current(), options);
    this.activities.add(activity);
    if (options.port !== undefined) this.answering.set(options.port, activity);
    if (activity.parent) activity.parent.pending++;
    this.progress++;
    try {
      return await this.frames.run(activity, () => work(activity));
    } finally {
      this.end(activity);
    }
  }

  /** The activity holds time no longer, whether its work has ended or is given up. */
  end(activity: Activity): void {
    if (!activity.open) return;
    activity.open = false;
    this.progress++;
    this.activities.delete(activity);
    if (activity.parent) activity.parent.pending--;
    const { port } = activity.options;
    if (port !== undefined && this.answering.get(port) === activity) this.answering.delete(port);
    for (const held of this.requests) if (held.owner === activity) this.requests.delete(held);
  }

  async track<T>(work: () => Promise<T>): Promise<T> {
    const label = `${work.name || 'work'} #${++this.trackings}`;
    this.tracked.add(label);
    this.progress++;
    try {
      return await work();
    } finally {
      this.tracked.delete(label);
      this.progress++;
    }
  }

  /** Notes that `activity` waits for something that only time brings; the result says that it no longer does. */
  wait(activity: Activity | undefined, kind: 'pending' | 'guards' = 'pending'): () => void {
    this.progress++;
    if (activity) activity[kind]++;
    let waiting = true;
    return () => {
      if (!waiting) return;
      waiting = false;
      this.progress++;
      if (!activity) return;
      activity[kind]--;
      activity.yields = false;
    };
  }

  /** Notes that `activity` has set a timer for `time`. */
  waitUntil(activity: Activity | undefined, time: number): () => void {
    const span = activity?.options.guards;
    return this.wait(activity, span && time >= span.from && time <= span.to ? 'guards' : 'pending');
  }

  busy(): boolean {
    if (this.tracked.size > 0) return true;
    for (const activity of this.activities) if (isBusy(activity)) return true;
    for (const { request } of this.requests) if (!this.isAnsweredLater(request)) return true;
    return false;
  }

  /** Busy activities look dead: lets their guards go, or tells them; false if there was none that either helps. */
  reportStall(): boolean {
    const dead = [...this.activities].filter((activity) => isBusy(activity) && (activity.guards > 0 || activity.options.stalled));
    for (const activity of dead) {
      if (activity.guards > 0) activity.yields = true;
      else activity.options.stalled?.();
    }
    return dead.length > 0;
  }

  /** Everything that is open, for the message of a deadlock. */
  describe(): string[] {
    const activities = [...this.activities].map((activity) => `${activity.name}${isBusy(activity) ? ' (busy)' : ' (waits)'}`);
    const requests = [...this.requests].map(({ request }) => `request ${request.describe()}`);
    return [...activities, ...requests, ...[...this.tracked].map((label) => `tracked ${label}`)];
  }

  private isAnsweredLater(request: OpenRequest): boolean {
    const port = request.port();
    return port !== undefined && (this.answering.get(port)?.pending ?? 0) > 0;
  }

  private requestOpened(request: OpenRequest): void {
    const owner = this.current();
    const done = this.wait(owner);
    const held = { request, owner };
    this.requests.add(held);
    request.whenClosed(() => {
      this.requests.delete(held);
      done();
    });
  }
}

function isBusy({ pending, yields }: Activity): boolean {
  return pending === 0 && !yields;
}
