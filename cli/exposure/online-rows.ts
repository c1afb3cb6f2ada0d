/**
 * What the hub's nodes are exposed to, as rows: those of the offline form, and with them clocks, ages and Amazon Inspector's opinion.
 * Pure.
 */
import { dueOf } from '../../lambdas/core/exposures/deadlines.ts';
import { onlyInspector, secondOpinion } from '../../lambdas/core/exposures/inspector.ts';
import { grouped } from '../../lambdas/core/exposures/reconcile.ts';
import { SERVICE_TAG } from '../../lambdas/core/exposures/summary.ts';
import type { InspectorView, OnlyInspector } from '../../lambdas/core/exposures/inspector.ts';
import type { CountedNode, ExposureSummary, OpenExposure } from '../../lambdas/core/exposures/types.ts';
import type { ExposureRow } from './rows.ts';

/** One advisory and one package of one node. Instants are ISO-8601 UTC. */
export interface OnlineRow extends ExposureRow {
  name: string;
  /** `111111111111/eu-central-1` */
  location: string;
  service: string;
  /** Who says so: a vendor, `person`, `kev`, `repository`; `inspector` for what only Amazon Inspector sees. */
  source: string;
  published: string;
  seen: string;
  /** Since when a fix is known here. */
  fixable: string | null;
  /** The rule of the policy file that gave `due`. */
  deadline: string | null;
  /** Since when what is known of the node is true, and from whom. */
  factsAt: string;
  factsFrom: 'scan' | 'inventory' | 'rollout' | 'none';
  /** Why somebody answers for it instead of closing it. */
  exception: string | null;
  /** The node's release gets no ordinary security updates since this date. */
  endOfLife?: string;
  /** Only where Amazon Inspector is asked. */
  inspector?: string;
}

export interface Wanted {
  advisory?: string;
  cve?: string;
  /** Id or name. */
  node?: string;
  service?: string;
}

export interface Seen {
  summary: ExposureSummary;
  nodes: readonly CountedNode[];
  /** Of the advisory that is asked for: when it was withdrawn, ISO-8601. */
  withdrawn?: string;
  /** By location; empty where Inspector is not asked. */
  views: ReadonlyMap<string, InspectorView>;
}

/** Rows one after another, the most urgent first: a large fleet has millions, so they are never all there at once. */
export function* onlineRows(seen: Seen, wanted: Wanted): Generator<OnlineRow> {
  yield* ourRows(seen, wanted);
  for (const node of wantedNodes(seen.nodes, wanted)) if (node.facts === undefined) yield unknownRow(node);
  yield* inspectorRows(seen, wanted);
}

/** The rows of what Wavelock finds. */
function* ourRows(seen: Seen, wanted: Wanted): Generator<OnlineRow> {
  const byPrint = byFingerprint(wantedNodes(seen.nodes, wanted));
  for (const exposure of wantedExposures(seen.summary, wanted)) yield* rowsOfExposure(exposure, byPrint, seen);
}

/** The rows of one exposure on nodes by their fingerprint: whoever shows many advisories sorts the fleet once. */
export function* rowsOfExposure(exposure: OpenExposure, byPrint: ReadonlyMap<string, readonly CountedNode[]>, seen: Seen): Generator<OnlineRow> {
  const exceptions = new Map(exposure.excepted.map(({ node, why }) => [node, why]));
  for (const node of byPrint.get(exposure.fingerprint) ?? [])
    yield* rowsOf(exposure, node, { seen, exception: exceptions.get(`${node.location}/${node.id}`) ?? null });
}

/** Nodes by the fingerprint of what is known of them; empty for those of which nothing is. */
export function byFingerprint(nodes: readonly CountedNode[]): Map<string, CountedNode[]> {
  return grouped(nodes, (node) => node.facts?.fingerprint ?? '');
}

const byName = new Intl.Collator('en', { numeric: true });

/** Nodes that are asked for, by name. */
export function wantedNodes(nodes: readonly CountedNode[], { node, service }: Wanted): CountedNode[] {
  const isCalled = (one: CountedNode): boolean => node === undefined || one.id === node || one.name === node;
  const wanted = nodes.filter((one) => isCalled(one) && (service === undefined || one.tags[SERVICE_TAG] === service));
  return wanted.toSorted((a, b) => byName.compare(a.name, b.name) || (a.id < b.id ? -1 : 1));
}

