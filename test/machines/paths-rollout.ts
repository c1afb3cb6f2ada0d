/** Paths through the machines that patch: track, wave and rollout. */
import type { Script } from '../../local/asl/walk.ts';
import type { MachineName } from '../../statemachines/contracts.ts';

export const TRACK = { key: 'k', batches: 1 };
export const BUCKET = { bucket: 'b', key: 'k' };
const sendIt = { action: 'send', batch: 'g-p1-0-0', expires: 11_400, heartbeat: 1_800, reason: '' };
const settled = { action: 'next', heartbeat: 300, reason: '' };
const layOut = (action: string, more: object = {}) => ({ action, seconds: 0, tracks: 0, ...BUCKET, reason: '', ...more });
const judged = (verdict: string, action: string, seconds = 0) => ({ verdict, action, seconds, reason: 'because' });
const woken = { woken: 'resumed' };
export const boom = { error: 'Terminal', cause: 'x' };
const timedOut = { error: 'States.Timeout', cause: 'time is up' };

export interface Case {
  machine: MachineName;
  title: string;
  input: Record<string, unknown>;
  script: Script;
  path: string;
  error?: string;
}

/** A track that admits, sends and settles one batch: what the Maps' children walk through. */
export const oneBatch = { 'Admit batch': [sendIt], 'Send batch': [{ status: 'Success' }], 'Settle batch': [settled] };
export const TRACK_PATH = 'Begin › Admit batch › Admitted? › Send batch › Settle batch › Settled? › More batches? › Done';
const START = 'Open wave › Lay out round › What now?';

