/** What a hub's record and store hold of one CVE, read with a reader's permissions: single items and queries, no scan of the table. */
import { z } from 'zod';
import { readClosures, readCountedNodes, readExposureHead } from '../../lambdas/aws/exposures.ts';
import { KnownExploited } from '../../lambdas/core/advisory.ts';
import { advisoryKey, nodeKey } from '../../lambdas/core/exposures/types.ts';
import { eventsOf } from '../../lambdas/core/exposures/own.ts';
import { CLOSURES_PREFIX } from '../../lambdas/core/keys.ts';
import { storedNaming } from '../advisory/stored.ts';
import { laneOf } from '../../lambdas/core/triggers/types.ts';
import type { Course } from '../../lambdas/core/exposures/courses.ts';
import type { CveFacts, NamedAdvisory, RolloutStory } from '../../lambdas/core/exposures/history-cve.ts';
import type { Closure, OpenAdvisory } from '../../lambdas/core/exposures/types.ts';
import type { StartRow } from '../../lambdas/aws/record.ts';
import type { OpenHub } from '../hub.ts';

export interface GatheredCve {
  facts: CveFacts;
  /** Where it is open now. */
  open: OpenAdvisory[];
}

/** Courses of these are not advisories that anybody published under that id. */
const NOT_PUBLISHED = ['kev', 'person', 'repository'];
/** A closure is written when exposures are next reckoned, at most about a day after the node was clear. */
const WRITTEN_WITHIN_MS = 3 * 86_400_000;
/** Rollouts of one policy whose plans are looked into, the newest of those that a CVE could have been in. */
const MOST_PLANS = 40;

/** Gathers everything. Throws what the gateways throw. */
export async function gatherCve(cve: string, hub: OpenHub): Promise<GatheredCve> {
  const { record, store } = hub;
  const courses = (await record.courseList()).filter(({ cves }) => cves.includes(cve));
  const [entry, own, said, advisories, summary] = await Promise.all([
    record.cve('known-exploited', cve),
    record.ownAdvisories(),
    record.events(eventsOf(cve)),
    namedAdvisories(cve, courses, hub),
    readExposureHead(store),
  ]);
  const listed = KnownExploited.safeParse(entry?.document);
  const starts = await startsFor(cve, courses, hub);
  const mitigations = await mitigationsFor(courses, hub);
  const subjects = new Map(starts.map(({ policy, subject }) => [JSON.stringify([policy, subject]), { policy, subject }]));
  const tickets = await Promise.all([...subjects.values()].map(({ policy, subject }) => record.ticket(policy, subject)));
  const ids = new Set([
    ...courses.flatMap(({ rollouts }) => rollouts),
    ...starts.flatMap(({ rollouts }) => rollouts),
    ...mitigations.map(({ rollout }) => rollout),
  ]);
  for (const id of [...(await withdrawing(mitigations, hub)), ...(await planning(cve, courses, hub))]) ids.add(id);
  const facts: CveFacts = {
    cve,
    advisories,
    listed: listed.success ? listed.data : undefined,
    announced: own.find(({ advisory }) => advisory.cve === cve),
    said,
    courses,
    starts,
    tickets: tickets.flatMap((ticket) => ticket ?? []),
    mitigations,
    rollouts: (await Promise.all([...ids].map((id) => storyOf(id, hub)))).flat(),
    closings: await closingsOf(courses, hub),
  };
  return { facts, open: (summary?.advisories ?? []).filter(({ cves }) => cves.includes(cve)) };
}

/** Advisories that concern this fleet; where none does, any stored one that names the CVE. Each with the moment it was first stored. */
async function namedAdvisories(cve: string, courses: readonly Course[], hub: OpenHub): Promise<NamedAdvisory[]> {
  const published = courses.filter(({ source }) => !NOT_PUBLISHED.includes(source));
  const named = published.length > 0 ? published : await searchFeeds(cve, hub);
  return Promise.all(
    named.map(async ({ source, advisory, title, published: at }) => {
      const [known] = (await hub.record.advisory(source, advisory)).map(({ seen }) => seen).toSorted();
      return { source, advisory, title, published: at, ...(known === undefined ? {} : { known }) };
    }),
  );
}

const Stored = z.object({ id: z.string(), source: z.string(), title: z.string(), published: z.string(), cves: z.array(z.string()) });

/** Looks into the feeds whose table of contents names the CVE. */
async function searchFeeds(cve: string, hub: OpenHub): Promise<NamedAdvisory[]> {
  const found = new Map<string, NamedAdvisory>();
  for await (const line of storedNaming(cve, hub)) {
    const advisory = Stored.safeParse(line);
    if (!advisory.success || !advisory.data.cves.includes(cve)) continue;
    const { id, source, title, published } = advisory.data;
    found.set(`${source} ${id}`, { source, advisory: id, title, published });
  }
  return [...found.values()];
}

