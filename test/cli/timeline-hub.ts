/** A hub for tests of the timeline: rows as the record gives them back, and a store in memory. */
import { Readable } from 'node:stream';
import { packLines } from '../../lambdas/aws/lines.ts';
import { ROLLOUT_PLAN, hours } from './timeline-words.ts';
import type { OpenHub } from '../../cli/hub.ts';
import type { FeedRow, MitigationRow, RolloutRow, StartRow, TicketRow, WaveRow } from '../../lambdas/aws/record.ts';
import type { Store } from '../../lambdas/aws/store.ts';
import type { KnownExploited } from '../../lambdas/core/advisory.ts';
import type { Course } from '../../lambdas/core/exposures/courses.ts';
import type { OwnAdvisory } from '../../lambdas/core/exposures/own.ts';

export interface Kept {
  courses: Course[];
  listed: KnownExploited[];
  own: { advisory: OwnAdvisory; who: string; why: string }[];
  feeds: FeedRow[];
  /** By `source id`: when each was first stored. */
  stored: Record<string, string[]>;
  starts: StartRow[];
  tickets: TicketRow[];
  mitigations: MitigationRow[];
  /** By lane. */
  runs: Record<string, { rollout: string; scheduledFor: string }[]>;
  rollouts: RolloutRow[];
  waves: WaveRow[];
  events: { rollout: string; at: string; what: string; wave?: string; who: string; why: string }[];
  policies: string[];
}

/** A hub that knows only what is given. */
export function fakeHub(kept: Partial<Kept> = {}): OpenHub & { objects: Map<string, Buffer> } {
  const has: Kept = {
    courses: [],
    listed: [],
    own: [],
    feeds: [],
    stored: {},
    starts: [],
    tickets: [],
    mitigations: [],
    runs: {},
    rollouts: [],
    waves: [],
    events: [],
    policies: ['monthly', 'zero-day'],
    ...kept,
  };
  const objects = new Map<string, Buffer>();
  const record = {
    courseList: async () => has.courses,
    cve: async (about: string, id: string) =>
      has.listed.filter(({ cve }) => about === 'known-exploited' && cve === id).map((document) => ({ about, id, document }))[0],
    ownAdvisories: async () => has.own,
    feeds: async () => has.feeds,
    advisory: async (source: string, id: string) => (has.stored[`${source} ${id}`] ?? []).map((seen) => ({ seen })),
    starts: async (policy: string) => has.starts.filter((row) => row.policy === policy),
    ticket: async (policy: string, subject: string) => has.tickets.find((row) => row.policy === policy && row.subject === subject),
    mitigations: async (policy: string) => has.mitigations.filter((row) => row.policy === policy),
    runs: async (lane: string) => has.runs[lane] ?? [],
    findRollout: async (id: string) => has.rollouts.find((row) => row.id === id),
    waves: async (rollout: string) => has.waves.filter((row) => row.rollout === rollout),
    events: async (rollout: string) => has.events.filter((row) => row.rollout === rollout),
  };
  // Only what the timeline asks for: anything else is a TypeError, and a test that fails.
  return { record: record as unknown as OpenHub['record'], store: memory(objects), policies: has.policies, objects };
}

function memory(objects: Map<string, Buffer>): Store {
  const store: Partial<Store> = {
    bucket: 'store',
    findBytes: async (key) => objects.get(key),
    putBytes: async (key, bytes) => void objects.set(key, Buffer.from(bytes)),
    findJson: async (key) => (objects.has(key) ? (JSON.parse(String(objects.get(key))) as unknown) : undefined),
    keys: async (prefix) => [...objects.keys()].filter((key) => key.startsWith(prefix)),
    open: async (key) => Readable.from([objects.get(key) ?? Buffer.alloc(0)]),
  };
  return store as Store;
}

/** A rollout that has ended well, with the key of its plan. */
export function rolloutRow(id: string, policy: string, more: Partial<RolloutRow> = {}): RolloutRow {
  return {
    id,
    policy,
    scheduledFor: hours(-19),
    status: 'succeeded',
    reason: 'every wave passed',
    planKey: ROLLOUT_PLAN,
    waves: ['test', 'inside'],
    createdAt: hours(-19),
    ...more,
  };
}

/** Puts a feed's table of contents and one shard into the store; answers its row. */
export async function storeFeed(
  objects: Map<string, Buffer>,
  name: string,
  advisories: { id: string; source: string; cves: string[] }[],
): Promise<FeedRow> {
  const lines = advisories.map(({ id, source, cves }) =>
    JSON.stringify({ id, source, title: `about ${id}`, published: hours(-30), cves, affected: [] }),
  );
  objects.set(`${name}/index`, (await packLines([JSON.stringify(advisories.flatMap(({ cves }) => cves)), '{"id":"x"}'])).bytes);
  objects.set(`${name}/shard`, (await packLines(lines)).bytes);
  return { list: 'all', name, index: `${name}/index`, objects: { 'amazon-linux-2023': `${name}/shard` } };
}
