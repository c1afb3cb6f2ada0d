/** What becomes of an automation: one execution for each target, as many at once as it may, until more have failed than may. */
import type { ParameterValues } from '../fleet/document-content.ts';
import { flat } from '../fleet/plugins.ts';
import type { Fleet } from '../fleet/fleet.ts';
import type { Clock, Input, Random } from '../types.ts';
import { limitOf } from './ssm-status.ts';
import type { StoredRunbook } from './ssm-state.ts';

/** Names of statuses are the API's (SSM API reference, AutomationExecution). */
export interface Execution {
  id: string;
  document: string;
  version: string;
  parameters: ParameterValues;
  status: 'Pending' | 'InProgress' | 'Success' | 'Failed';
  message: string;
  started: number;
  ended?: number;
  /** Who started it. */
  by: string;
  /** The execution that it is below of, and what it is about. */
  parent?: string;
  target?: string;
  request: Input;
}

/** What Systems Manager remembers of one location. */
export interface ExecutionStore {
  executions: Map<string, Execution>;
  /** By client token. AWS does not say how long it remembers one. */
  tokens: Map<string, { request: string; execution: Execution }>;
}

export interface Order {
  location: { account: string; region: string };
  stored: StoredRunbook;
  version: string;
  parameters: ParameterValues;
  by: string;
  /** Values of the target parameter; nothing for a single execution. */
  targets: string[] | undefined;
  request: Input;
}

/** Between acceptance and the first step. */
const START_DELAY = 400;
/** Where a request says nothing of it (SSM API reference, StartAutomationExecution.MaxConcurrency). */
const DEFAULT_CONCURRENCY = '10';

/** Runs the automations of all locations. */
export class AutomationEngine {
  constructor(private readonly deps: { clock: Clock; random: Random; fleet: Fleet }) {}

  begin(store: ExecutionStore, order: Order): Execution {
    const whole = this.put(store, order, {});
    this.deps.clock.at(whole.started + START_DELAY, () => {
      whole.status = 'InProgress';
      if (order.targets === undefined) this.work(whole, order, () => undefined);
      else new Fan(this, store, order, whole).fill();
    });
    return whole;
  }

  put(store: ExecutionStore, { stored, version, parameters, by, request }: Order, own: Partial<Execution>): Execution {
    const { clock, random } = this.deps;
    const execution: Execution = {
      id: random.uuid(),
      document: stored.name,
      version,
      parameters,
      status: 'Pending',
      message: '',
      started: clock.now(),
      by,
      request,
      ...own,
    };
    store.executions.set(execution.id, execution);
    return execution;
  }

  /** The runbook's work on the node that its parameter names. */
  work(execution: Execution, { stored: { runbook }, location }: Order, ended: () => void): void {
    const { clock, fleet } = this.deps;
    const id = execution.parameters.InstanceId?.[0] ?? '';
    const host = fleet.at(location.account, location.region).find((one) => one.id === id);
    execution.status = 'InProgress';
    const milliseconds = host ? runbook.milliseconds(host) : 0;
    if (milliseconds === Infinity) return;
    clock.at(clock.now() + milliseconds, () => {
      this.end(execution, host ? runbook.work(host, flat(execution.parameters)) : `Invalid id: "${id}"`);
      ended();
    });
  }

  /** Nothing as `failure`: it succeeded. */
  end(execution: Execution, failure: string | undefined): void {
    Object.assign(execution, { status: failure === undefined ? 'Success' : 'Failed', message: failure ?? '', ended: this.deps.clock.now() });
  }
}

/** An execution with targets. What is not begun when too many have failed never is (User Guide, "Control automations at scale"). */
class Fan {
  private readonly waiting: string[];
  private readonly parts: Execution[] = [];

  constructor(
    private readonly engine: AutomationEngine,
    private readonly store: ExecutionStore,
    private readonly order: Order,
    private readonly whole: Execution,
  ) {
    this.waiting = [...(order.targets ?? [])];
  }

  fill(): void {
    const { request, parameters, targets = [] } = this.order;
    const atOnce = Math.max(1, limitOf(request.MaxConcurrency ?? DEFAULT_CONCURRENCY, targets.length));
    while (this.waiting.length > 0 && !this.overErrors() && this.open() < atOnce) {
      const target = this.waiting.shift() ?? '';
      const part = this.engine.put(this.store, this.order, {
        parent: this.whole.id,
        target,
        parameters: { ...parameters, [request.TargetParameterName]: [target] },
      });
      this.parts.push(part);
      this.engine.work(part, this.order, () => this.fill());
    }
    if (this.open() > 0 || (this.waiting.length > 0 && !this.overErrors())) return;
    // AWS does not say what becomes of the whole where some have failed and not too many: nothing should be decided by it.
    this.engine.end(this.whole, this.overErrors() ? 'Too many executions have failed.' : undefined);
  }

  private open(): number {
    return this.parts.filter(({ ended }) => ended === undefined).length;
  }

  private overErrors(): boolean {
    return (
      this.parts.filter(({ status }) => status === 'Failed').length > limitOf(this.order.request.MaxErrors ?? '0', this.order.targets?.length ?? 0)
    );
  }
}
