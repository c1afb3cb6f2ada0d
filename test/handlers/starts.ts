/** Fleets with something that starts a policy: what feeds say, who is exposed, and the policy file that reacts. */
import { alas, seedKnowledge } from './knowledge.ts';
import { sha256 } from '../../lambdas/aws/store.ts';
import { factsKey } from '../../lambdas/core/keys.ts';
import { locationKey } from '../../lambdas/core/model.ts';
import { ID, nodeRow, OPENSSL } from './fleet.ts';
import { FACTS, policy, rules } from './rollouts.ts';
import { found } from './world.ts';
import type { FleetFacts, Policy } from '../../lambdas/core/model.ts';
import type { Plan } from '../../lambdas/core/plan.ts';
import type { Publication, World } from './world.ts';

export const CVE = 'CVE-2026-1001';
export const ADVISORY = alas('ALAS2023-2026-901');
/** As `advisoryKey` spells it. */
export const KEY = 'alas ALAS2023-2026-901';
export const LISTED = { cve: CVE, added: '2026-11-08', due: '2026-11-29', ransomware: false, product: 'OpenSSL OpenSSL' };
const PATCHED: FleetFacts = {
  ...FACTS,
  installed: FACTS.installed.map((item) => (item.name === 'openssl' ? { ...item, version: OPENSSL } : item)),
  available: [],
};

/** A policy that starts when CISA lists something, over two waves without soak. */
export function zeroDay(more: Partial<Policy> = {}): Policy {
  const { plan: _plan, ...base } = policy({
    mode: 'approve',
    nodes: { exposed: true, tags: { Wavelock: 'enabled' } },
    startWhen: [{ knownExploited: true }],
    waves: [rules('test'), rules('production')],
    tell: { 'linux-ops': ['exposed', 'approval', 'closed', 'done', 'failed'], security: ['exposed', 'approval', 'closed'] },
  });
  return { ...base, patches: { ...base.patches, onlyWhatClosesIt: true }, ...more };
}

export function createStarts(world: World) {
  let count = 0;

  async function reckon(): Promise<void> {
    count += 1;
    await world.answer('CloseIntake', { scan: `scan-${count}` });
  }

  /** Puts policies where the deployed file lies; their names are new in each test, as what they did is remembered. */
  async function deploy(...policies: Partial<Policy>[]): Promise<string[]> {
    const named = policies.map((more) => {
      count += 1;
      return zeroDay({ name: `p${count}`, ...more });
    });
    const { POLICY_BUCKET: Bucket, POLICY_KEY: Key } = await world.settings('StartRollouts');
    const file = { version: 1, mode: 'approve', windows: {}, people: {}, policies: named };
    await world.cloud.call(world.administrator, 's3', 'PutObject', { Bucket, Key, Body: Buffer.from(JSON.stringify(file)) });
    return named.map(({ name }) => name);
  }

  /** What one audience has heard of a policy; rollouts of earlier tests still wait and remind. */
  function heard(name: string, audience = 'security'): Publication[] {
    return world.published.filter((one) => one.audience === audience && `${one.text}\n`.includes(`Policy: ${name}\n`));
  }

  return {
    reckon,
    deploy,
    heard,
    async one(more: Partial<Policy> = {}): Promise<string> {
      return found((await deploy(more))[0], 'policy');
    },
    /** What feeds say from now on, and what it means for the fleet. */
    async know(advisories = [ADVISORY], exploited = [LISTED]): Promise<void> {
      await seedKnowledge(world, { advisories, exploited });
      await reckon();
    },
    start: () => world.answer('StartRollouts', { scan: 'scan' }),
    /** Scans see the fix on these nodes; whoever brought it there. */
    async patched(...names: readonly (keyof typeof ID)[]): Promise<void> {
      const fingerprint = sha256(JSON.stringify(PATCHED));
      await world.store.putJson(factsKey(fingerprint), PATCHED);
      const at = new Date(world.clock.now()).toISOString();
      const scan = { at, platform: PATCHED.platform, fingerprint, kernel: '6.1.94', pending: '' as const, otherUpdaters: [], diskFreeMb: 5_000 };
      for (const name of names) await world.record.saveScan(locationKey(nodeRow(name).location), ID[name], scan);
      await reckon();
    },
    /** Lets the rollout machine come to its question. */
    async asked(name: string): Promise<string> {
      for (let looks = 0; looks < 60; looks += 1) {
        await world.pass(20);
        const [run] = await world.record.runs(name);
        const rollout = run && (await world.record.findRollout(run.rollout));
        if (rollout?.taskToken !== undefined && heard(name).some(({ event }) => event === 'approval')) return rollout.id;
      }
      throw new Error(`${name} has not asked`);
    },
  };
}

/** Why a rollout of something that stands in for a fix was started on so many nodes. */
export function awaiting(nodes: number): NonNullable<Plan['because']> {
  return {
    subject: CVE,
    advisories: [],
    packages: [],
    reason: 'a test says so',
    nodes,
    fixable: 0,
    awaiting: nodes,
    blocked: 0,
    awaitingOn: [],
    services: [],
    tagged: [],
    outside: { nodes: 0, names: [] },
  };
}
