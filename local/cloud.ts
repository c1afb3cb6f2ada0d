import { countExecution, countMessages, createServices } from './boot.ts';
import { createCalls } from './calls.ts';
import { inActivity } from './clock.ts';
import { readAssembly } from './cloudformation/assembly.ts';
import { createAssets, type Assets } from './cloudformation/assets.ts';
import { defaultEnvironment, loadStacks } from './cloudformation/load.ts';
import type { Parts } from './cloudformation/parts.ts';
import type { LoadedStack } from './cloudformation/stack.ts';
import { createFleet, type Fleet, type FleetOptions } from './fleet/fleet.ts';
import { createCredentialStore, type Credentials, type CredentialStore } from './iam/credentials.ts';
import { createIam, type DeniedCall, type UnusedGrant } from './iam/iam.ts';
import { putNodeRoles } from './iam/node-roles.ts';
import type { Bridge } from './lambda/http-bridge.ts';
import type { Internet } from './lambda/internet.ts';
import { createUserFunctions } from './lambda/user-functions.ts';
import { createRandom } from './random.ts';
import type { Mail } from './services/sns.ts';
import type { Caller, Clock, Cloud, Faults, Input, Usage } from './types.ts';
import { createWire, type InProcessHandler, type Wire } from './wire/wire.ts';

export interface CloudOptions {
  /** Folder of the cloud assembly, `cdk.out`. */
  assembly: string;
  /** Virtual or real; a virtual one must be installed before this is called, as credentials and events carry its times. */
  clock: Clock;
  /** The same seed gives the same run: ids, names, keys, chance. */
  seed: number;
  /** The nodes and what is wrong with them. */
  fleet: Omit<FleetOptions, 'clock' | 'random'>;
  faults?: Faults;
  /** Port on the loopback interface; without it the system chooses one. */
  port?: number;
  /**
   * Functions reach the services without a socket: the same bytes in a fixed order, so that a run can be repeated exactly.
   * Default: true.
   */
  bridged?: boolean;
  /** Hosts outside that this machine answers to functions, e.g. the vendors' feeds; no other resolves: nothing leaves the machine. */
  internet?: Internet;
  /** Where stacks go that are synthesised for any account or Region. Default: 111111111111, eu-central-1. */
  environment?: { account: string; region: string };
  /** Managed policies that templates name but don't contain, by ARN: a deployer's permissions boundary. */
  managedPolicies?: Record<string, unknown>;
  /** Told of what failed in the embedded AWS itself, not in what it runs. Default: a line on stderr. */
  onFault?: (error: unknown, what: string) => void;
}

/** What was made of the templates, for the lines of the boot. */
export interface Inventory {
  stacks: LoadedStack[];
  /** Counts by type of resource: `AWS::Lambda::Function` → 17. */
  types: Record<string, number>;
}

/** The running cloud. */
export interface EmbeddedAws extends Cloud {
  /** `http://127.0.0.1:4566`, for AWS_ENDPOINT_URL. */
  endpoint: string;
  /** What the SDK's clients in this process can take as `requestHandler`: no socket. */
  requestHandler(): InProcessHandler;
  /** Keys of an administrator of an account, as a laptop's owner uses them. */
  credentials(account: string): Credentials;
  /** An administrator of an account, for `call`. */
  administrator(account: string, region: string): Caller;
  inventory: Inventory;
  /** The services' direct ways, past the wire and IAM: for reports and tests. */
  parts: Parts;
  fleet: Fleet;
  usage: () => Usage;
  /** Mails that topics have sent. */
  outbox(): readonly Mail[];
  deniedCalls(): DeniedCall[];
  unusedStatements(): UnusedGrant[];
  stop(): Promise<void>;
}

function administratorOf(account: string, region: string): Caller {
  return {
    account,
    region,
    arn: `arn:aws:sts::${account}:assumed-role/Administrator/owner`,
    roleArn: `arn:aws:iam::${account}:role/Administrator`,
    administrator: true,
  };
}

function counted(stacks: LoadedStack[]): Record<string, number> {
  const types: Record<string, number> = {};
  for (const { type } of stacks.flatMap((stack) => stack.resources)) types[type] = (types[type] ?? 0) + 1;
  return types;
}

