import { Stack } from 'aws-cdk-lib/core';
import { AccountPrincipal, PrincipalWithConditions, Role } from 'aws-cdk-lib/aws-iam';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import type { Settings } from '../context.ts';
import { hubRolesPattern, spokeParameterName, spokeRoleName, type Installation } from '../names.ts';
import { allow, type Allowance } from './allow.ts';
import type { Runbook } from '../stand-ins.ts';
import type { Document } from './document.ts';

export interface SpokeRoleProps {
  installation: Installation;
  documents: Document[];
  /** Documents of the user's that may be sent as well, by name. */
  standIns: string[];
  /** Runbooks of the user's that may be started, each with the role that it works with. */
  runbooks: Runbook[];
  /** Documents of the user's that nodes run, by name or ARN: whether they are there is asked before anything is sent. */
  hooks: string[];
  /** Ids of the maintenance windows in this location that policies name. */
  windows: string[];
  /** Only where nodes may be patched. */
  locks: IBucket | undefined;
  optInTag: Settings['optInTag'];
  /** Whether Amazon Inspector may be read. */
  inspector: boolean;
}

/** Everything that the hub may do in one location. What is not here can't be done to a node. */
export class SpokeRole extends Construct {
  readonly role: Role;

  constructor(scope: Construct, id: string, props: SpokeRoleProps) {
    super(scope, id);
    const stack = Stack.of(this);
    const { installation, documents, locks } = props;
    this.role = new Role(this, 'Default', {
      // The hub must know the name before it exists: no reference crosses accounts and Regions.
      roleName: spokeRoleName(installation, stack.region),
      description: `What the Wavelock hub in ${installation.hub.region} may do in ${stack.region}`,
      assumedBy: new PrincipalWithConditions(new AccountPrincipal(installation.hub.account), {
        ArnLike: { 'aws:PrincipalArn': hubRolesPattern(installation, stack.partition) },
      }),
    });
    const own = props.standIns.map((name) => stack.formatArn({ service: 'ssm', resource: 'document', resourceName: name }));
    const documentArns = [...documents.map((document) => document.arn), ...own];
    const parameterArn = stack.formatArn({ service: 'ssm', resource: `parameter${spokeParameterName(installation)}` });
    allow(
      this.role,
      reading,
      { actions: ['ssm:DescribeDocument'], resources: documentArns },
      { actions: ['ssm:GetParameter'], resources: [parameterArn] },
      { actions: ['ssm:SendCommand'], resources: documentArns },
      sendingTo(stack, props.optInTag),
    );
    for (const runbook of props.runbooks) allow(this.role, ...starting(stack, runbook));
    if (props.runbooks.length > 0) allow(this.role, ...following(stack));
    if (props.hooks.length > 0) allow(this.role, seeing(stack, props.hooks));
    if (props.windows.length > 0) allow(this.role, looking(stack, props.windows));
    if (props.inspector) allow(this.role, opinion);
    if (locks) {
      allow(this.role, {
        actions: ['s3:PutObject'],
        resources: [locks.arnForObjects('locks/*')],
        because: 'Locks are named by their hash: no name is known at deployment.',
      });
    }
  }
}

/** None of these has a resource type. */
const reading: Allowance = {
  actions: [
    'ssm:DescribeInstanceInformation',
    'ssm:ListInventoryEntries',
    'ec2:DescribeInstances',
    'tag:GetResources',
    'ssm:ListCommands',
    'ssm:ListCommandInvocations',
    'ssm:GetCommandInvocation',
    'ssm:CancelCommand',
  ],
  resources: ['*'],
  because: 'These actions have no resource types (Service Authorization Reference: Systems Manager, EC2, Resource Groups Tagging).',
};

/** Exactly these; nodes fetch them with roles of their own. */
function seeing(stack: Stack, hooks: string[]): Allowance {
  const resources = hooks.map((name) =>
    name.startsWith('arn:') ? name : stack.formatArn({ service: 'ssm', resource: 'document', resourceName: name }),
  );
  return { actions: ['ssm:DescribeDocument'], resources };
}

/** Exactly these, and only to look. ARN: Service Authorization Reference, Systems Manager, resource type maintenancewindow. */
function looking(stack: Stack, windows: string[]): Allowance {
  const resources = windows.map((id) => stack.formatArn({ service: 'ssm', resource: 'maintenancewindow', resourceName: id }));
  return { actions: ['ssm:GetMaintenanceWindow'], resources };
}

/** Only where the deployer wants a second opinion. */
const opinion: Allowance = {
  actions: ['inspector2:ListCoverage', 'inspector2:ListFindings'],
  resources: ['*'],
  because: 'These actions have no resource types (Service Authorization Reference, Amazon Inspector2).',
};

/** SendCommand is asked about the document and about each node: nodes must carry the opt-in tag, whatever a policy file says. */
function sendingTo(stack: Stack, tag: Settings['optInTag']): Allowance {
  const { partition, region, account } = stack;
  return {
    actions: ['ssm:SendCommand'],
    resources: [`arn:${partition}:ec2:${region}:${account}:instance/*`, `arn:${partition}:ssm:${region}:${account}:managed-instance/*`],
    conditions: { StringEquals: { [`ssm:resourceTag/${tag.key}`]: tag.value } },
    because: `Nodes come and go; the condition limits this to those that carry the tag ${tag.key}=${tag.value}.`,
  };
}

/**
 * StartAutomationExecution is asked about the runbook's definition, whose ARN carries the version, and about its document; the role that it
 * works with is handed over (Service Authorization Reference, Systems Manager; User Guide, "Setting up Automation"). No condition can be set
 * on the nodes, which are parameters to it: the hub asks for their tag itself.
 */
function starting(stack: Stack, { document, role }: Runbook): Allowance[] {
  const ssm = (resource: string, resourceName: string) => stack.formatArn({ service: 'ssm', resource, resourceName });
  const name = ssm('document', document);
  return [
    { actions: ['ssm:DescribeDocument', 'ssm:GetDocument'], resources: [name] },
    {
      actions: ['ssm:StartAutomationExecution'],
      resources: [ssm('automation-definition', `${document}:*`), name],
      because: 'The plan names the version of the runbook: which one is not known at deployment.',
    },
    {
      actions: ['iam:PassRole'],
      resources: [`arn:${stack.partition}:iam::${stack.account}:role/${role}`],
      conditions: { StringEquals: { 'iam:PassedToService': 'ssm.amazonaws.com' } },
    },
  ];
}

/** Executions are named by Systems Manager when they begin; lists of them have no resource type. */
function following(stack: Stack): Allowance[] {
  return [
    {
      actions: ['ssm:StartAutomationExecution', 'ssm:GetAutomationExecution'],
      resources: [stack.formatArn({ service: 'ssm', resource: 'automation-execution', resourceName: '*' })],
      because: 'Systems Manager names executions when they begin. What may be started is limited by the definition, which is asked about as well.',
    },
    {
      actions: ['ssm:DescribeAutomationExecutions'],
      resources: ['*'],
      because: 'DescribeAutomationExecutions has no resource type (Service Authorization Reference, Systems Manager).',
    },
  ];
}
