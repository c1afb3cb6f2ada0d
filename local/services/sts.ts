import { AwsError, type AccessRequest, type CallContext, type Caller, type Cloud, type Input, type Service } from '../types.ts';
import type { CredentialStore } from '../iam/credentials.ts';
import { assumedRoleArn } from '../iam/iam.ts';
import { parsePolicy } from '../iam/policy.ts';
import { reason } from '../json.ts';
import { parseArn } from './locations.ts';

/** What STS needs to know of a role. */
export interface AssumableRole {
  arn: string;
  trust: unknown;
  /** Seconds; AWS's default is 3,600. */
  maxSessionDuration?: number;
}

export interface StsOptions {
  credentials: Pick<CredentialStore, 'issue'>;
  role(arn: string): AssumableRole | undefined;
}

/** STS: sessions of roles, judged by the roles' trust policies, ending on the cloud's clock. */
export function createSts(cloud: Cloud, options: StsOptions): { service: Service } {
  return {
    service: {
      name: 'sts',
      sdk: '@aws-sdk/client-sts',
      operations: {
        AssumeRole: {
          access: (input, context) => assumeAccess(input, context, options),
          run: (input, context) => assume(input, context, { cloud, options }),
        },
        // No policy can deny it: https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
        GetCallerIdentity: {
          access: () => [],
          run: (_input, { caller }) => ({ Account: caller.account, Arn: caller.arn, UserId: userId(caller) }),
        },
      },
    },
  };
}

function assumeAccess(
  { RoleArn, RoleSessionName, ExternalId, SourceIdentity, Tags = [] }: Input,
  { caller }: CallContext,
  options: StsOptions,
): AccessRequest[] {
  const tags: Record<string, string[]> = Object.fromEntries(Tags.map(({ Key, Value }: Input) => [`aws:RequestTag/${Key}`, [Value]]));
  const request = {
    resource: RoleArn,
    // Without a role nobody is trusted; AWS doesn't tell whether a role exists.
    resourcePolicy: options.role(RoleArn)?.trust ?? { Version: '2012-10-17', Statement: [] },
    resourceAccount: parseArn(RoleArn)?.account ?? caller.account,
    context: {
      'sts:RoleSessionName': [RoleSessionName],
      ...(ExternalId !== undefined && { 'sts:ExternalId': [ExternalId] }),
      ...(SourceIdentity !== undefined && { 'sts:SourceIdentity': [SourceIdentity] }),
      ...tags,
      ...(Tags.length > 0 && { 'aws:TagKeys': Tags.map(({ Key }: Input) => Key) }),
    },
  };
  // A source identity must be allowed like tags, on both sides: IAM User Guide, "Monitor and control actions taken with assumed roles".
  const also = [...(Tags.length > 0 ? ['sts:TagSession'] : []), ...(SourceIdentity === undefined ? [] : ['sts:SetSourceIdentity'])];
  return ['sts:AssumeRole', ...also].map((action) => ({ action, ...request }));
}

function assume(input: Input, { caller, region }: CallContext, { cloud, options }: { cloud: Cloud; options: StsOptions }): Input {
  const role = options.role(input.RoleArn);
  if (!role)
    throw new AwsError('AccessDenied', `User: ${caller.arn} is not authorized to perform: sts:AssumeRole on resource: ${input.RoleArn}`, 403);
  if (!/^[\w+=,.@-]{2,64}$/.test(input.RoleSessionName)) {
    throw invalid(`Value '${input.RoleSessionName}' at 'roleSessionName' failed to satisfy constraint: pattern [\\w+=,.@-]*`);
  }
  const seconds = input.DurationSeconds ?? 3600;
  assertDuration(seconds, role, caller);
  if (input.PolicyArns?.length > 0) throw invalid('embedded AWS takes session policies as text only');
  checkSessionPolicy(input.Policy);
  const account = parseArn(role.arn)?.account ?? '';
  const arn = assumedRoleArn(role.arn, input.RoleSessionName);
  const expires = cloud.clock.now() + seconds * 1000;
  const keys = options.credentials.issue({ account, region, arn, roleArn: role.arn, sessionPolicy: input.Policy }, expires);
  return {
    Credentials: {
      AccessKeyId: keys.accessKeyId,
      SecretAccessKey: keys.secretAccessKey,
      SessionToken: keys.sessionToken,
      Expiration: new Date(expires),
    },
    AssumedRoleUser: { Arn: arn, AssumedRoleId: `AROA${role.arn.split('/').at(-1)}:${input.RoleSessionName}` },
    ...(input.SourceIdentity !== undefined && { SourceIdentity: input.SourceIdentity }),
    ...(input.Policy !== undefined && { PackedPolicySize: 1 }),
  };
}

/** The longest session policy (STS API reference, AssumeRole). */
const LONGEST_POLICY = 2_048;

function checkSessionPolicy(policy: string | undefined): void {
  if (policy === undefined) return;
  if (policy.length > LONGEST_POLICY) throw new AwsError('PackedPolicyTooLarge', `The session policy has more than ${LONGEST_POLICY} characters`);
  try {
    parsePolicy(policy, 'session policy', 'identity');
  } catch (error) {
    throw new AwsError('MalformedPolicyDocument', reason(error));
  }
}

/** From 900 s to the role's limit; a role's session gets another role for an hour at most (role chaining). */
function assertDuration(seconds: number, role: AssumableRole, caller: Caller): void {
  if (seconds < 900 || seconds > 43_200)
    throw invalid(`Value '${seconds}' at 'durationSeconds' failed to satisfy constraint: Member must have value between 900 and 43200`);
  if (seconds > (role.maxSessionDuration ?? 3600)) throw invalid('The requested DurationSeconds exceeds the MaxSessionDuration set for this role.');
  if (caller.roleArn !== undefined && seconds > 3600) {
    throw invalid('The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining');
  }
}

function invalid(message: string): AwsError {
  return new AwsError('ValidationError', message);
}

function userId({ arn, account }: Caller): string {
  const [, session] = arn.split(':assumed-role/')[1]?.split('/') ?? [];
  return session === undefined ? account : `AROA${arn.split('/').at(-2)}:${session}`;
}
