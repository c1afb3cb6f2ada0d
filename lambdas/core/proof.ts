/** What one node proved: the items that it holds at the lock's version while it is healthy. */
import type { LockItem, Outcome } from './model.ts';

const HEALTHY: Outcome[] = ['patched', 'already-proven', 'restart-pending'];

/** Items of the lock's section that this node proves. An unhealthy node proves nothing, whatever it installed. */
export function provenItems(outcome: Outcome, report: { from: string[]; bad: [number, string][] }, items: LockItem[]): LockItem[] {
  if (!HEALTHY.includes(outcome)) return [];
  const bad = new Set(report.bad.map(([index]) => index));
  return items.filter((_item, index) => !bad.has(index) && (report.from[index] ?? '') !== '');
}

export interface Change {
  name: string;
  from: string;
  to: string;
}

/** What the patch changed on a node: items that were older before and are at the lock's version now, and dependencies that came along. */
export function changedItems(report: { from: string[]; bad: [number, string][] }, items: LockItem[]): { item: LockItem; change: Change }[] {
  const bad = new Set(report.bad.map(([index]) => index));
  return items.flatMap((item, index) => {
    const from = report.from[index] ?? '';
    if (bad.has(index) || from === '' || from === '=') return [];
    return [{ item, change: { name: item.name, from: from === '+' ? '' : from, to: item.version || item.name } }];
  });
}
