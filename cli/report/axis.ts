/**
 * The time axis of the picture. Patching takes minutes, waiting takes days: stretches in which nothing happens are cut short and marked,
 * all others share one scale, so that what looks longer was longer.
 */
import { formatDuration, formatLocal } from '../../lambdas/core/calendar-text.ts';
import { DAY, HOUR, MINUTE, instantOf, wallOf } from '../../lambdas/core/calendar-zone.ts';

/** Virtual instants in ms. */
export interface Interval {
  from: number;
  to: number;
}

/** A part of the axis. `cut`: nothing happened in it, it is drawn shorter than it was. */
export interface Stretch extends Interval {
  x: number;
  width: number;
  cut: boolean;
}

export interface Tick {
  x: number;
  label: string;
  /** Set on the first tick of a day and of a stretch. */
  day: string | undefined;
}

export interface Axis {
  stretches: Stretch[];
  /** Where an instant lies, in picture units. Instants outside the axis lie at its ends. */
  x(at: number): number;
  /** Round times, at least `apart` units from each other; a stretch without a round time has one tick in its middle. */
  ticks(apart: number): Tick[];
}

export interface AxisInput extends Interval {
  /** When something happened. May overlap. */
  busy: Interval[];
  /** Picture units. */
  left: number;
  width: number;
  cutWidth: number;
  timezone: string;
}

const STEPS = [5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 7 * DAY, 28 * DAY];
/** Room around what happened, so that a single instant is a visible stretch too. */
const SMALLEST_MARGIN = 5 * MINUTE;
const MARGIN_SHARE = 0.04;

/** Lays out the axis. `to` must not lie before `from`. */
export function createAxis(input: AxisInput): Axis {
  const stretches = layOut(input);
  return {
    stretches,
    x(at) {
      const inside = stretches.find((stretch) => at <= stretch.to) ?? stretches.at(-1);
      if (!inside) return input.left;
      const share = (Math.min(Math.max(at, inside.from), inside.to) - inside.from) / Math.max(1, inside.to - inside.from);
      return round(inside.x + share * inside.width);
    },
    ticks: (apart) => stretches.filter((stretch) => !stretch.cut).flatMap((stretch) => ticksOf(stretch, apart, input.timezone)),
  };
}

/** How long a cut stretch really is: `12 h 41`, or to the full hour where there is little room. */
export function cutLabel(stretch: Stretch, short: boolean): string {
  const seconds = (stretch.to - stretch.from) / 1000;
  return formatDuration(short && seconds > 3600 ? Math.round(seconds / 3600) * 3600 : seconds);
}

/** `Wed 9` of `Wed 9 Dec`. */
export function shortDay(day: string): string {
  return day.split(' ').slice(0, 2).join(' ');
}

function layOut(input: AxisInput): Stretch[] {
  let zones = merge(busyZones(input));
  for (;;) {
    const cutWidth = widthOfCuts(input, zones.length - 1);
    const scale = (input.width - cutWidth * (zones.length - 1)) / total(zones);
    // A gap that would not be longer than its mark needs no mark.
    const joined = merge(zones, (cutWidth * 1.5) / scale);
    if (joined.length === zones.length) return place(zones, { left: input.left, cutWidth, scale });
    zones = joined;
  }
}

function busyZones({ from, to, busy }: AxisInput): Interval[] {
  const end = Math.max(to, from + MINUTE);
  const inside = busy.map((zone) => ({ from: clamp(zone.from, from, end), to: clamp(zone.to, from, end) }));
  const margin = Math.max(SMALLEST_MARGIN, total(merge(inside)) * MARGIN_SHARE);
  const points = [...inside, { from, to: from }, { from: end, to: end }];
  return points.map((zone) => ({ from: Math.max(from, zone.from - margin), to: Math.min(end, zone.to + margin) }));
}

/** Half of the width is for what happened, however many cuts there are. */
function widthOfCuts({ width, cutWidth }: AxisInput, cuts: number): number {
  return cuts === 0 ? 0 : Math.min(cutWidth, width / 2 / cuts);
}

/** Joins intervals that overlap or lie less than `gap` apart. */
function merge(intervals: Interval[], gap = 0): Interval[] {
  const merged: Interval[] = [];
  for (const interval of intervals.toSorted((a, b) => a.from - b.from)) {
    const last = merged.at(-1);
    if (last && interval.from - last.to <= gap) last.to = Math.max(last.to, interval.to);
    else merged.push({ ...interval });
  }
  return merged;
}

function place(zones: Interval[], { left, cutWidth, scale }: { left: number; cutWidth: number; scale: number }): Stretch[] {
  const stretches: Stretch[] = [];
  let x = left;
  for (const [index, zone] of zones.entries()) {
    const before = zones[index - 1];
    if (before) {
      stretches.push({ from: before.to, to: zone.from, x: round(x), width: round(cutWidth), cut: true });
      x += cutWidth;
    }
    const width = (zone.to - zone.from) * scale;
    stretches.push({ ...zone, x: round(x), width: round(width), cut: false });
    x += width;
  }
  return stretches;
}

function ticksOf(stretch: Stretch, apart: number, timezone: string): Tick[] {
  const scale = stretch.width / Math.max(1, stretch.to - stretch.from);
  const step = STEPS.find((candidate) => candidate * scale >= apart) ?? STEPS.at(-1) ?? DAY;
  const instants: number[] = [];
  // Round on the clock on the wall; where that clock jumps, two round times can be the same instant.
  for (let wall = Math.ceil(wallOf(stretch.from, timezone) / step) * step; ; wall += step) {
    const at = instantOf(wall, timezone);
    if (at > stretch.to) break;
    if (at >= stretch.from && at !== instants.at(-1)) instants.push(at);
  }
  if (instants.length === 0) instants.push((stretch.from + stretch.to) / 2);
  let day = '';
  return instants.map((at) => {
    const today = formatLocal(at, timezone, 'day');
    const tick = {
      x: round(stretch.x + (at - stretch.from) * scale),
      label: step >= DAY ? '' : formatLocal(at, timezone, 'time'),
      day: today === day ? undefined : today,
    };
    day = today;
    return tick;
  });
}

function total(intervals: Interval[]): number {
  return Math.max(
    1,
    intervals.reduce((sum, { from, to }) => sum + to - from, 0),
  );
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}

/** A tenth of a unit is finer than any screen shows, and short to write. */
function round(value: number): number {
  return Math.round(value * 10) / 10;
}
