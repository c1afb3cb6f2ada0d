import { AwsError } from '../types.ts';

/** Characters without white space, and numbers of policies: IAM User Guide, "IAM and AWS STS quotas" (what an account has unless it asks for more). */
const TRUST_POLICY = 2_048;
const INLINE_POLICIES_OF_ROLE = 10_240;
const MANAGED_POLICY = 6_144;
const MANAGED_POLICIES_OF_ROLE = 20;

/** The policies of a role, as far as quotas count them. */
export interface CountedRole {
  arn: string;
  trust: unknown;
  policies: readonly { document: unknown; managed?: boolean }[];
}

/** @throws AwsError LimitExceeded for a role that IAM would refuse for its size */
export function checkRoleSize({ arn, trust, policies }: CountedRole): void {
  const inline = policies.filter(({ managed }) => managed !== true).reduce((sum, { document }) => sum + sizeOf(document), 0);
  const managed = policies.filter((policy) => policy.managed === true).length;
  if (sizeOf(trust) > TRUST_POLICY) throw exceeded('ACLSizePerRole', TRUST_POLICY, `trust policy of ${arn} has ${sizeOf(trust)} characters`);
  if (inline > INLINE_POLICIES_OF_ROLE) {
    throw new AwsError('LimitExceeded', `Maximum policy size of ${INLINE_POLICIES_OF_ROLE} bytes exceeded for role ${arn}: ${inline}`, 409);
  }
  if (managed > MANAGED_POLICIES_OF_ROLE) throw exceeded('PoliciesPerRole', MANAGED_POLICIES_OF_ROLE, `${arn} has ${managed} managed policies`);
}

/** @throws AwsError LimitExceeded for a managed policy that IAM would refuse for its size */
export function checkManagedPolicySize(arn: string, document: unknown): void {
  const size = sizeOf(document);
  if (size > MANAGED_POLICY) throw exceeded('PolicySize', MANAGED_POLICY, `${arn} has ${size} characters`);
}

function exceeded(quota: string, most: number, what: string): AwsError {
  return new AwsError('LimitExceeded', `Cannot exceed quota for ${quota}: ${most} (${what})`, 409);
}

/** IAM doesn't count white space. */
function sizeOf(document: unknown): number {
  return (typeof document === 'string' ? document : JSON.stringify(document)).replace(/\s/g, '').length;
}
