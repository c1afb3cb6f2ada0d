/** What the terminal says of an assessment: coverage first, then the lists by id, then exposure and what would stop a rollout. */
import { ASSUME_ROLE } from '../../lambdas/core/survey/permissions.ts';
import type { Assessment, Coverage } from '../../lambdas/core/survey/assessment.ts';
import type { FleetExposure } from '../../lambdas/core/survey/exposure.ts';
import { amount, grouped, plain, some, WIDEST } from '../ui/text.ts';
import { counted, entry, listLines, type Form } from './text-lists.ts';

/** Names and ids in a line of a terminal. */
const IDS = 4;
/** Groups of a list on a terminal. */
const GROUPS = 6;
/** On a pipe somebody searches: there all of them stand, within reason. The report and `--json` have all in any case. */
const ALL_IDS = 1_000;

/** What was found of exposure, and what could not be read for it. */
export interface Judged {
  exposure: FleetExposure | undefined;
  problems: readonly string[];
}

/** What else is said besides what was seen. */
export interface Said extends Judged {
  /** Regions that are switched on and were not looked at, by account. */
  otherRegions?: Record<string, string[]>;
}

/** Lines for standard output. The first one is coverage. `columns`: of the terminal that a person reads them on; left out: a pipe. */
export function assessmentText(assessment: Assessment, { exposure, problems, otherRegions = {} }: Said, columns?: number): string[] {
  const width = Math.max(60, Math.min(WIDEST, columns ?? WIDEST));
  const form = columns === undefined ? { width, most: ALL_IDS, groups: ALL_IDS } : { width, most: IDS, groups: GROUPS };
  return [
    ...entry('coverage', coverageWords(assessment.coverage), form),
    ...limits(assessment, form),
    ...regionLines(assessment.coverage, otherRegions, form),
    '',
    ...listLines(assessment.lists, form),
    '',
    ...exposureLines(exposure, form),
    ...problemLines(problems, exposure === undefined, form),
    '',
    ...obstacleLines(assessment, form),
    ...blindLines(assessment, form),
  ];
}

function coverageWords({ running, managed, reporting, inPolicy }: Coverage): string {
  return `running ${known(running)} · managed ${known(managed)} · reporting ${known(reporting)} · in a policy ${grouped(inPolicy)}`;
}

/** A count, or that nobody could see it. */
export function known(value: number | undefined): string {
  return value === undefined ? 'not seen' : grouped(value);
}

function limits({ coverage, stoppedAt, otherAccounts }: Assessment, form: Form): string[] {
  const { ec2, hybrid, inProposal } = coverage;
  const accounts = some(
    otherAccounts.map(({ id, name }) => `${id} ${name}`),
    IDS,
  );
  return [
    ...entry('', `running: ${known(ec2)} EC2, ${known(hybrid)} hybrid; the proposed policy would take ${amount(inProposal, 'node')}`, form),
    ...(stoppedAt === undefined ? [] : entry('', `stopped at --max ${grouped(stoppedAt)}: there are more nodes`, form)),
    ...(otherAccounts.length === 0
      ? []
      : entry('', `not looked at: ${amount(otherAccounts.length, 'account')} of the organization (${accounts})`, form)),
  ];
}

/** Who sees nothing looks in the wrong Region, as a rule. */
function regionLines({ running }: Coverage, otherRegions: Record<string, string[]>, form: Form): string[] {
  const count = Object.values(otherRegions).reduce((sum, regions) => sum + regions.length, 0);
  if (count === 0) return [];
  const others = `not looked at: ${amount(count, 'Region')} that ${count === 1 ? 'is' : 'are'} switched on`;
  return entry('', running === 0 ? `nothing runs here. ${others}: try --region all` : `${others} (--region all looks everywhere)`, form);
}

