/** `wavelock assess`: looks at somebody's accounts, reading only, and writes down what it saw. */
import { existsSync, statSync } from 'node:fs';
import { SurveyError } from '../../lambdas/aws/survey/errors.ts';
import { assess as judge } from '../../lambdas/core/survey/assessment.ts';
import type { Assessment } from '../../lambdas/core/survey/assessment.ts';
import { surveyPolicy } from '../../lambdas/core/survey/permissions.ts';
import { readAccountsFile } from '../files/accounts.ts';
import { readPolicyFile } from '../files/policy.ts';
import { fileProblem, InputErrors } from '../files/problems.ts';
import { EXIT } from '../run/messages.ts';
import { jsonText, shellWord } from '../ui/text.ts';
import { printWidth } from '../ui/width.ts';
import { exposureOf } from './exposure.ts';
import type { Exposed } from './exposure.ts';
import { choosePlaces, isUntouched, writeIn, writeSealed } from './files.ts';
import type { Places } from './files.ts';
import { makeFleet } from './fleet-file.ts';
import type { MadeFleet } from './fleet-file.ts';
import { fleetYaml } from './fleet-yaml.ts';
import { gather, roleArn } from './gather.ts';
import { assessmentHtml } from './html.ts';
import { policyYaml } from './policy-yaml.ts';
import { explain } from './problems.ts';
import { whyUnreadable } from '../../local/feeds/files.ts';
import { assessmentText } from './text.ts';

export interface AssessOptions {
  profile?: string;
  accounts?: string;
  endpoint?: string;
  region?: string;
  max: string;
  out?: string;
  policy?: string;
  /** `false` for `--no-feeds`. */
  feeds?: string | false;
  force?: boolean;
  json?: boolean;
  permissions?: boolean;
}

const LARGEST_MAX = 100_000;
const OWN_POLICY = 'wavelock.yaml';

/** Answers the exit status: 0 looked, whatever it saw; 2 bad input, no credentials, nothing reachable. */
export async function assess(options: AssessOptions): Promise<number> {
  try {
    if (options.permissions === true) {
      process.stdout.write(`${JSON.stringify(surveyPolicy(rolesOf(options)), null, 2)}\n`);
      return EXIT.succeeded;
    }
    return (await look(options)) ? EXIT.succeeded : EXIT.badInput;
  } catch (error) {
    if (error instanceof InputErrors) process.stderr.write(`${error.message}\n`);
    else if (error instanceof SurveyError) process.stderr.write(`${explain(error, options)}\n`);
    else throw error;
    return EXIT.badInput;
  }
}

/** Whether anything could be seen at all. */
async function look(options: AssessOptions): Promise<boolean> {
  const places = choosePlaces({ out: options.out, force: options.force === true });
  const policy = ownPolicy(options.policy);
  if (typeof options.feeds === 'string') checkFolder(options.feeds);
  const { profile, endpoint } = options;
  const { survey, otherRegions } = await gather({
    access: { profile, endpoint },
    accounts: options.accounts === undefined ? undefined : readAccountsFile(options.accounts),
    regions: regionsOf(options.region),
    max: maxOf(options.max),
    tell,
    now: () => Date.now(),
  });
  const { assessment, machines } = judge(survey, policy);
  const found = await exposureOf(survey, machines, { feeds: options.feeds, tell, now: Date.now() });
  const made = makeFleet({
    machines,
    locations: assessment.locations,
    proposed: new Set(assessment.proposal.nodes),
    updaters: new Map((assessment.lists.selfUpdating ?? []).map(({ id, by }) => [id, by])),
    offers: found.offers,
    windows: assessment.proposal.found,
    at: survey.at,
  });
  leave({ assessment, found, made, places, otherRegions, options });
  return survey.locations.some(({ instances, nodes }) => instances !== undefined || nodes !== undefined);
}

/** Throws `InputErrors` where there is no folder of that name, or it may not be looked into. */
function checkFolder(feeds: string): void {
  const why = whyNoFolder(feeds);
  if (why !== undefined) throw new InputErrors([fileProblem(feeds, why, '--feeds takes a folder of advisories; --no-feeds reads none')]);
}

