import { isObject, listOf } from '../json.ts';
import type { Clock } from '../types.ts';
import { keyOf, type Location } from './locations.ts';

const MINUTE = 60_000;

/** How long one-minute values are kept: CloudWatch User Guide, "Metrics retention". */
const RETENTION = 15 * 86_400_000;

export interface MetricName {
  namespace: string;
  name: string;
  dimensions: Record<string, string>;
}

/** A set of values, as far as statistics need it. */
export interface Statistics {
  count: number;
  sum: number;
  min: number;
  max: number;
}

export interface MetricValue extends MetricName {
  /** One value, or statistics over several. */
  value: number | Statistics;
  /** Milliseconds since the epoch; now if left out. */
  time?: number;
  /** The value holds until the next one, as AWS publishes such every minute: the length of a queue. */
  gauge?: boolean;
}

export type Statistic = 'Sum' | 'Average' | 'Minimum' | 'Maximum' | 'SampleCount';

interface Series extends MetricName {
  location: Location;
  /** By the minute's start. */
  minutes: Map<number, Statistics>;
  gauge: boolean;
  last: number;
}

/** Values by minute, for every metric of every location. */
export class Metrics {
  private readonly series = new Map<string, Series>();
  private readonly listeners: ((key: string) => void)[] = [];

  constructor(private readonly clock: Clock) {}

  record(location: Location, { namespace, name, dimensions, value, time = this.clock.now(), gauge = false }: MetricValue): void {
    const key = seriesKey(location, { namespace, name, dimensions });
    let series = this.series.get(key);
    if (!series) this.series.set(key, (series = { location, namespace, name, dimensions, minutes: new Map(), gauge, last: time }));
    const minute = Math.floor(time / MINUTE) * MINUTE;
    series.minutes.set(minute, merged([series.minutes.get(minute), statisticsOf(value)].filter((each) => each !== undefined)) ?? statisticsOf(value));
    series.last = Math.max(series.last, time);
    for (const old of series.minutes.keys()) {
      if (old >= this.clock.now() - RETENTION) break;
      series.minutes.delete(old);
    }
    for (const listener of this.listeners) listener(key);
  }

  /** Told of the key of every metric that gets a value. */
  onRecord(listener: (key: string) => void): void {
    this.listeners.push(listener);
  }

  /** When the metric last got a value. */
  last(key: string): number | undefined {
    return this.series.get(key)?.last;
  }

  /** The values from `from` until before `to`; a gauge without any goes on with its latest. */
  between(key: string, from: number, to: number): Statistics | undefined {
    const series = this.series.get(key);
    if (!series) return undefined;
    const within = [...series.minutes].filter(([minute]) => minute >= from && minute < to);
    if (within.length > 0 || !series.gauge) return merged(within.map(([, statistics]) => statistics));
    const before = [...series.minutes].filter(([minute]) => minute < from).at(-1)?.[1];
    return before && statisticsOf(before.max === before.min ? before.max : before.sum / before.count);
  }

  list(location: Location): MetricName[] {
    return [...this.series.values()]
      .filter(({ location: { account, region } }) => account === location.account && region === location.region)
      .map(({ namespace, name, dimensions }) => ({ namespace, name, dimensions }));
  }
}

export function seriesKey(location: Location, { namespace, name, dimensions }: MetricName): string {
  return `${keyOf(location, namespace)}/${name}/${JSON.stringify(Object.entries(dimensions).toSorted(([a], [b]) => (a < b ? -1 : 1)))}`;
}

/** Statistics that are worked out here; percentiles are not. */
export function isStatistic(name: string | undefined): name is Statistic {
  return ['Sum', 'Average', 'Minimum', 'Maximum', 'SampleCount'].includes(name ?? '');
}

export function statistic(values: Statistics, name: Statistic): number {
  return { Sum: values.sum, Average: values.sum / values.count, Minimum: values.min, Maximum: values.max, SampleCount: values.count }[name];
}

function statisticsOf(value: number | Statistics): Statistics {
  return typeof value === 'number' ? { count: 1, sum: value, min: value, max: value } : value;
}

function merged(parts: Statistics[]): Statistics | undefined {
  const [first, ...rest] = parts;
  if (!first) return undefined;
  return rest.reduce(
    (all, part) => ({
      count: all.count + part.count,
      sum: all.sum + part.sum,
      min: Math.min(all.min, part.min),
      max: Math.max(all.max, part.max),
    }),
    first,
  );
}

/**
 * Metrics that a log line carries in the embedded metric format; none for any other line.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
export function embeddedMetrics(line: string): MetricValue[] {
  if (!line.includes('"CloudWatchMetrics"')) return [];
  const root = parsed(line);
  const meta = isObject(root) ? root['_aws'] : undefined;
  if (!isObject(root) || !isObject(meta)) return [];
  const time = typeof meta['Timestamp'] === 'number' ? meta['Timestamp'] : undefined;
  return listOf(meta['CloudWatchMetrics'])
    .filter(isObject)
    .flatMap((directive) => {
      const sets = listOf(directive['Dimensions']).map((names) =>
        listOf(names).map((name): [string, string] => [String(name), String(root[String(name)])]),
      );
      return listOf(directive['Metrics'])
        .filter(isObject)
        .flatMap((metric) => {
          const values = listOf(root[String(metric['Name'])]).filter((value): value is number => typeof value === 'number');
          return (sets.length > 0 ? sets : [[]]).flatMap((dimensions) =>
            values.map((value) => ({
              namespace: String(directive['Namespace']),
              name: String(metric['Name']),
              dimensions: Object.fromEntries(dimensions),
              value,
              time,
            })),
          );
        });
    });
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    // A line that looks like it but isn't JSON is just a line, as CloudWatch treats it.
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
