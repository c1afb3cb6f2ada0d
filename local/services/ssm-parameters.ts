/** Parameter Store: GetParameter and PutParameter of standard parameters (SSM API reference). */
import { AwsError, type AccessRequest, type CallContext, type Clock, type Input, type ServiceOperation } from '../types.ts';
import { checkBounds, refuseUnsupported } from './ssm-checks.ts';
import type { SsmState, StoredParameter } from './ssm-state.ts';

/** "4 KB for a standard parameter" (General Reference, Systems Manager quotas). */
const STANDARD_BYTES = 4_096;

export interface ParameterSettings {
  name: string;
  value: string;
  type?: string;
}

/** Stores a parameter or its next version. @throws AwsError ParameterAlreadyExists unless `overwrite`, ValidationException */
export function createParameter(
  location: { account: string; region: string },
  { name, value, type = 'String', overwrite = false }: ParameterSettings & { overwrite?: boolean },
  deps: { state: SsmState; clock: Clock },
): StoredParameter {
  checkBounds([
    ['name', name, { min: 1, max: 2_048, pattern: /^[a-zA-Z0-9_.\-/]+$/ }],
    ['type', type, { oneOf: ['String', 'StringList', 'SecureString'] }],
  ]);
  if (value === '') throw new AwsError('ValidationException', "Parameter value can't be empty.");
  if (Buffer.byteLength(value) > STANDARD_BYTES) {
    throw new AwsError('ValidationException', 'Standard tier parameters support a maximum parameter value of 4096 characters.');
  }
  const { parameters } = deps.state.at(location.account, location.region);
  const known = parameters.get(name);
  if (known && !overwrite) {
    throw new AwsError(
      'ParameterAlreadyExists',
      'The parameter already exists. To overwrite this value, set the overwrite option in the request to true.',
    );
  }
  const stored = { name, type: known?.type ?? type, value, version: (known?.version ?? 0) + 1, modified: deps.clock.now() };
  parameters.set(name, stored);
  return stored;
}

/** GetParameter and PutParameter. */
export function parameterOperations(deps: { state: SsmState; clock: Clock }): Record<string, ServiceOperation> {
  return {
    PutParameter: {
      access: (input, context) => access('PutParameter', input, context),
      run(input, context) {
        refuseUnsupported('PutParameter', input, ['Policies', 'Tags', 'AllowedPattern', 'KeyId']);
        const { Name: name, Value: value = '', Type: type, Overwrite: overwrite } = input;
        const stored = createParameter(context, { name, value, type, overwrite }, deps);
        return { Version: stored.version, Tier: 'Standard' };
      },
    },
    GetParameter: {
      access: (input, context) => access('GetParameter', input, context),
      run(input, context) {
        const name = plainName(String(input.Name));
        const stored = deps.state.at(context.account, context.region).parameters.get(name);
        if (!stored) throw new AwsError('ParameterNotFound', `Parameter ${name} not found.`);
        const ARN = arnOf(name, context);
        const { type, value, version, modified } = stored;
        return {
          Parameter: {
            Name: name,
            Type: type,
            Value: value,
            Version: version,
            LastModifiedDate: new Date(modified),
            ARN,
            DataType: 'text',
          },
        };
      },
    },
  };
}

function access(action: string, input: Input, context: CallContext): AccessRequest[] {
  return [{ action: `ssm:${action}`, resource: arnOf(plainName(String(input.Name)), context) }];
}

/** Parameters can be named by ARN. */
function plainName(name: string): string {
  return name.replace(/^arn:aws:ssm:[^:]+:\d{12}:parameter/, '');
}

/** The ARN holds the name without its leading slash doubled (Service Authorization Reference, resource type `parameter`). */
function arnOf(name: string, { account, region }: CallContext): string {
  return `arn:aws:ssm:${region}:${account}:parameter/${name.replace(/^\//, '')}`;
}
