/** Maintenance windows of Systems Manager in the words of the policy file, where those have words for them. */
import { check } from '../policy/problems.ts';
import { WrittenWindow } from '../policy/windows.ts';
import type { Window } from '../model.ts';
import type { SeenWindow } from './model.ts';

/** A window for `windows:` of a policy file. */
export interface ProposedWindow {
  name: string;
  cron: string;
  /** `4h` */
  lasts: string;
  lastStart?: string;
  timezone: string;
}

export type Translation = { window: ProposedWindow } | { why: string };

/**
 * A maintenance window as a window of the policy file. Both read six-field crons in a time zone (SSM User Guide, "Cron and rate expressions
 * for Systems Manager"); a leading field for seconds is left off. Rates, single dates and days of offset have no words there.
 */
export function translateWindow(seen: SeenWindow, name: string): Translation {
  if (seen.offset !== undefined) return { why: `has an offset of ${seen.offset} days, which the policy file cannot say` };
  const fields = /^cron\((.+)\)$/.exec(seen.schedule.trim())?.[1]?.trim().split(/\s+/);
  if (!fields) return { why: `${seen.schedule} is no cron` };
  const cron = (fields.length === 7 ? fields.slice(1) : fields).join(' ');
  const window: ProposedWindow = {
    name,
    cron,
    lasts: `${seen.duration}h`,
    ...(seen.cutoff > 0 && { lastStart: `${seen.cutoff}h` }),
    timezone: seen.timezone ?? 'UTC',
  };
  const { name: _name, ...written } = window;
  const read = check<Window>(WrittenWindow, written);
  return 'problems' in read ? { why: read.problems.map(({ path, message }) => `${path.join('.')} ${message}`).join('; ') } : { window };
}

/** A name for `windows:` or `waves:`: lower-case letters, digits and hyphens; `taken` ones get a number. */
export function slugOf(text: string, longest: number, taken: ReadonlySet<string>): string {
  const plain = text.toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^[^a-z]+|-+$/g, '');
  const base = (plain === '' ? 'unnamed' : plain).slice(0, longest).replace(/-+$/, '');
  if (!taken.has(base)) return base;
  for (let number = 2; ; number++) {
    const numbered = `${base.slice(0, longest - String(number).length - 1)}-${number}`;
    if (!taken.has(numbered)) return numbered;
  }
}
