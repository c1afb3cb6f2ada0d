/** Run Command. SendCommand has no client token, so this is the one place where a repeated call could install twice. */
import {
  CancelCommandCommand,
  DescribeDocumentCommand,
  GetCommandInvocationCommand,
  ListCommandInvocationsCommand,
  ListCommandsCommand,
  SendCommandCommand,
  SSMClient,
} from '@aws-sdk/client-ssm';
import { Terminal } from '../core/errors.ts';
import { DELIVERY_SECONDS } from '../core/settle.ts';
import type { CommandInvocation } from '@aws-sdk/client-ssm';
import type { SeenHook } from '../core/hooks.ts';
import type { Hook, Location, Os } from '../core/model.ts';
import type { DocumentPins } from '../core/plan.ts';
import type { Described } from '../core/triggers/stand-in.ts';
import type { Spokes } from './spokes.ts';

export interface CommandRequest {
  batch: string;
  location: Location;
  nodes: string[];
  document: { name: string; version: string; hash: string };
  parameters: Record<string, string>;
  /** Only for documents of ours, which also get the batch's name: others need not have such parameters. */
  executionSeconds?: number;
}

export type SendResult =
  | { sent: true; commandId: string; expiresAt: number }
  /** SSM refused before anything began: nothing runs anywhere. */
  | { sent: false; refused: string; /** What is to run is no longer what the plan names. */ changed?: true }
  /** The answer was lost or unclear: it may run. Only looking tells. */
  | { sent: 'unclear'; reason: string };

export interface SeenInvocation {
  node: string;
  status: string;
  /** Output by step name, at most 2,500 characters each. */
  outputs: Record<string, string>;
  started: boolean;
}

export interface Commands {
  send(request: CommandRequest): Promise<SendResult>;
  /** The command that carries this batch id, if SSM knows one. Eventually consistent: one empty answer proves nothing. */
  find(location: Location, batch: string, documentName: string, after: number): Promise<{ commandId: string; expiresAt: number } | undefined>;
  invocations(location: Location, commandId: string): Promise<SeenInvocation[]>;
  cancel(location: Location, commandId: string, nodes: string[]): Promise<void>;
  /** A step's whole output, up to 24,000 characters. */
  output(location: Location, commandId: string, node: string, step: string): Promise<string>;
  /** Current default version and hash of the spoke's documents, by `purpose-os`: all of them, or those of one purpose. */
  pins(location: Location, purpose?: string): Promise<DocumentPins>;
  /** A document of the user's as it stands now, its default version. */
  describe(location: Location, name: string): Promise<Described>;
  /** The version of a document that a hook names, by name or ARN. */
  hook(location: Location, hook: Hook): Promise<SeenHook>;
}

/** Answers that prove that SSM took nothing (SSM API reference, SendCommand errors). */
const REFUSALS = new Set([
  'AccessDeniedException',
  'DuplicateInstanceId',
  'InvalidDocument',
  'InvalidDocumentVersion',
  'InvalidInstanceId',
  'InvalidNotificationConfig',
  'InvalidOutputFolder',
  'InvalidParameters',
  'InvalidRole',
  'MaxDocumentSizeExceeded',
  'ThrottlingException',
  'UnsupportedPlatformType',
  'ValidationException',
]);

export function createCommands(spokes: Spokes): Commands {
  const ssm = spokes.clients((config) => new SSMClient(config));
  // The SDK repeats 5xx answers and lost replies by itself; a repeated SendCommand runs the document again.
  const once = spokes.clients((config) => new SSMClient({ ...config, maxAttempts: 1 }));
  return {
    send: (request) => send(once(request.location), request),
    find: (location, batch, documentName, after) => find(ssm(location), { batch, documentName, after }),
    async invocations(location, commandId) {
      return listInvocations(ssm(location), commandId);
    },
    cancel: (location, commandId, nodes) => cancel(ssm(location), commandId, nodes),
    output: (location, commandId, node, step) => output(ssm(location), { CommandId: commandId, InstanceId: node, PluginName: step }),
    async pins(location, purpose = '') {
      const { documents } = await spokes.config(location);
      return pins(ssm(location), Object.fromEntries(Object.entries(documents).filter(([key]) => key.startsWith(purpose))));
    },
    describe: (location, name) => describe(ssm(location), name),
    hook: (location, hook) => lookAtHook(ssm(location), hook),
  };
}

