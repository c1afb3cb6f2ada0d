/** Plays a scenario's story: vendors publish, and people decide with the permissions that an operator has. */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decideOn } from '../decide.ts';
import { shipped } from '../files/shipped.ts';
import { durationOf } from '../../local/fleet/scenario.ts';
import { QUALIFIER } from './messages.ts';
import type { EmbeddedAws } from '../../local/cloud.ts';
import type { Scenario, StoryStep } from '../../local/fleet/types.ts';
import type { Clock } from '../../local/types.ts';
import type { Happening } from './chronicle.ts';

type Publishing = Extract<StoryStep, { publishes: unknown }>['publishes'];
export type Deciding = Extract<StoryStep, { decides: unknown }>['decides'];

/** What vendors' sites show: a copy of a folder where it changes while everything runs, so that the user's own stays as it is. */
export interface Sites {
  folder: string;
  /** Sets the clock to publish what comes later. `tell` hears of what says something. */
  begin(clock: Clock, tell: (happening: Happening) => void): void;
  close(): void;
}

/** Opens the sites of a run on a folder of advisories. */
export function openSites(feeds: string, scenario: Scenario | undefined): Sites {
  const publishing = stepsOf(scenario).flatMap((step): Publishing[] => ('publishes' in step ? [step.publishes] : []));
  if (publishing.length === 0) return { folder: feeds, begin: () => undefined, close: () => undefined };
  const folder = mkdtempSync(join(tmpdir(), 'wavelock-sites-'));
  const close = (): void => rmSync(folder, { recursive: true, force: true });
  // A run that is broken off closes nothing by itself.
  process.once('exit', close);
  const publish = (from: string): void => cpSync(shipped(from), folder, { recursive: true, force: true });
  publish(feeds);
  for (const { folder: early } of publishing.filter(({ from }) => from === 'start')) publish(early);
  return {
    folder,
    begin(clock, tell) {
      for (const { folder: late, from, says } of publishing.filter((one) => one.from !== 'start')) {
        const at = clock.now() + durationOf(from);
        clock.at(at, () => {
          publish(late);
          if (says !== undefined) tell({ at, text: says });
        });
      }
    },
    close() {
      process.off('exit', close);
      close();
    },
  };
}

/** How long after the start its last vendor publishes, ms; 0 where none does later. */
export function lastPublication(scenario: Scenario | undefined): number {
  return Math.max(
    0,
    ...stepsOf(scenario).map((step) => ('publishes' in step && step.publishes.from !== 'start' ? durationOf(step.publishes.from) : 0)),
  );
}

/** What people decide, in order, each once a rollout waits for it. */
export function decisionsOf(scenario: Scenario | undefined): (Deciding & { afterMs: number })[] {
  return stepsOf(scenario).flatMap((step) => ('decides' in step ? [{ ...step.decides, afterMs: durationOf(step.decides.after) }] : []));
}

function stepsOf(scenario: Scenario | undefined): StoryStep[] {
  return scenario?.story ?? [];
}

/** The role of whoever decides here; on AWS it is one of the deployer's, with the operators' policy attached. */
const ROLE = 'ChangeManager';

/**
 * Decides as `wavelock approve` does, with the credentials of a person who has the operators' policy and nothing else. Throws what the command
 * would say when the decision can't be carried out.
 */
export async function decideAs(cloud: EmbeddedAws, { verb, as, why }: Deciding, rollout: string): Promise<void> {
  const [hub] = cloud.inventory.stacks;
  const policyArn = hub?.outputs.OperatorsPolicy;
  if (!hub || policyArn === undefined) throw new Error('the hub has no policy for operators');
  const { iam } = cloud.parts;
  const administrator = cloud.administrator(hub.account, hub.region);
  const arn = `arn:aws:iam::${hub.account}:role/${ROLE}`;
  if (!iam.role(arn)) {
    const trust = {
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${hub.account}:root` }, Action: 'sts:AssumeRole' }],
    };
    iam.putRole({ arn, trust, policies: [{ name: 'Operators', document: iam.managedPolicy(policyArn), awsManaged: true }] });
  }
  const { Credentials: keys } = await cloud.call(administrator, 'sts', 'AssumeRole', { RoleArn: arn, RoleSessionName: as });
  const before = { ...process.env };
  Object.assign(process.env, {
    AWS_ACCESS_KEY_ID: keys.AccessKeyId,
    AWS_SECRET_ACCESS_KEY: keys.SecretAccessKey,
    AWS_SESSION_TOKEN: keys.SessionToken,
  });
  try {
    const decided = await decideOn(verb, rollout, { why, qualifier: QUALIFIER });
    if ('problem' in decided) throw new Error(decided.problem);
  } finally {
    for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN']) process.env[name] = before[name];
  }
}
