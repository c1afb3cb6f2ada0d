/** A plan for the tests of what people see: three waves on four platforms. Names, versions and times are made up. */
import { Plan } from '../../lambdas/core/plan.ts';
import type { PlanNode, PlanWave } from '../../lambdas/core/plan.ts';

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
const PLATFORMS = ['amazon-linux-2023-x86_64', 'ubuntu-24.04-x86_64', 'rhel-9-x86_64', 'windows-2022-x86_64'];
const ZONE = 'Europe/Berlin';
export const STARTED = Date.parse('2026-12-09T08:00:00Z');
/** When each wave's window opens and closes, its nodes' work ends, and its soak is over. */
export const WAVES = {
  test: { opens: Date.parse('2026-12-09T21:00:00Z'), hours: 4, work: 34 * MINUTE, soak: 24 * HOUR },
  canary: { opens: Date.parse('2026-12-12T00:00:00Z'), hours: 6, work: 41 * MINUTE, soak: 12 * HOUR },
  production: { opens: Date.parse('2026-12-13T00:00:00Z'), hours: 6, work: 178 * MINUTE, soak: 0 },
} as const;
export type WaveName = keyof typeof WAVES;
const NAMES: WaveName[] = ['test', 'canary', 'production'];

/** `sizes`: nodes of test, canary and production. */
export function fakePlan(sizes: [number, number, number] = [12, 4, 42]): Plan {
  const waves = NAMES.map((name, index) => planWave(name, sizes[index] ?? 0));
  return Plan.parse({
    v: 1,
    rollout: 'linux-monthly-20261209-7c1eb2',
    policy: {
      name: 'linux-monthly',
      mode: 'auto',
      nodes: {},
      plan: { every: 'month', patchTuesdayPlusDays: 1, at: '09:00', timezone: ZONE },
      patches: { kinds: ['security'], severity: { atLeast: 'important', unrated: 'include' }, leaveOut: [] },
      waves: NAMES.map((name) => ({
        name,
        nodes: name === 'production' ? { everythingElse: true } : { tags: { Environment: name } },
        window: name,
        soak: WAVES[name].soak / 1000,
        promoteWhen: { provenOn: 2, failed: { count: 0 }, unreachable: { percent: 5 } },
        stopWhen: { failed: { count: 1 }, unreachable: { percent: 5 } },
      })),
      tell: { 'linux-ops': ['passed', 'held', 'failed', 'done'] },
    },
    windows: {},
    people: {},
    createdAt: new Date(STARTED).toISOString(),
    scheduledFor: new Date(STARTED).toISOString(),
    candidate: PLATFORMS.map((platform) => ({
      platform,
      ...(platform.startsWith('ubuntu') ? { snapshot: '20261209T080000Z' } : {}),
      items: itemsOf(platform),
    })),
    fixes: {},
    variants: {},
    documents: {},
    waves,
    leftOutItems: [{ platform: 'on some nodes', name: 'kernel*', why: 'certified kernel (dba@example.com, until 2027-03-31)' }],
    leftOutNodes: [
      { id: 'i-0aaaaaaaaaaaaaaa1', name: 'db-04', why: 'not tagged Wavelock=enabled: IAM lets nothing be sent to it' },
      { id: 'i-0aaaaaaaaaaaaaaa2', name: 'app-09', why: 'in none of the waves' },
    ],
  });
}

function planWave(name: WaveName, size: number): PlanWave {
  const { opens, hours } = WAVES[name];
  const nodes = Array.from({ length: size }, (_value, index) => planNode(name, index));
  const atOnce = name === 'production' ? Math.max(1, Math.floor(size / 10)) : size;
  return {
    name,
    nodes,
    atOnce,
    failedLimit: 1,
    unreachableLimit: 2,
    window: { name, opens, closes: opens + hours * HOUR, timezone: ZONE },
    expectedSeconds: { test: 2_400, canary: 2_700, production: 26_400 }[name],
    worstCase: Math.min(size, 1 + atOnce),
  };
}

function planNode(wave: WaveName, index: number): PlanNode {
  const platform = PLATFORMS[index % PLATFORMS.length] ?? '';
  const windows = platform.startsWith('windows');
  const number = String(index + 1).padStart(2, '0');
  const id = `${index % 3 === 2 ? 'mi' : 'i'}-0${NAMES.indexOf(wave)}${index.toString(16).padStart(15, '0')}`;
  const role = windows ? 'win' : (['web', 'app', 'db'][index % 3] ?? '');
  return {
    id,
    location: { account: index % 2 === 0 ? '111111111111' : '222222222222', region: index % 4 < 2 ? 'eu-central-1' : 'eu-west-1' },
    name: wave === 'test' ? `${role}-t${number}` : `${role}-${wave === 'canary' ? 'c' : ''}${number}`,
    os: windows ? 'windows' : 'linux',
    platform,
    exposed: index % 4 === 3 && wave === 'test' ? 0 : 9,
    cves: ['CVE-2026-31337'],
    pendingReboot: false,
    variant: '',
  };
}

/** What the candidate lock has for a platform. */
export function itemsOf(platform: string): { use: string; name: string; arch: string; version: string }[] {
  if (platform.startsWith('windows')) return ['KB5071234', 'KB5071240', 'KB5071300'].map((name) => ({ use: 'kb', name, arch: '', version: '' }));
  return ['openssl', 'openssl-libs', 'nginx', 'curl', 'libcurl', 'glibc', 'glibc-common', 'python3', 'vim-minimal', 'zlib'].map((name, index) => ({
    use: index < 8 ? 'update' : 'dependency',
    name,
    arch: 'x86_64',
    version: `3.${index}.8-1.amzn2023.0.5`,
  }));
}
