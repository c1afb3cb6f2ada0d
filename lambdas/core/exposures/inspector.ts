/**
 * Amazon Inspector as a second opinion: beside what Wavelock finds, never merged with it. Both look at other lists (Inspector at its own
 * snapshot of a node, matched by its own database), so that where they differ one wants to know why.
 */
import { z } from 'zod';

/** What Inspector says of one account and Region. */
export const InspectorView = z.strictObject({
  /** `111111111111/eu-central-1` */
  location: z.string(),
  /** When it was asked, ISO-8601 UTC. */
  at: z.iso.datetime(),
  /** Whether every finding was read: there may be more than are asked for. */
  complete: z.boolean(),
  /** By node id. No node at all: Inspector is not switched on there. */
  nodes: z.record(z.string(), z.strictObject({ active: z.boolean(), reason: z.string(), cves: z.array(z.string()) })),
});
export type InspectorView = z.infer<typeof InspectorView>;

/** `also seen by Inspector`, or `only we`, and then why. */
export interface SecondOpinion {
  agrees: boolean;
  words: string;
}

/** `location`: `111111111111/eu-central-1`. */
interface PlacedNode {
  id: string;
  location: string;
}

/** What Inspector says of CVEs on a node. */
export function secondOpinion(node: PlacedNode, cves: readonly string[], views: ReadonlyMap<string, InspectorView>): SecondOpinion {
  const why = whyNot(node, cves, views.get(node.location));
  return why === undefined ? { agrees: true, words: 'also seen by Inspector' } : { agrees: false, words: `only we: ${why}` };
}

function whyNot(node: PlacedNode, cves: readonly string[], view: InspectorView | undefined): string | undefined {
  if (node.id.startsWith('mi-')) return 'Inspector does not look at hybrid nodes';
  if (!view) return 'Inspector was not asked yet';
  if (Object.keys(view.nodes).length === 0) return `Inspector is not switched on in ${node.location}`;
  const seen = view.nodes[node.id];
  if (!seen) return 'Inspector does not know this node';
  if (cves.some((cve) => seen.cves.includes(cve))) return undefined;
  if (!seen.active) return `Inspector does not scan it (${seen.reason})`;
  if (cves.length === 0) return 'the advisory names no CVE that Inspector could list';
  return view.complete ? 'Inspector does not list it' : 'not among the findings of Inspector that were read; it has more';
}

/** A CVE that Inspector lists on a node and that Wavelock has no open exposure for. */
export interface OnlyInspector {
  location: string;
  node: string;
  cve: string;
  why: string;
}

/** What Wavelock knows of a node: since when its facts are true, and which CVEs are open on it. */
export interface OurView {
  factsAt: string | undefined;
  cves: ReadonlySet<string>;
}

/** What only Inspector sees, by location, node and CVE. `ours` has every node that Wavelock lists, by `location/id`. */
export function onlyInspector(views: ReadonlyMap<string, InspectorView>, ours: ReadonlyMap<string, OurView>): OnlyInspector[] {
  return [...views.values()].flatMap(({ location, nodes, at }) =>
    Object.entries(nodes).flatMap(([node, { cves }]) => {
      const own = ours.get(`${location}/${node}`);
      return cves.filter((cve) => own === undefined || !own.cves.has(cve)).map((cve) => ({ location, node, cve, why: whyNotWe(own, at) }));
    }),
  );
}

function whyNotWe(own: OurView | undefined, at: string): string {
  if (!own) return 'only Inspector: Systems Manager does not list this node';
  if (own.factsAt === undefined) return 'only Inspector: nothing is known here of what this node has';
  if (own.factsAt > at) return `only Inspector: this node was looked at later, on ${own.factsAt.slice(0, 16)}Z`;
  return `only Inspector: no advisory that we know of and that is open on the facts of ${own.factsAt.slice(0, 16)}Z names it`;
}
