/**
 * What happened about one CVE, from its announcement to its last node: what the record holds of it, merged and put in order. Events keep the
 * words that they were written with (`approval`, `approve`, `passed`, `done`, …). Pure.
 */
import { advisoryKey, FORERUNNERS } from './types.ts';
import { grouped } from './reconcile.ts';
import { meansWords } from '../triggers/stand-in.ts';
import type { KnownExploited } from '../advisory.ts';
import type { Verdict } from '../model.ts';
import type { Form } from '../pin.ts';
import type { Course } from './courses.ts';
import type { OwnAdvisory } from './own.ts';

/** `at`: ISO-8601 UTC. `who`: a vendor's source, `CISA`, `wavelock`, a rollout, or the ARN of whoever decided. */
export interface CveMoment {
  at: string;
  what: string;
  who: string;
  why: string;
}

/** A vendor's advisory that names the CVE. `known`: when it was first stored here. */
export interface NamedAdvisory {
  source: string;
  advisory: string;
  title: string;
  published: string;
  known?: string;
}

/** A rollout as far as a timeline tells of it. */
export interface RolloutStory {
  id: string;
  status: string;
  reason: string;
  createdAt: string;
  /** Names in their order. */
  waves: string[];
  ended: { name: string; verdict: Verdict; reasons: string[]; endedAt: string }[];
  events: { at: string; what: string; wave?: string | undefined; who: string; why: string }[];
}

export interface CveFacts {
  cve: string;
  advisories: NamedAdvisory[];
  listed: KnownExploited | undefined;
  announced: { advisory: OwnAdvisory; who: string; why: string } | undefined;
  /** What people here said about it, in the record's words `advisory-add` and `advisory-withdraw`. */
  said: { at: string; what: string; who: string; why: string }[];
  courses: Course[];
  /** What policies did about its advisories. */
  starts: { policy: string; subject: string; openedAt: string; awaitedSince?: string | undefined }[];
  tickets: { policy: string; subject: string; item: string; openedAt: string; resolvedAt?: string | undefined }[];
  mitigations: {
    policy: string;
    node: string;
    document: string;
    by?: Form | undefined;
    rollout: string;
    appliedAt: string;
    withdrawnAt?: string | undefined;
  }[];
  rollouts: RolloutStory[];
  /** Nodes that were closed, by whom and when, where the evidence was read. `advisory` as `advisoryKey` spells it. */
  closings: {
    advisory: string;
    node: string;
    closed: string;
    by: string;
    /** The advisory was taken back, or speaks of the node no more: nothing was patched. */
    vanished?: boolean;
  }[];
}

/** What happens at the same instant is told in this order; words that are not here come after `planned`. */
const ORDER = ['published', 'listed', 'announced', 'known', 'exposed', 'reopened', 'fixable', 'awaiting', 'told', 'ticket', 'mitigated', 'planned'];
const LAST = ['done', 'withdrawn', 'closed', 'resolved'];

/** The moments in the order in which they happened. None: nothing is known of this CVE. */
export function cveTimeline(facts: CveFacts): CveMoment[] {
  const moments = [
    ...announcements(facts),
    ...facts.courses.flatMap((course) => courseMoments(course, facts)),
    ...facts.starts.flatMap(startMoments),
    ...facts.tickets.flatMap(ticketMoments),
    ...mitigationMoments(facts),
    ...facts.rollouts.flatMap(rolloutMoments),
  ];
  const once = [...new Map(moments.map((moment) => [JSON.stringify([moment.at, moment.what, moment.who, moment.why]), moment])).values()];
  return once.toSorted((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : rank(a.what) - rank(b.what)));
}

/** When everybody could know: the first word of a vendor, of CISA or of people here. `undefined` of no moments. */
export function announcedAt(moments: readonly CveMoment[]): string | undefined {
  return (moments.find(({ what }) => ['published', 'listed', 'announced'].includes(what)) ?? moments[0])?.at;
}

function rank(what: string): number {
  const last = LAST.indexOf(what);
  const first = ORDER.indexOf(what);
  return last >= 0 ? ORDER.length + 1 + last : first >= 0 ? first : ORDER.length;
}

