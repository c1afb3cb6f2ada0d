/** Hooks' documents are looked at when a plan is made, with the permissions that the template gives for exactly these documents. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { synthesise } from '../../cli/run/synth.ts';
import { Plan } from '../../lambdas/core/plan.ts';
import { FLEET, HERE, THERE } from '../handlers/fleet.ts';
import { seedFacts } from '../handlers/rollouts.ts';
import { createWorld, found } from '../handlers/world.ts';
import type { World } from '../handlers/world.ts';

const OWN = 'arn:aws:ssm:eu-central-1:111111111111:document/Corp-Drain';
const FOREIGN = 'arn:aws:ssm:eu-central-1:999999999999:document/Corp-Shared';
const POLICIES: Record<string, string> = {
  good: '{ before: { document: Corp-Drain, version: "2" } }',
  nowhere: '{ before: { document: Corp-Drain, version: "2" }, after: { document: Corp-Nowhere, version: "1" } }',
  newer: '{ before: { document: Corp-Drain, version: "9" } }',
  arn: `{ before: { document: "${OWN}", version: "2" } }`,
  foreign: `{ after: { document: "${FOREIGN}", version: "1" } }`,
  asks: `{ after: { document: "${FOREIGN}", version: "1" } }`,
};
const NODES: Record<string, string> = { arn: '{ os: linux, tags: { Environment: test } }' };
const POLICY = `
version: 1
mode: auto
people:
  linux-ops: { email: [ops@example.com] }
policies:
${Object.entries(POLICIES)
  .map(
    ([name, hooks]) => `  ${name}:
    mode: ${name === 'asks' ? 'approve' : 'auto'}
    nodes: ${NODES[name] ?? '{ os: linux }'}
    plan: { every: day, at: "09:00", timezone: UTC }
    patches: { kinds: [security] }
    hooks: ${hooks}
    waves: [{ name: test, nodes: { tags: { Environment: test } } }, { name: production, nodes: everything-else }]
    tell: { linux-ops: everything }`,
  )
  .join('\n')}
`;

const folder = mkdtempSync(join(tmpdir(), 'wavelock-hooks-'));
let world: World;

beforeAll(async () => {
  writeFileSync(join(folder, 'policy.yaml'), POLICY);
  await synthesise({ locations: FLEET.locations, policy: join(folder, 'policy.yaml'), directory: join(folder, 'assembly') });
  world = await createWorld({ assembly: join(folder, 'assembly'), fleet: { file: { ...FLEET, documents: { 'Corp-Drain': { version: 2 } } } } });
  await seedFacts(world);
});
afterAll(() => rmSync(folder, { recursive: true }));

async function planned(policy: string) {
  const answer = await world.answer('PlanRollout', { policy, scheduledFor: '2026-11-09T09:00:00Z', execution: policy });
  const row = await world.record.rollout(answer.rollout);
  return { ...answer, row, plan: Plan.parse(await world.store.getJson(found(row.planKey, 'plan'))) };
}

describe('the spokes', () => {
  it('may describe exactly the hooks that policies name, and send none of them', () => {
    const roles = world.cloud.parts.iam.roles().filter(({ policies }) => JSON.stringify(policies).includes('document/Wavelock-Scan-Linux'));
    expect(roles).toHaveLength(4);
    for (const { policies } of roles) {
      const statements = policies.flatMap(
        ({ document }) => (document as { Statement: { Action: string | string[]; Resource: string | string[] }[] }).Statement,
      );
      const naming = statements.filter(({ Resource }) => JSON.stringify(Resource).includes('/Corp-'));
      expect(naming.map(({ Action }) => Action)).toEqual(['ssm:DescribeDocument']);
      const [, region = '', account = ''] = /ssm:([a-z0-9-]+):(\d+):document\/Corp-Nowhere/.exec(JSON.stringify(naming)) ?? [];
      const own = (name: string): string => `arn:aws:ssm:${region}:${account}:document/${name}`;
      expect(new Set([naming[0]?.Resource].flat())).toEqual(new Set([own('Corp-Drain'), own('Corp-Nowhere'), OWN, FOREIGN]));
    }
  });
});

describe('PlanRollout', () => {
  it('plans where the hooks are there, having looked in each location that has nodes', async () => {
    const before = world.calls('ssm:DescribeDocument');
    const { action, row, plan } = await planned('good');
    expect([action, row.stopped, plan.unseenHooks]).toEqual(['run', undefined, undefined]);
    // Two locations have nodes; six documents of ours are pinned in each of four.
    expect(world.calls('ssm:DescribeDocument') - before).toBe(2 + 4 * 6);
  });

  it('refuses a plan with a hook that is not there: told to people, closed as failed, nothing was sent', async () => {
    const { action, rollout, reason, row } = await planned('nowhere');
    expect(reason).toBe(
      `hooks.after: Corp-Nowhere:1 in ${HERE}: there is no such document; hooks.after: Corp-Nowhere:1 in ${THERE}: there is no such document: nothing is sent`,
    );
    expect([action, row.stopped]).toEqual(['run', reason]);
    expect(await world.answer('NextWave', { rollout })).toEqual({ action: 'close', wave: '', reason });
    expect(await world.answer('CloseRollout', { rollout })).toEqual({ status: 'failed', reason });
    expect(world.published).toMatchObject([{ audience: 'linux-ops', event: 'failed', text: expect.stringContaining('there is no such document') }]);
    expect(await world.commands()).toEqual([]);
  });

  it('refuses a plan with a version that is not there', async () => {
    expect((await planned('newer')).reason).toBe(
      `hooks.before: Corp-Drain:9 in ${HERE}: it has no version 9; hooks.before: Corp-Drain:9 in ${THERE}: it has no version 9: nothing is sent`,
    );
  });

  it('finds a hook by its ARN', async () => {
    expect(await planned('arn')).toMatchObject({ action: 'run', reason: 'the policy runs by itself' });
  });

  it("refuses one of another account's that is not shared with this one", async () => {
    expect((await planned('foreign')).reason).toContain(`hooks.after: ${FOREIGN}:1 in ${HERE}: there is no such document`);
  });

  it('says of one that it may not look at that it could not be looked at, asks all the same, and IAM has refused it', async () => {
    const { iam } = world.cloud.parts;
    const deny = { Version: '2012-10-17', Statement: [{ Effect: 'Deny', Action: 'ssm:DescribeDocument', Resource: FOREIGN }] };
    for (const { arn } of iam.roles().filter((role) => /Wavelock-Spoke/.test(role.arn))) iam.attach(arn, { name: 'Deny', document: deny });
    const { action, rollout, plan } = await planned('asks');
    expect(action).toBe('ask');
    expect(plan.unseenHooks).toEqual(
      [HERE, THERE].map(
        (where) =>
          `hooks.after: ${FOREIGN}:1 in ${where} could not be looked at (the spoke's role may not describe it): whether nodes can run it only they will tell`,
      ),
    );
    await world.park('AskPeople', { rollout, taskToken: 'token' });
    expect(world.published.at(-1)).toMatchObject({ event: 'approval', text: expect.stringContaining('could not be looked at') });
    await expect(world.stop()).rejects.toThrow('ssm:DescribeDocument');
  });
});
