/**
 * Names and ARNs that the hub and its spokes must agree on without seeing each other: they lie in different accounts and Regions,
 * where CloudFormation can't carry a reference. All begin with the qualifier, so that two installations live side by side.
 * Nothing that is retained after a removal has a name here.
 */
import { locationKey, type Location, type Os } from '../lambdas/core/model.ts';
import type { Purpose } from '../statemachines/contracts.ts';

/** Account and Region as CDK sees them: the account may be a token as long as nobody has named one. */
export interface Place {
  account: string;
  region: string;
}

/** One installation of Wavelock: a hub and its spokes. */
export interface Installation {
  qualifier: string;
  /** IAM path of every role, `/` or `/team/wavelock/`. */
  rolePath: string;
  hub: Place;
  /** The stack that the hub lives in: CloudFormation puts its name before the names of the hub's roles. */
  hubStack: string;
}

/** The hub's stack in the shipped app. */
export function hubStackName(qualifier: string): string {
  return `${qualifier}-Hub`;
}

/** A spoke's stack in the shipped app. */
export function spokeStackName(qualifier: string, location: Location): string {
  return `${qualifier}-Spoke-${locationKey(location).replace('/', '-')}`;
}

/** The event bus of the hub that command events are forwarded to. */
export function busName(installation: Installation): string {
  return installation.qualifier;
}

/** ARN of the hub's event bus. */
export function busArn(installation: Installation, partition: string): string {
  const { account, region } = installation.hub;
  return `arn:${partition}:events:${region}:${account}:event-bus/${busName(installation)}`;
}

/** IAM is not regional, so a role's name carries its Region. */
export function spokeRoleName(installation: Installation, region: string): string {
  return `${installation.qualifier}-Spoke-${region}`;
}

/** ARN of the role that the hub's functions assume in a location; with `{account}` and `{region}` it is the functions' pattern. */
export function spokeRoleArn(installation: Installation, partition: string, place: Place): string {
  return `arn:${partition}:iam::${place.account}:role${installation.rolePath}${spokeRoleName(installation, place.region)}`;
}

/**
 * Which roles of the hub a spoke trusts: CloudFormation names a role `<stack>-<logical id>-<random>` when it is left unnamed
 * (CloudFormation User Guide, "Name type").
 */
export function hubRolesPattern(installation: Installation, partition: string): string {
  return `arn:${partition}:iam::${installation.hub.account}:role${installation.rolePath}${installation.hubStack}-*`;
}

/** The SSM parameter that says what the hub has: `{ table, store, policies }`. Commands that look into a hub, or decide, read it. */
export function hubParameterName(installation: Installation): string {
  return `/${installation.qualifier}/hub`;
}

/** The SSM parameter in each spoke that says what it has: lock bucket and documents. */
export function spokeParameterName(installation: Installation): string {
  return `/${installation.qualifier}/spoke`;
}

const titles: Record<Purpose | Os, string> = { scan: 'Scan', patch: 'Patch', verify: 'Verify', linux: 'Linux', windows: 'Windows' };

/** `Scan-Linux`: a document's name without the qualifier. */
export function documentTitle(purpose: Purpose, os: Os): string {
  return `${titles[purpose]}-${titles[os]}`;
}

/** `Wavelock-Scan-Linux`. */
export function documentName(installation: Installation, purpose: Purpose, os: Os): string {
  return `${installation.qualifier}-${documentTitle(purpose, os)}`;
}