async function startsFor(cve: string, courses: readonly Course[], { record, policies }: OpenHub): Promise<StartRow[]> {
  const keys = new Set(courses.map(advisoryKey));
  const rows = (await Promise.all(policies.map((policy) => record.starts(policy)))).flat();
  return rows.filter(({ advisory, subject }) => keys.has(advisory) || subject === cve);
}

async function mitigationsFor(courses: readonly Course[], { record, policies }: OpenHub) {
  const keys = new Set(courses.map(advisoryKey));
  const rows = (await Promise.all(policies.map((policy) => record.mitigations(policy)))).flat();
  return rows.filter(({ advisories }) => advisories.some((advisory) => keys.has(advisory)));
}

/** The rollouts that took mitigations back: a node's row knows their planned time. */
async function withdrawing(mitigations: Awaited<ReturnType<typeof mitigationsFor>>, { record }: OpenHub): Promise<string[]> {
  const ids: string[] = [];
  for (const policy of new Set(mitigations.map((row) => row.policy))) {
    const times = new Set(mitigations.filter((row) => row.policy === policy).map(({ withdrawFor }) => withdrawFor));
    const runs = await record.runs(laneOf(policy, 'withdraw'));
    ids.push(...runs.filter(({ scheduledFor }) => times.has(scheduledFor)).map(({ rollout }) => rollout));
  }
  return ids;
}

const Planned = z.object({ fixes: z.record(z.string(), z.record(z.string(), z.object({ cves: z.array(z.string()) }))) });

/** Rollouts whose plan closes the CVE, whether or not they came to do it. */
async function planning(cve: string, courses: readonly Course[], { record, store, policies }: OpenHub): Promise<string[]> {
  const [from] = courses.map(({ seen }) => seen).toSorted();
  if (from === undefined) return [];
  const open = courses.some(({ closed }) => closed === undefined);
  const until = open
    ? '~'
    : (courses
        .map(({ closed = '' }) => closed)
        .toSorted()
        .at(-1) ?? '~');
  const ids: string[] = [];
  for (const policy of policies) {
    const runs = (await record.runs(policy)).filter(({ scheduledFor }) => scheduledFor >= from && scheduledFor <= until);
    for (const { rollout } of runs.slice(-MOST_PLANS)) {
      const row = await record.findRollout(rollout);
      const plan = Planned.safeParse(row?.planKey === undefined ? undefined : await store.findJson(row.planKey));
      const items = plan.success ? Object.values(plan.data.fixes).flatMap((platform) => Object.values(platform)) : [];
      if (items.some(({ cves }) => cves.includes(cve))) ids.push(rollout);
    }
  }
  return ids;
}

async function storyOf(id: string, { record }: OpenHub): Promise<RolloutStory[]> {
  const row = await record.findRollout(id);
  if (!row) return [];
  const [waves, events] = await Promise.all([record.waves(id), record.events(id)]);
  const ended = waves.flatMap(({ name, verdict, reasons = [], endedAt }) =>
    verdict === undefined || endedAt === undefined ? [] : [{ name, verdict, reasons, endedAt }],
  );
  return [{ id, status: row.status, reason: row.reason ?? '', createdAt: row.createdAt, waves: row.waves ?? [], ended, events }];
}

/** The nodes that were closed, by name where they still are there, out of the evidence of the days on which advisories were closed for good. */
async function closingsOf(courses: readonly Course[], { store }: OpenHub): Promise<CveFacts['closings']> {
  const days = new Set(courses.flatMap(({ closed }) => (closed === undefined ? [] : daysAfter(closed))));
  const [first] = [...days].toSorted();
  if (first === undefined) return [];
  const near = {
    ...store,
    keys: async (prefix: string) =>
      (await store.keys(prefix)).filter((key) => days.has(key.slice(CLOSURES_PREFIX.length, CLOSURES_PREFIX.length + 10))),
  };
  const keys = new Set(courses.map(advisoryKey));
  const names = new Map((await readCountedNodes(store)).map(({ location, id, name }) => [`${location}/${id}`, name]));
  return (await readClosures(near, first)).flatMap((closure) =>
    closure.exposures
      .filter((exposure) => keys.has(advisoryKey(exposure)))
      .flatMap((exposure) =>
        closure.nodes.map((node) => ({
          advisory: advisoryKey(exposure),
          node: names.get(nodeKey(node)) ?? nodeKey(node),
          closed: node.closed,
          by: closer(closure),
          vanished: closure.by === 'advisory',
        })),
      ),
  );
}

function daysAfter(closed: string): string[] {
  const from = Date.parse(`${closed.slice(0, 10)}T00:00:00Z`);
  return Array.from({ length: WRITTEN_WITHIN_MS / 86_400_000 }, (_value, day) => new Date(from + day * 86_400_000).toISOString().slice(0, 10));
}

function closer({ by, rollout }: Closure): string {
  if (by === 'rollout' && rollout !== '') return rollout;
  return by === 'scan' ? 'a scan' : 'wavelock';
}
