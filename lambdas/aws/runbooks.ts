/** Automation runbooks of the user's: one execution for a batch, with one below it for each node. */
import {
  DescribeAutomationExecutionsCommand,
  DescribeDocumentCommand,
  GetAutomationExecutionCommand,
  GetDocumentCommand,
  SSMClient,
  StartAutomationExecutionCommand,
} from '@aws-sdk/client-ssm';
import { z } from 'zod';
import { ACTION, ASSUME_ROLE, INSTANCE } from '../core/triggers/stand-in.ts';
import { clientToken } from './client-token.ts';
import type { AutomationExecutionFilter, AutomationExecutionMetadata } from '@aws-sdk/client-ssm';
import type { Location } from '../core/model.ts';
import type { Pin } from '../core/pin.ts';
import type { Execution } from '../core/triggers/runbook.ts';
import type { Described } from '../core/triggers/stand-in.ts';
import type { SendResult } from './commands.ts';
import type { ReadSetting } from './settings.ts';
import type { Spokes } from './spokes.ts';

export interface RunbookRequest {
  batch: string;
  location: Location;
  nodes: string[];
  pin: Pin;
  action: string;
}

export interface Runbooks {
  /** A runbook as it stands now, its default version. `role`: name, with its path, of the role that it is to work with. */
  describe(location: Location, name: string, role: string): Promise<Described>;
  /** Starts it for a batch. Asked again with the same batch it starts nothing more. */
  start(request: RunbookRequest): Promise<SendResult>;
  /** What was started for a batch whose answer was lost. Eventually consistent: one empty answer proves nothing. */
  find(request: Omit<RunbookRequest, 'action'>, after: number): Promise<string | undefined>;
  /** What was started, and how it stands on each node. */
  look(location: Location, execution: string, nodes: string[]): Promise<{ whole: Execution | undefined; parts: Map<string, Execution> }>;
}

/** Errors that prove that nothing began (SSM API reference, StartAutomationExecution errors; Common errors). */
const REFUSALS = new Set([
  'AccessDeniedException',
  'AutomationDefinitionNotFoundException',
  'AutomationDefinitionVersionNotFoundException',
  'AutomationExecutionLimitExceededException',
  'InvalidAutomationExecutionParametersException',
  'InvalidTarget',
  'ThrottlingException',
  'ValidationException',
]);

/** DescribeAutomationExecutions.MaxResults (SSM API reference). */
const PAGE = 50;

export function createRunbooks(spokes: Spokes, setting: ReadSetting): Runbooks {
  const ssm = spokes.clients((config) => new SSMClient(config));
  return {
    async describe(location, name, role) {
      const [, partition = 'aws'] = setting('SPOKE_ROLE').split(':');
      return describe(ssm(location), name, `arn:${partition}:iam::${location.account}:role/${role}`);
    },
    start: (request) => start(ssm(request.location), request),
    find: (request, after) => find(ssm(request.location), request, after),
    look: (location, execution, nodes) => look(ssm(location), execution, nodes),
  };
}

async function describe(ssm: SSMClient, Name: string, role: string): Promise<Described> {
  try {
    const { Document } = await ssm.send(new DescribeDocumentCommand({ Name }));
    if (Document?.DocumentType !== 'Automation') return { missing: `${Name} is no Automation runbook` };
    if (!Document.Hash || !Document.DocumentVersion) return { missing: `${Name} has no hash or version` };
    const { Content = '' } = await ssm.send(new GetDocumentCommand({ Name, DocumentVersion: Document.DocumentVersion, DocumentFormat: 'JSON' }));
    if (!worksAsRole(Content))
      return { missing: `${Name} does not say assumeRole: '{{ ${ASSUME_ROLE} }}', so it would work with Wavelock's own rights` };
    const parameters = (Document.Parameters ?? []).flatMap((parameter) => parameter.Name ?? []);
    return {
      by: 'automation',
      name: Name,
      version: Document.DocumentVersion,
      hash: Document.Hash,
      role,
      platforms: ['linux', 'windows'],
      parameters,
    };
  } catch (error) {
    const { name } = error as Error;
    if (name === 'InvalidDocument') return { missing: `there is no runbook ${Name}` };
    if (name === 'AccessDeniedException') return { missing: `Wavelock may not use ${Name}` };
    throw error;
  }
}

/** A runbook that names no role works with the rights of whoever started it (User Guide, "Setting up Automation"). */
function worksAsRole(content: string): boolean {
  try {
    const { assumeRole } = z.object({ assumeRole: z.string() }).parse(JSON.parse(content));
    return new RegExp(`^\\{\\{\\s*${ASSUME_ROLE}\\s*\\}\\}$`).test(assumeRole.trim());
  } catch {
    return false;
  }
}

