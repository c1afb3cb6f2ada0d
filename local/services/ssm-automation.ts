/**
 * Automation: StartAutomationExecution with targets, one execution below it for each, and what reads of them show. Bounds and errors: SSM API
 * reference, StartAutomationExecution, GetAutomationExecution, DescribeAutomationExecutions.
 */
import { withDefaults, type ParameterValues } from '../fleet/document-content.ts';
import type { Fleet } from '../fleet/fleet.ts';
import { AwsError, type AccessRequest, type CallContext, type Clock, type Input, type Random, type ServiceOperation } from '../types.ts';
import { AutomationEngine, type Execution, type ExecutionStore } from './ssm-automation-engine.ts';
import { checkBounds, refuseUnsupported } from './ssm-checks.ts';
import { checkParameters } from './ssm-documents.ts';
import { page, type PageGaps } from './ssm-pages.ts';
import { versionOf } from './ssm-runbooks.ts';
import type { SsmState } from './ssm-state.ts';

export interface AutomationDeps {
  clock: Clock;
  random: Random;
  fleet: Fleet;
  state: SsmState;
  gaps: PageGaps;
  visibilityLag: number;
  /** Whether Systems Manager may assume a role. */
  assumes(roleArn: string, region: string): boolean;
}

const TOKEN = /^[a-fA-F0-9]{8}-[a-fA-F0-9]{4}-[a-fA-F0-9]{4}-[a-fA-F0-9]{4}-[a-fA-F0-9]{12}$/;
const UNSUPPORTED = ['TargetMaps', 'TargetLocations', 'TargetLocationsURL', 'Tags', 'AlarmConfiguration'];
const ROLE = 'AutomationAssumeRole';

/** StartAutomationExecution, GetAutomationExecution and DescribeAutomationExecutions of every account and Region. */
export function automationOperations(deps: AutomationDeps): Record<string, ServiceOperation> {
  const stores = new Map<string, ExecutionStore>();
  const engine = new AutomationEngine(deps);
  const at = ({ account, region }: CallContext): ExecutionStore => {
    const key = `${account}/${region}`;
    const store = stores.get(key) ?? { executions: new Map(), tokens: new Map() };
    stores.set(key, store);
    return store;
  };
  return {
    StartAutomationExecution: {
      access: startAccess,
      run: (input, context) => ({ AutomationExecutionId: start(input, context, { store: at(context), deps, engine }).id }),
    },
    GetAutomationExecution: {
      access: (input, context) => [{ action: 'ssm:GetAutomationExecution', resource: executionArn(String(input.AutomationExecutionId), context) }],
      run(input, context) {
        const found = at(context).executions.get(String(input.AutomationExecutionId));
        if (!found || !isShown(found, deps))
          throw new AwsError('AutomationExecutionNotFoundException', `Execution ${input.AutomationExecutionId} could not be found.`);
        return { AutomationExecution: { ...common(found), Parameters: found.parameters, StepExecutions: [] } };
      },
    },
    DescribeAutomationExecutions: {
      // No resource type (Service Authorization Reference, AWS Systems Manager).
      access: () => [{ action: 'ssm:DescribeAutomationExecutions', resource: '*' }],
      run: (input, context) => describe(input, at(context), deps),
    },
  };
}

/**
 * The definition in its version, the document and the execution that is to be, and iam:PassRole for the role that is handed over (Service
 * Authorization Reference, Systems Manager: resource types of StartAutomationExecution).
 */
function startAccess(input: Input, context: CallContext): AccessRequest[] {
  const { account, region } = context;
  const ssm = `arn:aws:ssm:${region}:${account}`;
  const action = 'ssm:StartAutomationExecution';
  const role: string | undefined = input.Parameters?.[ROLE]?.[0];
  return [
    { action, resource: `${ssm}:automation-definition/${input.DocumentName}:${input.DocumentVersion ?? '$DEFAULT'}` },
    { action, resource: `${ssm}:document/${input.DocumentName}` },
    { action, resource: executionArn('00000000-0000-0000-0000-000000000000', context) },
    ...(role ? [{ action: 'iam:PassRole', resource: role, context: { 'iam:PassedToService': ['ssm.amazonaws.com'] } }] : []),
  ];
}

