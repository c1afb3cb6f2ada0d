/** `wavelock assess`: looks at somebody's accounts, reading only, and writes down what it saw. */
import { existsSync } from 'node:fs';
import { SurveyError } from '../../lambdas/aws/survey/errors.ts';
import { assess as judge } from '../../lambdas/core/survey/assessment.ts';
import { surveyPolicy } from '../../lambdas/core/survey/permissions.ts';
import { readAccountsFile } from '../files/accounts.ts';
import { readPolicyFile } from '../files/policy.ts';
import { fileProblem, InputErrors } from '../files/problems.ts';
import { EXIT } from '../run/messages.ts';
import { exposureOf } from './exposure.ts';
import { choosePlaces, writeIn, writeSealed } from './files.ts';
import { makeFleet } from './fleet-file.ts';
import { fleetYaml } from './fleet-yaml.ts';
import { gather } from './gather.ts';
import { assessmentHtml } from './html.ts';
import { policyYaml } from './policy-yaml.ts';
import { explain } from './problems.ts';
import { assessmentText } from './text.ts';

export interface AssessOptions {
  profile?: string;
  accounts?: string;
  endpoint?: string;
  region?: string;
  max: string;
  out?: string;
  policy?: string;
  feeds?: string;
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
    await look(options);
    return EXIT.succeeded;
  } catch (error) {
    if (error instanceof InputErrors) process.stderr.write(`${error.message}\n`);
    else if (error instanceof SurveyError) process.stderr.write(`${explain(error, options)}\n`);
    else throw error;
    return EXIT.badInput;
  }
}

async function look(options: AssessOptions): Promise<void> {
  const places = choosePlaces({ out: options.out, force: options.force === true });
  const tell = (text: string): void => void process.stderr.write(`assess  ${text}\n`);
  const { profile, endpoint } = options;
  const { survey, otherRegions } = await gather({
    access: { profile, endpoint },
    accounts: options.accounts === undefined ? undefined : readAccountsFile(options.accounts),
    regions: (options.region ?? '').split(',').map((region) => region.trim()).filter((region) => region !== ''),
    max: maxOf(options.max),
    tell,
    now: () => Date.now(),
  });
  const { assessment, machines } = judge(survey, ownPolicy(options.policy));
  const { exposure, offers } = await exposureOf(machines, { feeds: options.feeds, tell });
  const updaters = new Map((assessment.lists.selfUpdating ?? []).map(({ id, by }) => [id, by]));
  const made = makeFleet({ machines, locations: assessment.locations, proposed: new Set(assessment.proposal.nodes), updaters, offers, at: survey.at });
  const policyText = policyYaml(assessment);
  if (made.file.nodes.length > 0) writeSealed(places.fleet, fleetYaml(made, { at: survey.at, locations: assessment.locations, feeds: exposure !== undefined }));
  writeSealed(places.policy, policyText);
  writeIn(places.report, assessmentHtml({ assessment, exposure, otherRegions, places, policyText }));
  if (options.json === true) {
    process.stdout.write(`${JSON.stringify({ ...assessment, exposure: exposure ?? null, otherRegions, files: places })}\n`);
    return;
  }
  const written = made.file.nodes.length > 0 ? `${places.report}, ${places.fleet}, ${places.policy}` : `${places.report}, ${places.policy} (no machine was seen that could be simulated)`;
  const next = ['', `written       ${written}`, `next          npm start -- --fleet ${places.fleet} --policy ${places.policy}`];
  process.stdout.write(`${[...assessmentText(assessment, exposure), ...next].join('\n')}\n`);
}

/** The policy file that is there already: what it names is "in a policy". One that does not validate is bad input. */
function ownPolicy(file: string | undefined): ReturnType<typeof readPolicyFile>['policy'] | undefined {
  if (file === undefined && !existsSync(OWN_POLICY)) return undefined;
  return readPolicyFile(file ?? OWN_POLICY).policy;
}

function maxOf(text: string): number {
  const max = Number(text);
  if (Number.isInteger(max) && max > 0 && max <= LARGEST_MAX) return max;
  throw new InputErrors([fileProblem('--max', `"${text}" is no number of nodes from 1 to ${LARGEST_MAX}`)]);
}

/** ARNs of the roles that an accounts file names. */
function rolesOf({ accounts }: AssessOptions): string[] {
  if (accounts === undefined) return [];
  return readAccountsFile(accounts).flatMap(({ account, role }) => (role === undefined ? [] : [role.startsWith('arn:') ? role : `arn:aws:iam::${account}:role/${role}`]));
}
