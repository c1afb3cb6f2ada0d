import { isObject, listOf, object, parseObject, reason, type Json } from '../json.ts';
import type { Caller } from '../types.ts';
import { parseConditions, type Condition } from './condition.ts';
import { isKnownKey } from './keys.ts';
import { like, resourceLike, variablesIn, type Lookup } from './match.ts';

/** Reading policy documents. Grammar: IAM User Guide, "Grammar of the IAM JSON policy language". */

export interface Statement {
  /** The Sid, or the position when it has none: `statement 2`. */
  name: string;
  sid?: string;
  effect: 'Allow' | 'Deny';
  actions: string[];
  notActions: boolean;
  /** Absent in trust policies, whose statements are about the role that carries them. */
  resources?: string[];
  notResources: boolean;
  principals?: Principals;
  conditions: Condition[];
}

export interface Policy {
  name: string;
  statements: Statement[];
}

/** How a resource policy names callers. `any` is `*`, which also holds for AWS services. */
export interface Principals {
  any: boolean;
  accounts: string[];
  arns: string[];
  services: string[];
}

/**
 * How a resource policy reaches a caller: `direct` (everyone, or this very session) also passes a boundary and a session policy,
 * `role` is still limited by both, `account` only delegates to the account's own policies
 * (IAM User Guide, "Policy evaluation for requests within a single account").
 */
export type Reach = 'direct' | 'role' | 'account';

/**
 * What a policy is attached to: an identity (inline, managed, boundary, session), a role as its trust policy, or another resource. AWS
 * refuses a document whose elements don't suit it (MalformedPolicyDocument; IAM User Guide, "IAM JSON policy elements": Principal,
 * Resource). `any` is for those that were judged when they came in.
 */
export type PolicyKind = 'identity' | 'trust' | 'resource' | 'any';

/** IAM User Guide, "IAM and AWS STS quotas", name requirements: what a policy document may consist of. */
// oxlint-disable-next-line no-control-regex -- tab, line feed and carriage return are the three that are allowed
const allowedText = /^[\u0009\u000A\u000D\u0020-\u00FF]*$/;

const elements = new Set(['Sid', 'Effect', 'Action', 'NotAction', 'Resource', 'NotResource', 'Principal', 'Condition']);

function list(value: unknown): string[] {
  const entries = listOf(value);
  if (!entries.every((entry): entry is string => typeof entry === 'string')) {
    throw new Error(`expected texts, got ${JSON.stringify(value)} (an unresolved template function?)`);
  }
  return entries;
}

function principals(value: unknown): Principals | undefined {
  if (value === undefined) return undefined;
  const found: Principals = { any: value === '*', accounts: [], arns: [], services: [] };
  if (found.any) return found;
  for (const [kind, names] of Object.entries(object(value, 'Principal'))) {
    if (kind === 'Service') found.services.push(...list(names));
    else if (kind === 'AWS') list(names).forEach((name) => addPrincipal(found, name));
    else throw new Error(`Principals of the kind "${kind}" are not known to the embedded AWS`);
  }
  return found;
}

function addPrincipal(found: Principals, name: string): void {
  const account = /^(?:arn:[^:]+:iam::)?(\d{12})(?::root)?$/.exec(name)?.[1];
  if (name === '*') found.any = true;
  else if (account !== undefined) found.accounts.push(account);
  else if (name.includes('*')) throw new Error(`Principal "${name}": a wildcard may not be part of a principal's ARN`);
  else found.arns.push(name);
}

function effect(value: unknown): 'Allow' | 'Deny' {
  if (value === 'Allow' || value === 'Deny') return value;
  throw new Error(`Effect must be Allow or Deny, not ${JSON.stringify(value)}`);
}

function statement(source: Json, index: number): Statement {
  for (const element of Object.keys(source)) {
    if (!elements.has(element)) throw new Error(`the element "${element}" is not known to the embedded AWS`);
  }
  if ((source.Action === undefined) === (source.NotAction === undefined)) throw new Error('needs either Action or NotAction');
  if (source.Resource !== undefined && source.NotResource !== undefined) throw new Error('may not hold both Resource and NotResource');
  const resource = source.Resource ?? source.NotResource;
  const resources = resource === undefined ? undefined : list(resource);
  for (const name of (resources ?? []).flatMap(variablesIn)) {
    if (!isKnownKey(name)) throw new Error(`the policy variable "\${${name}}" is not known to the embedded AWS`);
  }
  const sid = typeof source.Sid === 'string' && source.Sid !== '' ? source.Sid : undefined;
  return {
    name: sid ?? `statement ${index + 1}`,
    ...(sid !== undefined && { sid }),
    effect: effect(source.Effect),
    actions: list(source.Action ?? source.NotAction),
    notActions: source.NotAction !== undefined,
    resources,
    notResources: source.NotResource !== undefined,
    principals: principals(source.Principal),
    conditions: parseConditions(source.Condition),
  };
}

