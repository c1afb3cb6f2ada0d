/**
 * Policies that start by themselves: `startWhen`, `finishWithin`, `windows: ignore` and `patches: only-what-closes-it` as people
 * write them, and what these keys need of each other. They never mean fewer gates: every wave keeps its verdict.
 */
import { z } from 'zod';
import { formatDuration, nextOpening, openings } from '../calendar.ts';
import { Kind } from '../model.ts';
import type { Policy, Window } from '../model.ts';
import type { PathProblem } from './problems.ts';
import { list, section, text } from './raw.ts';
import { isObject } from './schema-tree.ts';
import type { Path } from './schema-tree.ts';
import { WrittenCondition } from './urgency.ts';
import { WrittenWindow } from './windows.ts';
import { Duration } from './words.ts';

/** Every entry starts the policy by itself; within an entry all keys must hold. */
export const WrittenStartWhen = z
  .array(
    WrittenCondition.superRefine((condition, context) => {
      if (Object.entries(condition).some(([key, value]) => key !== 'tags' && value !== false)) return;
      context.addIssue('would start for every advisory; name knownExploited, vendorSays, severity, epss or epssPercentile as well');
    }),
  )
  .min(1)
  .describe('Starts the policy when an advisory meets one of these and at least one node is exposed to it');

/** Longer than a wave could ever take makes no sense, and shorter than a batch cannot be kept. */
export const WrittenFinishWithin = Duration.refine((seconds) => seconds >= 1_800, 'is shorter than 30m: no batch is patched in that time').describe(
  'From the start to the end of the last wave, approval not counted: 48h. Refused when soaks and windows do not fit',
);

export const WrittenNoWindows = z.literal('ignore').describe('ignore: maintenance windows do not apply here, waves run at any time');

/** `only-what-closes-it` as the model's patches: everything counts, as long as it closes what started the rollout. */
export const OnlyWhatClosesIt = z.literal('only-what-closes-it').transform((): Policy['patches'] => ({
  kinds: [...Kind.options],
  severity: { atLeast: 'low', unrated: 'include' },
  leaveOut: [],
  onlyWhatClosesIt: true,
}));

/** What these keys need of each other and of the waves. Works on the raw value, as `checkReferences` does. `today`: an ISO date in UTC. */
export function checkTriggers(raw: unknown, today: string): PathProblem[] {
  const windows = section(raw, 'windows');
  return Object.entries(section(raw, 'policies')).flatMap(([name, policy]) => [
    ...needsStart(policy, ['policies', name]),
    ...withoutCalendar(policy, ['policies', name]),
    ...ignoredWindows(policy, ['policies', name, 'waves']),
    ...finishes(policy, { windows, from: Date.parse(today), path: ['policies', name, 'finishWithin'] }),
  ]);
}

/** Keys that say something only of a policy that starts by itself. */
function needsStart(policy: unknown, path: Path): PathProblem[] {
  if (!isObject(policy) || Object.hasOwn(policy, 'startWhen')) return [];
  const message = 'stands only beside `startWhen`, which says what it is about';
  const alone = ['whileNoFix', 'finishWithin'].filter((key) => Object.hasOwn(policy, key));
  return [
    ...alone.map((key): PathProblem => ({ path: [...path, key], at: 'key', message })),
    ...closing(policy, path).map(({ place, at }): PathProblem => ({ path: place, at, message })),
  ];
}

/** A plan by the calendar has no advisory that it could be about. */
function withoutCalendar(policy: unknown, path: Path): PathProblem[] {
  if (!isObject(policy) || !Object.hasOwn(policy, 'startWhen') || !Object.hasOwn(policy, 'plan')) return [];
  const message = 'does not go together with `plan`: a plan by the calendar has no advisory that it is about';
  return closing(policy, path).map(({ place, at }): PathProblem => ({ path: place, at, message }));
}

