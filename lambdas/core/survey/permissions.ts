/** What `wavelock assess` may call, why, and what is missing from its picture without it. Nothing here can change anything. */

export interface Permission {
  action: string;
  /** What it shows: ends the sentence "to see …". */
  shows: string;
}

/** Every action, by service. All of them describe, list or get (Service Authorization Reference, access levels List and Read). */
export const PERMISSIONS: readonly Permission[] = [
  { action: 'ec2:DescribeRegions', shows: 'which Regions there are' },
  { action: 'ec2:DescribeInstances', shows: 'instances: what runs, what is stopped, from which image, with which tags' },
  { action: 'autoscaling:DescribeAutoScalingGroups', shows: 'which instances an Auto Scaling group replaces' },
  { action: 'elasticloadbalancing:DescribeTargetGroups', shows: "load balancers' target groups" },
  { action: 'elasticloadbalancing:DescribeTargetHealth', shows: 'which nodes serve requests, and whether others could' },
  { action: 'ssm:DescribeInstanceInformation', shows: 'managed nodes: agents, platforms, last pings' },
  { action: 'ssm:ListTagsForResource', shows: 'tags of hybrid nodes' },
  { action: 'ssm:GetInventory', shows: 'installed software' },
  { action: 'ssm:DescribeInstancePatchStates', shows: 'when Patch Manager last looked, and what it found' },
  { action: 'ssm:DescribePatchBaselines', shows: 'patch baselines' },
  { action: 'ssm:GetPatchBaseline', shows: 'rules of patch baselines' },
  { action: 'ssm:DescribePatchGroups', shows: 'which patch group has which baseline' },
  { action: 'ssm:ListAssociations', shows: 'State Manager associations' },
  { action: 'ssm:DescribeAssociation', shows: 'whether an association scans or installs' },
  { action: 'ssm:DescribeMaintenanceWindows', shows: 'maintenance windows' },
  { action: 'ssm:DescribeMaintenanceWindowTargets', shows: 'which nodes a maintenance window is for' },
  { action: 'ssm:DescribeMaintenanceWindowTasks', shows: 'what a maintenance window does' },
  { action: 'ssm:GetMaintenanceWindowTask', shows: 'whether a maintenance window scans or installs' },
  { action: 'ssm:ListDocuments', shows: 'Change Calendars' },
  { action: 'ssm:GetCalendarState', shows: 'whether a Change Calendar is closed' },
  { action: 'organizations:ListAccounts', shows: 'accounts of the organization that are not looked at' },
  { action: 'inspector2:ListCoverage', shows: 'which instances Amazon Inspector looks at' },
  { action: 'inspector2:ListFindingAggregations', shows: 'how much Amazon Inspector found on each of them' },
];

/** The action with which other accounts are reached, on the roles that the accounts file names. */
export const ASSUME_ROLE = 'sts:AssumeRole';

/** What an action shows. */
export function shownBy(action: string): string {
  if (action === ASSUME_ROLE) return 'this account';
  return PERMISSIONS.find((permission) => permission.action === action)?.shows ?? action;
}

/** A statement of an IAM policy. */
export interface PolicyStatement {
  Sid: string;
  Effect: 'Allow';
  Action: string[];
  Resource: '*' | string[];
}

/** An IAM policy, as the console and CloudFormation take it. */
export interface PolicyDocument {
  Version: '2012-10-17';
  Statement: PolicyStatement[];
}

/**
 * The IAM policy that suffices. `sts:GetCallerIdentity` is called too and needs no permission (STS API reference, GetCallerIdentity).
 *
 * @param roles ARNs of the roles that it assumes in other accounts; their own policies are this one without roles
 */
export function surveyPolicy(roles: readonly string[] = []): PolicyDocument {
  const look: PolicyStatement = { Sid: 'WavelockAssessReads', Effect: 'Allow', Action: PERMISSIONS.map(({ action }) => action), Resource: '*' };
  const reach: PolicyStatement = { Sid: 'WavelockAssessReachesAccounts', Effect: 'Allow', Action: [ASSUME_ROLE], Resource: [...roles] };
  return { Version: '2012-10-17', Statement: roles.length > 0 ? [look, reach] : [look] };
}
