/**
 * What a deployer says about an installation: CDK context (`-c key=value` or `context` in cdk.json). All problems are told at once.
 */
import { existsSync } from 'node:fs';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Location, locationKey, parseLocation } from '../lambdas/core/model.ts';

/** What the installation may do; decides what is synthesised. */
export type DeployMode = 'observe' | 'patch';

/** The deployer's wishes, checked. */
export interface Settings {
  mode: DeployMode;
  /** Twelve digits; without it the stack goes to whatever account the CLI's credentials belong to. */
  account: string | undefined;
  region: string;
  /** Spokes besides the hub's own. */
  locations: Location[];
  /** Path of the policy file; `undefined` when there is none. */
  policy: string | undefined;
  qualifier: string;
  /** Nodes must carry this tag to be sent any command. */
  optInTag: { key: string; value: string };
  /** Name of a managed policy that exists in every account, with its path; or the ARN of one of AWS's own. */
  permissionsBoundary: string | undefined;
  rolePath: string;
  tags: Record<string, string>;
  /** The deployer's own key in place of a new one. */
  keyArn: string | undefined;
  network: { subnetIds: string[]; securityGroupIds: string[] } | undefined;
  proxy: { https: string; no: string } | undefined;
  logRetentionDays: RetentionDays;
  /** Scheduler expression in UTC. */
  intakeSchedule: string;
  /** Scheduler expression in UTC. */
  feedsSchedule: string;
  /** Whether Amazon Inspector is asked as a second opinion: only then the spokes may read its findings. */
  inspector: boolean;
  /** Whether cdk-nag's AwsSolutions rules look at the result. */
  nag: boolean;
}

/** Every key that we read, in the order of the documentation. */
export const contextKeys = [
  'mode',
  'account',
  'region',
  'locations',
  'policy',
  'qualifier',
  'optInTag',
  'permissionsBoundary',
  'rolePath',
  'tags',
  'keyArn',
  'subnetIds',
  'securityGroupIds',
  'httpsProxy',
  'noProxy',
  'logRetentionDays',
  'intakeSchedule',
  'feedsSchedule',
  'inspector',
  'nag',
] as const;
type ContextKey = (typeof contextKeys)[number];

/** What a deployer asked for can't be done; the message has a line for each problem. */
export class ContextError extends Error {
  constructor(readonly problems: string[]) {
    const count = problems.length === 1 ? 'a problem' : `${problems.length} problems`;
    super(`The context has ${count}:\n${problems.map((text) => `  - ${text}`).join('\n')}`);
    this.name = 'ContextError';
  }
}

/** The values that CloudWatch Logs takes (CloudWatch Logs API reference, PutRetentionPolicy). */
const retentions = Object.values(RetentionDays).filter((days): days is RetentionDays => typeof days !== 'string' && days !== RetentionDays.INFINITE);

/** Where a value of the context lies and who collects what is wrong with it. */
interface Reader {
  text(key: ContextKey): string | undefined;
  problem(text: string): void;
}

/** A value that must look a certain way, or its default. */
function shaped(reader: Reader, key: ContextKey, pattern: RegExp, shape: string): string | undefined {
  const value = reader.text(key);
  if (value !== undefined && !pattern.test(value)) reader.problem(`${key} is "${value}", but it must be ${shape}.`);
  return value;
}

