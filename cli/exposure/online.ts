/** `wavelock exposure`: what the nodes of a hub are exposed to, since when, and how current that is. Reads the store; changes nothing. */
import { readCountedNodes, readOpenExposures } from '../../lambdas/aws/exposures.ts';
import { readInspectorView } from '../../lambdas/aws/inspector.ts';
import { findStored, storedNaming } from '../advisory/stored.ts';
import { plain } from '../ui/text.ts';
import { CveId } from '../../lambdas/core/advisory.ts';
import { withHub } from '../hub.ts';
import { EXIT } from '../run/messages.ts';
import { printWidth } from '../ui/width.ts';
import { onlineRows, wantedNodes } from './online-rows.ts';
import { onlineLines, partlyKnown, whyNobody, withdrawnWords } from './online-table.ts';
import { printRows } from './print-rows.ts';
import type { HubOptions, OpenHub } from '../hub.ts';
import type { Seen, Wanted } from './online-rows.ts';

export interface OnlineOptions extends HubOptions, Wanted {
  json?: boolean;
}

type Print = (text: string) => void;

const toStandardOutput: Print = (text) => void process.stdout.write(text);

/** Prints and answers the exit status: 0 shown, 2 no hub, no such node or service, or nothing was reckoned there yet. `print` takes a line or more at a time. */
export async function onlineExposure(options: OnlineOptions, print: Print = toStandardOutput): Promise<number> {
  const { advisory, cve, node, service } = options;
  const wanted = { advisory, cve, node, service };
  if (cve !== undefined && !CveId.safeParse(cve).success) return refuse(`"${cve}" is no CVE: expected one such as CVE-2026-31337`);
  return withHub(options, 'ReadersPolicy', async (hub) => {
    const reckoned = await readSeen(hub);
    if (!reckoned) return refuse('no exposures are known yet: they are reckoned at the end of the first look at the fleet');
    const nobody = whyNobody(reckoned, wanted);
    if (nobody !== undefined) return refuse(nobody);
    const { note, withdrawn } = await whyNothing(wanted, reckoned, hub);
    const seen = { ...reckoned, ...(withdrawn === undefined ? {} : { withdrawn }) };
    if (options.json === true) printRows(onlineRows(seen, wanted), print);
    else print(`${onlineLines(seen, wanted, Date.now(), printWidth()).join('\n')}\n`);
    for (const line of [note, ...(options.json === true ? besideRows(seen, wanted) : [])]) if (line !== undefined) process.stderr.write(`${line}\n`);
    return EXIT.succeeded;
  });
}

/** What the lines say by themselves and rows do not: whoever reads rows must not take what is unknown for clear. */
function besideRows(seen: Seen, wanted: Wanted): (string | undefined)[] {
  const withdrawn = wanted.advisory === undefined || seen.withdrawn === undefined ? undefined : withdrawnWords(wanted.advisory, seen.withdrawn);
  return [partlyKnown(wantedNodes(seen.nodes, wanted)), ...(withdrawn === undefined ? [] : [`Note: ${withdrawn}`])];
}

/** Why what is asked for is open nowhere, where it is not that all is clear: nobody has told of it, or it was withdrawn. */
async function whyNothing({ advisory, cve }: Wanted, { summary }: Seen, hub: OpenHub): Promise<{ note?: string; withdrawn?: string }> {
  const asked = advisory ?? cve;
  if (asked === undefined || summary.exposures.some((one) => one.advisory === asked || one.cves.includes(asked))) return {};
  if (advisory !== undefined)
    return (
      (await findStored(advisory, hub)) ?? {
        note: `Note: no advisory that is stored here is called ${plain(advisory)}: nothing was compared with it.`,
      }
    );
  const { done } = await storedNaming(asked, hub).next();
  return done === true ? { note: `Note: no vendor's advisory that is stored here names ${asked}: nothing was compared with it.` } : {};
}

/** All that the rows are made of; `undefined` where nothing was reckoned yet. */
export async function readSeen({ store }: OpenHub): Promise<Seen | undefined> {
  const summary = await readOpenExposures(store);
  if (!summary) return undefined;
  const nodes = await readCountedNodes(store);
  const locations = [...new Set(nodes.map(({ location }) => location))];
  const views = await Promise.all(locations.map((location) => readInspectorView(store, location)));
  return { summary, nodes, views: new Map(views.flatMap((view) => (view ? [[view.location, view] as const] : []))) };
}

function refuse(problem: string): number {
  process.stderr.write(`${problem}\n`);
  return EXIT.badInput;
}
