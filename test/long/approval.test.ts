import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decideAs } from '../../cli/run/story.ts';
import { checkInvariants } from '../scenarios/invariants.ts';
import { noticeOf, toldTo } from '../scenarios/notices.ts';
import { configOf, editedAssembly, found, openScene } from '../scenarios/stage.ts';
import { commandsSent } from '../scenarios/truth.ts';
import type { Verb } from '../../cli/decide.ts';
import type { Scene, Told } from '../scenarios/stage.ts';

const WHO = 'arn:aws:sts::111111111111:assumed-role/ChangeManager/ada';
const folder = mkdtempSync(join(tmpdir(), 'wavelock-approval-'));

let scene: Scene;
let asked: Told;

/** What `wavelock approve|resume|abort` does for Ada, who has the operators' policy and nothing else: answers the problem, if any. */
async function decide(verb: Verb): Promise<string | undefined> {
  const failed = decideAs(scene.cloud, { verb, as: 'ada', why: `a test says ${verb}`, after: '0s' }, asked.document.rollout);
  return failed.then(
    () => undefined,
    (error: Error) => error.message,
  );
}

/** Until the rollout waits for a person again, or has ended. */
async function goOn(): Promise<Told> {
  const { rollout } = asked.document;
  const waitsFor = async () =>
    (await scene.record.waves(rollout)).find(({ parkedFor, endedAt }) => parkedFor === 'hold' && endedAt === undefined)?.taskToken;
  const answered = await waitsFor();
  await scene.play(async () => {
    await scene.observer.look();
    const row = await scene.record.findRollout(rollout);
    return row?.endedAt !== undefined || (row?.status === 'held' && (await waitsFor()) !== answered);
  });
  return scene.observer.ended();
}

beforeAll(async () => {
  // The policy as deployed is an asset of the assembly.
  const assembly = editedAssembly(folder, /^asset\.\w+\.json$/, (text) =>
    text.replaceAll('"mode":"auto"', '"mode":"approve"').replaceAll('"mode": "auto"', '"mode": "approve"'),
  );
  scene = await openScene({ ...configOf('unreachable'), assembly });
  asked = await scene.run();
});
afterAll(async () => {
  await scene.close();
  rmSync(folder, { recursive: true });
});

describe('a policy that asks before it runs', () => {
  it('waits with its plan, and has sent nothing', async () => {
    expect(asked.document).toMatchObject({ status: 'held' });
    expect(asked.extra.plan?.waves).toHaveLength(3);
    expect(asked.document.waves.map(({ verdict }) => verdict)).toEqual(['not-run', 'not-run', 'not-run']);
    expect((await commandsSent(scene.cloud, asked.document.rollout)).filter(({ wave }) => wave !== '')).toEqual([]);
  });

  it('asks ops once by e-mail and once in Slack, and says what is decided', () => {
    expect(toldTo(asked.document, 'linux-ops').toSorted()).toEqual(['email approval test', 'slack approval test']);
    for (const channel of ['email', 'slack'] as const) {
      const { body } = found(noticeOf(asked.document, channel, 'approval'), channel);
      expect(body).toContain('monthly has a plan and asks whether to run it. Nothing was changed yet.');
      expect(body).toMatch(/\d+ exact versions for 58 nodes in 3 waves/);
      expect(body).toContain(`npx wavelock approve ${asked.document.rollout} --why "..."`);
    }
  });

  it('is not resumed: it is not held by a verdict', async () => {
    expect(await decide('resume')).toBe(`${asked.document.rollout} is not held: it is asked`);
  });

  describe('approved', () => {
    let held: Told;
    let problem: string | undefined;

    beforeAll(async () => {
      problem = await decide('approve');
      held = await goOn();
    });

    it('runs what was planned, to where the plants are silent', async () => {
      expect(problem).toBeUndefined();
      expect(held.document.status).toBe('held');
      expect(held.extra.planKey).toBe(asked.extra.planKey);
      expect(held.document.waves.map(({ verdict }) => verdict)).toEqual(['pass', 'pass', 'inconclusive']);
      await checkInvariants(scene, held);
    });

    it('is not approved a second time', async () => {
      expect(await decide('approve')).toBe(`${held.document.rollout} does not ask for approval: it is held`);
    });

    describe('and resumed', () => {
      let ended: Told;

      beforeAll(async () => {
        problem = await decide('resume');
        ended = await goOn();
      });

      it('goes on with what was left, accepting what was silent, and succeeds', () => {
        expect(problem).toBeUndefined();
        expect(ended.document.status).toBe('succeeded');
        expect(ended.document.waves.at(-1)?.verdict).toBe('pass');
        expect(ended.document.nodes.filter(({ outcome }) => outcome === 'skipped')).toEqual([]);
        const held0 = new Set(held.document.nodes.filter(({ outcome }) => outcome === 'patched').map(({ id }) => id));
        const patched = ended.document.nodes.filter(({ outcome }) => outcome === 'patched').map(({ id }) => id);
        expect([...held0].filter((id) => !patched.includes(id))).toEqual([]);
      });

      it('records both decisions with who and why', async () => {
        const events = await scene.record.events(ended.document.rollout);
        expect(events.filter(({ who }) => who === WHO).map(({ what, why }) => `${what}: ${why}`)).toEqual([
          'approve: a test says approve',
          'resume: a test says resume',
        ]);
      });

      it('keeps what must hold after every run', () => expect(checkInvariants(scene, ended)).resolves.toBeUndefined());
    });
  });
});