/** What is said of exposure: who is exposed, of whom nobody knows that, then each advisory. */
export function exposureLines(exposure: FleetExposure | undefined, form: Form): string[] {
  if (!exposure) return entry('exposure', 'not looked at: no advisories were read', form);
  const { advisories, judged, unknown, unspoken, partly, exposed, exploited, by, endOfLife, inspector, oldest } = exposure;
  const said = (text: string): string[] => entry('', text, form);
  const more = by.length > IDS ? `${amount(by.length - IDS, 'more advisory', 'more advisories')} in the report` : '';
  return [
    ...entry(
      'exposure',
      `${grouped(exposed.length)} of ${amount(judged, 'node')} with inventory are exposed, ${grouped(exploited.length)} of them to what is known to be exploited`,
      form,
    ),
    ...said(
      `held against ${amount(advisories, 'advisory', 'advisories')}${oldest === undefined ? '' : `; the oldest inventory is from ${minute(oldest)}`}`,
    ),
    ...(unknown.length > 0 ? said(`nobody knows of ${amount(unknown.length, 'node')} without inventory: ${some(unknown, IDS)}`) : []),
    ...unspoken.flatMap((silent) => said(`${unspokenWords(silent)}: ${some(silent.nodes, IDS)}`)),
    ...partly.flatMap((part) => [...said(`${partlyWords(part)}: ${some(part.nodes, IDS)}`), ...entry('', `→ ${WHO_TELLS}`, form, 2)]),
    ...endOfLife.flatMap(({ release, since, nodes }) => said(`${release} gets no ordinary security updates since ${since}: ${counted(nodes, IDS)}`)),
    ...(inspector ? said(opinion(inspector)) : []),
    ...by
      .slice(0, IDS)
      .flatMap(({ advisory, severity, knownExploited, packages, nodes }) =>
        said(
          `${amount(nodes.length, 'node')}: ${advisory}, ${severity}${knownExploited === undefined ? '' : ', known exploited'}: ${some(packages, 3)}`,
        ),
      ),
    ...(more === '' ? [] : said(more)),
  ];
}

/** That nothing was found on nodes of which nobody spoke means nothing. */
export function unspokenWords({ release, nodes }: FleetExposure['unspoken'][number]): string {
  const isOne = nodes.length === 1;
  const whose =
    release === ''
      ? `The system of ${amount(nodes.length, 'node')} is not known here`
      : `No advisory that was read speaks of ${release}, which ${amount(nodes.length, 'node')} ${isOne ? 'has' : 'have'}`;
  return `${whose}: whether ${isOne ? 'it is' : 'they are'} exposed, nobody knows`;
}

/** What to do about nodes of which only a part can be told. */
export const WHO_TELLS = 'let Wavelock-Scan look at them: it names the source of each package';

/** Of lists that name no sources. */
export function partlyWords({ release, advisories, nodes }: FleetExposure['partly'][number]): string {
  const others = `${amount(advisories, 'advisory', 'advisories')} ${advisories === 1 ? 'names' : 'name'} nothing else`;
  return `Only a part can be told of ${amount(nodes.length, 'node')} on ${release}: SSM Inventory names no source packages, and ${others}`;
}

/** `2026-11-23 13:05 UTC` from an ISO instant. */
export function minute(iso: string): string {
  return `${iso.slice(0, 16).replace('T', ' ')} UTC`;
}

function opinion({ looks, onlyInspector, onlyWe }: NonNullable<FleetExposure['inspector']>): string {
  const [theirs, ours] = [grouped(onlyInspector.length), grouped(onlyWe.length)];
  return `Amazon Inspector looks at ${amount(looks, 'node')}: findings where we have none on ${theirs}, none where we have some on ${ours}`;
}

/** Without a network every feed fails in the same way: one says it all. */
function problemLines(problems: readonly string[], isNothing: boolean, form: Form): string[] {
  const [first, ...others] = problems;
  if (first === undefined) return [];
  const more = others.length === 0 ? '' : `; ${grouped(others.length)} more in the report`;
  const hint = isNothing ? ". --feeds FOLDER reads files instead of the vendors' sites, --no-feeds nothing" : '';
  return entry('', `${first}${more}${hint}`, form);
}

/** What is in the way, and under each what to do about it. */
function obstacleLines({ obstacles }: Assessment, form: Form): string[] {
  if (obstacles.length === 0) return entry('in the way', 'nothing that can be seen from here', form);
  return obstacles.flatMap(({ what, next }, index) => [...entry(index === 0 ? 'in the way' : '', what, form), ...entry('', `→ ${next}`, form, 2)]);
}

/** The same sentence for everything that may not be seen. */
export function blindSentence({ where, what, action, code, message }: Assessment['blind'][number]): string {
  if (action === ASSUME_ROLE) {
    return `I could not look into account ${where} because ${code} on ${action}: does the role of the accounts file exist there, and does it trust who looks?`;
  }
  if (code === 'OptInRequired') return `I could not see ${what} in ${where}: ${plain(message)}`;
  const because = code === 'AccessDenied' ? `because AccessDenied on ${action}` : `because of ${code} on ${action}: ${plain(message)}`;
  return `I could not see ${what} in ${where} ${because}`;
}

function blindLines({ blind }: Assessment, form: Form): string[] {
  if (blind.length === 0) return [];
  return ['', ...blind.flatMap((line, index) => entry(index === 0 ? 'not seen' : '', blindSentence(line), form))];
}