function executionArn(id: string, { account, region }: CallContext): string {
  return `arn:aws:ssm:${region}:${account}:automation-execution/${id}`;
}

interface Starting {
  store: ExecutionStore;
  deps: AutomationDeps;
  engine: AutomationEngine;
}

function start(input: Input, context: CallContext, { store, deps, engine }: Starting): Execution {
  checkRequest(input);
  const again = store.tokens.get(String(input.ClientToken).toLowerCase());
  if (input.ClientToken !== undefined && again) {
    if (again.request === JSON.stringify(input)) return again.execution;
    throw new AwsError('IdempotentParameterMismatch', 'The parameters of this request do not match those of the first one with this client token.');
  }
  const stored = deps.state.at(context.account, context.region).runbooks.get(input.DocumentName);
  if (!stored) throw new AwsError('AutomationDefinitionNotFoundException', `Automation definition not found: ${input.DocumentName}`);
  const version = versionOf(stored, input.DocumentVersion);
  if (!version)
    throw new AwsError(
      'AutomationDefinitionVersionNotFoundException',
      `Version ${input.DocumentVersion} of ${input.DocumentName} could not be found`,
    );
  const targets = targetsOf(input);
  const parameters: ParameterValues = input.Parameters ?? {};
  const values = targets === undefined ? parameters : { ...parameters, [input.TargetParameterName]: [''] };
  assertParameters(version, values);
  const role = parameters[ROLE]?.[0] ?? '';
  if (role !== '' && !deps.assumes(role, context.region)) throw invalid('The defined assume role is unable to be assumed.');
  const execution = engine.begin(store, {
    location: { account: context.account, region: context.region },
    stored,
    version: String(version.version),
    parameters: withDefaults({ schemaVersion: '0.3', parameters: version.parameters, mainSteps: [] }, parameters),
    by: context.caller.arn,
    targets,
    request: input,
  });
  if (input.ClientToken !== undefined) store.tokens.set(String(input.ClientToken).toLowerCase(), { request: JSON.stringify(input), execution });
  return execution;
}

function checkRequest(input: Input): void {
  refuseUnsupported('StartAutomationExecution', input, UNSUPPORTED);
  if (input.Mode !== undefined && input.Mode !== 'Auto')
    throw new AwsError('NotImplemented', 'The embedded AWS runs automations in mode Auto only', 501);
  checkBounds([
    ['documentName', input.DocumentName ?? '', { pattern: /^[a-zA-Z0-9_\-.:/]{3,128}$/ }],
    ['documentVersion', input.DocumentVersion, { pattern: /^(\$LATEST|\$DEFAULT|[1-9]\d*)$/ }],
    ['clientToken', input.ClientToken, { min: 36, max: 36, pattern: TOKEN }],
    ['targetParameterName', input.TargetParameterName, { min: 1, max: 50 }],
    ['targets', input.Targets, { max: 5 }],
    ['maxConcurrency', input.MaxConcurrency, { min: 1, max: 7, pattern: /^([1-9][0-9]*|[1-9][0-9]%|[1-9]%|100%)$/ }],
    ['maxErrors', input.MaxErrors, { min: 1, max: 7, pattern: /^([1-9][0-9]*|[0]|[1-9][0-9]%|[0-9]%|100%)$/ }],
  ]);
  for (const { Values } of input.Targets ?? []) checkBounds([['targets.values', Values, { max: 50 }]]);
}