function toStderr(error: unknown, what: string): void {
  process.stderr.write(`embedded AWS failed in ${what}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
}

/** Everything that stands before the port is open. */
interface World {
  cloud: Cloud;
  parts: Parts;
  wire: Wire;
  credentials: CredentialStore;
  fleet: Fleet;
  usage: () => Usage;
  /** Tells where the wire listens: functions and queue URLs carry it. */
  opened(endpoint: string): void;
}

function createWorld(options: CloudOptions, assets: Assets): World {
  const { clock, seed, faults = {}, bridged = true } = options;
  const random = createRandom(seed);
  const iam = createIam(() => clock.now());
  for (const [arn, document] of Object.entries(options.managedPolicies ?? {})) iam.putManagedPolicy(arn, document);
  // Keys have a chance of their own: how many sessions there are must not move anything else.
  const credentials = createCredentialStore(createRandom(seed + 1), () => clock.now());
  // So have requests: somebody who looks on while a rollout runs must not move it.
  const requests = createRandom(seed + 2);
  const fleet = createFleet({ ...options.fleet, clock, random });
  putNodeRoles(iam, fleet);
  const usage: Usage = { calls: {}, stateTransitions: 0, lambdaInvocations: 0, lambdaGbSeconds: 0 };
  let endpoint = '';

  const cloud: Cloud = {
    clock,
    random,
    async call(caller, service, operation, input): Promise<Input> {
      wire.checkInput(service, operation, input);
      const output = await calls.invoke(caller, service, operation, input);
      wire.checkOutput(service, operation, output);
      return output;
    },
    emit(account, region, event) {
      countExecution(parts.monitoring, { account, region }, event);
      parts.events.emit(account, region, event);
    },
  };
  const bridge = (): Bridge | undefined => (bridged ? { host: new URL(endpoint).host, answer: wire.answer } : undefined);
  const { all, parts } = createServices({
    cloud,
    iam,
    credentials,
    assets,
    fleet,
    faults,
    usage,
    endpoint: () => endpoint,
    bridge,
    internet: options.internet,
  });
  const ran = (service: string): void => {
    if (service === 'sqs') countMessages(parts);
  };
  const calls = createCalls({ services: all, iam, random: requests, faults, ran });
  const wire = createWire({
    services: all,
    identify: (accessKeyId, sessionToken) => credentials.identify(accessKeyId, sessionToken),
    invoke: (service, operation, input, caller) => calls.invoke(caller, service, operation, input),
    requestId: () => requests.uuid(),
    around: (name, work, port) => inActivity(clock, name, () => work(), { port }),
    onFault: options.onFault ?? toStderr,
  });
  return {
    cloud,
    parts,
    wire,
    credentials,
    fleet,
    usage: () => ({ ...usage, calls: calls.counts() }),
    opened: (url) => void (endpoint = url),
  };
}

/**
 * Starts the embedded AWS on a synthesised assembly: services, wire, IAM, then every stack.
 *
 * @throws Error that leads to what is not known in a template, or to what a service refused; nothing is left listening then
 */
export async function createCloud(options: CloudOptions): Promise<EmbeddedAws> {
  const sources = readAssembly(options.assembly, options.environment ?? defaultEnvironment);
  const world = createWorld(options, createAssets(sources.flatMap((stack) => stack.assets)));
  const { cloud, parts, wire, credentials, fleet } = world;
  const server = await wire.listen(options.port);
  world.opened(server.url);
  let stacks: LoadedStack[];
  try {
    stacks = await loadStacks(sources, { seed: options.seed, parts });
    createUserFunctions({ fleet, iam: parts.iam, lambda: parts.lambda });
  } catch (error) {
    await server.close();
    throw error;
  }
  return {
    ...cloud,
    endpoint: server.url,
    requestHandler: () => wire.inProcessHandler(),
    credentials: (account) => credentials.issue(administratorOf(account, '')),
    administrator: administratorOf,
    inventory: { stacks, types: counted(stacks) },
    parts,
    fleet,
    usage: world.usage,
    outbox: () => parts.sns.mails(),
    deniedCalls: () => parts.iam.denied(),
    unusedStatements: () => parts.iam.unused(),
    stop: () => server.close(),
  };
}
