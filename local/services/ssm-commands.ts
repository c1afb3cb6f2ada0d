/**
 * What becomes of a command: ramp-up, delivery, the agent's reports, time-outs, MaxErrors, cancelling, and the events of it all.
 */
import type { StepResult } from '../fleet/document-flow.ts';
import type { Fleet } from '../fleet/fleet.ts';
import type { Cloud } from '../types.ts';
import { emitCommand, emitInvocation } from './ssm-events.ts';
import { isTerminal, type Command, type Invocation, type InvocationView } from './ssm-state.ts';
import { commandStatus, isOverMaxErrors, limitOf, statusOfEnd } from './ssm-status.ts';

/** Between acceptance and the first delivery. */
const START_DELAY = 400;
/**
 * The number in flight doubles so often. AWS says that it grows exponentially from one, not how fast
 * (User Guide, "Using concurrency controls").
 */
const RAMP_INTERVAL = 1_000;
/** A node that has not taken a command for so long shows as Delayed: "the system attempted to send the command but wasn't successful". */
const DELAYED_AFTER = 60_000;
const LONGEST_DELIVERY = 1_500;

function nothing(): void {}

/** Runs the commands of all locations. */
export class CommandEngine {
  constructor(
    private readonly cloud: Cloud,
    private readonly fleet: Fleet,
    /** How long reads show an invocation as it was before a change, in milliseconds. */
    private readonly statusLag: number,
  ) {}

  start(command: Command): void {
    const { clock } = this.cloud;
    command.release = clock.at(command.expires, () => this.expire(command));
    clock.at(clock.now() + START_DELAY, () => this.ramp(command));
  }

  /** What a read of this invocation shows now. */
  shown(invocation: Invocation): InvocationView {
    return this.cloud.clock.now() < invocation.changed + this.statusLag ? invocation.before : invocation.view;
  }

  /** Best effort: what has not begun is Cancelled at once, what runs is told to stop. Ended invocations stay as they are. */
  cancel(command: Command, invocations: Invocation[]): void {
    command.cancelRequested = true;
    for (const invocation of invocations) {
      if (isTerminal(invocation.view.status)) continue;
      if (!invocation.view.taken) this.finish(command, invocation, 'Cancelled', []);
      else this.tellToStop(command, invocation);
    }
    this.update(command);
  }

  private ramp(command: Command): void {
    const most = Math.max(1, limitOf(command.maxConcurrency, command.invocations.length));
    command.limit = Math.min(most, Math.max(1, command.limit * 2));
    this.send(command);
    if (command.limit >= most || command.invocations.every(({ sent }) => sent)) return;
    const { clock } = this.cloud;
    clock.at(clock.now() + RAMP_INTERVAL, () => this.ramp(command));
  }

  /** Sends as many as the limit allows; over MaxErrors none, and what was not sent is Terminated. */
  private send(command: Command): void {
    const waiting = command.invocations.filter(({ sent, view }) => !sent && !isTerminal(view.status));
    if (isOverMaxErrors(command)) {
      for (const invocation of waiting) this.set(command, invocation, { status: 'Cancelled', details: 'Terminated' });
    } else {
      const flying = command.invocations.filter(({ sent, view }) => sent && !isTerminal(view.status)).length;
      for (const invocation of waiting.slice(0, Math.max(0, command.limit - flying))) this.deliver(command, invocation);
    }
    this.update(command);
  }

  private deliver(command: Command, invocation: Invocation): void {
    const { clock } = this.cloud;
    invocation.sent = true;
    const { host } = invocation;
    const cancelDelayed = clock.at(clock.now() + DELAYED_AFTER, () => {
      if (!invocation.view.taken && !isTerminal(invocation.view.status)) {
        this.set(command, invocation, { status: 'Delayed', details: 'Delayed' });
      }
    });
    let stopWaiting = nothing;
    invocation.withdraw = () => {
      cancelDelayed();
      stopWaiting();
    };
    const attempt = (): void => {
      const seconds = host.faults.deliverySeconds;
      const delay = seconds === undefined ? host.chance('delivery', command.id) * LONGEST_DELIVERY : seconds * 1_000;
      stopWaiting = clock.at(clock.now() + delay, arrive);
    };
    const arrive = (): void => {
      if (!host.heartbeat.beats) stopWaiting = host.heartbeat.whenThere(attempt);
      else if (clock.now() <= command.requested + command.timeoutSeconds * 1_000) this.run(command, invocation);
    };
    if (host.state === 'terminated') this.finish(command, invocation, 'Undeliverable', []);
    else if (host.heartbeat.beats) attempt();
    else stopWaiting = host.heartbeat.whenThere(attempt);
  }

  private run(command: Command, invocation: Invocation): void {
    invocation.withdraw();
    const job = { commandId: command.id, documentName: command.documentName, document: command.document, parameters: command.parameters };
    const reporter = {
      started: () => this.set(command, invocation, { status: 'InProgress', details: 'InProgress', taken: true }),
      progressed: (steps: StepResult[]) => this.set(command, invocation, { steps }),
      ended: (status: string, steps: StepResult[]) => this.finish(command, invocation, status === 'TimedOut' ? 'ExecutionTimedOut' : status, steps),
    };
    invocation.run = this.fleet.run(invocation.host, job, reporter, this.cloud);
  }

  private finish(command: Command, invocation: Invocation, details: string, steps: StepResult[]): void {
    if (isTerminal(invocation.view.status)) return;
    invocation.withdraw();
    this.set(command, invocation, { status: statusOfEnd(details), details, ...(steps.length > 0 ? { steps } : {}) });
    this.send(command);
  }

  private tellToStop(command: Command, invocation: Invocation): void {
    const { clock } = this.cloud;
    this.set(command, invocation, { status: 'Cancelling', details: 'Cancelling' });
    clock.at(clock.now() + LONGEST_DELIVERY, () => {
      if (invocation.host.heartbeat.beats) invocation.run?.cancel();
    });
  }

  /** Everything open is then DeliveryTimedOut, even what runs; the node's work goes on (SSM API reference, Command.ExpiresAfter). */
  private expire(command: Command): void {
    for (const invocation of command.invocations) {
      if (isTerminal(invocation.view.status)) continue;
      invocation.withdraw();
      const details = invocation.view.status === 'Cancelling' ? 'Cancelled' : 'DeliveryTimedOut';
      this.set(command, invocation, { status: statusOfEnd(details), details });
    }
    this.update(command);
  }

  private set(command: Command, invocation: Invocation, change: Partial<InvocationView>): void {
    const old = invocation.view;
    if (isTerminal(old.status)) return;
    invocation.before = this.shown(invocation);
    invocation.changed = this.cloud.clock.now();
    invocation.view = { ...old, ...change };
    if (invocation.view.status !== old.status) emitInvocation(this.cloud, this.fleet, command, invocation);
  }

  private update(command: Command): void {
    const { status, details } = commandStatus(command);
    const changed = status !== command.status;
    command.status = status;
    command.details = details;
    if (isTerminal(status)) command.release();
    if (changed) emitCommand(this.cloud, this.fleet, command);
  }
}
