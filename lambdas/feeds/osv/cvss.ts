/** Base scores of CVSS v3 vectors, as FIRST's specifications 3.0 and 3.1 (section 7.1) compute them. */

const WEIGHTS: Record<string, Record<string, number>> = {
  AV: { N: 0.85, A: 0.62, L: 0.55, P: 0.2 },
  AC: { L: 0.77, H: 0.44 },
  UI: { N: 0.85, R: 0.62 },
  C: { H: 0.56, L: 0.22, N: 0 },
  I: { H: 0.56, L: 0.22, N: 0 },
  A: { H: 0.56, L: 0.22, N: 0 },
};
/** Privileges required weigh less where the scope changes. */
const PRIVILEGES: Record<string, Record<string, number>> = { U: { N: 0.85, L: 0.62, H: 0.27 }, C: { N: 0.85, L: 0.68, H: 0.5 } };

/** 0 to 10 with one decimal, or `undefined` for anything that is no whole CVSS 3 vector. */
export function cvssScore(vector: string): number | undefined {
  const [version = '', ...parts] = vector.split('/');
  if (version !== 'CVSS:3.0' && version !== 'CVSS:3.1') return undefined;
  const metrics = Object.fromEntries(parts.map((part) => part.split(':', 2)));
  const scope = metrics['S'] ?? '';
  const weights = ['AV', 'AC', 'UI', 'C', 'I', 'A'].map((name) => WEIGHTS[name]?.[metrics[name] ?? '']);
  const [vectorWeight, complexity, interaction, confidentiality, integrity, availability] = weights;
  const privileges = PRIVILEGES[scope]?.[metrics['PR'] ?? ''];
  if (privileges === undefined || vectorWeight === undefined || complexity === undefined || interaction === undefined) return undefined;
  if (confidentiality === undefined || integrity === undefined || availability === undefined) return undefined;
  const changed = scope === 'C';
  const base = 1 - (1 - confidentiality) * (1 - integrity) * (1 - availability);
  const impact = changed ? 7.52 * (base - 0.029) - 3.25 * (base - 0.02) ** 15 : 6.42 * base;
  if (impact <= 0) return 0;
  const exploitability = 8.22 * vectorWeight * complexity * privileges * interaction;
  return roundUp(Math.min(10, (changed ? 1.08 : 1) * (impact + exploitability)));
}

/** Up to one decimal; 3.1's way, in whole numbers, which gives what 3.0 means without its floating-point accidents. */
function roundUp(score: number): number {
  const whole = Math.round(score * 100_000);
  return whole % 10_000 === 0 ? whole / 100_000 : (Math.floor(whole / 10_000) + 1) / 10;
}

/** The highest score among vectors, if any of them can be read. */
export function highestScore(vectors: readonly string[]): number | undefined {
  const scores = vectors.map(cvssScore).filter((score) => score !== undefined);
  return scores.length === 0 ? undefined : Math.max(...scores);
}
