/** A CVE's timeline as the terminal shows it: a line a moment, in UTC, with the hours since it was announced. */
import { announcedAt } from '../../lambdas/core/exposures/history-cve.ts';
import { amount, clip, plain, WIDEST, wrapWhole } from '../ui/text.ts';
import type { CveMoment } from '../../lambdas/core/exposures/history-cve.ts';
import type { OpenAdvisory } from '../../lambdas/core/exposures/types.ts';

const HOUR_MS = 3_600_000;
/** Of the word for what happened. */
const WHAT = 11;
/** `  2026-12-21 13:05    +123.4 h  published   `: where who and why begin. */
const COLUMN = 33 + WHAT;
/** Room for words beside the time, at least; and how far they are set in under it. */
const LEAST = 30;
const UNDER = 6;
/** `open      `: where the words of the last lines begin. */
const ENDS = 10;

/** The lines, at most `width` characters each but for ARNs and the like that are longer. `moments` in their order, at least one. */
export function timelineLines(cve: string, moments: readonly CveMoment[], open: readonly OpenAdvisory[], width = WIDEST): string[] {
  const begins = Date.parse(announcedAt(moments) ?? '');
  return [
    ...wrapWhole(`${cve}${titleOf(open)}`, width),
    ...wrapWhole('Times are UTC; hours count from its announcement.', width),
    '',
    ...moments.flatMap((moment) => momentLines(moment, begins, width)),
    '',
    ...endLines(moments, open).flatMap((line) => wrapWhole(line, width - ENDS).map((part, index) => `${index === 0 ? '' : ' '.repeat(ENDS)}${part}`)),
  ];
}

function titleOf(open: readonly OpenAdvisory[]): string {
  const named = open.find((one) => one.title !== '');
  // Amazon's titles say again which advisory it is: `Amazon Linux 2023 - ALAS2023-2026-938: Important …`.
  return named === undefined ? '' : `: ${plain(named.title.split(`${named.advisory}: `).at(-1) ?? '')}`;
}

/** What happened stands beside its time, or under it where that leaves too little room. */
function momentLines({ at, what, who, why }: CveMoment, begins: number, width: number): string[] {
  const hours = (Date.parse(at) - begins) / HOUR_MS;
  const time = `${at.slice(0, 10)} ${at.slice(11, 16)}`;
  const head = `  ${time}  ${`${hours < 0 ? '' : '+'}${hours.toFixed(1)} h`.padStart(10)}  ${clip(plain(what), WHAT).padEnd(WHAT)} `;
  const text = plain(`${who}: ${why}`);
  const longest = Math.max(...text.split(' ').map((word) => word.length));
  if (width - COLUMN < Math.max(LEAST, longest))
    return [head.trimEnd(), ...wrapWhole(text, width - UNDER).map((line) => `${' '.repeat(UNDER)}${line}`)];
  return wrapWhole(text, width - COLUMN).map((line, index) => `${index === 0 ? head : ' '.repeat(COLUMN)}${line}`);
}

/** How it stands now: what is open, or that nothing is or ever was. */
function endLines(moments: readonly CveMoment[], open: readonly OpenAdvisory[]): string[] {
  const still = open.flatMap(({ advisory, nodes, due, excepted }) => {
    const count = Object.values(nodes).reduce((sum, number) => sum + number, 0);
    if (count + excepted === 0) return [];
    const except = excepted === 0 ? '' : `, ${excepted} with an exception`;
    return [`open      ${advisory}: ${amount(count, 'node')}${except}${due === undefined ? '' : `, due ${due.slice(0, 16).replace('T', ' ')}`}`];
  });
  if (still.length > 0) return still;
  return [
    moments.some(({ what }) => what === 'exposed')
      ? 'closed    no node is exposed to it'
      : 'No node of this fleet was ever found to be exposed to it.',
  ];
}
