import { setImmediate } from 'node:timers/promises';
import { object } from '../../local/json.ts';
import { createRandom } from '../../local/random.ts';
import { createFleet, type Fleet } from '../../local/fleet/fleet.ts';
import type { Host } from '../../local/fleet/host.ts';
import type { Behaviours } from '../../local/fleet/plugins.ts';
import type { FleetFile, Inventory, NodeEntry, Scenario, UserDocument, UserRunbook } from '../../local/fleet/types.ts';
import { createSsm, type Ssm, type SsmOptions } from '../../local/services/ssm.ts';
import { AwsError, type CallContext, type Caller, type Clock, type Cloud, type Input } from '../../local/types.ts';

export const ACCOUNT = '111111111111';
export const REGION = 'eu-central-1';
export const HERE = { account: ACCOUNT, region: REGION };
export const START = Date.parse('2026-12-09T04:59:00Z');

/** A clock that moves only when a test says so, and lets everything that follows from a moment happen before the next. */
export class MemoryClock implements Clock {
  private time = START;
  /** In the order in which they are due. */
  private readonly timers: Array<{ time: number; work: () => void }> = [];

  now(): number {
    return this.time;
  }

  at(time: number, work: () => void): () => void {
    const timer = { time, work };
    const place = this.timers.findLastIndex((other) => other.time <= time) + 1;
    this.timers.splice(place, 0, timer);
    return () => {
      const index = this.timers.indexOf(timer);
      if (index >= 0) this.timers.splice(index, 1);
    };
  }

  sleep(milliseconds: number): Promise<void> {
    return new Promise((resolve) => this.at(this.time + milliseconds, resolve));
  }

  track<T>(work: () => Promise<T>): Promise<T> {
    return work();
  }

  /** Lets `seconds` pass. */
  async pass(seconds: number): Promise<void> {
    const end = this.time + seconds * 1_000;
    await setImmediate();
    while (this.timers[0] && this.timers[0].time <= end) {
      const { time, work } = this.timers.shift()!;
      this.time = Math.max(this.time, time);
      work();
      await setImmediate();
    }
    this.time = end;
  }
}

export interface SentEvent {
  time: number;
  source: string;
  detailType: string;
  resources: string[];
  detail: Record<string, unknown>;
}

export interface World {
  clock: MemoryClock;
  fleet: Fleet;
  ssm: Ssm;
  events: SentEvent[];
  /** `bucket/key` → text, what nodes can fetch. */
  objects: Map<string, string>;
  /** Every call that nodes made, with the caller's ARN. */
  calls: Array<{ caller: string; operation: string }>;
  call: (operation: string, input: Input) => Promise<Input>;
  /** Sends a document to nodes and gives the command's id. */
  send: (document: string, ids: string[], more?: Input) => Promise<string>;
  /** All invocations of a command, by node. */
  invocations: (command: string) => Promise<Record<string, Input>>;
  host: (name: string) => Host;
}

export interface WorldOptions extends SsmOptions {
  nodes?: NodeEntry[];
  inventories?: Record<string, Inventory>;
  behaviours?: Behaviours;
  scenario?: Scenario;
  documents?: Record<string, UserDocument>;
  automations?: Record<string, UserRunbook>;
  seed?: number;
}

export const plain: Inventory = { platform: 'amazon-linux-2023-x86_64', installed: { openssl: '1:3.0.8-1.amzn2023.0.3' }, available: [] };

/** `n1` … `nN`, all alike. */
export function nodes(count: number, entry: Partial<NodeEntry> = {}): NodeEntry[] {
  return [{ count, name: 'n{n}', location: `${ACCOUNT}/${REGION}`, inventory: 'plain', ...entry }];
}

/** A fleet and its Systems Manager, where everything is allowed and nothing is lost. */
export function createWorld(options: WorldOptions = {}): World {
  const { inventories = { plain }, behaviours, scenario, documents, automations, seed = 1, ...ssmOptions } = options;
  const file: FleetFile = {
    version: 1,
    locations: [`${ACCOUNT}/${REGION}`, `${ACCOUNT}/eu-west-1`],
    inventories,
    nodes: options.nodes ?? nodes(3),
    ...(documents === undefined ? {} : { documents }),
    ...(automations === undefined ? {} : { automations }),
  };
  const clock = new MemoryClock();
  const events: SentEvent[] = [];
  const objects = new Map<string, string>();
  const calls: World['calls'] = [];
  const random = createRandom(seed);

  async function operate(caller: Caller, service: string, operation: string, input: Input): Promise<Input> {
    if (service === 's3' && operation === 'GetObject') {
      const body = objects.get(`${input.Bucket}/${input.Key}`);
      if (body === undefined) throw new AwsError('AccessDenied', 'Access Denied', 403);
      return { Body: Buffer.from(body) };
    }
    const found = service === 'ssm' ? ssm.service.operations[operation] : undefined;
    if (!found) throw new Error(`this test's cloud has no ${service}:${operation}`);
    const context: CallContext = { caller, account: caller.account, region: caller.region, service, operation, requestId: 'test' };
    found.access(input, context);
    return found.run(input, context);
  }

  const cloud: Cloud = {
    clock,
    random,
    call(caller, service, operation, input) {
      calls.push({ caller: caller.arn, operation });
      return operate(caller, service, operation, input);
    },
    emit: (_account, _region, event) => void events.push({ time: clock.now(), ...event, detail: { ...object(event.detail, 'detail') } }),
  };
  const fleet = createFleet({ file, scenario, clock, random, behaviours });
  const ssm = createSsm(cloud, fleet, { gaps: { short: 0, empty: 0 }, ...ssmOptions });
  const owner: Caller = { account: ACCOUNT, region: REGION, arn: `arn:aws:iam::${ACCOUNT}:root`, administrator: true };
  const call = (operation: string, input: Input): Promise<Input> => operate(owner, 'ssm', operation, input);
  return {
    clock,
    fleet,
    ssm,
    events,
    objects,
    calls,
    call,
    async send(document, ids, more = {}) {
      const { Command } = await call('SendCommand', { DocumentName: document, InstanceIds: ids, ...more });
      return Command.CommandId;
    },
    async invocations(command) {
      const { CommandInvocations } = await call('ListCommandInvocations', { CommandId: command, Details: true });
      return Object.fromEntries(CommandInvocations.map((row: Input) => [row.InstanceId, row]));
    },
    host(name) {
      const host = fleet.hosts.find((candidate) => candidate.name === name);
      if (!host) throw new Error(`no node is named ${name}`);
      return host;
    },
  };
}

/** A document of shell steps for tests of the agent and the service. */
export function shellDocument(steps: Array<{ name: string } & Record<string, unknown>>, parameters: Record<string, unknown> = {}): unknown {
  return {
    schemaVersion: '2.2',
    parameters,
    mainSteps: steps.map(({ name, action = 'aws:runShellScript', precondition, ...inputs }) => ({
      action,
      name,
      ...(precondition === undefined ? {} : { precondition }),
      inputs: { runCommand: [`echo ${name}`], ...inputs },
    })),
  };
}
