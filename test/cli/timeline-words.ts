/** Names and instants that the tests of the timeline share. */
import { iso } from '../core/exposures-world.ts';
import type { Course } from '../../lambdas/core/exposures/courses.ts';

export const CVE = 'CVE-2026-31337';
export const ROLLOUT = 'zero-day-20261208-a91f00';
export const MONTHLY = 'monthly-20261209-3f9ca1';
export const ROLLOUT_PLAN = 'plans/a91f.json';
export const ANA = 'arn:aws:sts::111111111111:assumed-role/ChangeManager/ana@example.com';
export const hours = iso;

/** An advisory's course over the fleet: seen 20 hours ago, fixable at once. */
export function course(advisory: string, more: Partial<Course> = {}): Course {
  return {
    source: 'alas',
    advisory,
    title: 'openssl security update',
    severity: 'critical',
    cves: [CVE],
    published: hours(-30),
    seen: hours(-20),
    fixable: hours(-20),
    most: 4,
    rollouts: [],
    ...more,
  };
}
