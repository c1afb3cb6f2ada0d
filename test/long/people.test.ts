/** What people type, under the very managed policies that the stack makes for them, judged by the embedded IAM: no more is needed, no less. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { addAdvisory, withdrawAdvisory } from '../../cli/advisory/advisory.ts';
import { decide } from '../../cli/decide.ts';
import { onlineExposure } from '../../cli/exposure/online.ts';
import { feeds } from '../../cli/feeds/feeds.ts';
import { timeline } from '../../cli/timeline/timeline.ts';
import { configOf, editedAssembly, found, openScene } from '../scenarios/stage.ts';
import { commandsSent } from '../scenarios/truth.ts';
import type { Verb } from '../../cli/decide.ts';
import type { Scene, Told } from '../scenarios/stage.ts';

const folder = mkdtempSync(join(tmpdir(), 'wavelock-people-'));
/** Of two advisories of the demo: nginx, sudo. */
const CVE = 'CVE-2025-32463';
const OWN = 'CVE-2026-31337';

let scene: Scene;
let asked: Told;
let said = { out: '', err: '' };

type Policy = 'ReadersPolicy' | 'OperatorsPolicy';
interface Statement {
  Action: string | string[];
}
interface PolicyDocument {
  Statement: Statement[];
}

beforeAll(async () => {
  const assembly = editedAssembly(folder, /^asset\.\w+\.json$/, (text) =>
    text.replaceAll('"mode":"auto"', '"mode":"approve"').replaceAll('"mode": "auto"', '"mode": "approve"'),
  );
  scene = await openScene({ ...configOf('none'), assembly });
  asked = await scene.run();
  // A feed that is well cannot be accepted.
  await scene.record.setFeed('cisa-kev', { failures: 1, code: 'shrunk', reason: 'it had 12 records and now has 3' });
  const line = (text: unknown): string => `${String(text)}\n`;
  vi.spyOn(console, 'log').mockImplementation((text) => void (said.out += line(text)));
  vi.spyOn(console, 'error').mockImplementation((text) => void (said.err += line(text)));
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => (said.out += String(text)) !== '');
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => (said.err += String(text)) !== '');
});
afterAll(async () => {
  vi.restoreAllMocks();
  await scene.close();
  rmSync(folder, { recursive: true });
});

function documentOf(policy: Policy): PolicyDocument {
  return scene.cloud.parts.iam.managedPolicy(found(scene.cloud.inventory.stacks[0]?.outputs[policy], policy)) as PolicyDocument;
}

function actionsOf(policy: Policy): string[] {
  return [...new Set(documentOf(policy).Statement.flatMap(({ Action }) => Action))].toSorted();
}

function without(policy: Policy, action: string): PolicyDocument {
  const statements = documentOf(policy).Statement.map((one) => ({ ...one, Action: [one.Action].flat().filter((own) => own !== action) }));
  return { ...documentOf(policy), Statement: statements.filter(({ Action }) => Action.length > 0) };
}

