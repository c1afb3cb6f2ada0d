/** What vendors call grave, as our words. */
import type { Severity } from '../../core/model.ts';

const SEVERITIES: Record<string, Severity> = {
  critical: 'critical',
  important: 'important',
  high: 'important',
  moderate: 'moderate',
  medium: 'moderate',
  low: 'low',
  negligible: 'low',
};

/** A vendor's word as severity; any other word, and none, is `unrated`. */
export function severityOf(word: string | undefined): Severity {
  return (word === undefined ? undefined : SEVERITIES[word.toLowerCase()]) ?? 'unrated';
}

/** `Important` of `Important: firefox security update`; nothing where the word before the colon is no severity (`perl:5.24 …`). */
export function wordBeforeColon(summary: string | null | undefined): string | undefined {
  const word = /^([A-Za-z]+):\s/.exec(summary ?? '')?.[1];
  return word !== undefined && word.toLowerCase() in SEVERITIES ? word : undefined;
}
