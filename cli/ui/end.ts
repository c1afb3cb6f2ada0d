/** The last block: what it came to, the proof, what is left, what it cost, and what to do next. Every command in it exists. */
import { formatDuration } from '../../lambdas/core/calendar-text.ts';
import { EXIT } from '../run/messages.ts';
import { unreadLines } from './head.ts';
import { aheadNodes, closedCves, moodOf, nodesOf, openElsewhere, afterWord, proofWords, stillExposed, unknownNodes } from './facts.ts';
import { amount, grouped, labelled, plain, realTime, shellWord, some, usd, wrap } from './text.ts';
import type { ExposureHistory } from '../../lambdas/core/exposures/history.ts';
import type { NodeResult } from '../../lambdas/core/result.ts';
import type { RunDocument } from '../run/messages.ts';
import type { EndedRun } from './facts.ts';
import type { Drawing } from './plan.ts';

const COLUMN = 11;
const UNPROVEN_SHOWN = 3;
const TITLES: Record<RunDocument['status'], string> = { succeeded: 'DONE', failed: 'STOPPED', held: 'HELD' };
/** Scenarios that ship with it (`demo/scenarios`), without the one that the first line of "Break it" names. */
const SCENARIOS = ['unreachable', 'lost-event', 'other-updater', 'newer-dependency', 'zero-day'];

/** What to do next, and what that does: it goes under its command where it does not fit beside it. */
const OFFERS: [label: string, command: string, about: string][] = [
  ['Break it', 'npm start -- --scenario bad-patch', 'stops at test, production untouched, exit status 1'],
  ['', `or --scenario ${SCENARIOS.join(' | ')}`, ''],
  ['Yours', 'npx wavelock assess --profile readonly', 'reads your account, changes nothing; then'],
  ['', 'npm start -- --fleet fleet.yaml --policy wavelock.yaml', 'your next patch night, here'],
  ['', 'npx wavelock local', 'keeps the embedded AWS up, for the AWS CLI and your own code'],
];

/** The block without blank lines around it. */
export function endLines(run: EndedRun, { paint, width }: Drawing): string[] {
  const { document } = run;
  const colour = { succeeded: paint.green, failed: paint.red, held: paint.yellow }[document.status];
  const took = `${formatDuration(document.virtualSeconds)} of virtual time in ${realTime(document.wallMs)}`;
  const code = EXIT[document.status];
  const reason = reasonWords(run);
  const fact = (label: string, text: string) => labelled(label, text, { width, column: COLUMN });
  return [
    `  ${colour(paint.bold(TITLES[document.status]))}   ${took}${code === 0 ? '' : `; exit status ${code}`}`,
    ...(reason === '' ? [] : wrap(reason, width - 4).map((line) => `    ${line}`)),
    ...proofLines(run, { paint, width }),
    ...fact('open', openWords(run)),
    ...(run.extra.history ? fact('exposed', exposedWords(run.extra.history, document)) : []),
    ...fact('safety', safetyWords(run)),
    ...fact('cost', costWords(document)),
    ...fact('told', toldWords(document)),
    ...(document.others ?? []).flatMap((other) => fact('beside', besideWords(other, document))),
    ...unreadLines(
      document.advisories.unread.filter(({ absent }) => !absent),
      { width, column: COLUMN },
    ),
  ];
}

/** Look, Break it, Yours. `out`: the folder with the report. */
export function nextLines(run: EndedRun, out: string, { paint, width }: Drawing): string[] {
  const node = interesting(run);
  const folder = out === 'out' ? '' : ` --out ${shellWord(out)}`;
  const why = node === undefined ? [] : [`npx wavelock why ${shellWord(node.name)}${folder}`];
  const look = [`${plain(out)}/report.html`, ...why, `npx wavelock notices${folder}`];
  const entry = (label: string, text: string) =>
    labelled(label, text, { width, column: 12 }).map((line, index) => (index === 0 ? line.replace(label, paint.bold(label)) : line));
  return [
    ...packed(look, width - 12).flatMap((line, index) => entry(index === 0 ? 'Look' : '', line)),
    ...OFFERS.flatMap(([label, command, about]) => {
      const beside = about === '' ? command : `${command}   ${about}`;
      if (about === '' || beside.length <= width - 12) return entry(label, beside);
      return [...entry(label, command), ...labelled('', about, { width, column: 14 })];
    }),
  ];
}

/** Commands side by side, never broken in two. */
function packed(commands: string[], width: number): string[] {
  const lines: string[] = [];
  for (const command of commands) {
    const wider = `${lines.at(-1) ?? ''}     ${command}`;
    if (lines.length > 0 && wider.length <= width) lines[lines.length - 1] = wider;
    else lines.push(command);
  }
  return lines;
}

/** Why it ended so, unless the waves' own lines have said it. */
function reasonWords({ document, extra }: EndedRun): string {
  const told = document.waves.flatMap((wave) => wave.reasons).some((reason) => extra.reason.includes(reason));
  return document.status === 'succeeded' || told ? '' : plain(extra.reason);
}