async function send(ssm: SSMClient, request: CommandRequest): Promise<SendResult> {
  const own = request.executionSeconds === undefined ? {} : { BatchId: request.batch, executionTimeout: String(request.executionSeconds) };
  try {
    const { Command } = await ssm.send(
      new SendCommandCommand({
        InstanceIds: request.nodes,
        DocumentName: request.document.name,
        DocumentVersion: request.document.version,
        DocumentHash: request.document.hash,
        DocumentHashType: 'Sha256',
        TimeoutSeconds: DELIVERY_SECONDS,
        Comment: request.batch,
        Parameters: Object.fromEntries(Object.entries({ ...request.parameters, ...own }).map(([key, value]) => [key, [value]])),
        MaxConcurrency: String(request.nodes.length),
        // Own accounting: SSM counts neither undeliverable nor timed-out nodes as errors, so its brake must not mix with ours.
        MaxErrors: String(request.nodes.length),
      }),
    );
    if (!Command?.CommandId) return { sent: 'unclear', reason: 'SSM answered without a command id' };
    // ExpiresAfter = TimeoutSeconds + executionTimeout, whatever the steps say; only the answer's own value is relied on.
    return { sent: true, commandId: Command.CommandId, expiresAt: Command.ExpiresAfter?.getTime() ?? 0 };
  } catch (error) {
    const { name, message } = error as Error;
    return REFUSALS.has(name) ? { sent: false, refused: `${name}: ${message}` } : { sent: 'unclear', reason: `${name}: ${message}` };
  }
}

async function find(
  ssm: SSMClient,
  wanted: { batch: string; documentName: string; after: number },
): Promise<{ commandId: string; expiresAt: number } | undefined> {
  let NextToken: string | undefined;
  do {
    const page = await ssm.send(
      new ListCommandsCommand({
        MaxResults: 50,
        NextToken,
        Filters: [
          { key: 'DocumentName', value: wanted.documentName },
          // Seconds precision, and clocks differ a little.
          { key: 'InvokedAfter', value: new Date(wanted.after - 60_000).toISOString().replace(/\.\d+Z$/, 'Z') },
        ],
      }),
    );
    const command = (page.Commands ?? []).find((candidate) => candidate.Comment === wanted.batch);
    if (command?.CommandId) return { commandId: command.CommandId, expiresAt: command.ExpiresAfter?.getTime() ?? 0 };
    NextToken = page.NextToken || undefined;
  } while (NextToken);
  return undefined;
}

async function cancel(ssm: SSMClient, CommandId: string, nodes: string[]): Promise<void> {
  if (nodes.length === 0) return;
  try {
    await ssm.send(new CancelCommandCommand({ CommandId, InstanceIds: nodes }));
  } catch (error) {
    if ((error as Error).name !== 'InvalidInstanceId') throw error;
    // A single node that was terminated meanwhile refuses the call for all of them (SSM API reference, CancelCommand errors).
    if (nodes.length > 1) for (const node of nodes) await cancel(ssm, CommandId, [node]);
  }
}

/** Steps that a node never came to, and nodes that SSM does not list any more: nothing was printed there. */
const NO_OUTPUT = new Set(['InvalidPluginName', 'InvocationDoesNotExist']);

async function output(ssm: SSMClient, which: { CommandId: string; InstanceId: string; PluginName: string }): Promise<string> {
  try {
    return (await ssm.send(new GetCommandInvocationCommand(which))).StandardOutputContent ?? '';
  } catch (error) {
    if (NO_OUTPUT.has((error as Error).name)) return '';
    throw error;
  }
}

