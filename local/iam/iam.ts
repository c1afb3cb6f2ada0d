import { AwsError, type AccessRequest, type Caller } from '../types.ts';
import { denialError } from './denial.ts';
import { judge, type Identity, type Use } from './judge.ts';
import { awsManagedPolicy, isAwsManaged } from './managed-policies.ts';
import { like } from './match.ts';
import { parsePolicy, type Policy } from './policy.ts';
import { checkManagedPolicySize, checkRoleSize } from './quotas.ts';

/** A role as a template creates it. */
export interface RoleSettings {
  /** `arn:aws:iam::111111111111:role/path/Name` */
  arn: string;
  /** Trust policy: who may assume it. */
  trust: unknown;
  policies: Array<{
    name: string;
    document: unknown;
    /** A managed policy that is attached, the customer's or AWS's; others are inline. */
    managed?: boolean;
    /** AWS's own; its grants can't be narrowed and are not listed as unused. */
    awsManaged?: boolean;
  }>;
  boundary?: { name: string; document: unknown };
  tags?: Record<string, string>;
  /** Longest session in seconds; AWS's default is 3,600. */
  maxSessionDuration?: number;
}

interface Role extends Identity {
  settings: RoleSettings;
}

/** A call that was refused, for the end of a run and for people who look inside. */
export interface DeniedCall {
  /** Milliseconds since the epoch. */
  time: number;
  caller: string;
  service: string;
  action: string;
  resource: string;
  message: string;
}

/** A grant of a role that nothing in this run needed: a candidate for removal, or code that no test reaches. */
export interface UnusedGrant {
  role: string;
  policy: string;
  statement: string;
  action: string;
  resources: string[];
}

/** Where a judged request goes: the called service's signing name and the Region that is addressed. */
export interface Addressed {
  service: string;
  region: string;
}

/** All roles of all accounts, and the judgement of every call. */
export interface Iam {
  putRole(settings: RoleSettings): void;
  /** Takes a role away, as somebody in its account may. Its sessions lose every permission at once. */
  removeRole(arn: string): void;
  role(arn: string): RoleSettings | undefined;
  roles(): RoleSettings[];
  /** The ARN of an account's role by its name, which is unique whatever its path. */
  roleNamed(account: string, name: string): string | undefined;
  /** A customer's managed policy, for roles and boundaries to refer to. */
  putManagedPolicy(arn: string, document: unknown): void;
  /** Document of a managed policy, the customer's or AWS's own. @throws Error when it isn't known */
  managedPolicy(arn: string): unknown;
  /** Adds a policy to a role, inline unless it is a managed one. @throws Error when the role has one of the name, AwsError when it is too large */
  attach(roleArn: string, policy: { name: string; document: unknown; managed?: boolean }): void;
  /** Whether the caller may; nothing is recorded and nothing is thrown. */
  allows(caller: Caller, request: AccessRequest, region: string): boolean;
  /** @throws AwsError with AWS's code and text when the call is not allowed; records refusals and used grants. */
  authorize(caller: Caller, request: AccessRequest, to: Addressed): void;
  /**
   * A session of a role that an AWS service assumes for a resource (rule, schedule, state machine, function).
   *
   * @throws AwsError when the role doesn't exist or its trust policy doesn't let the service in
   */
  serviceSession(service: string, roleArn: string, session: { name: string; region: string; sourceArn?: string }): Caller;
  denied(): DeniedCall[];
  unused(): UnusedGrant[];
}

const nothing: Identity = { policies: [] };

/** The grants of an administrator: what the policy AdministratorAccess says. */
const administrator: Identity = {
  policies: [parsePolicy({ Version: '2012-10-17', Statement: { Effect: 'Allow', Action: '*', Resource: '*' } }, 'AdministratorAccess')],
};

/**
 * Actions that AWS itself needs on services which are not embedded: their absence would fail on AWS, their presence can't be used here.
 * Logs of functions go straight to the embedded CloudWatch Logs; X-Ray, Step Functions' log delivery and VPC interfaces don't exist here.
 */
const neverAsked = [
  'logs:CreateLogGroup',
  'logs:CreateLogStream',
  'logs:PutLogEvents',
  'logs:*LogDeliver*',
  'logs:*ResourcePolic*',
  'logs:DescribeLogGroups',
  'xray:*',
  'ec2:*NetworkInterface*',
  'ec2:*PrivateIpAddresses',
  'ec2:DescribeSubnets',
  'events:PutTargets',
  'events:PutRule',
  'events:DescribeRule',
];

/** `arn:aws:iam::1:role/path/Name` + session → `arn:aws:sts::1:assumed-role/Name/session` (IAM User Guide, "IAM identifiers"). */
export function assumedRoleArn(roleArn: string, session: string): string {
  const [, partition = 'aws', , , account = '', resource = ''] = roleArn.split(':');
  return `arn:${partition}:sts::${account}:assumed-role/${resource.split('/').at(-1)}/${session}`;
}

