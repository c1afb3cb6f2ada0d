/** The report's story of a run that an advisory has started: what happened when, who was asked and who decided, and its tickets. */
import { formatDuration, formatLocal } from '../../lambdas/core/calendar-text.ts';
import { amount } from '../ui/text.ts';
import { html } from './escape.ts';
import { row, table } from './parts.ts';
import type { EndedRun } from '../ui/facts.ts';
import type { Html } from './escape.ts';

/** Nothing where a calendar has started the run: its waves tell all of it. */
export function storySection({ document }: EndedRun): Html | undefined {
  const { timeline = [], tickets = [] } = document;
  const [first, last] = [timeline[0], timeline.at(-1)];
  if (!first || !last) return undefined;
  const since = (at: string): string => formatDuration((Date.parse(at) - Date.parse(first.at)) / 1_000);
  const rows = timeline.map(({ at, what }) =>
    row([
      { class: 'place', of: formatLocal(Date.parse(at), 'UTC') },
      { class: 'place', of: `+${since(at)}` },
      { class: 'why', of: what },
    ]),
  );
  const open = tickets.filter(({ resolvedAt }) => resolvedAt === '');
  const ended =
    open.length === 0
      ? 'every ticket is resolved'
      : `${amount(open.length, 'ticket')} open: ${open.map(({ item, subject }) => `${item} (${subject})`).join(', ')}`;
  return html`<section id="story"><h2>What happened, and who decided</h2>
<p class="big">From the first word to the last step ${since(last.at)}; ${ended}.</p>
${table(['When, UTC', 'After', 'What'], rows)}
</section>`;
}