async function start(ssm: SSMClient, { batch, nodes, pin, action }: RunbookRequest): Promise<SendResult> {
  try {
    const changed = await changedSince(ssm, pin);
    if (changed !== undefined) return { sent: false, refused: changed, changed: true };
    const { AutomationExecutionId } = await ssm.send(
      new StartAutomationExecutionCommand({
        DocumentName: pin.name,
        DocumentVersion: pin.version,
        Parameters: { [ACTION]: [action], ...(pin.role === undefined ? {} : { [ASSUME_ROLE]: [pin.role] }) },
        ClientToken: clientToken(batch),
        TargetParameterName: INSTANCE,
        // At most 50 values, as many as a batch has nodes (SSM API reference, Target.Values).
        Targets: [{ Key: 'ParameterValues', Values: nodes }],
        MaxConcurrency: String(nodes.length),
        // Own accounting, as for commands: Systems Manager's brake must not mix with ours.
        MaxErrors: String(nodes.length),
      }),
    );
    if (!AutomationExecutionId) return { sent: 'unclear', reason: 'SSM answered without an execution id' };
    return { sent: true, commandId: AutomationExecutionId, expiresAt: 0 };
  } catch (error) {
    const { name, message } = error as Error;
    return REFUSALS.has(name) ? { sent: false, refused: `${name}: ${message}` } : { sent: 'unclear', reason: `${name}: ${message}` };
  }
}

/** StartAutomationExecution takes no hash: a version's content is compared with the plan's right before. */
async function changedSince(ssm: SSMClient, { name, version, hash }: Pin): Promise<string | undefined> {
  try {
    const { Document } = await ssm.send(new DescribeDocumentCommand({ Name: name, DocumentVersion: version }));
    return Document?.Hash === hash ? undefined : `runbook ${name} was changed since the plan: its version ${version} has another content`;
  } catch (error) {
    if (['InvalidDocument', 'InvalidDocumentVersion'].includes((error as Error).name))
      return `runbook ${name} was changed since the plan: there is no version ${version} any more`;
    throw error;
  }
}

async function find(ssm: SSMClient, { nodes, pin }: Omit<RunbookRequest, 'action'>, after: number): Promise<string | undefined> {
  const wanted = nodes.toSorted().join(' ');
  // Seconds precision, and clocks differ a little.
  const since = new Date(after - 60_000).toISOString().replace(/\.\d+Z$/, 'Z');
  const listed = await list(ssm, [
    { Key: 'DocumentNamePrefix', Values: [pin.name] },
    { Key: 'StartTimeAfter', Values: [since] },
  ]);
  // Nodes are reserved for a batch: no other of ours has them at the same time.
  const ours = listed.find(
    ({ DocumentName, DocumentVersion, Targets }) =>
      DocumentName === pin.name && DocumentVersion === pin.version && Targets?.some(({ Values }) => Values?.toSorted().join(' ') === wanted),
  );
  return ours?.AutomationExecutionId;
}

async function look(ssm: SSMClient, execution: string, nodes: string[]): Promise<{ whole: Execution | undefined; parts: Map<string, Execution> }> {
  const whole = await executionOf(ssm, execution);
  const parts = new Map<string, Execution>();
  for (const child of await list(ssm, [{ Key: 'ParentExecutionId', Values: [execution] }])) {
    const node = nodes.find((id) => id === child.Target) ?? (await parameterOf(ssm, child));
    if (node !== undefined) parts.set(node, { status: child.AutomationExecutionStatus ?? '', message: child.FailureMessage ?? '' });
  }
  return { whole, parts };
}

/** `Target` is described as "the target of the execution" and no more; the parameter that it was given says it in any case. */
async function parameterOf(ssm: SSMClient, { AutomationExecutionId }: AutomationExecutionMetadata): Promise<string | undefined> {
  const { AutomationExecution } = await ssm.send(new GetAutomationExecutionCommand({ AutomationExecutionId }));
  return AutomationExecution?.Parameters?.[INSTANCE]?.[0];
}

async function executionOf(ssm: SSMClient, AutomationExecutionId: string): Promise<Execution | undefined> {
  try {
    const { AutomationExecution } = await ssm.send(new GetAutomationExecutionCommand({ AutomationExecutionId }));
    return { status: AutomationExecution?.AutomationExecutionStatus ?? '', message: AutomationExecution?.FailureMessage ?? '' };
  } catch (error) {
    // Not there yet: what was just started.
    if ((error as Error).name === 'AutomationExecutionNotFoundException') return undefined;
    throw error;
  }
}

async function list(ssm: SSMClient, Filters: AutomationExecutionFilter[]): Promise<AutomationExecutionMetadata[]> {
  const listed: AutomationExecutionMetadata[] = [];
  let NextToken: string | undefined;
  do {
    const page = await ssm.send(new DescribeAutomationExecutionsCommand({ Filters, MaxResults: PAGE, NextToken }));
    listed.push(...(page.AutomationExecutionMetadataList ?? []));
    NextToken = page.NextToken || undefined;
  } while (NextToken);
  return listed;
}
