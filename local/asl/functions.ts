import { createHash } from 'node:crypto';
import type jsonata from 'jsonata';
import { createRandom } from '../random.ts';
import type { Clock, Random } from '../types.ts';

/** The algorithms of `$hash`, by their name in Node. */
const hashes: Record<string, string> = {
  MD5: 'md5',
  'SHA-1': 'sha1',
  'SHA-256': 'sha256',
  'SHA-384': 'sha384',
  'SHA-512': 'sha512',
};

/** What jsonata's own functions look like when an expression's environment hands them out. */
interface NativeFunction {
  implementation(this: unknown, ...values: unknown[]): unknown;
}

/**
 * Gives an expression the functions that Step Functions adds to JSONata (`$partition`, `$range`, `$hash`, `$random`, `$uuid`, `$parse`:
 * https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html), and lets time and chance come from the clock and the
 * seed. `$eval` is taken away, as on AWS.
 */
export function registerFunctions(expression: jsonata.Expression, clock: Clock, random: Random): void {
  expression.registerFunction('partition', partition, '<an:a>');
  expression.registerFunction('range', range, '<nnn:a>');
  expression.registerFunction('hash', hash, '<ss:s>');
  expression.registerFunction('random', (seed?: number) => (seed === undefined ? random : createRandom(seed)).next(), '<n?:n>');
  expression.registerFunction('uuid', () => random.uuid(), '<:s>');
  expression.registerFunction('parse', parse, '<s:x>');
  expression.registerFunction('shuffle', (list?: unknown[]) => shuffle(list, random), '<a:a>');
  expression.registerFunction('millis', () => clock.now(), '<:n>');
  expression.registerFunction('now', now(clock), '<s?s?:s>');
  expression.assign('eval', undefined);
}

function partition(list: unknown[] | undefined, size: number | undefined): unknown[][] | undefined {
  if (list === undefined || size === undefined) return undefined;
  const length = Math.trunc(size);
  if (length < 1) throw new Error('$partition needs a size of at least 1');
  const parts: unknown[][] = [];
  for (let start = 0; start < list.length; start += length) parts.push(list.slice(start, start + length));
  return parts;
}

function range(first: number | undefined, last: number | undefined, step: number | undefined): number[] | undefined {
  if (first === undefined || last === undefined || step === undefined) return undefined;
  const delta = Math.trunc(step);
  if (delta === 0) throw new Error('$range needs a step that is not 0');
  const values: number[] = [];
  for (let value = Math.trunc(first); delta > 0 ? value <= last : value >= last; value += delta) values.push(value);
  return values;
}

function hash(data: string | undefined, algorithm: string | undefined): string | undefined {
  if (data === undefined || algorithm === undefined) return undefined;
  const known = hashes[algorithm];
  if (known === undefined) throw new Error(`$hash knows ${Object.keys(hashes).join(', ')}, not ${algorithm}`);
  return createHash(known).update(data, 'utf8').digest('hex');
}

function parse(source: string | undefined): unknown {
  if (source === undefined) return undefined;
  try {
    return JSON.parse(source) as unknown;
  } catch {
    throw Object.assign(new Error('Invalid JSON'), { code: 'D3137' });
  }
}

/** Fisher and Yates, with the run's chance instead of Math.random. */
function shuffle(list: unknown[] | undefined, random: Random): unknown[] | undefined {
  if (list === undefined) return undefined;
  const shuffled = [...list];
  for (let last = shuffled.length - 1; last > 0; last--) {
    const other = Math.floor(random.next() * (last + 1));
    [shuffled[last], shuffled[other]] = [shuffled[other], shuffled[last]];
  }
  return shuffled;
}

/** `$now` with jsonata's own formatting of a point in time. */
function now(clock: Clock): (this: jsonata.Focus, picture?: string, timezone?: string) => unknown {
  return function nowOfClock(picture, timezone) {
    const fromMillis: NativeFunction = this.environment.lookup('fromMillis');
    return fromMillis.implementation.call(this, clock.now(), picture, timezone);
  };
}