/**
 * Reads a policy document (object or JSON text).
 *
 * @param name what errors call it, e.g. `policy AccessPolicy of role Hub-Send`
 * @param kind what the policy is attached to: it decides which elements a statement must and must not have
 * @throws Error that names policy, statement and what is unknown or malformed
 */
export function parsePolicy(document: unknown, name: string, kind: PolicyKind = 'any'): Policy {
  const source = typeof document === 'string' ? parseObject(document, name) : object(document, name);
  for (const key of Object.keys(source)) {
    if (!['Version', 'Id', 'Statement'].includes(key)) throw new Error(`${name}: the element "${key}" is not known to the embedded AWS`);
  }
  if (source.Version !== '2012-10-17') {
    throw new Error(`${name}: Version must be 2012-10-17, not ${JSON.stringify(source.Version)} (older ones don't know policy variables)`);
  }
  const statements = listOf(source.Statement).map((entry, index) => {
    try {
      return checked(statement(object(entry, 'a statement'), index), kind);
    } catch (error) {
      throw new Error(`${name}, statement ${index + 1}: ${reason(error)}`, { cause: error });
    }
  });
  if (kind === 'identity') assertDistinct(statements, name);
  if (kind !== 'any' && !allowedText.test(JSON.stringify(source))) throw new Error(`${name} holds characters that IAM refuses in policies`);
  return { name, statements };
}

function checked(of: Statement, kind: PolicyKind): Statement {
  if (kind === 'any') return of;
  const needsResource = kind !== 'trust';
  const needsPrincipal = kind !== 'identity';
  if (needsResource !== (of.resources !== undefined)) throw new Error(needsResource ? 'must contain resources' : 'has the prohibited field Resource');
  if (needsPrincipal !== (of.principals !== undefined)) {
    throw new Error(needsPrincipal ? 'lacks the required field Principal' : 'must not specify a principal');
  }
  return of;
}

/** Sids of a policy in IAM are letters and numbers, and none comes twice (IAM User Guide, "IAM JSON policy elements: Sid"). */
function assertDistinct(statements: Statement[], name: string): void {
  const sids = statements.flatMap(({ sid }) => sid ?? []);
  const odd = sids.find((sid) => !/^[A-Za-z0-9]+$/.test(sid));
  if (odd !== undefined) throw new Error(`${name}: the Sid "${odd}" may hold letters and numbers only`);
  const twice = sids.find((sid, index) => sids.indexOf(sid) !== index);
  if (twice !== undefined) throw new Error(`${name}: the Sid "${twice}" is used by two statements`);
}

const read = new WeakMap<object, Policy>();
const readTexts = new Map<string, Policy>();

/**
 * `parsePolicy`, remembering what was read: resource and session policies come with every request. A policy object that has grown since
 * (a function's, by a further permission) is read again.
 */
export function readPolicy(document: unknown, name: string): Policy {
  if (isObject(document)) {
    const known = read.get(document);
    if (known?.statements.length === listOf(document.Statement).length) return known;
    const fresh = parsePolicy(document, name);
    read.set(document, fresh);
    return fresh;
  }
  const text = String(document);
  const known = readTexts.get(text) ?? parsePolicy(text, name);
  readTexts.set(text, known);
  return known;
}

/** The action patterns of a statement that cover an action; a NotAction statement answers with itself. Actions have no case. */
export function coveringActions(of: Statement, action: string): string[] {
  const hits = of.actions.filter((pattern) => like(pattern, action, () => undefined, true));
  if (!of.notActions) return hits;
  return hits.length > 0 ? [] : [`NotAction ${of.actions.join(', ')}`];
}

/** Whether a statement speaks of this resource and its conditions hold. */
export function applies(of: Statement, resource: string, lookup: Lookup): boolean {
  if (of.resources !== undefined) {
    const hit = of.resources.some((pattern) => resourceLike(pattern, resource, lookup));
    if (hit === of.notResources) return false;
  }
  return of.conditions.every((condition) => condition.holds(lookup));
}

/** How a resource policy's statement reaches a caller; `undefined` when it doesn't. */
export function reach(of: Statement, caller: Caller): Reach | undefined {
  const named = of.principals;
  if (named === undefined) return undefined;
  if (named.any) return 'direct';
  if (caller.service !== undefined) return named.services.includes(caller.service) ? 'direct' : undefined;
  if (named.arns.includes(caller.arn)) return 'direct';
  if (caller.roleArn !== undefined && named.arns.includes(caller.roleArn)) return 'role';
  return named.accounts.includes(caller.account) ? 'account' : undefined;
}
