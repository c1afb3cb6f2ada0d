/** SendCommand: what is refused, and the command that comes of it. Bounds: SSM API reference, SendCommand. */
import { withDefaults, type ParameterValues } from '../fleet/document-content.ts';
import type { Fleet } from '../fleet/fleet.ts';
import type { Host } from '../fleet/host.ts';
import { AwsError, type AccessRequest, type CallContext, type Cloud, type Input, type ServiceOperation } from '../types.ts';
import { checkBounds, refuseUnsupported } from './ssm-checks.ts';
import type { CommandEngine } from './ssm-commands.ts';
import { checkParameters, documentAccess, findDocument, runsOn } from './ssm-documents.ts';
import type { Command, DocumentVersion, Invocation, InvocationView, SsmState } from './ssm-state.ts';
import { commandView } from './ssm-views.ts';

export interface SendDeps {
  cloud: Cloud;
  fleet: Fleet;
  state: SsmState;
  engine: CommandEngine;
}

const NODE_ID = /^(i-(\w{8}|\w{17})|mi-\w{17})$/;
const MAX_CONCURRENCY = /^([1-9][0-9]*|[1-9][0-9]%|[1-9]%|100%)$/;
const MAX_ERRORS = /^([1-9][0-9]*|[0]|[1-9][0-9]%|[0-9]%|100%)$/;
const UNSUPPORTED = [
  'Targets',
  'OutputS3BucketName',
  'OutputS3KeyPrefix',
  'OutputS3Region',
  'ServiceRoleArn',
  'NotificationConfig',
  'CloudWatchOutputConfig',
  'AlarmConfiguration',
];
/** "Default 3600" (User Guide, "Understanding command timeout values"); the same is added where the document has no executionTimeout. */
const DEFAULT_SECONDS = 3_600;

/** The operation SendCommand. */
export function sendCommand(deps: SendDeps): ServiceOperation {
  return {
    access: (input, context) => sendAccess(deps.fleet, input, context),
    run(input, context) {
      checkRequest(input);
      const { version } = findDocument(deps.state, context, input.DocumentName, input.DocumentVersion);
      checkHash(input, version);
      const hosts = findHosts(deps.fleet, input.InstanceIds ?? [], context);
      checkPlatforms(hosts, version);
      const parameters: ParameterValues = input.Parameters ?? {};
      checkParameters(version.document, parameters);
      const command = newCommand({ input, context, version, hosts, parameters }, deps.cloud);
      deps.state.at(context.account, context.region).commands.set(command.id, command);
      deps.engine.start(command);
      return { Command: commandView(command) };
    },
  };
}

/**
 * The document and each node, with the node's tags as condition values (Service Authorization Reference, "Actions, resources, and
 * condition keys for AWS Systems Manager": SendCommand).
 */
function sendAccess(fleet: Fleet, input: Input, context: CallContext): AccessRequest[] {
  const ids: string[] = input.InstanceIds ?? [];
  const { account, region } = context;
  const nodes = ids.map((id): AccessRequest => {
    const kind = id.startsWith('mi-') ? 'ssm' : 'ec2';
    const resource = `arn:aws:${kind}:${region}:${account}:${kind === 'ssm' ? 'managed-instance' : 'instance'}/${id}`;
    return { action: 'ssm:SendCommand', resource, context: tagContext(hostAt(fleet, id, context)?.tags ?? {}) };
  });
  return [documentAccess('ssm:SendCommand', String(input.DocumentName), context), ...nodes];
}

/** `ssm:resourceTag/KEY` and `aws:ResourceTag/KEY` for each tag. */
export function tagContext(tags: Record<string, string>): Record<string, string[]> {
  return Object.fromEntries(
    Object.entries(tags).flatMap(([key, value]) => [
      [`ssm:resourceTag/${key}`, [value]],
      [`aws:ResourceTag/${key}`, [value]],
    ]),
  );
}

/** A node of the location that a call addresses; nodes of other locations don't exist for it. */
export function hostAt(fleet: Fleet, id: string, { account, region }: CallContext): Host | undefined {
  const host = fleet.host(id);
  return host?.location.account === account && host.location.region === region ? host : undefined;
}

