/**
 * What people are told when something that starts a policy reaches their nodes: security and operations the same words, and what has been
 * changed so far in the first line. The follow-ups: a reminder, a fix that is out, and the end with its timeline.
 */
import { formatDuration, formatLocal } from '../calendar.ts';
import { layOutNotice, noticeSection } from '../notices.ts';
import { NO_FIX } from './closing.ts';
import type { Notice } from '../notices.ts';
import type { Alert, Doing } from './types.ts';

/**
 * `plan`: a plan is ready and asks; `reminder`: it still asks; `runs`: a plan is ready and runs by itself; `running`: a rollout of the policy runs,
 * this comes after it; `observe`: the policy may not patch; `no-fix`: no vendor has a fix.
 */
export type AlertKind = 'plan' | 'reminder' | 'runs' | 'running' | 'observe' | 'no-fix';

export interface AlertFacts {
  kind: AlertKind;
  alert: Alert;
  policy: string;
  /** The rollout that asks, runs or was told; empty where there is none. */
  rollout: string;
  doing: Doing;
  /** What stands in while there is no fix, where the policy names something. */
  document: string | undefined;
  /** The plan's waves in order, and how long they take by estimate; none where nothing was planned. */
  waves: { name: string; nodes: number }[];
  /** Soaks and estimates together, seconds. */
  seconds: number;
  /** Why the plan leaves exposed nodes out, a word for each of them. */
  leftOut: string[];
  /** What people have to know of the plan before they decide: windows that are closed, hooks that could not be looked at. */
  warnings: string[];
  /** First characters of the plan's hash. */
  plan: string;
  /** From the policy, seconds. */
  finishWithin: number | undefined;
  /** Since when the plan asks; for a reminder. */
  askedAt: number;
  /** The ticket's id, where there is one. */
  ticket: string;
  now: number;
  timezone: string;
}

const SHOWN_SERVICES = 4;
const SHOWN_REASONS = 3;
const ICONS: Record<AlertKind, string> = { plan: '🚨', reminder: '⏰', runs: '🚨', running: '🚨', observe: '🚨', 'no-fix': '🚨' };

/** Writes the message of an alert. */
export function writeAlert(facts: AlertFacts): Notice {
  return layOutNotice({
    icon: ICONS[facts.kind],
    subject: subjectLine(facts),
    headline: headline(facts),
    when: `${formatLocal(facts.now, facts.timezone)} (${facts.timezone})`,
    lines: [
      ...noticeSection('Why', [facts.alert.reason]),
      ...noticeSection('Services', serviceLines(facts.alert)),
      ...noticeSection('Fix', fixLines(facts)),
      ...noticeSection('Not here', outsideLines(facts.alert.outside)),
      ...noticeSection('Advisory', advisoryLines(facts.alert)),
      ...noticeSection('Plan', planLines(facts)),
      ...noticeSection('Left out', leftOutLines(facts)),
      ...noticeSection('Mind', facts.warnings),
      ...noticeSection('Clock', clockLines(facts)),
      ...noticeSection('Ticket', facts.ticket === '' ? [] : [facts.ticket]),
    ],
    needed: needed(facts),
    footer: [`Policy: ${facts.policy}`, ...(facts.rollout === '' ? [] : [`Rollout: ${facts.rollout}`]), `Next word: ${nextWord(facts)}`].join('\n'),
  });
}

/** `openssl` or `openssl and 3 more packages`; empty where none is known. */
function packageWords({ packages }: Alert): string {
  const [first, ...others] = packages;
  if (first === undefined) return '';
  return others.length === 0 ? first : `${first} and ${count(others.length, 'more package')}`;
}

function subjectWords(alert: Alert): string {
  const packages = packageWords(alert);
  return `${alert.subject}${packages === '' ? '' : ` (${packages})`}`;
}

function headline(facts: AlertFacts): string {
  const { kind, alert, doing, policy } = facts;
  const reaches = `${subjectWords(alert)} reaches ${count(alert.nodes, 'node')}${taggedWords(alert)}`;
  const changed = 'Nothing was changed yet.';
  if (doing === 'mitigate')
    return `${subjectWords(alert)}: no fix for ${count(nodesIn(facts), 'node')}. ${policy} wants to run ${facts.document ?? 'its document'} there. ${asks(kind)}`;
  if (doing === 'withdraw')
    return `${alert.subject}: ${count(nodesIn(facts), 'node')} no longer need ${facts.document ?? 'the mitigation'}. ${policy} takes it back. ${asks(kind)}`;
  if (alert.awaitedSince !== undefined && alert.fixable > 0 && kind !== 'reminder')
    return `A fix is now available for ${count(alert.fixable, 'node')}: ${reaches}. ${asks(kind)}`;
  if (kind === 'reminder') return `Nobody has answered for ${formatDuration((facts.now - facts.askedAt) / 1_000)}: ${reaches}. ${changed}`;
  if (kind === 'plan') return `${reaches}. ${policy} has a plan and asks. ${changed}`;
  if (kind === 'runs') return `${reaches}. ${policy} has a plan and runs it by itself.`;
  if (kind === 'running') return `${reaches}. ${policy} is at work on something else, and this comes next. ${changed}`;
  if (kind === 'observe') return `${reaches}. ${policy} only observes. ${changed}`;
  return `${reaches}, and ${alert.awaiting > 0 ? 'no vendor has a fix' : 'none can have the fix as it is'}. ${changed}`;
}