/** Does something as Ann, whose role has this policy and nothing else. Answers the exit status; `said` has what was printed. */
async function as(document: PolicyDocument | undefined, act: () => Promise<number>): Promise<number> {
  const account = found(scene.cloud.inventory.stacks[0], 'hub').account;
  const { iam } = scene.cloud.parts;
  const arn = `arn:aws:iam::${account}:role/people/Sre`;
  const trust = {
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${account}:root` }, Action: 'sts:AssumeRole' }],
  };
  iam.putRole({ arn, trust, policies: document === undefined ? [] : [{ name: 'Own', document }] });
  const { Credentials: keys } = await scene.cloud.call(scene.cloud.administrator(account, 'eu-central-1'), 'sts', 'AssumeRole', {
    RoleArn: arn,
    RoleSessionName: 'ann',
  });
  const before = { ...process.env };
  Object.assign(process.env, {
    AWS_ACCESS_KEY_ID: keys.AccessKeyId,
    AWS_SECRET_ACCESS_KEY: keys.SecretAccessKey,
    AWS_SESSION_TOKEN: keys.SessionToken,
  });
  said = { out: '', err: '' };
  try {
    return await act();
  } finally {
    for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN']) process.env[name] = before[name];
  }
}

const hub = { qualifier: 'Wavelock' };

/** Commands that only look. */
const LOOKS: Record<string, () => Promise<number>> = {
  exposure: () => onlineExposure({ ...hub }),
  feeds: () => feeds({ ...hub }),
  timeline: () => timeline(CVE, hub),
};

const deciding = (verb: Verb) => () => decide(verb, asked.document.rollout, { ...hub, why: `a test says ${verb}` });

/** Commands that change something. */
const ACTS: Record<string, () => Promise<number>> = {
  'advisory add': () => addAdvisory(OWN, { ...hub, packages: 'sudo', fixYet: false, why: 'heard' }),
  'advisory withdraw': () => withdrawAdvisory(OWN, { ...hub, why: 'not so' }),
  'feeds --accept': () => feeds({ ...hub, accept: 'cisa-kev', why: 'it is so' }),
  resume: deciding('resume'),
  approve: deciding('approve'),
  abort: deciding('abort'),
};

const ANN = 'arn:aws:sts::111111111111:assumed-role/Sre/ann';

/** One line, in plain words: who lacks what, and the policy that has it. */
function refusal(action: string, policy: Policy): string {
  return `${ANN} may not ${action}. Attach to that role or user the managed policy that the hub's stack names in its outputs as ${policy} (docs/permissions.md)\n`;
}

describe('whoever has no policy', () => {
  it.each(Object.keys(LOOKS))('is told which one %s needs', async (name) => {
    expect(await as(undefined, found(LOOKS[name], name))).toBe(2);
    expect(said).toEqual({ out: '', err: refusal('ssm:GetParameter', 'ReadersPolicy') });
  });

  it.each(Object.keys(ACTS))('is told which one %s needs', async (name) => {
    expect(await as(undefined, found(ACTS[name], name))).toBe(2);
    expect(said).toEqual({ out: '', err: refusal('ssm:GetParameter', 'OperatorsPolicy') });
  });
});

describe('readers', () => {
  it.each(Object.keys(LOOKS))('may ask for %s', async (name) => {
    expect(await as(documentOf('ReadersPolicy'), found(LOOKS[name], name))).toBe(0);
    expect(said.err).toBe('');
    expect(said.out).not.toBe('');
  });

  it.each([
    ['advisory add', 'dynamodb:PutItem'],
    ['feeds --accept', 'dynamodb:PutItem'],
    ['approve', 'dynamodb:PutItem'],
    ['abort', 'dynamodb:PutItem'],
  ])('may not %s, and are told what they lack', async (name, action) => {
    expect(await as(documentOf('ReadersPolicy'), found(ACTS[name], name))).toBe(2);
    expect(said).toEqual({ out: '', err: refusal(action, 'OperatorsPolicy') });
  });

  it('are refused, each action on its own, by some command: all of them are needed', async () => {
    for (const action of actionsOf('ReadersPolicy')) expect(await refused(action, 'ReadersPolicy', LOOKS), action).not.toEqual([]);
  });

  it('have written nothing', async () => {
    expect(await scene.record.ownAdvisories()).toEqual([]);
    expect((await scene.record.findRollout(asked.document.rollout))?.status).toBe('asked');
    expect((await scene.record.events(asked.document.rollout)).filter(({ who }) => who === ANN)).toEqual([]);
  });
});

describe('operators', () => {
  it('are refused, each action on its own, by some command: all of them are needed', async () => {
    for (const action of actionsOf('OperatorsPolicy'))
      expect(await refused(action, 'OperatorsPolicy', { ...LOOKS, ...ACTS }), action).not.toEqual([]);
    expect((await scene.record.findRollout(asked.document.rollout))?.status).toBe('asked');
  });

  it.each(Object.keys(LOOKS))('may ask for %s', async (name) => {
    expect(await as(documentOf('OperatorsPolicy'), found(LOOKS[name], name))).toBe(0);
    expect(said.err).toBe('');
  });

  it.each(['advisory add', 'advisory withdraw', 'feeds --accept'])('may %s, and are named', async (name) => {
    expect(await as(documentOf('OperatorsPolicy'), found(ACTS[name], name))).toBe(0);
    expect(said.err).toBe(name === 'advisory add' ? 'It concerns 48 nodes of 60 looked at.\n' : '');
    expect(said.out).toContain(ANN);
  });

  it('are told by IAM alone where a policy denies it explicitly: nothing to attach would help', async () => {
    const denying = { Statement: [...documentOf('OperatorsPolicy').Statement, { Effect: 'Deny', Action: 'dynamodb:PutItem', Resource: '*' }] };
    expect(await as({ ...documentOf('OperatorsPolicy'), ...denying }, found(ACTS.approve, 'approve'))).toBe(2);
    expect(said.err).toBe(`${ANN} may not dynamodb:PutItem: an identity-based policy denies it explicitly; ask whoever wrote that policy\n`);
  });

  it('are told what waits for a decision where they mistype its name', async () => {
    const { rollout } = asked.document;
    expect(await as(documentOf('OperatorsPolicy'), () => decide('approve', rollout.slice(0, -1), { ...hub, why: 'a slip' }))).toBe(2);
    expect(said.err).toBe(`no rollout is called ${rollout.slice(0, -1)}: what waits for a decision now is ${rollout} (asked)\n`);
  });

  it('may abort a rollout that asks: it ends, and nothing was ever sent', async () => {
    expect(await as(documentOf('OperatorsPolicy'), deciding('abort'))).toBe(0);
    expect(said).toEqual({ out: `abort: ${asked.document.rollout}, recorded as decided by ${ANN}\n`, err: '' });
    await scene.play(async () => (await scene.record.findRollout(asked.document.rollout))?.endedAt !== undefined);
    expect((await commandsSent(scene.cloud, asked.document.rollout)).filter(({ wave }) => wave !== '')).toEqual([]);
  });
});

/** Of these commands, those that IAM refuses to whoever has the policy without this action; what they say must name it. */
async function refused(action: string, policy: Policy, commands: typeof LOOKS): Promise<string[]> {
  const names: string[] = [];
  for (const [name, command] of Object.entries(commands)) {
    // The rollout must go on asking: only the refusals of these two are looked for.
    const decides = name === 'approve' || name === 'abort';
    if (decides && !['dynamodb:PutItem', 'states:SendTaskSuccess'].includes(action)) continue;
    if (name === 'abort' && action === 'states:SendTaskSuccess') continue;
    const status = await as(without(policy, action), command);
    if (status === 0 || !said.err.includes(' may not ')) continue;
    expect(said.err.trim().split('\n')).toHaveLength(1);
    expect(said.err).toContain(`${ANN} may not ${action}`);
    names.push(name);
  }
  return names;
}