function proofLines(run: EndedRun, { paint, width }: Drawing): string[] {
  const unproven = run.result?.proof.unproven ?? [];
  const lines = labelled('proof', proofWords(run).text, { width, column: COLUMN });
  const named = unproven.slice(0, UNPROVEN_SHOWN).flatMap((key) => wrap(`! not proven: ${plain(key)}`, width - COLUMN));
  const more = unproven.length > UNPROVEN_SHOWN ? [`and ${unproven.length - UNPROVEN_SHOWN} more, in the report`] : [];
  const indent = ' '.repeat(COLUMN);
  return [
    ...lines,
    ...[...named, ...more].map((line) => `${indent}${paint.red(line)}`),
    ...aheadLines(run, width - COLUMN).map((line) => `${indent}${paint.yellow(line)}`),
  ];
}

/** What something else has installed is no doing of ours, and yet production runs it unproven. */
function aheadLines(run: EndedRun, width: number): string[] {
  const names = aheadNodes(run).map((node) => node.name);
  if (names.length === 0) return [];
  const [verb, them] = names.length === 1 ? ['runs', 'it'] : ['run', 'them'];
  return wrap(`! ${some(names)} ${verb} what nobody has proven: find out what updated ${them}`, width);
}

/** Counted in nodes of the plan, and in updates that the policy wants. */
function openWords(run: EndedRun): string {
  const before = nodesOf(run).filter((node) => node.exposedBefore).length;
  const left = stillExposed(run);
  const names = left.length === 0 ? '' : `: ${some(left.map((node) => node.name))}`;
  const count = closedCves(run).size;
  const closed = count === 0 ? '' : `; ${amount(count, 'CVE')} closed`;
  const unknown = unknownNodes(run).map((node) => node.name);
  const nobody = unknown.length === 0 ? '' : `; of ${amount(unknown.length, 'node')} nobody knows: ${some(unknown)}`;
  const elsewhere = openElsewhere(run)
    .map(({ cve, nodes }) => `; ${cve} is open on ${amount(nodes, 'node')} that no wave had`)
    .join('');
  return `what the policy wants: ${amount(before, 'node')} before, ${grouped(left.length)} after${names}${nobody}${closed}${elsewhere}`;
}

/** Counted in nodes of the fleet, and in advisories: also those that the policy does not want or that have no fix. */
function exposedWords({ before, after }: ExposureHistory, document: RunDocument): string {
  const nobody = after.unknown === 0 ? '' : `; of ${grouped(after.unknown)} nobody knows`;
  return `to any advisory: ${amount(before.exposed, 'node')} of the fleet before, ${grouped(after.exposed)} ${afterWord(document)}${nobody}`;
}

function safetyWords({ extra }: EndedRun): string {
  const outside = `starts outside a window ${grouped(extra.outsideWindow)}`;
  if (extra.inWork.length === 0) return `no node was in work, ${outside}`;
  const waves = extra.inWork.map(({ wave, most, allowed }) => `${plain(wave)} ${grouped(most)} of ${grouped(allowed)}`);
  return `at once: ${waves.join(', ')}; ${outside}`;
}

function costWords({ aws }: RunDocument): string {
  const parts = [
    amount(aws.commands.length, 'command'),
    amount(aws.stateTransitions, 'state transition'),
    amount(aws.lambdaInvocations, 'Lambda run'),
  ];
  return `${parts.join(', ')}: ${usd(aws.costUsd)} at list price`;
}

function toldWords({ notices }: RunDocument): string {
  const emails = notices.filter((notice) => notice.channel === 'email').length;
  const slacks = notices.length - emails;
  if (notices.length === 0) return 'nobody';
  return [...(emails > 0 ? [amount(emails, 'e-mail')] : []), ...(slacks > 0 ? [amount(slacks, 'Slack message')] : [])].join(', ');
}

/** What is not shown here: the file's other policies, in the same world. */
function besideWords({ policy, rollouts }: NonNullable<RunDocument['others']>[number], { policy: own, aws }: RunDocument): string {
  const who = policy === own ? `another rollout of ${plain(policy)}` : `${plain(policy)}, of the same file`;
  const sent = aws.commands.filter(({ rollout }) => rollout !== undefined && rollouts.includes(rollout)).length;
  if (rollouts.length === 0) return `${who}, has planned nothing in this time`;
  return `${who}, has sent ${amount(sent, 'command')} in this time, which are not shown here: ${plain(rollouts.join(', '))}`;
}

/** The node that a reader would ask about: one that failed, else one that is ahead or lacks what is wanted, else any. */
function interesting(run: EndedRun): NodeResult | undefined {
  const nodes = nodesOf(run);
  return (
    nodes.find((node) => moodOf(node.outcome) === 'bad') ??
    nodes.find((node) => moodOf(node.outcome) === 'silent') ??
    aheadNodes(run)[0] ??
    stillExposed(run)[0] ??
    nodes[0]
  );
}
