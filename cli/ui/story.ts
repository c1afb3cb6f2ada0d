/** The story of a run that an advisory has started: what happened when, and how long after the first word of it. */
import { formatDuration, formatLocal } from '../../lambdas/core/calendar-text.ts';
import { plain, wrap } from './text.ts';
import type { RunDocument } from '../run/messages.ts';
import type { Drawing } from './plan.ts';

/** `Mon 21 Dec 14:05  ` and the time since the beginning stand left of the words. */
const CLOCK_WIDTH = 18;
const SINCE_WIDTH = 9;

/** One step, as it happens. */
export function momentLines({ at, text }: { at: number; text: string }, { width }: Drawing): string[] {
  return column(formatLocal(at, 'UTC', 'column').padEnd(CLOCK_WIDTH), text, width);
}

/** The whole story, at its end: every step with the time since the first, and what became of the tickets. */
export function timelineLines({ timeline = [], tickets = [] }: RunDocument, drawing: Drawing): string[] {
  const [first] = timeline;
  if (!first) return [];
  const begun = Date.parse(first.at);
  const last = timeline.at(-1) ?? first;
  const lines = timeline.flatMap(({ at, what }) => {
    const since = `+${formatDuration((Date.parse(at) - begun) / 1_000)}`.padEnd(SINCE_WIDTH);
    return column(`${formatLocal(Date.parse(at), 'UTC', 'column').padEnd(CLOCK_WIDTH)}${since}`, what, drawing.width);
  });
  const open = tickets.filter(({ resolvedAt }) => resolvedAt === '');
  const end = open.length === 0 ? 'every ticket is resolved' : `open: ${open.map(({ item, subject }) => `${item} (${subject})`).join(', ')}`;
  return [
    `  ${drawing.paint.bold('TIMELINE')}${' '.repeat(drawing.width - 22)}virtual UTC`,
    ...lines,
    `  from the first word to the last node: ${formatDuration((Date.parse(last.at) - begun) / 1_000)}; ${end}`,
  ];
}

function column(lead: string, text: string, width: number): string[] {
  return wrap(plain(text), width - lead.length - 2).map((line, index) => `  ${index === 0 ? lead : ' '.repeat(lead.length)}${line}`);
}
