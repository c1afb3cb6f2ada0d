import { isObject, object, scalar, text } from '../../json.ts';
import { AwsError, type Caller } from '../../types.ts';
import type { Parts } from '../parts.ts';
import { objectOf, optionalText, textOf, type Created, type Resource, type ResourceType } from '../resource-type.ts';
import { mustBeAssumable } from './iam.ts';

function source(resource: Resource, { assets }: Parts): string {
  const { DefinitionString, Definition, DefinitionS3Location } = resource.properties;
  if (DefinitionS3Location !== undefined) {
    const { Bucket, Key } = object(DefinitionS3Location, 'DefinitionS3Location');
    return assets.read(text(Bucket, 'Bucket'), text(Key, 'Key')).toString('utf8');
  }
  return isObject(Definition) ? JSON.stringify(Definition) : text(DefinitionString, `DefinitionString of ${resource.logicalId}`);
}

/**
 * Puts DefinitionSubstitutions into a definition. AWS leaves a `${Name}` without substitution as it is and doesn't mind one that is
 * never used; both are mistakes that would show at night, so they are errors here.
 */
function substituted(definition: string, resource: Resource): string {
  const values = resource.properties.DefinitionSubstitutions === undefined ? {} : objectOf(resource, 'DefinitionSubstitutions');
  const unused = new Set(Object.keys(values));
  const result = definition.replace(/\$\{([A-Za-z0-9_]+)\}/g, (_all, name: string) => {
    if (!(name in values)) throw new Error(`The definition of ${resource.logicalId} names \${${name}}, which DefinitionSubstitutions don't define`);
    unused.delete(name);
    return scalar(values[name], name);
  });
  const [left] = unused;
  if (left !== undefined) throw new Error(`DefinitionSubstitutions of ${resource.logicalId} define ${left}, which the definition doesn't name`);
  return result;
}

/** What Step Functions demands of a role before it writes logs (Developer Guide, "Logging using CloudWatch Logs"). */
const logActions = [
  'CreateLogDelivery',
  'GetLogDelivery',
  'UpdateLogDelivery',
  'DeleteLogDelivery',
  'ListLogDeliveries',
  'PutResourcePolicy',
  'DescribeResourcePolicies',
  'DescribeLogGroups',
].map((name) => `logs:${name}`);

/** … and traces (Developer Guide, "IAM policies for X-Ray"). */
const traceActions = ['PutTraceSegments', 'PutTelemetryRecords', 'GetSamplingRules', 'GetSamplingTargets'].map((name) => `xray:${name}`);

/**
 * The rule by which Step Functions learns that the child of a `.sync` task has ended; it makes the rule with the machine's role
 * (Developer Guide, "IAM policies for calling other state machines").
 */
const managedRule = 'StepFunctionsGetEventsForStepFunctionsExecutionRule';
const ruleActions = ['events:PutTargets', 'events:PutRule', 'events:DescribeRule'];

/**
 * AWS refuses a machine with `.sync` tasks whose role may not make their rule, when the machine is created.
 * The words: github.com/nasa/cumulus/pull/2693
 */
function checkManagedRule(definition: string, role: Caller, { iam }: Parts): void {
  if (!definition.includes(':states:startExecution.sync')) return;
  const resource = `arn:aws:events:${role.region}:${role.account}:rule/${managedRule}`;
  if (ruleActions.every((action) => iam.allows(role, { action, resource }, role.region))) return;
  throw new AwsError('AccessDeniedException', `'${role.roleArn}' is not authorized to create managed-rule.`);
}

/** AWS refuses a machine whose role may not write the logs and traces that it asks for. */
function checkRole(resource: Resource, role: Caller, { iam }: Parts): void {
  const lacks = (actions: string[]): string | undefined => actions.find((action) => !iam.allows(role, { action, resource: '*' }, role.region));
  const logging = resource.properties.LoggingConfiguration === undefined ? undefined : objectOf(resource, 'LoggingConfiguration');
  const log = logging === undefined || logging.Level === 'OFF' ? undefined : lacks(logActions);
  if (log !== undefined)
    throw new AwsError('InvalidLoggingConfiguration', `The state machine IAM Role is not authorized to access the Log Destination: ${log}`);
  const trace = tracing(resource) ? lacks(traceActions) : undefined;
  if (trace !== undefined)
    throw new AwsError('InvalidTracingConfiguration', `The state machine IAM Role is not authorized to write traces: ${trace}`);
}

function tracing(resource: Resource): boolean {
  return resource.properties.TracingConfiguration !== undefined && objectOf(resource, 'TracingConfiguration').Enabled === true;
}

function createMachine(resource: Resource, parts: Parts): Created {
  const { account, region } = resource.stack;
  const kind = optionalText(resource, 'StateMachineType') ?? 'STANDARD';
  if (kind !== 'STANDARD') throw new Error(`StateMachineType ${kind} of ${resource.logicalId} is not known to the embedded AWS`);
  const name = optionalText(resource, 'StateMachineName') ?? resource.generatedName({ max: 80 });
  const arn = `arn:aws:states:${region}:${account}:stateMachine:${name}`;
  const roleArn = textOf(resource, 'RoleArn');
  const role = mustBeAssumable(parts, 'states.amazonaws.com', roleArn, { region, sourceArn: arn });
  checkRole(resource, role, parts);
  const definition = substituted(source(resource, parts), resource);
  checkManagedRule(definition, role, parts);
  parts.states.define({ account, region, name, arn, roleArn, definition, tracing: tracing(resource) });
  return { ref: arn, attributes: { Arn: arn, Name: name } };
}

/** Step Functions. */
export const statesTypes: ResourceType[] = [
  {
    type: 'AWS::StepFunctions::StateMachine',
    honours: [
      'Definition',
      'DefinitionS3Location.Bucket',
      'DefinitionS3Location.Key',
      'DefinitionString',
      'DefinitionSubstitutions',
      'LoggingConfiguration.Level',
      'RoleArn',
      'StateMachineName',
      'StateMachineType',
      'TracingConfiguration.Enabled',
    ],
    withoutEffect: {
      'LoggingConfiguration.Destinations': 'histories are kept and can be asked for; nothing reads their copy in CloudWatch Logs',
      'LoggingConfiguration.IncludeExecutionData': 'as Destinations',
      Tags: 'no policy here asks for them',
    },
    create: createMachine,
  },
];