function asks(kind: AlertKind): string {
  return kind === 'runs' ? 'It runs by itself.' : 'It asks first: nothing was changed yet.';
}

function taggedWords({ tagged }: Alert): string {
  const words = tagged.filter(({ nodes }) => nodes > 0).map(({ tag, nodes }) => `${nodes} with ${tag}`);
  return words.length === 0 ? '' : `, ${words.join(', ')}`;
}

function subjectLine(facts: AlertFacts): string {
  const { kind, alert, doing } = facts;
  const what = `${alert.subject}${alert.packages[0] === undefined ? '' : ` ${alert.packages[0]}`}`;
  const ends: Record<AlertKind, string> = {
    plan: 'plan ready, DECIDE',
    reminder: 'still waits, DECIDE',
    runs: doing === 'patch' ? 'patching begins' : 'it begins',
    running: 'comes next',
    observe: 'policy only observes',
    'no-fix': 'no fix yet',
  };
  const head = doing === 'patch' ? (kind === 'reminder' ? 'REMINDER' : 'ZERO-DAY') : doing === 'mitigate' ? 'MITIGATE' : 'WITHDRAW';
  if (doing !== 'patch') return `[Wavelock] ${head} ${what}: ${count(nodesIn(facts), 'node')}, ${ends[kind]}`;
  return `[Wavelock] ${head} ${what}: ${count(alert.nodes, 'node')} exposed, ${ends[kind]}`;
}

function serviceLines({ services }: Alert): string[] {
  if (services.length === 0) return [];
  const shown = services.slice(0, SHOWN_SERVICES).map(({ name, exposed, of }) => `${name} ${exposed} of ${of}`);
  return [[...shown, ...(services.length > SHOWN_SERVICES ? [`and ${services.length - SHOWN_SERVICES} more`] : [])].join(', ')];
}

function fixLines({ alert, document }: AlertFacts): string[] {
  const parts = [
    ...(alert.fixable > 0 ? [`available for ${count(alert.fixable, 'node')}`] : []),
    ...(alert.awaiting > 0
      ? [`none yet for ${alert.awaiting} (${alert.awaitingOn.join(', ')})${document === undefined ? '' : `: ${document} stands in`}`]
      : []),
    ...(alert.blocked > 0 ? [`${alert.blocked} cannot have it as they are: held to a release, without entitlement, or waiting for a reboot`] : []),
  ];
  return parts.length === 0 ? [] : [parts.join('; ')];
}

/** What people may not take for closed: nodes that this policy will not touch. */
function outsideLines({ nodes, names }: Alert['outside']): string[] {
  if (nodes === 0) return [];
  const more = nodes > names.length ? ` and ${nodes - names.length} more` : '';
  return [`${count(nodes, 'exposed node')} that this policy does not reach: ${names.join(', ')}${more}`];
}

function advisoryLines({ advisories }: Alert): string[] {
  const shown = advisories.slice(0, 3).map(({ advisory, title }) => (title === '' ? advisory : `${advisory}: ${title}`.slice(0, 120)));
  return [...shown, ...(advisories.length > 3 ? [`and ${advisories.length - 3} more`] : [])];
}

function planLines(facts: AlertFacts): string[] {
  if (facts.waves.length === 0) return [];
  const waves = facts.waves.map(({ name, nodes }) => `${name} ${nodes}`).join(' -> ');
  return [`${facts.plan}: ${waves}; done in about ${formatDuration(facts.seconds)}`];
}

/** Nodes that stay exposed although a plan is made: the most frequent reasons first. That there is no fix stands under Fix. */
function leftOutLines({ leftOut }: AlertFacts): string[] {
  const counts = new Map<string, number>();
  for (const why of leftOut.filter((word) => word !== NO_FIX)) counts.set(why, (counts.get(why) ?? 0) + 1);
  const sorted = [...counts].toSorted((a, b) => b[1] - a[1]);
  const rest = sorted.slice(SHOWN_REASONS).reduce((sum, [, number]) => sum + number, 0);
  return [
    ...sorted.slice(0, SHOWN_REASONS).map(([why, number]) => `${count(number, 'node')}: ${why}`),
    ...(rest === 0 ? [] : [`and ${count(rest, 'more node')}`]),
  ];
}