function read(settings: RoleSettings): Role {
  const label = `role ${settings.arn}`;
  parsePolicy(settings.trust, `trust policy of ${label}`, 'trust');
  checkRoleSize(settings);
  return {
    settings,
    policies: settings.policies.map((policy) => parsePolicy(policy.document, `${policy.name} of ${label}`, 'identity')),
    boundary: settings.boundary && parsePolicy(settings.boundary.document, `permissions boundary ${settings.boundary.name} of ${label}`, 'identity'),
    tags: settings.tags,
  };
}

/** @param now milliseconds since the epoch, for the record of refusals */
export function createIam(now: () => number): Iam {
  const roles = new Map<string, Role>();
  const used = new Map<Use['statement'], Set<string>>();
  const denied: DeniedCall[] = [];
  const managed = new Map<string, unknown>();

  function managedPolicy(arn: string): unknown {
    if (isAwsManaged(arn)) return awsManagedPolicy(arn);
    const document = managed.get(arn);
    if (document === undefined) throw new Error(`The managed policy ${arn} is not in a template; give its document to the embedded AWS`);
    return document;
  }

  function identityOf(caller: Caller): Identity {
    if (caller.administrator === true) return administrator;
    return (caller.roleArn === undefined ? undefined : roles.get(caller.roleArn)) ?? nothing;
  }

  function note(uses: Use[]): void {
    for (const use of uses) {
      const actions = used.get(use.statement) ?? new Set();
      used.set(use.statement, actions.add(use.action));
    }
  }

  function authorize(caller: Caller, request: AccessRequest, to: Addressed): void {
    const verdict = judge(caller, request, identityOf(caller), to.region);
    if (verdict.allowed) return note(verdict.used);
    const error = denialError(caller, request, verdict.denial, to.service);
    denied.push({
      time: now(),
      caller: caller.arn,
      service: to.service,
      action: request.action,
      resource: request.resource,
      message: error.message,
    });
    throw error;
  }

  function serviceSession(service: string, roleArn: string, session: { name: string; region: string; sourceArn?: string }): Caller {
    const account = roleArn.split(':')[4] ?? '';
    const role = roles.get(roleArn);
    const caller: Caller = { account, region: session.region, arn: service, service, sourceArn: session.sourceArn };
    if (!role) throw new AwsError('AccessDenied', `${service} can't assume ${roleArn}: the role does not exist`, 403);
    const request = { action: 'sts:AssumeRole', resource: roleArn, resourcePolicy: role.settings.trust, resourceAccount: account };
    authorize(caller, request, { service: 'sts', region: session.region });
    return { account, region: session.region, arn: assumedRoleArn(roleArn, session.name), roleArn };
  }

  return {
    putRole: (settings) => void roles.set(settings.arn, read(settings)),
    removeRole: (arn) => void roles.delete(arn),
    role: (arn) => roles.get(arn)?.settings,
    roles: () => [...roles.values()].map((role) => role.settings),
    roleNamed: (account, name) => [...roles.keys()].find((arn) => arn.split(':')[4] === account && arn.split('/').at(-1) === name),
    putManagedPolicy(arn, document) {
      parsePolicy(document, `managed policy ${arn}`, 'identity');
      checkManagedPolicySize(arn, document);
      managed.set(arn, document);
    },
    managedPolicy,
    attach(roleArn, policy) {
      const role = roles.get(roleArn);
      if (!role) throw new Error(`Policy ${policy.name} is attached to ${roleArn}, which does not exist`);
      role.settings = withPolicy(role.settings, policy);
      role.policies.push(parsePolicy(policy.document, `${policy.name} of role ${roleArn}`, 'identity'));
    },
    allows: (caller, request, region) => judge(caller, request, identityOf(caller), region).allowed,
    authorize,
    serviceSession,
    denied: () => [...denied],
    unused: () => [...roles.values()].flatMap((role) => unusedOf(role, used)),
  };
}

function withPolicy(settings: RoleSettings, policy: RoleSettings['policies'][number]): RoleSettings {
  // AWS takes the second one for a new version of the first, whose grants are then gone.
  if (settings.policies.some(({ name }) => name === policy.name)) throw new Error(`${settings.arn} has a policy ${policy.name} already`);
  const grown = { ...settings, policies: [...settings.policies, policy] };
  checkRoleSize(grown);
  return grown;
}

function unusedOf(role: Role, used: Map<Use['statement'], Set<string>>): UnusedGrant[] {
  return role.policies.flatMap((policy: Policy, index) => {
    const source = role.settings.policies[index]!;
    if (source.awsManaged === true) return [];
    return policy.statements
      .filter((statement) => statement.effect === 'Allow')
      .flatMap((statement) =>
        statement.actions
          .filter((action) => !used.get(statement)?.has(action) && !neverAsked.some((pattern) => like(pattern, action, () => undefined, true)))
          .map((action) => ({
            role: role.settings.arn,
            policy: source.name,
            statement: statement.name,
            action,
            resources: statement.resources ?? [],
          })),
      );
  });
}
