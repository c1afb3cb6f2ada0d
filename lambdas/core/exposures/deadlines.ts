/** Until when an exposure has to be closed, by the policy file's `deadlines`. */
import { meets } from './urgency.ts';
import type { Deadline } from '../model.ts';
import type { Clock, Urgency } from './types.ts';

type Tags = Readonly<Record<string, string>>;

export interface Due {
  /** ISO-8601 UTC; absent: the rule sets no date for this exposure as it stands. */
  due?: string;
  /** The rule that counts, in words. */
  deadline: string;
}

/**
 * The first rule whose condition holds on a node with these tags decides; `undefined` where none does.
 *
 * `from: seen` counts from when there was something that people here could do: the exposure was known and a fix was out. `from:
 * published` counts as standards do, from the release of the fix; where the advisory came first, that is when the fix was seen here. What
 * has no fix yet is only due by CISA's date: its required action may be to take the product out of use (Binding Operational Directive
 * 22-01).
 */
export function dueOf(clock: Clock, urgency: Urgency, tags: Tags, deadlines: readonly Deadline[]): Due | undefined {
  const rule = deadlines.find(({ when }) => meets(when, urgency, tags));
  if (!rule) return undefined;
  const dates = [...fixDate(clock, rule), ...kevDate(urgency, rule)];
  const [due] = dates.toSorted();
  return { ...(due === undefined ? {} : { due }), deadline: rule.words };
}

function fixDate({ published, seen, fixable }: Clock, { fixWithin, from }: Deadline): string[] {
  if (fixWithin === undefined || fixable === undefined) return [];
  const begins = from === 'published' && fixable <= seen ? published : fixable;
  return [new Date(Date.parse(begins) + fixWithin * 1000).toISOString()];
}

/** The whole of CISA's day counts, to its end in UTC. */
function kevDate({ kevDue }: Urgency, { kevDueDate }: Deadline): string[] {
  return kevDueDate === undefined || kevDue === undefined ? [] : [`${kevDue}T23:59:59.000Z`];
}
