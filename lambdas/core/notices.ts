/**
 * The messages. The first line says whether production is affected and whether it still spreads; `Needed from you:` is always there;
 * reasons stand word for word as in the record; five names at most; subjects are ASCII and under 100 characters, as SNS demands
 * (SNS API reference, Publish.Subject).
 */
import { formatLocal } from './calendar.ts';
import type { NoticeEvent, Outcome } from './model.ts';
import type { Doing } from './triggers/types.ts';

/** What a rollout tells of itself. What an advisory tells (`exposed`, `closed`) is written in core/triggers/messages.ts. */
export type RolloutEvent = Exclude<NoticeEvent, 'exposed' | 'closed'>;

export interface NoticeFacts {
  event: RolloutEvent;
  /** Left out: it patches. */
  doing?: Doing | undefined;
  policy: string;
  rollout: string;
  /** The wave it is about; for `approval` the first, for `done` the last. */
  wave: string;
  reasons: string[];
  /** Waves of the plan in order: how many nodes, and how many of them a patch command was sent to. */
  waves: { name: string; nodes: number; sent: number }[];
  outcomes: Partial<Record<Outcome, number>>;
  /** First characters of the lock's hash. */
  lock: string;
  /** Nodes that need a person: name and reason. */
  needPerson: { name: string; reason: string }[];
  /** Names of nodes after the first wave on which something else installed newer versions than were proven; they need a person as well. */
  ahead: string[];
  cvesClosed: number;
  now: number;
  timezone: string;
}

export interface Notice {
  subject: string;
  /** Plain text for e-mail. */
  text: string;
  /** Slack's text and Block Kit blocks (Slack API, "Incoming webhooks"). */
  slack: { text: string; blocks: { type: 'section'; text: { type: 'mrkdwn'; text: string } }[] };
}

const SUBJECT_LIMIT = 99;
/** Names of nodes that are told, at most. */
const NAMED = 5;
const ICONS: Record<RolloutEvent, string> = { approval: '🟡', passed: '🟢', held: '🟠', failed: '🔴', done: '🟢' };

/** The parts of a notice, whoever writes it. */
export interface NoticeParts {
  icon: string;
  /** Any characters; what a subject cannot carry is replaced. */
  subject: string;
  headline: string;
  /** When it happened, with the time zone. */
  when: string;
  /** Lines as `noticeSection` makes them. */
  lines: string[];
  needed: { words: string; commands: string[] };
  footer: string;
}

/** Lays a notice out: the same truth by mail and in Slack. */
export function layOutNotice({ icon, subject, headline, when, lines, needed, footer }: NoticeParts): Notice {
  const text = [
    headline,
    when,
    '',
    ...lines,
    '',
    `Needed from you: ${needed.words}`,
    ...needed.commands.map((command) => `  ${command}`),
    footer,
  ].join('\n');
  const slackText = [
    `${icon} *${headline}*`,
    ...lines,
    `*Needed from you:* ${needed.words}`,
    ...needed.commands.map((command) => `\`${command}\``),
  ].join('\n');
  return {
    subject: subject.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, SUBJECT_LIMIT),
    text,
    slack: {
      text: `${icon} ${headline}`,
      blocks: chunks(escapeMrkdwn(slackText)).map((part) => ({ type: 'section', text: { type: 'mrkdwn', text: part } })),
    },
  };
}

/** Writes one notice for all its readers. */
export function writeNotice(facts: NoticeFacts): Notice {
  return layOutNotice({
    icon: ICONS[facts.event],
    subject: subjectOf(facts),
    headline: headlineOf(facts),
    when: `${formatLocal(facts.now, facts.timezone)} (${facts.timezone})`,
    lines: [
      ...noticeSection('Why', facts.reasons),
      ...noticeSection('Nodes', outcomeLines(facts)),
      ...noticeSection('Untouched', untouched(facts)),
      ...personLines(facts),
    ],
    needed: neededFrom(facts),
    footer: `Rollout: ${facts.rollout}${facts.lock === '' ? '' : `   Lock: ${facts.lock}`}`,
  });
}

function headlineOf(facts: NoticeFacts): string {
  const production = productionWords(facts);
  switch (facts.event) {
    case 'failed':
      return `${facts.policy} stopped at wave "${facts.wave}". ${production}; nothing more will be sent.`;
    case 'held':
      return `${facts.policy} is HELD after wave "${facts.wave}": I cannot tell whether it is good. ${production}; nothing more will be sent until this is clear.`;
    case 'approval':
      return `${facts.policy} has a plan and asks whether to run it. Nothing was changed yet.`;
    case 'passed':
      return `${facts.policy} passed wave "${facts.wave}". ${production}.`;
    case 'done':
      return `${facts.policy} done: ${facts.waves.reduce((sum, wave) => sum + wave.nodes, 0)} nodes, ${DONE_WORDS[facts.doing ?? 'patch']}${aheadWords(facts)}.`;
  }
}

const DONE_OUTCOMES = { patch: 'patched', mitigate: 'mitigated', withdraw: 'withdrawn' } as const satisfies Record<Doing, Outcome>;
const DONE_WORDS: Record<Doing, string> = {
  patch: 'production got only what was proven',
  mitigate: 'what stands in for the fix is there; it is taken back where the fix is',
  withdraw: 'what stood in for the fix was taken back',
};

