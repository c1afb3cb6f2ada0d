import { isAwsManaged } from '../../iam/managed-policies.ts';
import type { RoleSettings } from '../../iam/iam.ts';
import { listOf, object, text } from '../../json.ts';
import type { Caller } from '../../types.ts';
import type { Parts } from '../parts.ts';
import {
  objectOf,
  objectsOf,
  optionalNumber,
  optionalText,
  tagsOf,
  textOf,
  type Created,
  type Resource,
  type ResourceType,
} from '../resource-type.ts';

function arnOf(resource: Resource, kind: 'role' | 'policy', name: string): string {
  return `arn:aws:iam::${resource.stack.account}:${kind}${optionalText(resource, 'Path') ?? '/'}${name}`;
}

function attached(resource: Resource, { iam }: Parts): RoleSettings['policies'] {
  const managed = listOf(resource.properties.ManagedPolicyArns).map((entry) => {
    const arn = text(entry, 'ManagedPolicyArns');
    return { name: arn, document: iam.managedPolicy(arn), managed: true, awsManaged: isAwsManaged(arn) };
  });
  const inline = objectsOf(resource, 'Policies').map((policy) => ({ name: text(policy.PolicyName, 'PolicyName'), document: policy.PolicyDocument }));
  return [...managed, ...inline];
}

function createRole(resource: Resource, parts: Parts): Created {
  const name = optionalText(resource, 'RoleName') ?? resource.generatedName({ max: 64 });
  const arn = arnOf(resource, 'role', name);
  const boundary = optionalText(resource, 'PermissionsBoundary');
  parts.iam.putRole({
    arn,
    trust: objectOf(resource, 'AssumeRolePolicyDocument'),
    policies: attached(resource, parts),
    boundary: boundary === undefined ? undefined : { name: boundary, document: parts.iam.managedPolicy(boundary) },
    tags: tagsOf(resource),
    maxSessionDuration: optionalNumber(resource, 'MaxSessionDuration'),
  });
  return {
    ref: name,
    attributes: {
      Arn: arn,
      RoleId: `AROA${name
        .replace(/[^A-Za-z0-9]/g, '')
        .toUpperCase()
        .slice(-17)}`,
    },
  };
}

/** Attaches a policy, managed or inline, to the roles that `Roles` names. @throws Error that names a role which isn't there */
function attach(resource: Resource, { iam }: Parts, { name, managed }: { name: string; managed: boolean }): void {
  const document = object(resource.properties.PolicyDocument, 'PolicyDocument');
  for (const entry of listOf(resource.properties.Roles)) {
    const role = iam.roleNamed(resource.stack.account, text(entry, 'Roles'));
    if (role === undefined) throw new Error(`The role with name ${text(entry, 'Roles')} cannot be found.`);
    iam.attach(role, { name, document, managed });
  }
}

const forPeople = 'for people';

/** Roles, inline policies, managed policies. */
export const iamTypes: ResourceType[] = [
  {
    type: 'AWS::IAM::Role',
    honours: [
      'AssumeRolePolicyDocument',
      'ManagedPolicyArns',
      'MaxSessionDuration',
      'Path',
      'PermissionsBoundary',
      'Policies.PolicyDocument',
      'Policies.PolicyName',
      'RoleName',
      'Tags',
    ],
    withoutEffect: { Description: forPeople },
    create: createRole,
  },
  {
    type: 'AWS::IAM::Policy',
    honours: ['PolicyDocument', 'PolicyName', 'Roles'],
    withoutEffect: {},
    create(resource, parts) {
      const name = textOf(resource, 'PolicyName');
      attach(resource, parts, { name, managed: false });
      return { ref: name };
    },
  },
  {
    type: 'AWS::IAM::ManagedPolicy',
    honours: ['ManagedPolicyName', 'Path', 'PolicyDocument', 'Roles'],
    withoutEffect: { Description: forPeople, Tags: 'no policy here asks for them' },
    create(resource, parts) {
      const name = optionalText(resource, 'ManagedPolicyName') ?? resource.generatedName({ max: 128 });
      const arn = arnOf(resource, 'policy', name);
      parts.iam.putManagedPolicy(arn, objectOf(resource, 'PolicyDocument'));
      attach(resource, parts, { name: arn, managed: true });
      return { ref: arn, attributes: { PolicyArn: arn } };
    },
  },
];

/**
 * AWS refuses a function or machine whose role its service can't assume, when it is created. Gives a session of the role.
 *
 * @throws AwsError when the role is missing or its trust policy doesn't let the service in
 */
export function mustBeAssumable({ iam }: Parts, service: string, roleArn: string, at: { region: string; sourceArn: string }): Caller {
  return iam.serviceSession(service, roleArn, { name: 'creation', ...at });
}