export const cases: Case[] = [
  { machine: 'track', title: 'one batch', input: TRACK, script: oneBatch, path: TRACK_PATH },
  {
    machine: 'track',
    title: 'two batches, the second of them not admitted any more',
    input: { key: 'k', batches: 2 },
    script: { ...oneBatch, 'Admit batch': [sendIt, { ...sendIt, action: 'end' }] },
    path: `${TRACK_PATH.replace(' › Done', '')} › Admit batch › Admitted? › Done`,
  },
  {
    machine: 'track',
    title: 'a batch that nobody is there for',
    input: TRACK,
    script: { 'Admit batch': [{ ...sendIt, action: 'skip', expires: 0, heartbeat: 0 }] },
    path: 'Begin › Admit batch › Admitted? › More batches? › Done',
  },
  {
    machine: 'track',
    title: 'a lost event: the heartbeat lapses, Settle looks, waits for the rest and looks again',
    input: TRACK,
    script: {
      'Admit batch': [sendIt],
      'Send batch': [{ error: 'States.HeartbeatTimeout', cause: '' }],
      'Settle batch': [{ action: 'wait', heartbeat: 300, reason: '' }, { action: 'wait', heartbeat: 300, reason: '' }, settled],
      'Wait for the rest': [{ error: 'States.HeartbeatTimeout', cause: '' }, { status: 'Success' }],
    },
    path: 'Begin › Admit batch › Admitted? › Send batch › Settle batch › Settled? › Wait for the rest › Settle batch › Settled? › Wait for the rest › Settle batch › Settled? › More batches? › Done',
  },
  {
    machine: 'track',
    title: 'an unclear send is looked at, not repeated',
    input: TRACK,
    script: { 'Admit batch': [sendIt], 'Send batch': [boom], 'Settle batch': [settled] },
    path: TRACK_PATH,
  },
  {
    machine: 'track',
    title: 'a fault at Admit',
    input: TRACK,
    script: { 'Admit batch': [boom] },
    path: 'Begin › Admit batch › Track failed',
    error: 'TrackFailed',
  },
  {
    machine: 'track',
    title: 'an answer to Admit that nobody defined',
    input: TRACK,
    script: { 'Admit batch': [{ ...sendIt, action: 'dance' }] },
    path: 'Begin › Admit batch › Admitted? › Track failed',
    error: 'TrackFailed',
  },
  {
    machine: 'track',
    title: 'a fault at Settle',
    input: TRACK,
    script: { ...oneBatch, 'Settle batch': [boom] },
    path: 'Begin › Admit batch › Admitted? › Send batch › Settle batch › Track failed',
    error: 'TrackFailed',
  },
  {
    machine: 'track',
    title: 'an answer to Settle that nobody defined',
    input: TRACK,
    script: { ...oneBatch, 'Settle batch': [{ ...settled, action: 'dance' }] },
    path: 'Begin › Admit batch › Admitted? › Send batch › Settle batch › Settled? › Track failed',
    error: 'TrackFailed',
  },
  {
    machine: 'track',
    title: 'an index that is no number',
    input: { key: 'k', batches: 'many' },
    script: oneBatch,
    path: 'Begin › Admit batch › Admitted? › Send batch › Settle batch › Settled? › More batches?',
    error: 'States.QueryEvaluationError',
  },
  {
    machine: 'wave',
    title: 'a round, a soak, a second look, a pass',
    input: { rollout: 'r', wave: 'test' },
    script: {
      ...oneBatch,
      'Open wave': [{ lock: 'l' }],
      'Lay out round': [layOut('run'), layOut('judge'), layOut('judge')],
      'Run tracks': [[TRACK]],
      'Judge wave': [judged('pass', 'soak', 60), judged('pass', 'end')],
      Soak: [timedOut],
    },
    path: `${START} › Run tracks › ${TRACK_PATH} › Lay out round › What now? › Judge wave › What does the verdict ask? › Soak › Look again › Lay out round › What now? › Judge wave › What does the verdict ask? › Wave judged`,
  },
  {
    machine: 'wave',
    title: 'the window is waited for, and a woken wait lays out again',
    input: { rollout: 'r', wave: 'test' },
    script: {
      'Open wave': [{ lock: 'l' }],
      'Lay out round': [layOut('wait', { seconds: 60 }), layOut('wait', { seconds: 60 }), layOut('judge')],
      'Wait for window': [timedOut, woken],
      'Judge wave': [judged('fail', 'end')],
    },
    path: `${START} › Wait for window › Lay out round › What now? › Wait for window › Lay out round › What now? › Judge wave › What does the verdict ask? › Wave judged`,
  },
  {
    machine: 'wave',
    title: 'doubt asks the nodes, then holds; resumed, it goes on',
    input: { rollout: 'r', wave: 'test' },
    script: {
      'Open wave': [{ lock: 'l' }],
      'Lay out round': [layOut('judge'), layOut('judge'), layOut('judge')],
      'Judge wave': [judged('inconclusive', 'verify'), judged('inconclusive', 'hold', 60), judged('pass', 'end')],
      Hold: [woken],
    },
    path: `${START} › Judge wave › What does the verdict ask? › Look again › Lay out round › What now? › Judge wave › What does the verdict ask? › Hold › Lay out round › What now? › Judge wave › What does the verdict ask? › Wave judged`,
  },
  {
    machine: 'wave',
    title: 'a hold that nobody answers is judged as it stands',
    input: { rollout: 'r', wave: 'test' },
    script: {
      'Open wave': [{ lock: 'l' }],
      'Lay out round': [layOut('judge')],
      'Judge wave': [judged('inconclusive', 'hold', 60), judged('inconclusive', 'end')],
      Hold: [timedOut],
    },
    path: `${START} › Judge wave › What does the verdict ask? › Hold › Judge wave › What does the verdict ask? › Wave judged`,
  },
  {
    machine: 'wave',
    title: 'a soak that a person ends',
    input: { rollout: 'r', wave: 'test' },
    script: {
      'Open wave': [{ lock: 'l' }],
      'Lay out round': [layOut('judge'), layOut('judge')],
      'Judge wave': [judged('pass', 'soak', 60), judged('fail', 'end')],
      Soak: [woken],
    },
    path: `${START} › Judge wave › What does the verdict ask? › Soak › Look again › Lay out round › What now? › Judge wave › What does the verdict ask? › Wave judged`,
  },
  ...(
    [
      ['Open wave', {}, 'Open wave'],
      ['Lay out round', {}, 'Open wave › Lay out round'],
      ['Wait for window', { 'Lay out round': [layOut('wait', { seconds: 60 })] }, `${START} › Wait for window`],
      ['Run tracks', { 'Lay out round': [layOut('run')] }, `${START} › Run tracks`],
      ['Judge wave', { 'Lay out round': [layOut('judge')] }, `${START} › Judge wave`],
      [
        'Soak',
        { 'Lay out round': [layOut('judge')], 'Judge wave': [judged('pass', 'soak', 60)] },
        `${START} › Judge wave › What does the verdict ask? › Soak`,
      ],
      [
        'Hold',
        { 'Lay out round': [layOut('judge')], 'Judge wave': [judged('inconclusive', 'hold', 60)] },
        `${START} › Judge wave › What does the verdict ask? › Hold`,
      ],
    ] as const
  ).map(([state, script, path]): Case => ({
    machine: 'wave',
    title: `a fault at ${state}`,
    input: { rollout: 'r', wave: 'test' },
    script: { 'Open wave': [{ lock: 'l' }], ...(script as unknown as Script), [state]: [boom] },
    path: `${path} › Wave failed`,
    error: 'WaveFailed',
  })),
  {
    machine: 'wave',
    title: 'an answer to Lay out that nobody defined',
    input: { rollout: 'r', wave: 'test' },
    script: { 'Open wave': [{ lock: 'l' }], 'Lay out round': [layOut('dance')] },
    path: `${START} › Wave failed`,
    error: 'WaveFailed',
  },
  {
    machine: 'wave',
    title: 'a verdict that nobody defined',
    input: { rollout: 'r', wave: 'test' },
    script: { 'Open wave': [{ lock: 'l' }], 'Lay out round': [layOut('judge')], 'Judge wave': [judged('pass', 'dance')] },
    path: `${START} › Judge wave › What does the verdict ask? › Wave failed`,
    error: 'WaveFailed',
  },
];

