/** What the terminal says of an assessment: coverage first, then the lists by id, then what would stop a rollout. */
import type { Assessment, Coverage } from '../../lambdas/core/survey/assessment.ts';
import type { FleetExposure } from '../../lambdas/core/survey/exposure.ts';
import { amount, grouped, plain, some } from '../ui/text.ts';
import { COLUMN, counted, entry, listLines } from './text-lists.ts';

/** Ids in a line of a terminal. */
const IDS = 4;
/** On a pipe somebody searches: there all of them stand, within reason. The report and `--json` have all in any case. */
const ALL_IDS = 1_000;

/** What was found of exposure, and what could not be read for it. */
export interface Judged {
  exposure: FleetExposure | undefined;
  problems: readonly string[];
}

/** Lines for standard output. The first one is coverage. `isTerminal`: a person reads them as they come. */
export function assessmentText(assessment: Assessment, { exposure, problems }: Judged, isTerminal = false): string[] {
  const most = isTerminal ? IDS : ALL_IDS;
  return [
    coverageLine(assessment.coverage),
    ...limits(assessment),
    '',
    ...listLines(assessment.lists, most),
    '',
    ...exposureLines(exposure),
    ...problemLines(problems, exposure === undefined),
    '',
    ...obstacleLines(assessment),
    ...blindLines(assessment),
  ];
}

/** The first line. */
export function coverageLine({ running, ec2, hybrid, managed, reporting, inPolicy }: Coverage): string {
  const parts = running === undefined ? known(ec2) : `${grouped(running)} (${known(ec2)} EC2, ${known(hybrid)} hybrid)`;
  return `${'coverage'.padEnd(COLUMN)}running ${parts} · managed ${known(managed)} · reporting ${known(reporting)} · in a policy ${grouped(inPolicy)}`;
}

/** A count, or that nobody could see it. */
export function known(value: number | undefined): string {
  return value === undefined ? 'not seen' : grouped(value);
}

function limits({ coverage, stoppedAt, otherAccounts }: Assessment): string[] {
  const accounts = some(otherAccounts.map(({ id, name }) => `${id} ${name}`), IDS);
  return [
    ...entry('', `the proposed policy would take ${amount(coverage.inProposal, 'node')}`),
    ...(stoppedAt === undefined ? [] : entry('', `stopped at --max ${grouped(stoppedAt)}: there are more nodes`)),
    ...(otherAccounts.length === 0 ? [] : entry('', `not looked at: ${amount(otherAccounts.length, 'account')} of the organization (${accounts})`)),
  ];
}

function exposureLines(exposure: FleetExposure | undefined): string[] {
  if (!exposure) return entry('exposure', 'not looked at: no advisories were read');
  const { advisories, judged, unknown, exposed, exploited, by, endOfLife, inspector, oldest } = exposure;
  const read = amount(advisories, 'advisory', 'advisories');
  return [
    ...entry('exposure', `${grouped(exposed.length)} of ${amount(judged, 'node')} with inventory, held against ${read}; known exploited: ${grouped(exploited.length)}`),
    ...(oldest === undefined ? [] : entry('', `the oldest inventory is from ${oldest.slice(0, 16).replace('T', ' ')} UTC`)),
    ...(unknown.length > 0 ? entry('', `no inventory for ${counted(unknown, IDS)}: nobody knows`) : []),
    ...endOfLife.flatMap(({ release, since, nodes }) => entry('', `${release} gets no security updates since ${since}: ${counted(nodes, IDS)}`)),
    ...(inspector ? entry('', opinion(inspector)) : []),
    ...by.slice(0, IDS).flatMap(({ advisory, severity, knownExploited, packages, nodes }) =>
      entry('', `${advisory} ${severity}${knownExploited === undefined ? '' : ', known exploited'}: ${some(packages, 3)} on ${amount(nodes.length, 'node')}`)),
  ];
}

function opinion({ looks, onlyInspector, onlyWe }: NonNullable<FleetExposure['inspector']>): string {
  const [theirs, ours] = [grouped(onlyInspector.length), grouped(onlyWe.length)];
  return `Amazon Inspector looks at ${amount(looks, 'node')}: findings where we have none on ${theirs}, none where we have some on ${ours}`;
}

/** Without a network every feed fails in the same way: one says it all. */
function problemLines(problems: readonly string[], isNothing: boolean): string[] {
  const [first, ...others] = problems;
  if (first === undefined) return [];
  const more = others.length === 0 ? '' : `; ${grouped(others.length)} more in the report`;
  const hint = isNothing ? '. --feeds FOLDER reads files instead of the vendors\' sites, --no-feeds nothing' : '';
  return entry('', `${first}${more}${hint}`);
}

function obstacleLines({ obstacles }: Assessment): string[] {
  if (obstacles.length === 0) return entry('in the way', 'nothing that can be seen from here');
  return obstacles.flatMap(({ what, next }, index) => entry(index === 0 ? 'in the way' : '', `${what}. ${next.charAt(0).toUpperCase()}${next.slice(1)}`));
}

/** The same sentence for everything that may not be seen. */
export function blindSentence({ where, what, action, code, message }: Assessment['blind'][number]): string {
  const because = code === 'AccessDenied' ? `because AccessDenied on ${action}` : `because of ${code} on ${action}: ${plain(message)}`;
  return `I could not see ${what} in ${where} ${because}`;
}

function blindLines({ blind }: Assessment): string[] {
  if (blind.length === 0) return [];
  return ['', ...blind.flatMap((line, index) => entry(index === 0 ? 'not seen' : '', blindSentence(line)))];
}
