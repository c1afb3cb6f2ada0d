import { describe, expect, it } from 'vitest';
import { createChronicle } from '../../cli/run/chronicle.ts';
import type { Plan } from '../../lambdas/core/plan.ts';
import type { RolloutRow } from '../../lambdas/aws/record.ts';

const START = { advisory: 'kev CVE-2026-31337', subject: 'CVE-2026-31337', openedAt: '2026-12-21T14:06:00.000Z', state: 'planned' };

/** What the first look tells of a start that reaches nodes of these services. */
async function found(nodes: number, services: string[]): Promise<string> {
  const record = { starts: async () => [START], ticket: async () => undefined, events: async () => [], waves: async () => [] };
  const because = { nodes, services: services.map((name) => ({ name, exposed: 1, of: 2 })) };
  const plan = { because, waves: [], policy: { tell: {} } } as unknown as Plan;
  const chronicle = createChronicle({ record } as unknown as Parameters<typeof createChronicle>[0], 'zero-day');
  return (await chronicle.look({ row: { id: 'zero-day-1' } as RolloutRow, plan })).map(({ text }) => text).join('\n');
}

describe('what the intake finds', () => {
  it.each([
    ['no node with a service', 1, [], 'on 1 node: CVE-2026-31337'],
    ['all services, where they are few', 3, ['shop', 'web'], 'on 3 nodes (shop 1 of 2, web 1 of 2): CVE-2026-31337'],
    ['the first ones, where they are many', 9, ['a', 'b', 'c', 'd'], 'on 9 nodes (a 1 of 2, b 1 of 2, c 1 of 2, …): CVE-2026-31337'],
  ])('names %s', async (_what, nodes, services, words) => {
    expect(await found(nodes, services)).toBe(`the intake finds CVE-2026-31337 ${words}`);
  });
});
