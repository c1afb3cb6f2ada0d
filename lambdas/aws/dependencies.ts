/** The composition root: builds the gateways of one function from its settings. The only place that reads the clock and the environment. */
import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics } from '@aws-lambda-powertools/metrics';
import { createBus } from './bus.ts';
import { createCallbacks } from './callbacks.ts';
import { createCommands } from './commands.ts';
import { createFleetGateway } from './fleet.ts';
import { createFunctions } from './functions.ts';
import { createInspectorGateway } from './inspector.ts';
import { createInventoryGateway } from './inventory.ts';
import { createLocks } from './locks.ts';
import { createNotices } from './notices.ts';
import { createRecord } from './record.ts';
import { createRunbooks } from './runbooks.ts';
import { createSecrets } from './secrets.ts';
import { settingsFrom } from './settings.ts';
import { createSpokes } from './spokes.ts';
import { createStore } from './store.ts';
import { createTickets } from './tickets.ts';
import { createWindows } from './windows.ts';
import type { Bus } from './bus.ts';
import type { Callbacks } from './callbacks.ts';
import type { Commands } from './commands.ts';
import type { FleetGateway } from './fleet.ts';
import type { Functions } from './functions.ts';
import type { InspectorGateway } from './inspector.ts';
import type { InventoryGateway } from './inventory.ts';
import type { Locks } from './locks.ts';
import type { Notices } from './notices.ts';
import type { Record as WavelockRecord } from './record.ts';
import type { Runbooks } from './runbooks.ts';
import type { Secrets } from './secrets.ts';
import type { ReadSetting } from './settings.ts';
import type { Store } from './store.ts';
import type { Tickets } from './tickets.ts';
import type { Windows } from './windows.ts';

export interface Dependencies {
  setting: ReadSetting;
  record: WavelockRecord;
  store: Store;
  fleet: FleetGateway;
  inventory: InventoryGateway;
  inspector: InspectorGateway;
  commands: Commands;
  functions: Functions;
  runbooks: Runbooks;
  locks: Locks;
  windows: Windows;
  notices: Notices;
  callbacks: Callbacks;
  secrets: Secrets;
  bus: Bus;
  tickets: Tickets;
  /** Milliseconds since the epoch. */
  now: () => number;
  log: Logger;
  metrics: Metrics;
}

/** The only clock of the functions: everything below gets it from here. */
function now(): number {
  return Date.now();
}

/** Builds everything lazily enough that a function opens only the clients that it uses. */
export function createDependencies(environment: Record<string, string | undefined>): Dependencies {
  const setting = settingsFrom(environment);
  const spokes = createSpokes(setting, now);
  return {
    setting,
    record: createRecord(setting),
    store: createStore(setting),
    fleet: createFleetGateway(spokes),
    inventory: createInventoryGateway(spokes),
    inspector: createInspectorGateway(spokes),
    commands: createCommands(spokes),
    functions: createFunctions(),
    runbooks: createRunbooks(spokes, setting),
    locks: createLocks(spokes),
    windows: createWindows(spokes, now),
    notices: createNotices(setting),
    callbacks: createCallbacks(),
    secrets: createSecrets(),
    bus: createBus(setting),
    tickets: createTickets(),
    now,
    log: new Logger(),
    metrics: new Metrics(),
  };
}
