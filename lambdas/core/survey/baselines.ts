/** Which patch baseline a machine has, and what AWS's own patching would refuse there that a rollout would install. */
import type { Machine } from './machines.ts';
import type { SeenBaseline, SeenLocation, SeenRule } from './model.ts';

/** Patch groups are the values of these tags (User Guide, "Patch groups"). */
export function patchGroupOf(tags: Record<string, string>): string {
  return tags['Patch Group'] ?? tags.PatchGroup ?? '';
}

/** The baseline of a machine's patch group, else the default one of its operating system. */
export function baselineOf(machine: Machine, seen: SeenLocation): SeenBaseline | undefined {
  const { operatingSystem, tags } = machine;
  const group = patchGroupOf(tags);
  const mapping = (seen.patchGroups ?? []).find((entry) => entry.name === group && entry.operatingSystem === operatingSystem);
  const all = seen.baselines ?? [];
  const ofGroup = mapping && all.find(({ id }) => id === mapping.baseline);
  return ofGroup ?? all.find((baseline) => baseline.isDefault && baseline.operatingSystem === operatingSystem);
}

/** Whether AWS made a baseline: then its id is a whole ARN of an account of AWS. */
export function isAwsOwn({ id }: SeenBaseline): boolean {
  return id.startsWith('arn:');
}

/** `CLASSIFICATION` values that are about security, in the words of the vendors that Patch Manager knows. */
const SECURITY = /^(\*|Security|SecurityUpdates|CriticalUpdates|Recommended)$/;
/** Their repositories carry no dates, so Patch Manager ignores every delay (User Guide, "How patches are approved", Debian and Ubuntu). */
const NO_DATES = new Set(['UBUNTU', 'DEBIAN', 'RASPBIAN']);
/** Rejected patches that are named. */
const SHOWN = 5;
const GRAVE = ['Critical', 'Important'];

/**
 * Why a baseline would refuse security updates that a rollout installs, in plain words; empty where it would not.
 *
 * @param today ISO date
 */
export function refusals(baseline: SeenBaseline, today: string): string[] {
  const { rules, approved, rejected, operatingSystem } = baseline;
  const more = rejected.length > SHOWN ? ` and ${rejected.length - SHOWN} more` : '';
  const list = rejected.length > 0 ? [`rejects ${rejected.slice(0, SHOWN).join(', ')}${more}`] : [];
  if (rules === undefined) return list;
  const security = rules.filter(isAboutSecurity);
  if (security.length === 0) {
    const nothing = 'approves no security updates';
    return [...list, approved.length > 0 ? `has no rule for security updates: approves only what it lists (${approved.length})` : nothing];
  }
  const missing = GRAVE.filter((grade) => !security.some((rule) => approves(rule, grade)));
  const grades = missing.length > 0 ? [`leaves out security updates graded ${missing.join(' and ')}`] : [];
  const delay = NO_DATES.has(operatingSystem) ? undefined : delayOf(security, today);
  return [...list, ...grades, ...(delay === undefined ? [] : [delay])];
}

function isAboutSecurity({ filters }: SeenRule): boolean {
  const classes = filters.CLASSIFICATION;
  return classes === undefined || classes.some((name) => SECURITY.test(name));
}

function approves({ filters }: SeenRule, grade: string): boolean {
  const grades = filters.SEVERITY ?? filters.MSRC_SEVERITY;
  return grades === undefined || grades.some((name) => name === '*' || name === grade);
}

/** One rule that approves is enough, so the shortest delay counts. */
function delayOf(rules: SeenRule[], today: string): string | undefined {
  const untils = rules.flatMap(({ approveUntil }) => approveUntil ?? []);
  const days = rules.filter(({ approveUntil }) => approveUntil === undefined).map(({ approveAfterDays = 0 }) => approveAfterDays);
  if (days.includes(0)) return undefined;
  if (days.length > 0) return `approves security updates ${Math.min(...days)} days after they came out`;
  const last = untils.toSorted().at(-1) ?? '';
  return last < today ? `approves nothing that came out after ${last}` : undefined;
}