function clockLines({ finishWithin, now, timezone, kind }: AlertFacts): string[] {
  if (finishWithin === undefined || kind === 'reminder') return [];
  return [`within ${formatDuration(finishWithin)} = ${formatLocal(now + finishWithin * 1_000, timezone, 'zoned')}`];
}

function needed({ kind, rollout, doing }: AlertFacts): { words: string; commands: string[] } {
  const commands = [`npx wavelock approve ${rollout} --why "..."`, `npx wavelock abort ${rollout} --why "..."`];
  if (kind === 'plan' || kind === 'reminder') {
    const urgent = doing === 'patch' ? 'now: read the plan, then approve or abort' : 'approve or abort';
    return { words: `${urgent}. Without an answer nothing is sent.`, commands };
  }
  if (kind === 'runs') return { words: 'nothing. To end it:', commands: commands.slice(1) };
  if (kind === 'running') return { words: 'nothing yet: you are asked when the rollout before it has ended.', commands: [] };
  if (kind === 'observe') return { words: 'patch these nodes, or let the policy do it (mode: approve).', commands: [] };
  return { words: 'decide what stands in until a fix is out. Wavelock looks again with every intake.', commands: [] };
}

function nextWord({ kind }: AlertFacts): string {
  if (kind === 'plan') return 'in 30 minutes if nobody answers; after each wave; when no node is left';
  if (kind === 'reminder' || kind === 'runs') return 'after each wave; when no node is left';
  return kind === 'running' ? 'when its turn comes' : kind === 'no-fix' ? 'when a fix is out' : 'when no node is left';
}

function nodesIn({ waves }: AlertFacts): number {
  return waves.reduce((sum, wave) => sum + wave.nodes, 0);
}

export interface ClosedFacts {
  policy: string;
  subject: string;
  advisories: string[];
  /** Rollouts that were started for it; none where somebody else has closed it. */
  rollouts: string[];
  reason: string;
  /** Names of nodes that are exposed and that the policy does not reach. */
  outside: string[];
  /** Nodes that still carry what stood in for the fix. */
  standIns: number;
  ticket: string;
  /** What happened when, oldest first. */
  timeline: { at: number; text: string }[];
  now: number;
  timezone: string;
}

const SHOWN_MOMENTS = 20;

/** `0 left, ticket closed, here is the timeline`. */
export function writeClosed({
  policy,
  subject,
  advisories,
  rollouts,
  reason,
  outside,
  standIns,
  ticket,
  timeline,
  now,
  timezone,
}: ClosedFacts): Notice {
  const first = timeline[0]?.at ?? now;
  const moments = timeline.slice(-SHOWN_MOMENTS).map(({ at, text }) => `${formatLocal(at, timezone)}  ${text}`);
  const left = outside.length === 0 ? '0 nodes left' : `0 nodes of ${policy} left, ${count(outside.length, 'other')} still exposed`;
  const after = `${formatDuration((now - first) / 1_000)} after it was found`;
  return layOutNotice({
    icon: '✅',
    // What matters stands before what may be cut off.
    subject: `[Wavelock] CLOSED ${subject}: ${left}${outside.length === 0 ? `, ${after}` : ''}`,
    headline: `${subject} is closed: ${left}, ${after} here. ${policy} has nothing more to do.`,
    when: `${formatLocal(now, timezone)} (${timezone})`,
    lines: [
      ...noticeSection('Why', [reason]),
      ...noticeSection('Advisory', [advisories.slice(0, 5).join(', ')]),
      ...noticeSection('Not here', outsideLines({ nodes: outside.length, names: outside.slice(0, 5) })),
      ...noticeSection(
        'Stands in',
        standIns === 0 ? [] : [`what stood in for the fix is still on ${count(standIns, 'node')}: it is taken back next`],
      ),
      ...noticeSection('Ticket', ticket === '' ? [] : [`${ticket}, resolved`]),
      ...noticeSection('Timeline', moments),
    ],
    needed: neededFor(outside, advisories),
    footer: [`Policy: ${policy}`, ...rollouts.map((rollout) => `Rollout: ${rollout}`)].join('\n'),
  });
}

/** A node that no policy reaches stays exposed until somebody decides about it. */
function neededFor(outside: string[], advisories: string[]): { words: string; commands: string[] } {
  if (outside.length === 0) return { words: 'nothing.', commands: [] };
  const words = 'decide about the nodes under "Not here": name them in a policy and give them its tag, or write an exception for them.';
  return { words, commands: advisories.slice(0, 1).map((advisory) => `npx wavelock exposure --advisory ${advisory}`) };
}

function count(number: number, word: string): string {
  return `${number} ${word}${number === 1 ? '' : 's'}`;
}
