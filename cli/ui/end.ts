/** The last block: what it came to, the proof, what is left, what it cost, and what to do next. Every command in it exists. */
import { formatDuration } from '../../lambdas/core/calendar-text.ts';
import { EXIT } from '../run/messages.ts';
import { closedCves, moodOf, nodesOf, openElsewhere, proofWords, stillExposed } from './facts.ts';
import { amount, grouped, labelled, plain, realTime, shellWord, some, usd, wrap } from './text.ts';
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
    ...fact('exposed', exposedWords(run)),
    ...fact('safety', safetyWords(run)),
    ...fact('cost', costWords(document)),
    ...fact('told', toldWords(document)),
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
  const { good, text } = proofWords(run);
  const unproven = run.result?.proof.unproven ?? [];
  const lines = labelled('proof', text, { width, column: COLUMN });
  if (good) return lines;
  const named = unproven.slice(0, UNPROVEN_SHOWN).flatMap((key) => wrap(`! not proven: ${plain(key)}`, width - COLUMN));
  const more = unproven.length > UNPROVEN_SHOWN ? [`and ${unproven.length - UNPROVEN_SHOWN} more, in the report`] : [];
  return [...lines, ...[...named, ...more].map((line) => `${' '.repeat(COLUMN)}${paint.red(line)}`)];
}

function exposedWords(run: EndedRun): string {
  const before = nodesOf(run).filter((node) => node.exposedBefore).length;
  const left = stillExposed(run);
  const names = left.length === 0 ? '' : `: ${some(left.map((node) => node.name))}`;
  const count = closedCves(run).size;
  const closed = count === 0 ? '' : `; ${amount(count, 'CVE')} closed`;
  const elsewhere = openElsewhere(run)
    .map(({ cve, nodes }) => `; ${cve} is open on ${amount(nodes, 'node')} that no wave had`)
    .join('');
  return `${amount(before, 'node')} before, ${grouped(left.length)} after${names}${closed}${elsewhere}`;
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

/** The node that a reader would ask about: one that failed, else one that is still exposed, else any. */
function interesting(run: EndedRun): NodeResult | undefined {
  const nodes = nodesOf(run);
  return (
    nodes.find((node) => moodOf(node.outcome) === 'bad') ??
    nodes.find((node) => moodOf(node.outcome) === 'silent') ??
    stillExposed(run)[0] ??
    nodes[0]
  );
}