function list(value: string): string[] {
  return value
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

function readMode(reader: Reader): DeployMode {
  const mode = reader.text('mode') ?? 'observe';
  if (mode === 'recover') reader.problem('mode "recover" is not built yet; use "observe" or "patch".');
  else if (mode !== 'observe' && mode !== 'patch') {
    reader.problem(`mode is "${mode}", but it must be "observe" (only reads nodes) or "patch".`);
  }
  return mode === 'patch' ? 'patch' : 'observe';
}

function readLocations(reader: Reader, hub: { account: string | undefined; region: string }): Location[] {
  const keys = list(reader.text('locations') ?? '');
  if (keys.length > 0 && hub.account === undefined) {
    reader.problem('locations are given without account: spokes must know the account of the hub (-c account=111111111111).');
  }
  const seen = new Set([`${hub.account}/${hub.region}`]);
  const found: Location[] = [];
  for (const key of keys) {
    const location = key.split('/').length === 2 ? tryLocation(key) : undefined;
    if (!location) reader.problem(`locations has "${key}", but each must be account/region, like 222222222222/eu-west-1.`);
    else if (seen.has(locationKey(location))) reader.problem(`locations has "${key}" twice, or it is the hub's own, which needs no entry.`);
    else found.push(location);
    seen.add(key);
  }
  limitLocations(reader, found);
  return found;
}

/**
 * What AWS lets us list: a role's inline policies take 10,240 characters (IAM quotas), a function's environment 4 KB (Lambda quotas), a
 * bus's policy 10,240 characters (EventBridge quotas). CloudFormation would only tell half-way through.
 */
function limitLocations(reader: Reader, locations: Location[]): void {
  const accounts = new Set(locations.map(({ account }) => account)).size;
  if (locations.length > 80) reader.problem(`locations has ${locations.length} entries, but one hub can serve 80: use a second hub.`);
  if (accounts > 40) reader.problem(`locations are in ${accounts} accounts, but one hub can serve 40: use a second hub.`);
}

function tryLocation(key: string): Location | undefined {
  const [account, region] = key.split('/');
  return Location.safeParse({ account, region }).success ? parseLocation(key) : undefined;
}

function readTags(reader: Reader): Record<string, string> {
  const tags: Record<string, string> = {};
  for (const pair of list(reader.text('tags') ?? '')) {
    const [, key, value] = /^([^=]{1,128})=(.{0,256})$/.exec(pair) ?? [];
    if (key === undefined || value === undefined) reader.problem(`tags has "${pair}", but each must be key=value.`);
    else if (/^aws:/i.test(key)) reader.problem(`tags has "${key}", but keys that begin with "aws:" belong to AWS.`);
    else tags[key] = value;
  }
  return tags;
}

function readOptInTag(reader: Reader): { key: string; value: string } {
  const text = reader.text('optInTag') ?? 'Wavelock=enabled';
  const [, key, value] = /^([\w.:/+@-]{1,128})=([\w.:/+@-]{1,256})$/.exec(text) ?? [];
  if (key === undefined || value === undefined) {
    reader.problem(`optInTag is "${text}", but it must be key=value without spaces and wildcards, like Wavelock=enabled.`);
    return { key: '', value: '' };
  }
  return { key, value };
}

function readNetwork(reader: Reader): Settings['network'] {
  const subnets = reader.text('subnetIds');
  const groups = reader.text('securityGroupIds');
  if (subnets === undefined && groups === undefined) return undefined;
  if (subnets === undefined || groups === undefined) {
    reader.problem('subnetIds and securityGroupIds belong together: give both or neither.');
  }
  const subnetIds = list(subnets ?? '');
  const securityGroupIds = list(groups ?? '');
  for (const id of subnetIds) {
    if (!/^subnet-[0-9a-f]{8,17}$/.test(id)) reader.problem(`subnetIds has "${id}", which is no subnet id.`);
  }
  for (const id of securityGroupIds) {
    if (!/^sg-[0-9a-f]{8,17}$/.test(id)) reader.problem(`securityGroupIds has "${id}", which is no security group id.`);
  }
  return { subnetIds, securityGroupIds };
}

function readProxy(reader: Reader): Settings['proxy'] {
  const https = shaped(reader, 'httpsProxy', /^https?:\/\/[^\s/]+(:\d+)?\/?$/, 'a URL like http://proxy.example.com:3128');
  const no = reader.text('noProxy');
  if (https === undefined && no !== undefined) reader.problem('noProxy is given without httpsProxy.');
  return https === undefined ? undefined : { https, no: no ?? '' };
}

/** KMS aliases are no good here: a key policy and a grant must name the key itself. */
function readKey(reader: Reader, hub: { account: string | undefined; region: string }): string | undefined {
  const pattern = /^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key\/[0-9A-Za-z-]+$/;
  const arn = shaped(reader, 'keyArn', pattern, 'the ARN of a KMS key (not of an alias)');
  const [, , , region, account] = arn?.split(':') ?? [];
  if (region !== undefined && region !== hub.region) reader.problem(`keyArn is in ${region}, but the hub is in ${hub.region}.`);
  if (account !== undefined && hub.account !== undefined && account !== hub.account) {
    reader.problem(`keyArn is in account ${account}, but the hub is in ${hub.account}.`);
  }
  return arn;
}

/** A policy of the deployer's own is named, not pointed to: the same name is looked up in every account that gets a stack. */
function readBoundary(reader: Reader): string | undefined {
  const pattern = /^(arn:aws[a-z-]*:iam::(aws|\d{12}):policy\/)?[\w+=,.@/-]{1,512}$/;
  const text = shaped(reader, 'permissionsBoundary', pattern, 'the name or ARN of a managed policy');
  return text?.replace(/^arn:aws[a-z-]*:iam::\d{12}:policy\//, '');
}

function readRetention(reader: Reader): RetentionDays {
  const text = reader.text('logRetentionDays') ?? '90';
  const days = retentions.find((known) => String(known) === text);
  if (days === undefined) reader.problem(`logRetentionDays is "${text}", but CloudWatch Logs only takes ${retentions.join(', ')}.`);
  return days ?? RetentionDays.THREE_MONTHS;
}

/** Typing errors in our own keys; keys of CDK and of other people's tools are none of our business. */
function reportStrangers(reader: Reader, context: Record<string, unknown>): void {
  if (context.vpcId !== undefined) reader.problem('vpcId is not needed: subnetIds and securityGroupIds say which VPC.');
  for (const key of Object.keys(context)) {
    const meant = contextKeys.find((known) => known !== key && distance(known, key) <= 2 && known.length > 4);
    if (!contextKeys.some((known) => known === key) && meant) reader.problem(`There is no context key "${key}": did you mean "${meant}"?`);
  }
}

/** Levenshtein distance, capped by the difference in length. */
function distance(left: string, right: string): number {
  if (Math.abs(left.length - right.length) > 2) return 3;
  let row = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (const [index, letter] of left.split('').entries()) {
    const next = [index + 1];
    for (const [column, other] of right.split('').entries()) {
      next.push(Math.min((row[column] ?? 0) + (letter === other ? 0 : 1), (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1));
    }
    row = next;
  }
  return row[right.length] ?? 3;
}

function readerOf(context: Record<string, unknown>, problems: string[]): Reader {
  return {
    text(key) {
      const value = context[key];
      if (value === undefined || value === null || value === '') return undefined;
      if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return String(value).trim();
      problems.push(`${key} must be a text, as after -c, not ${JSON.stringify(value)}.`);
      return undefined;
    },
    problem: (text) => void problems.push(text),
  };
}

/**
 * Reads the whole context.
 *
 * @param context CDK's context as it is
 * @param fallback where the hub goes, and which policy file is taken, when nobody says
 * @throws ContextError with every problem
 */
export function readContext(context: Record<string, unknown>, fallback: { region: string; policy: string | undefined }): Settings {
  const problems: string[] = [];
  const reader = readerOf(context, problems);
  const account = shaped(reader, 'account', /^\d{12}$/, 'twelve digits');
  const region = shaped(reader, 'region', /^[a-z]{2}(-[a-z]+)+-\d$/, 'a Region like eu-central-1') ?? fallback.region;
  const policy = reader.text('policy') ?? fallback.policy;
  const settings: Settings = {
    mode: readMode(reader),
    account,
    region,
    locations: readLocations(reader, { account, region }),
    policy,
    qualifier: shaped(reader, 'qualifier', /^[A-Z][A-Za-z0-9]{1,11}$/, '2 to 12 letters and digits, the first a capital') ?? 'Wavelock',
    optInTag: readOptInTag(reader),
    permissionsBoundary: readBoundary(reader),
    rolePath: shaped(reader, 'rolePath', /^\/([\w+=,.@-]+\/)*$/, 'a path like /team/wavelock/') ?? '/',
    tags: readTags(reader),
    keyArn: readKey(reader, { account, region }),
    network: readNetwork(reader),
    proxy: readProxy(reader),
    logRetentionDays: readRetention(reader),
    intakeSchedule: shaped(reader, 'intakeSchedule', /^(cron|rate)\(.+\)$/, 'cron(…) or rate(…), in UTC') ?? 'cron(0 5 * * ? *)',
    feedsSchedule: shaped(reader, 'feedsSchedule', /^(cron|rate)\(.+\)$/, 'cron(…) or rate(…), in UTC') ?? 'rate(1 hour)',
    inspector: shaped(reader, 'inspector', /^(true|false)$/, 'true or false') === 'true',
    nag: shaped(reader, 'nag', /^(true|false)$/, 'true or false') === 'true',
  };
  if (policy !== undefined && !existsSync(policy)) reader.problem(`policy is "${policy}", but there is no such file.`);
  if (settings.mode === 'patch' && policy === undefined) {
    reader.problem('mode "patch" needs a policy: put a wavelock.yaml here, or say where it is (-c policy=path).');
  }
  reportStrangers(reader, context);
  if (problems.length > 0) throw new ContextError(problems);
  return settings;
}