/** Values of the parameter that targets stand for; nothing for an execution without targets. */
function targetsOf(input: Input): string[] | undefined {
  if (input.Targets === undefined && input.TargetParameterName === undefined) return undefined;
  if (input.Targets === undefined || input.TargetParameterName === undefined)
    throw invalid('Targets and TargetParameterName must be specified together.');
  const [target, ...more]: { Key: string; Values: string[] }[] = input.Targets;
  if (target?.Key !== 'ParameterValues' || more.length > 0)
    throw new AwsError('NotImplemented', 'The embedded AWS knows targets with the key ParameterValues only', 501);
  if (target.Values.length === 0) throw new AwsError('InvalidTarget', 'The target is not valid: it has no values.');
  return target.Values;
}

function assertParameters(version: Parameters<typeof checkParameters>[0], values: ParameterValues): void {
  try {
    checkParameters(version, values);
  } catch (error) {
    throw invalid((error as Error).message);
  }
}

function invalid(message: string): AwsError {
  return new AwsError('InvalidAutomationExecutionParametersException', message);
}

function isShown({ started }: Execution, { clock, visibilityLag }: AutomationDeps): boolean {
  return clock.now() >= started + visibilityLag;
}

type Test = (execution: Execution, values: string[]) => boolean;
const FILTERS: Record<string, Test> = {
  DocumentNamePrefix: ({ document }, values) => values.some((prefix) => document.startsWith(prefix)),
  ExecutionId: ({ id }, values) => values.includes(id),
  ExecutionStatus: ({ status }, values) => values.includes(status),
  ParentExecutionId: ({ parent }, values) => parent !== undefined && values.includes(parent),
  StartTimeAfter: ({ started }, [time]) => started > Date.parse(time ?? ''),
  StartTimeBefore: ({ started }, [time]) => started < Date.parse(time ?? ''),
};

/** Executions below another are listed where they are asked for by it. */
function describe(input: Input, { executions }: ExecutionStore, deps: AutomationDeps): Input {
  checkBounds([
    ['maxResults', input.MaxResults, { min: 1, max: 50 }],
    ['filters', input.Filters, { min: 1, max: 10 }],
  ]);
  const filters: { Key: string; Values: string[] }[] = input.Filters ?? [];
  for (const { Key, Values } of filters) {
    checkBounds([['filters.values', Values, { min: 1, max: 10 }]]);
    if (!FILTERS[Key])
      throw new AwsError('InvalidFilterKey', `The filter key ${Key} is not known to the embedded AWS; there are ${Object.keys(FILTERS).join(', ')}.`);
  }
  const below = filters.some(({ Key }) => Key === 'ParentExecutionId' || Key === 'ExecutionId');
  const found = [...executions.values()]
    .filter((execution) => isShown(execution, deps) && (below || execution.parent === undefined))
    .filter((execution) => filters.every(({ Key, Values }) => FILTERS[Key]?.(execution, Values)));
  const { items, NextToken } = page(found, input.MaxResults ?? 50, input.NextToken, deps);
  return { AutomationExecutionMetadataList: items.map(common), ...(NextToken === undefined ? {} : { NextToken }) };
}

function common(execution: Execution): Input {
  const { id, document, version, status, started, ended, by, parent, target, message, request } = execution;
  const { Targets, TargetParameterName, MaxConcurrency, MaxErrors } = parent === undefined ? request : {};
  return {
    AutomationExecutionId: id,
    DocumentName: document,
    DocumentVersion: version,
    AutomationExecutionStatus: status,
    ExecutionStartTime: new Date(started),
    ...(ended === undefined ? {} : { ExecutionEndTime: new Date(ended) }),
    ExecutedBy: by,
    Mode: 'Auto',
    ...(message === '' ? {} : { FailureMessage: message }),
    ...(parent === undefined ? {} : { ParentAutomationExecutionId: parent, Target: target }),
    ...(Targets === undefined ? {} : { Targets, TargetParameterName, MaxConcurrency: MaxConcurrency ?? '10', MaxErrors: MaxErrors ?? '0' }),
  };
}