/** Exposures that are asked for, in the summary's order. */
export function wantedExposures({ exposures }: ExposureSummary, { advisory, cve }: Wanted): OpenExposure[] {
  return exposures.filter((one) => (advisory === undefined || one.advisory === advisory) && (cve === undefined || one.cves.includes(cve)));
}

function* rowsOf(
  exposure: OpenExposure,
  node: CountedNode,
  { seen: { summary, views }, exception }: { seen: Seen; exception: string | null },
): Generator<OnlineRow> {
  const { urgency } = exposure;
  const due = exception === null ? dueOf(exposure, urgency, node.tags, summary.deadlines ?? []) : undefined;
  const about = {
    name: node.name,
    location: node.location,
    service: node.tags[SERVICE_TAG] ?? '',
    source: exposure.source,
    published: exposure.published,
    seen: exposure.seen,
    fixable: exposure.fixable ?? null,
    deadline: due?.deadline ?? null,
    factsAt: node.facts?.at ?? '',
    factsFrom: node.facts?.by ?? 'scan',
    exception,
    ...(node.ended === undefined ? {} : { endOfLife: node.ended.eol }),
    ...(views.size === 0 ? {} : { inspector: secondOpinion(node, exposure.cves, views).words }),
  };
  for (const { package: name, installed, fixed, state, why } of exposure.packages) {
    yield {
      node: node.id,
      advisory: exposure.advisory,
      cves: exposure.cves,
      package: name,
      installed: installed || null,
      fixed,
      severity: exposure.severity,
      kev: urgency.knownExploited,
      epss: urgency.epss ?? null,
      due: due?.due ?? null,
      state,
      why,
      ...about,
    };
  }
}

/** What a row has that speaks of no package. */
const NOT_URGENT = { severity: 'unrated', kev: false, epss: null, due: null } as const;
const NO_PACKAGE = { package: '', installed: null, fixed: null, ...NOT_URGENT, state: 'unknown' } as const;
const NO_CLOCK = { fixable: null, deadline: null, exception: null } as const;

/** A node of which nothing is known is not clear of anything: it has a row without advisory, whatever was asked for. */
function unknownRow({ id, name, location, tags }: CountedNode): OnlineRow {
  return {
    node: id,
    advisory: '',
    cves: [],
    ...NO_PACKAGE,
    why: 'nothing has told what this node has: it may be exposed to anything',
    name,
    location,
    service: tags[SERVICE_TAG] ?? '',
    source: '',
    published: '',
    seen: '',
    ...NO_CLOCK,
    factsAt: '',
    factsFrom: 'none',
  };
}

/** What only Inspector lists. It is no exposure of ours: nothing here says that a package is older than a fix. */
export function* inspectorRows({ summary, nodes: all, views }: Seen, wanted: Wanted): Generator<OnlineRow> {
  if (views.size === 0 || wanted.advisory !== undefined) return;
  const byPrint = [...grouped(summary.exposures, (one) => one.fingerprint)];
  const open = new Map(byPrint.map(([print, own]) => [print, new Set(own.flatMap(({ cves }) => cves))]));
  const none = new Set<string>();
  const ours = new Map(
    all.map(({ location, id, facts }) => [`${location}/${id}`, { factsAt: facts?.at, cves: open.get(facts?.fingerprint ?? '') ?? none }]),
  );
  const asked = new Map(wantedNodes(all, wanted).map((node) => [`${node.location}/${node.id}`, node]));
  for (const { location, node, cve, why } of onlyInspector(views, ours)) {
    const known = asked.get(`${location}/${node}`);
    const isAsked = known !== undefined || (wanted.node === undefined ? wanted.service === undefined : wanted.node === node);
    if (!isAsked || (wanted.cve !== undefined && wanted.cve !== cve)) continue;
    yield onlyInspectorRow({ location, node, cve, why }, known, views.get(location)?.at ?? '');
  }
}

function onlyInspectorRow({ location, node, cve, why }: OnlyInspector, known: CountedNode | undefined, at: string): OnlineRow {
  return {
    node,
    advisory: cve,
    cves: [cve],
    ...NO_PACKAGE,
    why,
    name: known?.name ?? node,
    location,
    service: known?.tags[SERVICE_TAG] ?? '',
    source: 'inspector',
    published: at,
    seen: at,
    ...NO_CLOCK,
    factsAt: at,
    factsFrom: 'inventory',
    inspector: 'only Inspector',
  };
}
