/** What Systems Manager remembers of one location. Times are ms since the epoch; names of statuses are the API's. */
import type { DocumentContent, DocumentParameter, ParameterValues } from '../fleet/document-content.ts';
import type { StepResult } from '../fleet/document-flow.ts';
import type { Host } from '../fleet/host.ts';
import type { Runbook } from '../fleet/user-runbooks.ts';

export type CommandStatus = 'Pending' | 'InProgress' | 'Success' | 'Cancelled' | 'Failed' | 'TimedOut' | 'Cancelling';
export type InvocationStatus = CommandStatus | 'Delayed';

export interface DocumentVersion {
  version: number;
  /** The text whose SHA-256 is the document's hash. */
  content: string;
  hash: string;
  created: number;
  document: DocumentContent;
}

export interface StoredDocument {
  name: string;
  arn: string;
  versions: DocumentVersion[];
  /** Number of the default version: the newest, as CloudFormation's NewVersion update leaves it. */
  defaultVersion: number;
}

/** What a caller sees of an invocation; replaced, never changed. */
export interface InvocationView {
  status: InvocationStatus;
  details: string;
  /** Steps that the agent has reported. */
  steps: StepResult[];
  /** Whether the agent has taken the command. */
  taken: boolean;
}

export interface Invocation {
  host: Host;
  /** Handed to the delivery, or still held back by MaxConcurrency. */
  sent: boolean;
  view: InvocationView;
  /** What a read still shows that comes too soon after a change. */
  before: InvocationView;
  changed: number;
  /** Ends the waiting for a node that is not there. */
  withdraw: () => void;
  /** The agent's run, once the node has the command. */
  run: { cancel(): void } | undefined;
}

export interface Command {
  id: string;
  account: string;
  region: string;
  documentName: string;
  /** As the caller wrote it; `''` if not at all. */
  documentVersion: string;
  document: DocumentContent;
  parameters: ParameterValues;
  comment: string;
  requested: number;
  expires: number;
  timeoutSeconds: number;
  maxConcurrency: string;
  maxErrors: string;
  invocations: Invocation[];
  status: CommandStatus;
  details: string;
  cancelRequested: boolean;
  /** Takes the timer of `expires` away. */
  release: () => void;
  /** How many may be in flight just now; doubles until MaxConcurrency. */
  limit: number;
}

export interface StoredParameter {
  name: string;
  type: string;
  value: string;
  version: number;
  modified: number;
}

/** An Automation runbook, version by version; the newest is the default one. */
export interface StoredRunbook {
  name: string;
  versions: { version: number; content: string; hash: string; created: number; parameters: Record<string, DocumentParameter> }[];
  runbook: Runbook;
}

export interface SsmLocation {
  documents: Map<string, StoredDocument>;
  runbooks: Map<string, StoredRunbook>;
  commands: Map<string, Command>;
  parameters: Map<string, StoredParameter>;
}

/** Statuses after which nothing changes any more (SSM API reference, CommandInvocation.StatusDetails). */
export function isTerminal(status: InvocationStatus): boolean {
  return status === 'Success' || status === 'Failed' || status === 'TimedOut' || status === 'Cancelled';
}

/** State of all locations, made as they are first used. */
export class SsmState {
  private readonly locations = new Map<string, SsmLocation>();

  at(account: string, region: string): SsmLocation {
    const key = `${account}/${region}`;
    const known = this.locations.get(key);
    if (known) return known;
    const fresh: SsmLocation = { documents: new Map(), runbooks: new Map(), commands: new Map(), parameters: new Map() };
    this.locations.set(key, fresh);
    return fresh;
  }
}
