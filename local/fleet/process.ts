import type { Caller, Clock, Cloud, Input } from '../types.ts';

/**
 * One running step. When it is killed it simply never continues: whatever it waits for does not come, and what it started on the
 * host (a detached transaction) knows nothing of it. That is what SIGKILL to the process group does to a script.
 */
export class Process {
  private dead = false;
  private readonly timers = new Set<() => void>();
  private readonly children: Process[] = [];

  constructor(
    private readonly clock: Clock,
    private readonly cloud: Cloud,
    private readonly caller: Caller,
  ) {}

  get alive(): boolean {
    return !this.dead;
  }

  /** A process of its own that ends with this one, and may end before it: a script that another step runs. */
  child(): Process {
    const child = new Process(this.clock, this.cloud, this.caller);
    if (this.dead) child.kill();
    this.children.push(child);
    return child;
  }

  kill(): void {
    this.dead = true;
    for (const child of this.children) child.kill();
    for (const cancel of this.timers) cancel();
    this.timers.clear();
  }

  now(): number {
    return this.clock.now();
  }

  sleep(seconds: number): Promise<void> {
    return this.until(this.clock.now() + seconds * 1_000);
  }

  /** Waits until `time` (ms since the epoch). */
  until(time: number): Promise<void> {
    if (this.dead) return never();
    return new Promise((resolve) => {
      const cancel = this.clock.at(time, () => {
        this.timers.delete(cancel);
        resolve();
      });
      this.timers.add(cancel);
    });
  }

  /** Calls AWS with the node's own credentials. Rejects with the service's error. */
  async call(service: string, operation: string, input: Input): Promise<Input> {
    try {
      const output: Input = await this.cloud.call(this.caller, service, operation, input);
      return this.dead ? await never() : output;
    } catch (error) {
      if (this.dead) return never();
      throw error;
    }
  }
}

function never(): Promise<never> {
  return new Promise(() => undefined);
}