function checkRequest(input: Input): void {
  refuseUnsupported('SendCommand', input, UNSUPPORTED);
  checkBounds([
    ['instanceIds', input.InstanceIds, { max: 50, pattern: NODE_ID }],
    ['documentName', input.DocumentName ?? '', { pattern: /^[a-zA-Z0-9_\-.:/]{3,128}$/ }],
    ['documentVersion', input.DocumentVersion, { pattern: /^(\$LATEST|\$DEFAULT|[1-9]\d*)$/ }],
    ['documentHash', input.DocumentHash, { max: 256 }],
    ['documentHashType', input.DocumentHashType, { oneOf: ['Sha256', 'Sha1'] }],
    ['timeoutSeconds', input.TimeoutSeconds, { min: 30, max: 2_592_000 }],
    ['comment', input.Comment, { max: 100 }],
    ['maxConcurrency', input.MaxConcurrency, { min: 1, max: 7, pattern: MAX_CONCURRENCY }],
    ['maxErrors', input.MaxErrors, { min: 1, max: 7, pattern: MAX_ERRORS }],
  ]);
}

function checkHash(input: Input, version: DocumentVersion): void {
  if (input.DocumentHash === undefined) return;
  if (input.DocumentHashType !== 'Sha256') {
    throw new AwsError('ValidationException', 'DocumentHashType must be Sha256: Sha1 hashes are deprecated.');
  }
  if (input.DocumentHash !== version.hash) {
    throw new AwsError('InvalidDocument', 'The provided document hash does not match the hash of the document.');
  }
}

/** One bad id rejects the whole call; the text names the bad ones. Nodes that are only offline are accepted. */
function findHosts(fleet: Fleet, ids: string[], context: CallContext): Host[] {
  const twice = ids.find((id, index) => ids.indexOf(id) !== index);
  if (twice !== undefined) throw new AwsError('DuplicateInstanceId', `Instance ${twice} is given twice.`);
  const hosts = ids.flatMap((id) => hostAt(fleet, id, context) ?? []).filter(({ state }) => state !== 'terminated');
  const bad = ids.filter((id) => !hosts.some((host) => host.id === id));
  if (bad.length > 0 || ids.length === 0) {
    throw new AwsError('InvalidInstanceId', `Instances [[${bad.join(', ')}]] not in a valid state for account ${context.account}`);
  }
  return hosts;
}

function checkPlatforms(hosts: Host[], { document }: DocumentVersion): void {
  const misfit = hosts.find((host) => !runsOn(document, host.platform.os));
  if (misfit) {
    throw new AwsError('UnsupportedPlatformType', `The document doesn't support the platform type of the given managed node IDs: ${misfit.id}.`);
  }
}

interface Accepted {
  input: Input;
  context: CallContext;
  version: DocumentVersion;
  hosts: Host[];
  parameters: ParameterValues;
}

function newCommand({ input, context, version, hosts, parameters }: Accepted, { clock, random }: Cloud): Command {
  const requested = clock.now();
  const timeoutSeconds: number = input.TimeoutSeconds ?? DEFAULT_SECONDS;
  const execution = Number(withDefaults(version.document, parameters).executionTimeout?.[0] ?? DEFAULT_SECONDS);
  return {
    id: random.uuid(),
    account: context.account,
    region: context.region,
    documentName: input.DocumentName,
    documentVersion: input.DocumentVersion ?? '',
    document: version.document,
    parameters,
    comment: input.Comment ?? '',
    requested,
    expires: requested + (timeoutSeconds + execution) * 1_000,
    timeoutSeconds,
    maxConcurrency: input.MaxConcurrency ?? '50',
    maxErrors: input.MaxErrors ?? '0',
    invocations: hosts.map((host) => newInvocation(host, requested)),
    status: 'Pending',
    details: 'Pending',
    cancelRequested: false,
    release: () => undefined,
    limit: 0,
  };
}

function newInvocation(host: Host, now: number): Invocation {
  const view: InvocationView = { status: 'Pending', details: 'Pending', steps: [], taken: false };
  return { host, sent: false, view, before: view, changed: now, withdraw: () => undefined, run: undefined };
}