function announcements({ cve, advisories, listed, announced, said }: CveFacts): CveMoment[] {
  const known = advisories.flatMap((one) => (one.known === undefined ? [] : [{ ...one, known: one.known }]));
  return [
    ...advisories.map((one) => ({ at: one.published, what: 'published', who: one.source, why: titled(one) })),
    ...known.map((one) => ({ at: one.known, what: 'known', who: 'wavelock', why: `${one.advisory} was stored here for the first time` })),
    ...(listed ? [{ at: `${listed.added}T00:00:00.000Z`, what: 'listed', who: 'CISA', why: listedWords(listed) }] : []),
    ...(announced ? ownMoments(cve, announced, said) : []),
  ];
}

/** Amazon's titles say again which advisory it is: `Amazon Linux 2023 - ALAS2023-2026-938: Important …`. */
function titled({ advisory, title }: NamedAdvisory): string {
  const about = title.split(`${advisory}: `).at(-1) ?? '';
  return about === '' || about === advisory ? advisory : `${advisory}: ${about}`;
}

/** The announcement as it stands, and before it those that were taken back: of these only what was said is known. */
function ownMoments(cve: string, { advisory, who, why }: NonNullable<CveFacts['announced']>, said: CveFacts['said']): CveMoment[] {
  const { added, packages, withdrawn } = advisory;
  const back = said.find(({ at, what }) => at === withdrawn && what === 'advisory-withdraw');
  const earlier = said.filter(({ at }) => at < added);
  return [
    ...earlier.map((one) => ({
      at: one.at,
      what: one.what === 'advisory-add' ? 'announced' : 'taken-back',
      who: one.who,
      why: `${cve}: ${one.why}`,
    })),
    { at: added, what: 'announced', who, why: `${cve} in ${packages.join(', ')}: ${why}` },
    ...(withdrawn === undefined
      ? []
      : [
          {
            at: withdrawn,
            what: 'taken-back',
            who: back?.who ?? 'wavelock',
            why: back === undefined ? 'the announcement by people here was taken back' : `${cve}: ${back.why}`,
          },
        ]),
  ];
}

function listedWords({ product, due, ransomware }: KnownExploited): string {
  return `known exploited since this day: ${product}${ransomware ? ', used by ransomware' : ''}; to be fixed by ${due}`;
}

function courseMoments(course: Course, { courses, closings }: CveFacts): CveMoment[] {
  const { source, advisory, seen, fixable, closed, reopened, most } = course;
  // Their end is no closing where a vendor's advisory goes on.
  const stoodIn = FORERUNNERS.includes(source) && courses.some((other) => !FORERUNNERS.includes(other.source));
  return [
    ours(seen, 'exposed', `${advisory}: the first node was found to be exposed, ${nodes(most)} at most`),
    ...(fixable === undefined
      ? []
      : [ours(fixable, 'fixable', `${advisory}: ${fixable === seen ? 'its fix was out already' : 'a fix is out, seen here for the first time'}`)]),
    ...(reopened === undefined ? [] : [ours(reopened, 'reopened', `${advisory}: exposed again after it had been closed`)]),
    ...(closed === undefined || stoodIn ? [] : [closedMoment(course, closed, { courses, closings })]),
  ];
}

/** The end of an advisory; the last of them is the end of the CVE. */
function closedMoment(course: Course, closed: string, { courses, closings }: Pick<CveFacts, 'courses' | 'closings'>): CveMoment {
  const key = advisoryKey(course);
  // Of several that ended at the same instant one is the last.
  const end = courses.every(
    (other) => other.closed !== undefined && (other.closed < closed || (other.closed === closed && advisoryKey(other) <= key)),
  );
  const last = closings.filter((one) => one.advisory === key && one.closed === closed).toSorted((a, b) => (a.node < b.node ? -1 : 1));
  const named = `${lastWords(last)}${last.length === 0 ? '' : `: ${some(last.map(({ node }) => node))}`}`;
  return {
    at: closed,
    what: 'closed',
    who: last[0]?.by ?? 'wavelock',
    why: `${course.advisory}: ${named}${end ? '; no node is exposed any more' : ''}`,
  };
}

function lastWords(last: CveFacts['closings']): string {
  if (last.length > 0 && last.every(({ vanished }) => vanished === true))
    return `it speaks of its last ${nodes(last.length)} no more, and nothing was patched`;
  if (last.length === 0) return 'its last node was clear';
  return `its last ${last.length === 1 ? 'node was' : `${last.length} nodes were`} clear`;
}

