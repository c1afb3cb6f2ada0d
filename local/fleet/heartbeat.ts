import type { Clock } from '../types.ts';

/** The agent's default HealthFrequencyMinutes (amazon-ssm-agent, appconfig.DefaultSsmHealthFrequencyMinutes). */
export const HEARTBEAT = 5 * 60_000;

/** How long after the last ping a node counts as lost. AWS publishes no number; two missed heartbeats is the common observation. */
export const LOST_AFTER = 2 * HEARTBEAT;

/**
 * Pings of one agent, worked out when somebody asks: a timer every five minutes for each of 10,000 nodes would be
 * three million timers a day.
 */
export class Heartbeat {
  private since: number | undefined;
  private last: number;
  private readonly waiting = new Set<() => void>();

  /** @param since when the agent began to ping, or `undefined` if it does not; @param last its last ping, if it doesn't (ms) */
  constructor(
    private readonly clock: Clock,
    since: number | undefined,
    last: number,
  ) {
    this.since = since;
    this.last = last;
  }

  get beats(): boolean {
    return this.since !== undefined;
  }

  start(): void {
    if (this.beats) return;
    this.since = this.clock.now();
    const waiting = [...this.waiting];
    this.waiting.clear();
    for (const work of waiting) work();
  }

  stop(): void {
    this.last = this.lastPing();
    this.since = undefined;
  }

  /** One ping without being there for work: a host that keeps crashing while it starts. */
  flicker(): void {
    this.last = this.clock.now();
  }

  /** Milliseconds since the epoch. */
  lastPing(): number {
    if (this.since === undefined) return this.last;
    return this.since + Math.floor((this.clock.now() - this.since) / HEARTBEAT) * HEARTBEAT;
  }

  /** SSM API reference, InstanceInformation.PingStatus. */
  status(): 'Online' | 'ConnectionLost' {
    return this.clock.now() - this.lastPing() < LOST_AFTER ? 'Online' : 'ConnectionLost';
  }

  /** Runs `work` as soon as the agent is there: now, or when it comes back. The result cancels the waiting. */
  whenThere(work: () => void): () => void {
    if (this.beats) {
      work();
      return () => undefined;
    }
    this.waiting.add(work);
    return () => void this.waiting.delete(work);
  }
}