/** Where a policy says that it is about what started it. */
function closing(policy: unknown, path: Path): { place: Path; at: PathProblem['at'] }[] {
  return [
    ...('exposed' in section(policy, 'nodes') ? [{ place: [...path, 'nodes', 'exposed'], at: 'key' as const }] : []),
    ...(text(policy, 'patches') === 'only-what-closes-it' ? [{ place: [...path, 'patches'], at: 'value' as const }] : []),
  ];
}

function ignoredWindows(policy: unknown, path: Path): PathProblem[] {
  if (text(policy, 'windows') !== 'ignore') return [];
  return list(policy, 'waves').flatMap((wave, index) =>
    isObject(wave) && Object.hasOwn(wave, 'window')
      ? [{ path: [...path, index, 'window'], at: 'key' as const, message: 'does not go together with `windows: ignore`' }]
      : [],
  );
}

interface Timing {
  soak: number;
  window: Window | undefined;
}

function finishes(policy: unknown, { windows, from, path }: { windows: Record<string, unknown>; from: number; path: Path }): PathProblem[] {
  const limit = Duration.safeParse(text(policy, 'finishWithin'));
  if (!limit.success) return [];
  const elsewhere = list(policy, 'waves')
    .flatMap((wave) => text(wave, 'window') ?? [])
    .find((name) => text(windows[name], 'ssm') !== undefined);
  if (elsewhere !== undefined) {
    const message = `cannot be promised: when ${elsewhere} opens is said in Systems Manager, and anybody may change it there`;
    return [{ path, at: 'value', message, hint: 'leave it out, or write the times of that window here' }];
  }
  const timings = list(policy, 'waves').map((wave): Timing => {
    const soak = Duration.safeParse(text(wave, 'soak'));
    const name = text(wave, 'window');
    const window = name === undefined ? undefined : WrittenWindow.safeParse(windows[name]);
    return { soak: soak.success ? soak.data : 0, window: window?.success ? window.data : undefined };
  });
  const soaks = timings.reduce((sum, { soak }) => sum + soak, 0);
  if (soaks >= limit.data) {
    const message = `cannot be kept: the waves soak for ${formatDuration(soaks)}, and that leaves no time to patch`;
    return [{ path, at: 'value', message }];
  }
  const longest = longestRun(timings, from);
  if (longest !== undefined && longest < limit.data) return [];
  const waits = longest === undefined ? 'a window never opens again' : `soaks and the waiting for windows can take ${formatDuration(longest)}`;
  const hint = 'leave the windows out with `windows: ignore`, or give it more time';
  return [{ path, at: 'value', message: `cannot be kept: ${waits}`, hint }];
}

const DAY_MS = 86_400_000;
/** A week and a day hold every edge of a window by days; a cron may open once a quarter. */
const HORIZON_MS = { days: 8 * DAY_MS, cron: 400 * DAY_MS };
const MOST_EDGES = 60;

/**
 * How long soaks and waits take at most, in seconds, as found at the worst hours: just when a window has closed for the wave that needs it.
 * `undefined` when a window never opens again.
 */
function longestRun(timings: readonly Timing[], from: number): number | undefined {
  let longest = 0;
  for (const start of worstStarts(timings, from)) {
    const end = endOf(timings, start);
    if (end === undefined) return undefined;
    longest = Math.max(longest, (end - start) / 1_000);
  }
  return longest;
}

function worstStarts(timings: readonly Timing[], from: number): number[] {
  let soaked = 0;
  const starts = [from];
  for (const { soak, window } of timings) {
    const horizon = window && ('cron' in window ? HORIZON_MS.cron : HORIZON_MS.days);
    const edges = window && horizon ? openings(window, from, from + horizon).slice(0, MOST_EDGES) : [];
    for (const { lastStart } of edges) starts.push(lastStart - soaked * 1_000);
    soaked += soak;
  }
  return starts;
}

/** When the last wave's soak is over, if patching itself took no time at all. */
function endOf(timings: readonly Timing[], start: number): number | undefined {
  let now = start;
  for (const { soak, window } of timings) {
    const opening = window && nextOpening(window, now);
    if (window && !opening) return undefined;
    now = Math.max(now, opening?.opens ?? now) + soak * 1_000;
  }
  return now;
}
