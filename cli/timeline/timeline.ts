/** `wavelock timeline CVE-…`: what happened about one CVE, out of the record of a hub. */
import { CveId } from '../../lambdas/core/advisory.ts';
import { cveTimeline } from '../../lambdas/core/exposures/history-cve.ts';
import { withHub } from '../hub.ts';
import { EXIT } from '../run/messages.ts';
import { jsonText } from '../ui/text.ts';
import { printWidth } from '../ui/width.ts';
import { gatherCve } from './gather.ts';
import { timelineLines } from './text.ts';
import type { HubOptions, OpenHub } from '../hub.ts';

export interface TimelineOptions extends HubOptions {
  json?: boolean;
}

/** Prints the timeline and answers the exit status: 0, or 2 where the CVE or the hub is unknown. */
export async function timeline(cve: string, options: TimelineOptions): Promise<number> {
  if (!CveId.safeParse(cve).success) return refuse(`"${cve}" is no CVE: expected one such as CVE-2026-31337`);
  return withHub(options, 'ReadersPolicy', (hub) => tell(cve, hub, options.json === true));
}

/** The same for a hub that is open already. */
export async function tell(cve: string, hub: OpenHub, json: boolean): Promise<number> {
  const { facts, open } = await gatherCve(cve, hub);
  const moments = cveTimeline(facts);
  if (moments.length === 0)
    return refuse(`nothing is known of ${cve} here: no stored advisory, no entry of CISA's list and nobody here has named it`);
  console.log(json ? jsonText(moments) : timelineLines(cve, moments, open, printWidth()).join('\n'));
  return EXIT.succeeded;
}

function refuse(problem: string): number {
  console.error(problem);
  return EXIT.badInput;
}
