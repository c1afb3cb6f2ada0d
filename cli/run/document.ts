/** Puts the JSON document and what is shown beside it together, from the result and what the run's calls told. */
import { costOf, totalUsd } from './cost.ts';
import { exposureLine, inWork, outsideWindow, timelineOf } from './history.ts';
import { rolloutOf, waveOf } from './watch.ts';
import type { FeedRow, RolloutRow } from '../../lambdas/aws/record.ts';
import type { ExposureHistory } from '../../lambdas/core/exposures/history.ts';
import type { Plan } from '../../lambdas/core/plan.ts';
import type { Happening, Ticket } from './chronicle.ts';
import type { RolloutResult } from '../../lambdas/core/result.ts';
import type { NoticeDocument, RunDocument, RunExtra, UnreadFeed } from './messages.ts';
import type { ObserverInput } from './observer.ts';
import type { SentCommand } from './watch.ts';

export interface RunFacts extends Pick<ObserverInput, 'cloud' | 'config' | 'watch' | 'slack'> {
  row: RolloutRow;
  plan: Plan;
  result: RolloutResult;
  feeds: FeedRow[];
  /** Of the file's other policies, and further ones of its own; empty where there is neither. */
  others: { policy: string; rollouts: string[] }[];
  /** `undefined`: exposures were never reckoned. */
  history: ExposureHistory | undefined;
  notes: RunExtra['notes'];
  /** What happened when, and its tickets; empty where a calendar started it. */
  story: { happenings: Happening[]; tickets: Ticket[] };
  /** When the rollout ended or began to wait for a person, virtual ms. */
  endedAt: number;
  /** `performance.now()` when the world began. */
  began: number;
}

/** Advisories and known exploited CVEs by feed; scores, dates and news are something else. */
export function recordsBySource(feeds: readonly FeedRow[]): Record<string, number> {
  const told = feeds.filter((feed) => feed.index !== undefined || Object.hasOwn((feed.objects ?? {}) as object, 'exploited'));
  return Object.fromEntries(told.map((feed) => [feed.name, feed.records ?? 0]));
}

/** Feeds whose last reading failed: 404 is what the embedded AWS answers for what the folder does not have. */
export function unreadFeeds(feeds: readonly FeedRow[]): UnreadFeed[] {
  return feeds
    .filter(({ reason = '', idle }) => reason !== '' && idle !== true)
    .map(({ name, code, reason = '' }) => ({ feed: name, why: reason, absent: code === 'refused' && reason.endsWith(' answers 404') }));
}

export function makeDocument(facts: RunFacts): RunDocument {
  const { cloud, config, watch, slack, result, feeds } = facts;
  const usage = cloud.usage();
  const bySource = recordsBySource(feeds);
  return {
    rollout: result.rollout,
    policy: result.policy,
    lock: result.lock,
    status: result.status,
    virtualSeconds: Math.round((facts.endedAt - config.start) / 1000),
    wallMs: Math.round(performance.now() - facts.began),
    advisories: { stored: Object.values(bySource).reduce((sum, count) => sum + count, 0), bySource, unread: unreadFeeds(feeds) },
    waves: result.waves.map(({ lock: _lock, windows: _windows, ...wave }) => wave),
    nodes: result.nodes.map(({ name: _name, exposedBefore: _before, exposedAfter: _after, ...node }) => node),
    notices: watch.notices(cloud.outbox(), slack.posts, config.people).map((notice) => attributed(notice, facts)),
    aws: {
      calls: usage.calls,
      commands: watch.commands.map((command) => commandOf(command, facts)),
      stateTransitions: usage.stateTransitions,
      lambdaInvocations: usage.lambdaInvocations,
      costUsd: totalUsd(costLines(facts)),
    },
    ...(facts.history ? { exposure: exposureOf(facts.history) } : {}),
    ...(facts.others.length === 0 ? {} : { others: facts.others }),
    ...storyOf(facts.story),
  };
}

/** Says of what another rollout sent that it did. */
function commandOf({ document, batch, nodes }: SentCommand, { result, others }: RunFacts): RunDocument['aws']['commands'][number] {
  const wave = waveOf(batch, result.rollout);
  const theirs =
    wave === ''
      ? rolloutOf(
          batch,
          others.flatMap(({ rollouts }) => rollouts),
        )
      : undefined;
  return { document, wave, ...(theirs === undefined ? {} : { rollout: theirs }), nodes: nodes.length };
}

function attributed({ rollout, ...notice }: NoticeDocument, { result }: RunFacts): NoticeDocument {
  return rollout === undefined || rollout === result.rollout ? notice : { ...notice, rollout };
}

function storyOf({ happenings, tickets }: RunFacts['story']): Pick<RunDocument, 'timeline' | 'tickets'> {
  if (happenings.length === 0) return {};
  return { timeline: happenings.map(({ at, text }) => ({ at: new Date(at).toISOString(), what: text })), tickets };
}

function exposureOf({ before, after, cves: closed, times: timeToPatch, deadlines, oldest }: ExposureHistory): NonNullable<RunDocument['exposure']> {
  return { before, after, closed, timeToPatch, deadlines, ...(oldest ? { oldest } : {}) };
}

export function makeExtra(facts: RunFacts): RunExtra {
  const { cloud, config, row, plan, result, endedAt } = facts;
  return {
    plan,
    planKey: row.planKey ?? '',
    reason: result.reason,
    startedAt: config.start,
    endedAt,
    inWork: inWork(result, plan),
    outsideWindow: outsideWindow(result, plan),
    exposure: exposureLine(result, config.plannedFor ?? Date.parse(row.createdAt), endedAt),
    cost: costLines(facts),
    notes: facts.notes,
    timeline: timelineOf(result, plan, endedAt),
    ...(facts.history ? { history: facts.history } : {}),
    unusedGrants: cloud.unusedStatements().length,
  };
}

function costLines({ cloud, watch }: RunFacts) {
  const usage = cloud.usage();
  const hybridInvocations = watch.commands
    .filter(({ by }) => by === undefined)
    .reduce((sum, command) => sum + command.nodes.filter((node) => node.startsWith('mi-')).length, 0);
  return costOf({ ...usage, emails: cloud.outbox().length, hybridInvocations });
}