async function listInvocations(ssm: SSMClient, CommandId: string): Promise<SeenInvocation[]> {
  const seen: SeenInvocation[] = [];
  let NextToken: string | undefined;
  do {
    // Pages may be short or empty while there are more: only a missing token ends the list.
    const page = await ssm.send(new ListCommandInvocationsCommand({ CommandId, Details: true, MaxResults: 50, NextToken }));
    seen.push(...(page.CommandInvocations ?? []).map(seenInvocation));
    NextToken = page.NextToken || undefined;
  } while (NextToken);
  return seen;
}

function seenInvocation(invocation: CommandInvocation): SeenInvocation {
  const plugins = invocation.CommandPlugins ?? [];
  return {
    node: invocation.InstanceId ?? '',
    // StatusDetails tells DeliveryTimedOut, Undeliverable and Terminated apart; Status folds them.
    status: invocation.StatusDetails || invocation.Status || 'Unknown',
    outputs: Object.fromEntries(plugins.map((plugin) => [plugin.Name ?? '', plugin.Output ?? ''])),
    started: plugins.some((plugin) => plugin.ResponseStartDateTime !== undefined),
  };
}

async function pins(ssm: SSMClient, documents: Record<string, string>): Promise<DocumentPins> {
  const pinned: DocumentPins = {};
  for (const [key, Name] of Object.entries(documents)) {
    const { Document } = await ssm.send(new DescribeDocumentCommand({ Name }));
    if (!Document?.Hash || !Document.DocumentVersion) throw new Terminal(`document ${Name} has no hash or version`);
    pinned[key] = { name: Name, version: Document.DocumentVersion, hash: Document.Hash };
  }
  return pinned;
}

/** SSM API reference, DescribeDocument: errors, Status and DocumentType. What this role may not see says nothing of what a node may. */
async function lookAtHook(ssm: SSMClient, { document, version }: Hook): Promise<SeenHook> {
  try {
    const { Document: found = {} } = await ssm.send(new DescribeDocumentCommand({ Name: document, DocumentVersion: version }));
    if (found.DocumentType !== undefined && found.DocumentType !== 'Command')
      return { missing: `it is a document of type ${found.DocumentType}; nodes run Command documents` };
    if (found.Status !== undefined && found.Status !== 'Active') return { missing: `it is ${found.Status}, not Active` };
    return { platforms: systemsOf(found.PlatformTypes) };
  } catch (error) {
    const { name } = error as Error;
    if (name === 'InvalidDocument') return { missing: 'there is no such document' };
    if (name === 'InvalidDocumentVersion') return { missing: `it has no version ${version}` };
    if (name === 'AccessDeniedException') return { unseen: "the spoke's role may not describe it" };
    throw error;
  }
}

function systemsOf(platforms: readonly string[] = []): Os[] {
  return platforms.flatMap((platform): Os[] => (platform === 'Linux' ? ['linux'] : platform === 'Windows' ? ['windows'] : []));
}

/** Answers why where it is not to be had: the policy file may name what was never made in this location, or was not deployed since. */
async function describe(ssm: SSMClient, Name: string): Promise<Described> {
  try {
    const { Document } = await ssm.send(new DescribeDocumentCommand({ Name }));
    if (!Document?.Hash || !Document.DocumentVersion) return { missing: `${Name} has no hash or version` };
    return {
      name: Name,
      version: Document.DocumentVersion,
      hash: Document.Hash,
      platforms: systemsOf(Document.PlatformTypes),
      parameters: (Document.Parameters ?? []).flatMap(({ Name: parameter }) => parameter ?? []),
    };
  } catch (error) {
    const { name } = error as Error;
    if (name === 'InvalidDocument') return { missing: `there is no document ${Name}` };
    if (name === 'AccessDeniedException') return { missing: `Wavelock may not use ${Name}` };
    throw error;
  }
}
