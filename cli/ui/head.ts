/** The first lines: what this is, and what was made ready. */
import { amount, clip, grouped, labelled, plain, realTime, shortHash, wrap } from './text.ts';
import type { UnreadFeed, WorldMessage } from '../run/messages.ts';

type Message<Type extends WorldMessage['type']> = Extract<WorldMessage, { type: Type }>;

/** Where the text of a head line begins, in characters. */
const COLUMN = 10;
const TIME_WIDTH = 8;

/** The parts of the head, in the order in which a terminal shows them. */
export const HEAD_PARTS = ['synth', 'boot', 'feeds', 'fleet', 'scan'] as const;
export type HeadPart = (typeof HEAD_PARTS)[number];

/** Feeds as people call them; others appear under their own name. */
const SOURCES: Record<string, string> = {
  'amazon-linux-2': 'Amazon Linux 2',
  'amazon-linux-2-extras': 'its extras',
  'amazon-linux-2023': 'Amazon Linux 2023',
  'amazon-linux-2023-livepatch': 'its livepatches',
  'oracle-linux-8': 'Oracle Linux 8',
  'oracle-linux-9': 'Oracle Linux 9',
  'osv-ubuntu': 'Ubuntu',
  'osv-debian': 'Debian',
  'osv-red-hat': 'Red Hat',
  'osv-rocky-linux': 'Rocky Linux',
  'osv-almalinux': 'AlmaLinux',
  'osv-suse': 'SUSE',
  msrc: 'Microsoft',
  'cisa-kev': 'CISA KEV',
};

/** What is run: what goes wrong on purpose, where something does; the policy, and others of the same file. */
export interface Intro {
  scenario?: string;
  policy?: string;
  others?: string[];
}

/** What this is. */
export function introLines({ scenario, policy = '', others = [] }: Intro, width: number): string[] {
  return [
    ...wrap('Wavelock on your laptop: the CloudFormation template that `cdk deploy` ships, run in virtual time.', width),
    ...wrap('No AWS account, no credentials, nothing leaves this machine.', width),
    ...wrap(scenarioWords(scenario), width).filter((line) => line !== ''),
    ...wrap(othersWords(policy, others), width).filter((line) => line !== ''),
    '',
  ];
}

function scenarioWords(scenario: string | undefined): string {
  if (scenario === undefined || scenario === 'none') return '';
  if (scenario === 'demo') return 'A few things go wrong on purpose, as on real nights; --scenario none leaves them out.';
  return `Something goes wrong on purpose: --scenario ${plain(scenario)}`;
}

function othersWords(policy: string, others: readonly string[]): string {
  if (others.length === 0) return '';
  const beside =
    others.length === 1 ? 'runs beside it when its own time comes, and is not shown' : 'run beside it when their own time comes, and are not shown';
  return `This run is about ${plain(policy)}, the first policy of its file; ${plain(others.join(', '))} ${beside}.`;
}

/** `synth   WavelockHub.template.json  sha256 3f9c..e1  96 resources, 4 locations   2.1 s`. `milliseconds`: of `cdk synth`, if it ran. */
export function synthLines(message: Message<'booted'>, milliseconds: number | undefined, width: number): string[] {
  const size = `${amount(message.resources, 'resource')}, ${amount(message.locations, 'location')}`;
  const text = `${plain(message.template)}  sha256 ${shortHash(message.sha256)}  ${size}`;
  return timed('synth', text, milliseconds === undefined ? '' : realTime(milliseconds), width);
}

/** What runs now. */
export function bootLines(message: Message<'booted'>, width: number): string[] {
  const parts = [
    amount(message.functions, 'function'),
    amount(message.machines, 'state machine'),
    amount(message.documents, 'SSM document'),
    `${amount(message.roles, 'role')} (IAM enforced)`,
  ];
  return timed('boot', parts.join(', '), realTime(message.milliseconds), width);
}

/** How many advisories came in, and how many known-exploited CVEs the fleet has. */
export function feedLines(message: Message<'feeds'>, width: number): string[] {
  const entries = Object.entries(message.bySource);
  const sources = entries.map(
    ([source, count], index) => `${SOURCES[source] ?? plain(source)} ${index === 0 ? amount(count, 'advisory', 'advisories') : grouped(count)}`,
  );
  const came = entries.length === 0 ? 'none' : sources.join(', ');
  const told = `${came}; known exploited and here: ${amount(message.exploitedHere, 'CVE')}`;
  return [...timed('feeds', told, realTime(message.milliseconds), width), ...unreadLines(message.unread, { width, column: COLUMN })];
}

/** Feeds that could not be read, each with why; those that the folder has nothing for are named together. None where all were read. */
export function unreadLines(unread: readonly UnreadFeed[], place: { width: number; column: number }): string[] {
  const absent = unread.filter((one) => one.absent).map(({ feed }) => feedWords(feed));
  return [
    ...unread
      .filter((one) => !one.absent)
      .map(({ feed, why }) => `! ${feedWords(feed)} could not be read, its advisories are missing: ${plain(why)}`),
    ...(absent.length === 0 ? [] : [`the folder has nothing for ${absent.join(', ')}`]),
  ].flatMap((text) => labelled('', text, place));
}

/** `Amazon Linux 2023 (amazon-linux-2023)`; what is "its" only beside another goes by its own name. */
function feedWords(feed: string): string {
  const people = SOURCES[feed];
  return people === undefined || people.startsWith('its ') ? plain(feed) : `${people} (${feed})`;
}

/** The simulated fleet. The usual architecture goes without saying; a count stays on the line of what it counts. */
export function fleetLines(message: Message<'fleet'>, width: number): string[] {
  const platforms = Object.entries(message.platforms).toSorted(([, a], [, b]) => b - a);
  const words = platforms.map(([name, count]) => `${plain(name).replace(/-x86_64$/, '')}\u00a0${grouped(count)}`).join(', ');
  const text = `${amount(message.nodes, 'node')}, ${grouped(message.hybrid)} hybrid: ${words}`;
  return labelled('fleet', text, { width, column: COLUMN }).map((line) => line.replaceAll('\u00a0', ' '));
}

/** What the scan found before the plan was made. */
export function coverageLines(message: Message<'coverage'>, width: number): string[] {
  const told = `${grouped(message.reporting)} of ${amount(message.nodes, 'node')} told what they have`;
  const text = `${told}; ${grouped(message.exposed)} with security updates open`;
  return labelled('scan', text, { width, column: COLUMN });
}

/** A head line that is not known yet. */
export function pendingLines(part: HeadPart, words: string): string[] {
  return [`  ${part.padEnd(COLUMN - 2)}${words}`.trimEnd()];
}

/** A line with a time at the right margin. */
function timed(label: string, text: string, time: string, width: number): string[] {
  const lines = labelled(label, text, { width: width - TIME_WIDTH, column: COLUMN });
  const [first = '', ...rest] = lines;
  return [clip(first, width - TIME_WIDTH).padEnd(width - TIME_WIDTH) + time.padStart(TIME_WIDTH), ...rest].map((line) => line.trimEnd());
}
