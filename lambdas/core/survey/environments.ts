/** Which machines are there to be tried on: guessed from environment tags, in everybody's spelling. */

/** From the least to the most important. What nobody recognises counts as production. */
const RANKS: RegExp[] = [
  /^(sandbox|sbx|lab|play(ground)?)$/,
  /^(d|dev|devel|develop|development|non-?prod)$/,
  /^(t|test|tests|testing|tst|qa|q|int|integration|ci|sit)$/,
  /^(s|stg|stage|staging|pre-?prod(uction)?|uat|acc|acceptance|abn|demo|training)$/,
];
const PRODUCTION = /^(p|prd|prod|production|productive|live)$/;
const KEYS = /^(env|environment|stage|umgebung|landscape|environment-?(name|type)|env-?(name|type))$/i;

export interface Tagged {
  tags: Record<string, string>;
}

export interface Environments {
  /** The tag's key as most machines spell it. */
  key: string;
  /** Values that are not production, the least important first, with the number of machines. */
  before: { value: string; nodes: number; rank: number }[];
  /** Values that are production, or that nobody recognises, with the number of machines. */
  production: { value: string; nodes: number; recognised: boolean }[];
  /** Machines without this tag. */
  untagged: number;
}

/** Reads the environments of machines from the environment tag that most of them have; `undefined` where none has any. */
export function environmentsOf(machines: readonly Tagged[]): Environments | undefined {
  const keys = counted(machines.flatMap(({ tags }) => Object.keys(tags).filter((key) => KEYS.test(key))));
  const [key] = keys[0] ?? [];
  if (key === undefined) return undefined;
  const values = counted(machines.flatMap(({ tags }) => tags[key] ?? []));
  const ranked = values.map(([value, nodes]) => ({ value, nodes, rank: RANKS.findIndex((rank) => rank.test(value.trim().toLowerCase())) }));
  return {
    key,
    before: ranked.filter(({ rank }) => rank >= 0).toSorted((a, b) => a.rank - b.rank || b.nodes - a.nodes),
    production: ranked
      .filter(({ rank }) => rank < 0)
      .map(({ value, nodes }) => ({ value, nodes, recognised: PRODUCTION.test(value.trim().toLowerCase()) })),
    untagged: machines.filter(({ tags }) => tags[key] === undefined).length,
  };
}

/** Texts and how often each is there: the most frequent first, then by name. */
function counted(texts: readonly string[]): [string, number][] {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  return [...counts].toSorted(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
}
