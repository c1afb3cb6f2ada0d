/**
 * What a function is told that stands in for a fix, and what it says of each node. Its word is read strictly: a node that it does not name is
 * unknown, never mitigated.
 */
import { z } from 'zod';
import { plainText } from '../advisory.ts';
import type { Settled } from '../settle.ts';
import type { Action } from './stand-in.ts';
import { succeeded } from './stand-in.ts';

/** The event. One with the same `id` is the same call: it may be made once only, and a function need not trust in that. */
export interface FunctionEvent {
  version: 1;
  /** Name of the batch. */
  id: string;
  action: Action;
  policy: string;
  rollout: string;
  wave: string;
  cves: string[];
  advisories: string[];
  /** At most 50, of one account and Region. */
  nodes: { id: string; name: string; account: string; region: string; os: 'linux' | 'windows'; platform: string }[];
}

/** What is known of a call, as the record keeps it. */
export const Told = z.union([
  /** The function failed as a whole: in its own words. */
  z.strictObject({ failed: z.string() }),
  z.strictObject({ nodes: z.record(z.string(), z.strictObject({ ok: z.boolean(), reason: z.string() })) }),
]);
export type Told = z.infer<typeof Told>;

const LONGEST = 200;
/** Access keys of AWS, tokens with three parts, and whatever stands behind a word that names a secret. */
const SECRETS = [
  /\b(?:AKIA|ASIA)[A-Z0-9]{12,}\b/g,
  /\beyJ[\w-]+\.[\w-]+\.[\w-]*/g,
  /(?<=\b(?:pass(?:word|wd)?|secret|token|api[_-]?key|authorization|credentials?)["']?\s*[:=]\s*["']?)(?:(?:bearer|basic)\s+)?[^\s"',;]{4,}/gi,
  /(?<=\bbearer\s+)\S{4,}/gi,
];

/** A function's or a runbook's own words as they may stand in the record and in messages: one line, cut, without what looks like a secret. */
export function safeWords(text: string): string {
  return plainText(
    SECRETS.reduce((line, secret) => line.replaceAll(secret, '***'), text.slice(0, 10_000)),
    LONGEST,
  );
}

const Node = z.union([z.object({ ok: z.literal(true) }), z.object({ ok: z.literal(false), reason: z.string().optional() })]);
const Answer = z.object({ nodes: z.record(z.string(), z.unknown()) });
const Failure = z.object({ errorMessage: z.string() });

/**
 * Reads the payload of an invocation. `failed`: Lambda says that the function failed (Lambda API reference, Invoke.FunctionError); the payload
 * is then `{ errorMessage, errorType, … }` (Developer Guide, "Node.js function exceptions").
 */
export function readAnswer({ failed, payload }: { failed: boolean; payload: string }, asked: readonly string[]): Told {
  const value = parsed(payload);
  if (failed) return { failed: safeWords(Failure.safeParse(value).data?.errorMessage ?? '') || 'it gave no reason' };
  const said = Answer.safeParse(value).data?.nodes ?? {};
  const nodes = asked.flatMap((id) => {
    const one = Object.hasOwn(said, id) ? Node.safeParse(said[id]).data : undefined;
    return one === undefined ? [] : [[id, { ok: one.ok, reason: one.ok ? '' : safeWords(one.reason ?? '') }] as const];
  });
  return { nodes: Object.fromEntries(nodes) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export interface CallFacts {
  /** `function waf-block` */
  what: string;
  action: string;
  /** Nothing as long as no answer has come. */
  told: Told | undefined;
  /** When an answer could no longer come and the function, whose own time is over by then, is at work no more: ms. */
  expiresAt: number;
  now: number;
}

/** How it ended on one node. Without an answer nobody knows: that is for a person to look at. */
export function settleCall(node: string, { what, action, told, expiresAt, now }: CallFacts): Settled {
  if (told === undefined) {
    return now < expiresAt ? { state: 'open' } : { state: 'done', outcome: 'unknown', reason: `${what} was called and its answer never came` };
  }
  if ('failed' in told) return { state: 'done', outcome: 'failed', reason: `${what} failed: ${told.failed}` };
  const one = told.nodes[node];
  if (one === undefined) return { state: 'done', outcome: 'unknown', reason: `${what} answered and did not say how it went here` };
  if (one.ok) return succeeded(action, what);
  return { state: 'done', outcome: 'failed', reason: one.reason === '' ? `${what} says that it failed here` : `${what}: ${one.reason}` };
}