function whyNoFolder(path: string): string | undefined {
  try {
    return statSync(path).isDirectory() ? undefined : 'is no folder';
  } catch (error) {
    return whyUnreadable(error);
  }
}

/** Progress, for people who wait. */
function tell(text: string): void {
  process.stderr.write(`assess  ${text}\n`);
}

interface Result {
  assessment: Assessment;
  found: Exposed;
  made: MadeFleet;
  places: Places;
  otherRegions: Record<string, string[]>;
  options: AssessOptions;
}

/** Writes the files, and says what was seen. */
function leave({ assessment, found, made, places, otherRegions, options }: Result): void {
  const { exposure, problems } = found;
  const policyText = policyYaml(assessment);
  const isFleet = made.file.nodes.length > 0;
  const about = { at: assessment.at, locations: assessment.locations, feeds: exposure !== undefined };
  if (isFleet) writeSealed(places.fleet, fleetYaml(made, about));
  writeSealed(places.policy, policyText);
  writeIn(places.report, assessmentHtml({ assessment, judged: { exposure, problems }, otherRegions, places, isFleet, policyText }));
  if (options.json === true) {
    const document = {
      ...assessment,
      exposure: exposure ?? null,
      feedProblems: problems,
      otherRegions,
      files: { ...places, fleet: isFleet ? places.fleet : null },
    };
    process.stdout.write(`${jsonText(document)}\n`);
    return;
  }
  const written = [places.report, places.policy, ...(isFleet ? [places.fleet] : [])];
  const feeds = typeof options.feeds === 'string' ? ` --feeds ${shellWord(options.feeds)}` : '';
  const next = isFleet
    ? `next          npm start -- --fleet ${shellWord(places.fleet)} --policy ${shellWord(places.policy)}${feeds}`
    : 'not written   fleet.yaml: no machine was seen that could be simulated';
  const kept = places.kept.map((path) => `left alone    ${path}: somebody has made or changed it; --force replaces it`);
  const columns = process.stdout.isTTY ? printWidth() : undefined;
  const lines = [
    ...assessmentText(assessment, { exposure, problems, otherRegions }, columns),
    '',
    `written       ${written.join(', ')}`,
    ...kept,
    next,
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

/** The policy file that is there already: what it names is "in a policy". A proposal that nobody has touched is none. One that does not validate is bad input. */
function ownPolicy(file: string | undefined): ReturnType<typeof readPolicyFile>['policy'] | undefined {
  if (file !== undefined) return readPolicyFile(file).policy;
  if (!existsSync(OWN_POLICY) || isUntouched(OWN_POLICY)) return undefined;
  try {
    return readPolicyFile(OWN_POLICY).policy;
  } catch (error) {
    if (error instanceof InputErrors)
      tell(`${OWN_POLICY} is here, and what it names would count as in a policy: mend it, or name another one with --policy`);
    throw error;
  }
}

/** `eu-central-1,eu-west-1` or `all`; whether the account has them, AWS tells. */
function regionsOf(text = ''): string[] {
  const regions = text
    .split(',')
    .map((region) => region.trim())
    .filter((region) => region !== '');
  const wrong = regions.filter((region) => region !== 'all' && !/^[a-z]{2}(-[a-z]+)+-\d$/.test(region));
  if (wrong.length === 0) return regions;
  throw new InputErrors([fileProblem('--region', `${wrong.join(', ')} is no Region`, 'such as eu-central-1; several are separated by commas')]);
}

function maxOf(text: string): number {
  const max = Number(text);
  if (Number.isInteger(max) && max > 0 && max <= LARGEST_MAX) return max;
  throw new InputErrors([fileProblem('--max', `"${text}" is no number of nodes from 1 to ${LARGEST_MAX}`)]);
}

/** ARNs of the roles that an accounts file names. */
function rolesOf({ accounts }: AssessOptions): string[] {
  if (accounts === undefined) return [];
  return readAccountsFile(accounts).flatMap(({ account, role }) => (role === undefined ? [] : [roleArn(account, role)]));
}
