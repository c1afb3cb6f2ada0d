import type { AccessRequest, Caller } from '../types.ts';
import { requestKeys } from './keys.ts';
import type { Lookup } from './match.ts';
import { applies, coveringActions, reach, readPolicy, type Policy, type Reach, type Statement } from './policy.ts';

/**
 * The judgement itself, pure. Order and exceptions: IAM User Guide, "Policy evaluation logic" (single account and cross-account) and
 * "Evaluating identity-based policies with boundaries".
 */

/** What the caller's own account grants it. */
export interface Identity {
  policies: Policy[];
  boundary?: Policy;
  tags?: Record<string, string>;
}

export type Layer = 'identity-based policy' | 'resource-based policy' | 'permissions boundary' | 'session policy' | 'role trust policy';

export interface Denial {
  layer: Layer;
  /** A Deny statement said so; otherwise nothing in that layer allows the action. */
  explicit: boolean;
}

/** An Allow statement of an identity policy that took part in a grant, and its action pattern that covered the action. */
export interface Use {
  statement: Statement;
  action: string;
}

export type Verdict = { allowed: true; used: Use[] } | { allowed: false; denial: Denial };

/** One look at one policy: what it allows and whether it denies. */
interface Finding {
  denied: boolean;
  allowed: boolean;
  used: Use[];
}

interface Side {
  request: AccessRequest;
  lookup: Lookup;
}

function find(policies: Policy[], { request, lookup }: Side): Finding {
  const finding: Finding = { denied: false, allowed: false, used: [] };
  for (const statement of policies.flatMap((policy) => policy.statements)) {
    const actions = coveringActions(statement, request.action);
    if (actions.length === 0 || !applies(statement, request.resource, lookup)) continue;
    if (statement.effect === 'Deny') finding.denied = true;
    else finding.used.push(...actions.map((action) => ({ statement, action })));
  }
  finding.allowed = finding.used.length > 0;
  return finding;
}

interface ResourceFinding {
  denied: boolean;
  reaches: Set<Reach>;
}

function findOnResource(caller: Caller, { request, lookup }: Side): ResourceFinding {
  const finding: ResourceFinding = { denied: false, reaches: new Set() };
  if (request.resourcePolicy === undefined) return finding;
  for (const statement of readPolicy(request.resourcePolicy, `policy of ${request.resource}`).statements) {
    const how = reach(statement, caller);
    if (how === undefined || coveringActions(statement, request.action).length === 0) continue;
    if (!applies(statement, request.resource, lookup)) continue;
    if (statement.effect === 'Deny') finding.denied = true;
    else finding.reaches.add(how);
  }
  return finding;
}

/** What a role's trust policy decides. */
const trustActions = new Set(['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity']);

/** Where a resource policy exists it must allow: role trust and key policies (IAM User Guide, "Policy evaluation logic", exceptions). */
function policyIsGate(action: string): boolean {
  return action.startsWith('kms:') || trustActions.has(action);
}

function deny(layer: Layer, explicit: boolean): Verdict {
  return { allowed: false, denial: { layer, explicit } };
}

/**
 * Whether `caller` may do what `request` asks for.
 *
 * @param identity the caller's own policies; empty for a service principal and for a role that doesn't exist
 * @param region the Region addressed
 * @returns the grants that were used, or the layer of policies that refused
 */
export function judge(caller: Caller, request: AccessRequest, identity: Identity, region: string): Verdict {
  const side: Side = { request, lookup: requestKeys(caller, request, region, identity) };
  const resourceLayer: Layer = trustActions.has(request.action) ? 'role trust policy' : 'resource-based policy';
  const resource = findOnResource(caller, side);
  const own = find(identity.policies, side);
  const boundary = identity.boundary && find([identity.boundary], side);
  const session = caller.sessionPolicy === undefined ? undefined : find([readPolicy(caller.sessionPolicy, 'session policy')], side);

  if (own.denied) return deny('identity-based policy', true);
  if (resource.denied) return deny(resourceLayer, true);
  if (boundary?.denied) return deny('permissions boundary', true);
  if (session?.denied) return deny('session policy', true);

  if (caller.service !== undefined) return resource.reaches.size > 0 ? { allowed: true, used: [] } : deny(resourceLayer, false);

  const foreign = request.resourceAccount !== undefined && request.resourceAccount !== caller.account;
  const gate = foreign || (request.resourcePolicy !== undefined && policyIsGate(request.action));
  if (gate && resource.reaches.size === 0) return deny(resourceLayer, false);
  if (!foreign && resource.reaches.has('direct')) return { allowed: true, used: own.used };
  if (!own.allowed && (foreign || !resource.reaches.has('role'))) return deny('identity-based policy', false);
  if (boundary && !boundary.allowed) return deny('permissions boundary', false);
  if (session && !session.allowed) return deny('session policy', false);
  return { allowed: true, used: own.used };
}