function startMoments({ policy, subject, openedAt, awaitedSince }: CveFacts['starts'][number]): CveMoment[] {
  return [
    { at: openedAt, what: 'told', who: 'wavelock', why: `policy ${policy}: ${subject} reaches nodes of this policy` },
    ...(awaitedSince === undefined
      ? []
      : [{ at: awaitedSince, what: 'awaiting', who: 'wavelock', why: `policy ${policy}: people were told that there is no fix for ${subject}` }]),
  ];
}

function ticketMoments({ policy, subject, item, openedAt, resolvedAt }: CveFacts['tickets'][number]): CveMoment[] {
  if (item === '') return [];
  return [
    { at: openedAt, what: 'ticket', who: 'wavelock', why: `OpsItem ${item} about ${subject} was opened (policy ${policy})` },
    ...(resolvedAt === undefined
      ? []
      : [{ at: resolvedAt, what: 'resolved', who: 'wavelock', why: `OpsItem ${item} was resolved: every node that the policy names is closed` }]),
  ];
}

/** One moment for all nodes of a rollout: when the first had what stands in, and when the last so far gave it back. */
function mitigationMoments({ mitigations }: CveFacts): CveMoment[] {
  const groups = [...grouped(mitigations, ({ document, by, rollout }) => JSON.stringify([document, by, rollout])).values()];
  return groups.flatMap((own): CveMoment[] => {
    const [first] = own.toSorted((a, b) => (a.appliedAt < b.appliedAt ? -1 : 1));
    if (!first) return [];
    const what = meansWords({ by: first.by, name: first.document });
    const back = own
      .flatMap(({ withdrawnAt }) => withdrawnAt ?? [])
      .toSorted()
      .at(-1);
    const freed = own.filter(({ withdrawnAt }) => withdrawnAt !== undefined).length;
    return [
      { at: first.appliedAt, what: 'mitigated', who: first.rollout, why: `${what} stands in for the fix on ${nodes(own.length)}` },
      ...(back === undefined
        ? []
        : [
            {
              at: back,
              what: 'withdrawn',
              who: 'wavelock',
              why: `${what} was taken back on ${freed === own.length ? '' : `${freed} of `}${nodes(own.length)}`,
            },
          ]),
    ];
  });
}

/** The plan, what was asked and decided, and each wave's end: from its event, or from its own row where none was written (the last wave). */
function rolloutMoments({ id, status, reason, createdAt, waves, ended, events }: RolloutStory): CveMoment[] {
  const told = new Set(events.filter(({ what }) => what === 'passed' || what === 'failed').map(({ wave }) => wave));
  const untold = ended.filter(({ name }) => !told.has(name));
  const proving = waves.length > 1 ? waves[0] : undefined;
  const passed = (wave: string | undefined): string => (wave !== undefined && wave === proving ? ' (what it installed is proven)' : '');
  return [
    { at: createdAt, what: 'planned', who: id, why: status === 'nothing' ? `nothing to do: ${reason}` : `waves ${waves.join(', ')}` },
    ...events.map(({ at, what, wave = '', who, why }) => ({
      at,
      what,
      who: who === 'wavelock' ? id : who,
      why: `${who === 'wavelock' ? '' : `${id}: `}${isAboutWave(what) && wave !== '' ? `wave ${wave}: ` : ''}${why}${what === 'passed' ? passed(wave) : ''}`,
    })),
    ...untold.map(({ name, verdict, reasons, endedAt }) => ({
      at: endedAt,
      what: verdict === 'pass' ? 'passed' : 'failed',
      who: id,
      why: `wave ${name}: ${reasons.join('; ')}${verdict === 'pass' ? passed(name) : ''}`,
    })),
  ];
}

/** A plan's approval and a rollout's end carry the name of a wave as well, but are about all of them. */
function isAboutWave(what: string): boolean {
  return !['approval', 'done', 'approve', 'exposed', 'reminder'].includes(what);
}

function ours(at: string, what: string, why: string): CveMoment {
  return { at, what, who: 'wavelock', why };
}

function nodes(count: number): string {
  return `${count} ${count === 1 ? 'node' : 'nodes'}`;
}

const NAMED = 3;

function some(names: readonly string[]): string {
  const shown = names.slice(0, NAMED).join(', ');
  return names.length > NAMED ? `${shown} and ${names.length - NAMED} more` : shown;
}