const INTAKE = 'Look at the fleet';
const rolloutInput = { policy: 'monthly', scheduledFor: '2026-12-09T08:00:00Z' };
const plan = (action: string) => ({ action, rollout: 'monthly-20261209-3f9ca1', reason: '' });
const next = (action: string, wave = '') => ({ action, wave, reason: '' });
const closed = (status: string) => ({ status, reason: 'because' });
const HEAD = `${INTAKE} › Plan rollout › What does the plan say?`;

export const rolloutCases: Case[] = [
  {
    machine: 'rollout',
    title: 'two waves, then the end',
    input: rolloutInput,
    script: {
      [INTAKE]: [{}],
      'Plan rollout': [plan('run')],
      'Next wave': [next('wave', 'test'), next('wave', 'production'), next('close')],
      'Run wave': [{ verdict: 'pass' }, { verdict: 'pass' }],
      'Close rollout': [closed('succeeded')],
    },
    path: `${HEAD} › Next wave › Another wave? › Run wave › Next wave › Another wave? › Run wave › Next wave › Another wave? › Close rollout › Ended well? › Succeeded`,
  },
  {
    machine: 'rollout',
    title: 'a verdict that ends it fails the execution',
    input: rolloutInput,
    script: { [INTAKE]: [{}], 'Plan rollout': [plan('run')], 'Next wave': [next('close')], 'Close rollout': [closed('failed')] },
    path: `${HEAD} › Next wave › Another wave? › Close rollout › Ended well? › Not proven`,
    error: 'RolloutStopped',
  },
  {
    machine: 'rollout',
    title: 'nothing to do',
    input: rolloutInput,
    script: { [INTAKE]: [{}], 'Plan rollout': [plan('nothing')] },
    path: `${HEAD} › Nothing to do`,
  },
  {
    machine: 'rollout',
    title: 'approved by a person',
    input: rolloutInput,
    script: {
      [INTAKE]: [{}],
      'Plan rollout': [plan('ask')],
      'Ask people': [{ woken: 'approved' }],
      'Next wave': [next('close')],
      'Close rollout': [closed('succeeded')],
    },
    path: `${HEAD} › Ask people › Next wave › Another wave? › Close rollout › Ended well? › Succeeded`,
  },
  {
    machine: 'rollout',
    title: 'what advisories have started asks, and asks again after half an hour',
    input: { ...rolloutInput, because: ['alas ALAS2023-2026-931'], doing: 'patch' },
    script: {
      [INTAKE]: [{}],
      'Plan rollout': [plan('urge')],
      'Ask now': [{ error: 'States.HeartbeatTimeout', cause: '' }],
      'Ask people': [{ woken: 'approved' }],
      'Next wave': [next('close')],
      'Close rollout': [closed('succeeded')],
    },
    path: `${HEAD} › Ask now › Ask people › Next wave › Another wave? › Close rollout › Ended well? › Succeeded`,
  },
  {
    machine: 'rollout',
    title: 'what advisories have started is approved at once',
    input: { ...rolloutInput, because: ['alas ALAS2023-2026-931'], doing: 'patch' },
    script: {
      [INTAKE]: [{}],
      'Plan rollout': [plan('urge')],
      'Ask now': [{ woken: 'approved' }],
      'Next wave': [next('close')],
      'Close rollout': [closed('succeeded')],
    },
    path: `${HEAD} › Ask now › Next wave › Another wave? › Close rollout › Ended well? › Succeeded`,
  },
  {
    machine: 'rollout',
    title: 'nobody approves in time',
    input: rolloutInput,
    script: { [INTAKE]: [{}], 'Plan rollout': [plan('ask')], 'Ask people': [timedOut], 'Close rollout': [closed('failed')] },
    path: `${HEAD} › Ask people › Close rollout › Ended well? › Not proven`,
    error: 'RolloutStopped',
  },
  {
    machine: 'rollout',
    title: 'errors of Lambda that pass: the task is called again',
    input: rolloutInput,
    script: {
      [INTAKE]: [{}],
      'Plan rollout': [{ error: 'Lambda.SdkClientException', cause: '' }, plan('ask')],
      'Ask people': [{ error: 'Lambda.AWSLambdaException', cause: '' }, { woken: 'approved' }],
      'Next wave': [{ error: 'Lambda.ClientExecutionTimeoutException', cause: '' }, next('close')],
      'Close rollout': [{ error: 'Lambda.ServiceException', cause: '' }, closed('succeeded')],
    },
    path: `${HEAD} › Ask people › Next wave › Another wave? › Close rollout › Ended well? › Succeeded`,
  },
  ...(
    [
      [INTAKE, {}, INTAKE],
      ['Plan rollout', {}, `${INTAKE} › Plan rollout`],
      ['Ask people', { 'Plan rollout': [plan('ask')] }, `${HEAD} › Ask people`],
      ['Ask now', { 'Plan rollout': [plan('urge')] }, `${HEAD} › Ask now`],
      ['Next wave', { 'Plan rollout': [plan('run')] }, `${HEAD} › Next wave`],
      ['Run wave', { 'Plan rollout': [plan('run')], 'Next wave': [next('wave', 'test')] }, `${HEAD} › Next wave › Another wave? › Run wave`],
      ['Close rollout', { 'Plan rollout': [plan('run')], 'Next wave': [next('close')] }, `${HEAD} › Next wave › Another wave? › Close rollout`],
    ] as const
  ).map(([state, script, path]): Case => ({
    machine: 'rollout',
    title: `a fault at ${state}`,
    input: rolloutInput,
    script: { [INTAKE]: [{}], ...(script as unknown as Script), [state]: [boom] },
    path,
    error: boom.error,
  })),
  {
    machine: 'rollout',
    title: 'a plan that says what nobody defined',
    input: rolloutInput,
    script: { [INTAKE]: [{}], 'Plan rollout': [plan('dance')] },
    path: `${HEAD} › Rollout failed`,
    error: 'RolloutFailed',
  },
  {
    machine: 'rollout',
    title: 'a next step that nobody defined',
    input: rolloutInput,
    script: { [INTAKE]: [{}], 'Plan rollout': [plan('run')], 'Next wave': [next('dance')] },
    path: `${HEAD} › Next wave › Another wave? › Rollout failed`,
    error: 'RolloutFailed',
  },
  {
    machine: 'rollout',
    title: 'an end that nobody defined',
    input: rolloutInput,
    script: { [INTAKE]: [{}], 'Plan rollout': [plan('run')], 'Next wave': [next('close')], 'Close rollout': [closed('dance')] },
    path: `${HEAD} › Next wave › Another wave? › Close rollout › Ended well? › Rollout failed`,
    error: 'RolloutFailed',
  },
];
