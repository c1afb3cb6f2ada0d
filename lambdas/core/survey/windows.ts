/** Maintenance windows of Systems Manager as a policy file names them: by id, as far as their times can be followed. */
import { readWindow } from '../maintenance-window.ts';
import type { WindowReading } from '../model.ts';
import type { SeenWindow } from './model.ts';

/** A window for `windows:` of a policy file. */
export interface ProposedWindow {
  name: string;
  /** Id, and `account/region`: whether that will be the hub's own, nobody knows yet. */
  ssm: string;
  location: string;
  /** What a rollout would read of it. */
  read: Extract<WindowReading, { lasts: number }>;
}

export type Translation = { window: ProposedWindow } | { why: string };

/** A maintenance window as a policy would follow it, by the very reading of a rollout; or why it would be closed. `now` in ms. */
export function translateWindow(seen: SeenWindow, { name, location, now }: { name: string; location: string; now: number }): Translation {
  const read = readWindow(seen, now);
  return 'closed' in read ? { why: `it ${read.closed}` } : { window: { name, ssm: seen.id, location, read } };
}

/** A name for `windows:` or `waves:`: lower-case letters, digits and hyphens; `taken` ones get a number. */
export function slugOf(text: string, longest: number, taken: ReadonlySet<string>): string {
  const plain = text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+|-+$/g, '');
  const base = (plain === '' ? 'unnamed' : plain).slice(0, longest).replace(/-+$/, '');
  if (!taken.has(base)) return base;
  for (let number = 2; ; number++) {
    const numbered = `${base.slice(0, longest - String(number).length - 1)}-${number}`;
    if (!taken.has(numbered)) return numbered;
  }
}