/** What was installed was proven; what somebody else has put there was not. */
function aheadWords({ ahead }: NoticeFacts): string {
  if (ahead.length === 0) return '';
  return `; ${nodeCount(ahead.length)} of it ${ahead.length === 1 ? 'runs' : 'run'} newer versions that something else installed and nobody proved`;
}

/** `1 node`, `12 nodes`. */
function nodeCount(count: number): string {
  return `${count} ${count === 1 ? 'node' : 'nodes'}`;
}

/** Production is the wave of that name; without one, everything after the wave that proves. */
function productionOf({ waves }: NoticeFacts): { nodes: number; sent: number } {
  const named = waves.filter(({ name }) => name === 'production');
  const counted = named.length > 0 ? named : waves.length > 1 ? waves.slice(1) : waves;
  return { nodes: counted.reduce((sum, wave) => sum + wave.nodes, 0), sent: counted.reduce((sum, wave) => sum + wave.sent, 0) };
}

function productionWords(facts: NoticeFacts): string {
  const { nodes, sent } = productionOf(facts);
  return sent === 0 ? 'Production was not touched' : `Production is affected: ${sent} of ${nodes} nodes got a command`;
}

function subjectOf(facts: NoticeFacts): string {
  const production = productionOf(facts).sent === 0 ? 'production not touched' : 'PRODUCTION AFFECTED';
  const words: Record<RolloutEvent, string> = {
    failed: `[Wavelock] FAILED at ${facts.wave}: ${facts.policy} stopped, ${production}`,
    held: `[Wavelock] HELD at ${facts.wave}: ${facts.policy} cannot judge, ${production}`,
    approval: `[Wavelock] DECIDE: ${facts.policy} has a plan and asks`,
    passed: `[Wavelock] passed ${facts.wave}: ${facts.policy}`,
    done: `[Wavelock] DONE: ${facts.policy}, ${facts.outcomes[DONE_OUTCOMES[facts.doing ?? 'patch']] ?? 0} ${DONE_OUTCOMES[facts.doing ?? 'patch']}, ${facts.needPerson.length} need a person`,
  };
  return words[facts.event];
}

function outcomeLines(facts: NoticeFacts): string[] {
  const words = Object.entries(facts.outcomes).map(([outcome, count]) => `${outcome} ${count}`);
  const closed = facts.cvesClosed > 0 ? [`closed ${facts.cvesClosed} CVEs`] : [];
  return words.length === 0 ? [] : [[...words, ...closed].join(', ')];
}

function untouched(facts: NoticeFacts): string[] {
  if (facts.event !== 'failed' && facts.event !== 'held') return [];
  return facts.waves.filter((wave) => wave.sent === 0).map((wave) => `${wave.name}: no command was sent to any of its ${wave.nodes} nodes`);
}

function personLines(facts: NoticeFacts): string[] {
  if (facts.event !== 'done' && facts.event !== 'failed') return [];
  const shown = facts.needPerson.slice(0, NAMED).map((node) => `${node.name}: ${node.reason}`);
  const more = facts.needPerson.length > NAMED ? [`and ${facts.needPerson.length - NAMED} more`] : [];
  return noticeSection('People', [...shown, ...more]);
}

function neededFrom(facts: NoticeFacts): { words: string; commands: string[] } {
  switch (facts.event) {
    case 'approval':
      return {
        words: 'read the plan, then approve or abort. Without an answer within 14 days nothing is patched.',
        commands: decide(facts, 'approve'),
      };
    case 'held':
      return { words: 'look at the nodes, then go on or end it. Without an answer for 30 days it ends.', commands: decide(facts, 'resume') };
    case 'failed':
      return { words: 'find out what broke before the next plan; this rollout is over.', commands: [] };
    case 'passed':
      return { words: facts.ahead.length === 0 ? 'nothing.' : `${findUpdater(facts)}.`, commands: [] };
    case 'done':
      return { words: neededWhenDone(facts), commands: [] };
  }
}

function neededWhenDone(facts: NoticeFacts): string {
  const { needPerson, ahead } = facts;
  if (needPerson.length === 0) return 'nothing.';
  const look = `look at ${nodeCount(needPerson.length)} that ${needPerson.length === 1 ? 'needs' : 'need'} a person`;
  return ahead.length === 0 ? `${look}.` : `${look}; ${findUpdater(facts)}.`;
}

/** Until it is found it may do so again, before any test. */
function findUpdater({ ahead }: NoticeFacts): string {
  const more = ahead.length > NAMED ? ` and ${ahead.length - NAMED} more` : '';
  return `find out what updated ${ahead.slice(0, NAMED).join(', ')}${more} beyond what was proven`;
}

function decide(facts: NoticeFacts, verb: 'approve' | 'resume'): string[] {
  return [`npx wavelock ${verb} ${facts.rollout} --why "..."`, `npx wavelock abort ${facts.rollout} --why "..."`];
}

/** Lines under a title: the first carries it, the others are indented. */
export function noticeSection(title: string, lines: string[]): string[] {
  return lines.map((line, index) => `${(index === 0 ? title : '').padEnd(10)} ${line}`);
}

/** Slack API, "Formatting text": &, < and > must be escaped. */
function escapeMrkdwn(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** Slack API, "Block Kit section": 3,000 characters a text. */
function chunks(text: string): string[] {
  const parts: string[] = [];
  for (let start = 0; start < text.length; start += 2900) parts.push(text.slice(start, start + 2900));
  return parts;
}
