/**
 * Wildcards and policy variables, as IAM reads them in actions, resources and condition values.
 * Facts: IAM User Guide, "IAM JSON policy elements: Resource", "Action", "Policy variables".
 */

/** Value of a policy variable or condition key; `undefined` when this request doesn't set it. */
export type Lookup = (key: string) => string[] | undefined;

type Token = { kind: 'text' | 'any' | 'one' | 'variable'; text: string };

const specials: Record<string, string> = { '*': '*', '?': '?', $: '$' };

/** `ec2:*` → `text ec2:`, `any`. `${*}`, `${?}` and `${$}` are the characters themselves. */
function tokens(pattern: string): Token[] {
  const found: Token[] = [];
  for (const [part] of pattern.matchAll(/\$\{[^}]*\}|[*?]|[^*?$]+|\$/g)) {
    if (part === '*') found.push({ kind: 'any', text: part });
    else if (part === '?') found.push({ kind: 'one', text: part });
    else if (!part.startsWith('${')) found.push({ kind: 'text', text: part });
    else found.push(variable(part.slice(2, -1)));
  }
  return found;
}

function variable(inner: string): Token {
  const special = specials[inner];
  return special === undefined ? { kind: 'variable', text: inner } : { kind: 'text', text: special };
}

/** `${key, 'default'}` → the request's value, the default, or `undefined` (the statement then doesn't match). */
function valueOf(inner: string, lookup: Lookup): string | undefined {
  const [key = '', fallback] = inner.split(/,\s*(?=')/);
  const values = lookup(key.trim());
  if (values?.length === 1) return values[0];
  return fallback?.replace(/^'|'\s*$/g, '');
}

function escape(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}

/** Names of the variables in a policy value, e.g. `aws:PrincipalAccount`. */
export function variablesIn(pattern: string): string[] {
  return tokens(pattern)
    .filter((token) => token.kind === 'variable')
    .map((token) => token.text.split(',')[0]!.trim());
}

/** A policy value with its variables filled in and no wildcards; `undefined` when the request lacks a variable. */
export function expand(pattern: string, lookup: Lookup): string | undefined {
  if (!pattern.includes('${')) return pattern;
  let text = '';
  for (const token of tokens(pattern)) {
    const piece = token.kind === 'variable' ? valueOf(token.text, lookup) : token.text;
    if (piece === undefined) return undefined;
    text += piece;
  }
  return text;
}

/** What a `*` at this place stands for, as a regular expression. */
type Star = (index: number, all: Token[]) => string;

const anyRun: Star = () => '.*';

const withinSegment: Star = (index, all) => {
  const before = all
    .slice(0, index)
    .map((token) => token.text)
    .join('');
  const next = all[index + 1];
  const ends = next === undefined || (next.kind === 'text' && next.text.startsWith(':'));
  return ends || before.split(':').length > 5 ? '.*' : '[^:]*';
};

const compiled = new Map<string, RegExp>();

/** Compiles once a pattern that holds no variables: the same few thousand patterns are asked again at every call. */
function cached(kind: string, pattern: string, compile: () => RegExp | undefined): RegExp | undefined {
  if (pattern.includes('${')) return compile();
  const key = `${kind} ${pattern}`;
  const known = compiled.get(key);
  if (known) return known;
  const fresh = compile();
  if (fresh) compiled.set(key, fresh);
  return fresh;
}

function build(pattern: string, lookup: Lookup, star: Star, flags: string): RegExp | undefined {
  let source = '';
  const all = tokens(pattern);
  for (const [index, token] of all.entries()) {
    const value = token.kind === 'variable' ? valueOf(token.text, lookup) : token.text;
    if (value === undefined) return undefined;
    if (token.kind === 'any') source += star(index, all);
    else source += token.kind === 'one' ? '.' : escape(value);
  }
  return new RegExp(`^${source}$`, flags);
}

/** `*` is any run of characters, `?` exactly one; whole text, optionally without regard to case. */
export function like(pattern: string, text: string, lookup: Lookup, ignoreCase = false): boolean {
  const flags = ignoreCase ? 'is' : 's';
  return cached(`like ${flags}`, pattern, () => build(pattern, lookup, anyRun, flags))?.test(text) ?? false;
}

/**
 * ARN of a Resource element against the ARN asked for. In the first five segments a `*` inside a segment stops at the next colon, and
 * one that ends a segment may run over it (IAM User Guide, "Resource": "if the * is the last character of a resource ARN segment, it
 * can expand to match beyond the colon boundaries"); in the last segment it is any run of characters.
 */
export function resourceLike(pattern: string, resource: string, lookup: Lookup): boolean {
  if (pattern === '*') return true;
  return cached('resource', pattern, () => build(pattern, lookup, withinSegment, 's'))?.test(resource) ?? false;
}

/** ArnEquals and ArnLike (they are the same): each of the six segments on its own (IAM User Guide, "ARN condition operators"). */
export function arnLike(pattern: string, arn: string, lookup: Lookup): boolean {
  const wanted = segments(pattern);
  const given = segments(arn);
  if (wanted.length !== given.length) return false;
  return wanted.every((segment, index) => like(segment, given[index]!, lookup));
}

/** The six segments of an ARN; colons inside `${…}` don't count, the last segment keeps its own. */
function segments(arn: string): string[] {
  const parts: string[] = [''];
  for (const [piece] of arn.matchAll(/\$\{[^}]*\}|:|[^:$]+|\$/g)) {
    if (piece === ':' && parts.length < 6) parts.push('');
    else parts[parts.length - 1] += piece;
  }
  return parts;
}
