import { describe, expect, it } from 'vitest';
import { walk } from '../../local/asl/walk.ts';
import { loadMachine } from '../../statemachines/splice.ts';
import type { Script } from '../../local/asl/walk.ts';
import type { MachineName } from '../../statemachines/contracts.ts';
import type { State } from '../../statemachines/splice.ts';

const TRACK = { key: 'k', batches: 1 };
const BUCKET = { bucket: 'b', key: 'k' };
const sendIt = { action: 'send', batch: 'g-p1-0-0', expires: 11_400, heartbeat: 1_800, reason: '' };
const settled = { action: 'next', heartbeat: 300, reason: '' };
const layOut = (action: string, more: object = {}) => ({ action, seconds: 0, tracks: 0, ...BUCKET, reason: '', ...more });
const judged = (verdict: string, action: string, seconds = 0) => ({ verdict, action, seconds, reason: 'because' });
const woken = { woken: 'resumed' };
const boom = { error: 'Terminal', cause: 'x' };
const timedOut = { error: 'States.Timeout', cause: 'time is up' };

interface Case {
  machine: MachineName;
  title: string;
  input: Record<string, unknown>;
  script: Script;
  path: string;
  error?: string;
}

/** A track that admits, sends and settles one batch: what the Maps' children walk through. */
const oneBatch = { 'Admit batch': [sendIt], 'Send batch': [{ status: 'Success' }], 'Settle batch': [settled] };
const TRACK_PATH = 'Begin › Admit batch › Admitted? › Send batch › Settle batch › Settled? › More batches? › Done';
const START = 'Open wave › Lay out round › What now?';

const cases: Case[] = [
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
  { machine: 'track', title: 'a fault at Admit', input: TRACK, script: { 'Admit batch': [boom] }, path: 'Begin › Admit batch › Track failed', error: 'TrackFailed' },
  { machine: 'track', title: 'an answer to Admit that nobody defined', input: TRACK, script: { 'Admit batch': [{ ...sendIt, action: 'dance' }] }, path: 'Begin › Admit batch › Admitted? › Track failed', error: 'TrackFailed' },
  { machine: 'track', title: 'a fault at Settle', input: TRACK, script: { ...oneBatch, 'Settle batch': [boom] }, path: 'Begin › Admit batch › Admitted? › Send batch › Settle batch › Track failed', error: 'TrackFailed' },
  { machine: 'track', title: 'an answer to Settle that nobody defined', input: TRACK, script: { ...oneBatch, 'Settle batch': [{ ...settled, action: 'dance' }] }, path: 'Begin › Admit batch › Admitted? › Send batch › Settle batch › Settled? › Track failed', error: 'TrackFailed' },
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
    script: { 'Open wave': [{ lock: 'l' }], 'Lay out round': [layOut('wait', { seconds: 60 }), layOut('wait', { seconds: 60 }), layOut('judge')], 'Wait for window': [timedOut, woken], 'Judge wave': [judged('fail', 'end')] },
    path: `${START} › Wait for window › Lay out round › What now? › Wait for window › Lay out round › What now? › Judge wave › What does the verdict ask? › Wave judged`,
  },
  {
    machine: 'wave',
    title: 'doubt asks the nodes, then holds; resumed, it goes on',
    input: { rollout: 'r', wave: 'test' },
    script: { 'Open wave': [{ lock: 'l' }], 'Lay out round': [layOut('judge'), layOut('judge'), layOut('judge')], 'Judge wave': [judged('inconclusive', 'verify'), judged('inconclusive', 'hold', 60), judged('pass', 'end')], Hold: [woken] },
    path: `${START} › Judge wave › What does the verdict ask? › Look again › Lay out round › What now? › Judge wave › What does the verdict ask? › Hold › Lay out round › What now? › Judge wave › What does the verdict ask? › Wave judged`,
  },
  {
    machine: 'wave',
    title: 'a hold that nobody answers is judged as it stands',
    input: { rollout: 'r', wave: 'test' },
    script: { 'Open wave': [{ lock: 'l' }], 'Lay out round': [layOut('judge')], 'Judge wave': [judged('inconclusive', 'hold', 60), judged('inconclusive', 'end')], Hold: [timedOut] },
    path: `${START} › Judge wave › What does the verdict ask? › Hold › Judge wave › What does the verdict ask? › Wave judged`,
  },
  {
    machine: 'wave',
    title: 'a soak that a person ends',
    input: { rollout: 'r', wave: 'test' },
    script: { 'Open wave': [{ lock: 'l' }], 'Lay out round': [layOut('judge'), layOut('judge')], 'Judge wave': [judged('pass', 'soak', 60), judged('fail', 'end')], Soak: [woken] },
    path: `${START} › Judge wave › What does the verdict ask? › Soak › Look again › Lay out round › What now? › Judge wave › What does the verdict ask? › Wave judged`,
  },
  ...(
    [
      ['Open wave', {}, 'Open wave'],
      ['Lay out round', {}, 'Open wave › Lay out round'],
      ['Wait for window', { 'Lay out round': [layOut('wait', { seconds: 60 })] }, `${START} › Wait for window`],
      ['Run tracks', { 'Lay out round': [layOut('run')] }, `${START} › Run tracks`],
      ['Judge wave', { 'Lay out round': [layOut('judge')] }, `${START} › Judge wave`],
      ['Soak', { 'Lay out round': [layOut('judge')], 'Judge wave': [judged('pass', 'soak', 60)] }, `${START} › Judge wave › What does the verdict ask? › Soak`],
      ['Hold', { 'Lay out round': [layOut('judge')], 'Judge wave': [judged('inconclusive', 'hold', 60)] }, `${START} › Judge wave › What does the verdict ask? › Hold`],
    ] as const
  ).map(([state, script, path]): Case => ({
    machine: 'wave',
    title: `a fault at ${state}`,
    input: { rollout: 'r', wave: 'test' },
    script: { 'Open wave': [{ lock: 'l' }], ...(script as unknown as Script), [state]: [boom] },
    path: `${path} › Wave failed`,
    error: 'WaveFailed',
  })),
  { machine: 'wave', title: 'an answer to Lay out that nobody defined', input: { rollout: 'r', wave: 'test' }, script: { 'Open wave': [{ lock: 'l' }], 'Lay out round': [layOut('dance')] }, path: `${START} › Wave failed`, error: 'WaveFailed' },
  { machine: 'wave', title: 'a verdict that nobody defined', input: { rollout: 'r', wave: 'test' }, script: { 'Open wave': [{ lock: 'l' }], 'Lay out round': [layOut('judge')], 'Judge wave': [judged('pass', 'dance')] }, path: `${START} › Judge wave › What does the verdict ask? › Wave failed`, error: 'WaveFailed' },
];

const INTAKE = 'Look at the fleet';
const rolloutInput = { policy: 'monthly', scheduledFor: '2026-12-09T08:00:00Z' };
const plan = (action: string) => ({ action, rollout: 'monthly-20261209-3f9ca1', reason: '' });
const next = (action: string, wave = '') => ({ action, wave, reason: '' });
const closed = (status: string) => ({ status, reason: 'because' });
const HEAD = `${INTAKE} › Plan rollout › What does the plan say?`;

const rolloutCases: Case[] = [
  {
    machine: 'rollout',
    title: 'two waves, then the end',
    input: rolloutInput,
    script: { [INTAKE]: [{}], 'Plan rollout': [plan('run')], 'Next wave': [next('wave', 'test'), next('wave', 'production'), next('close')], 'Run wave': [{ verdict: 'pass' }, { verdict: 'pass' }], 'Close rollout': [closed('succeeded')] },
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
  { machine: 'rollout', title: 'nothing to do', input: rolloutInput, script: { [INTAKE]: [{}], 'Plan rollout': [plan('nothing')] }, path: `${HEAD} › Nothing to do` },
  {
    machine: 'rollout',
    title: 'approved by a person',
    input: rolloutInput,
    script: { [INTAKE]: [{}], 'Plan rollout': [plan('ask')], 'Ask people': [{ woken: 'approved' }], 'Next wave': [next('close')], 'Close rollout': [closed('succeeded')] },
    path: `${HEAD} › Ask people › Next wave › Another wave? › Close rollout › Ended well? › Succeeded`,
  },
  {
    machine: 'rollout',
    title: 'what advisories have started asks, and asks again after half an hour',
    input: { ...rolloutInput, because: ['alas ALAS2023-2026-931'], doing: 'patch' },
    script: { [INTAKE]: [{}], 'Plan rollout': [plan('urge')], 'Ask now': [{ error: 'States.HeartbeatTimeout', cause: '' }], 'Ask people': [{ woken: 'approved' }], 'Next wave': [next('close')], 'Close rollout': [closed('succeeded')] },
    path: `${HEAD} › Ask now › Ask people › Next wave › Another wave? › Close rollout › Ended well? › Succeeded`,
  },
  {
    machine: 'rollout',
    title: 'what advisories have started is approved at once',
    input: { ...rolloutInput, because: ['alas ALAS2023-2026-931'], doing: 'patch' },
    script: { [INTAKE]: [{}], 'Plan rollout': [plan('urge')], 'Ask now': [{ woken: 'approved' }], 'Next wave': [next('close')], 'Close rollout': [closed('succeeded')] },
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
    path: `${path} › Rollout failed`,
    error: 'RolloutFailed',
  })),
  { machine: 'rollout', title: 'a plan that says what nobody defined', input: rolloutInput, script: { [INTAKE]: [{}], 'Plan rollout': [plan('dance')] }, path: `${HEAD} › Rollout failed`, error: 'RolloutFailed' },
  { machine: 'rollout', title: 'a next step that nobody defined', input: rolloutInput, script: { [INTAKE]: [{}], 'Plan rollout': [plan('run')], 'Next wave': [next('dance')] }, path: `${HEAD} › Next wave › Another wave? › Rollout failed`, error: 'RolloutFailed' },
  { machine: 'rollout', title: 'an end that nobody defined', input: rolloutInput, script: { [INTAKE]: [{}], 'Plan rollout': [plan('run')], 'Next wave': [next('close')], 'Close rollout': [closed('dance')] }, path: `${HEAD} › Next wave › Another wave? › Close rollout › Ended well? › Rollout failed`, error: 'RolloutFailed' },
];

const feeds = (...names: string[]) => ({ feeds: names.map((feed) => ({ feed })), due: names.length });
const single = feeds('amazon-linux-2023');
const none = feeds();
const pulled = (result: string, changed = 0) => ({ feed: 'f', result, changed, reason: '', run: '', bucket: '', key: '' });
const parts = { ...pulled('parts'), run: '1', ...BUCKET };
const scan = (tracks: number) => ({ scan: 'scan-x', tracks, ...BUCKET });
const counted = { nodes: 1, reporting: 1, exposed: 0 };
const started = { 'Start rollouts': [{ started: 0, told: 0 }] };
const WHOLE = 'Begin intake › Look at the fleet? › Lay out scan › Anything to scan?';
const QUICK = 'Begin intake › Look at the fleet? › Pick feeds › Anything to read?';
const PULL = 'Pull feeds › Pull feed › In parts? › Feed read';
const unscanned = { 'Lay out scan': [scan(0)], 'Close intake': [counted], ...started };
const whole = { maxAgeHours: 0 };
const quick = { maxAgeHours: 0, scope: 'feeds' };

const intakeCases: Case[] = [
  {
    machine: 'intake',
    title: 'the fleet scanned, then its feeds read',
    input: whole,
    script: { ...oneBatch, ...unscanned, 'Lay out scan': [scan(1)], Scan: [[TRACK]], 'Pick feeds': [single], 'Pull feed': [pulled('stored', 3)] },
    path: `${WHOLE} › Scan › ${TRACK_PATH} › Pick feeds › Anything to read? › ${PULL} › Anything new? › Close intake › Start rollouts`,
  },
  {
    machine: 'intake',
    title: 'a feed that is down keeps nothing else from happening, and fresh facts need no command',
    input: { maxAgeHours: 12, scope: 'all' },
    script: { ...unscanned, 'Pick feeds': [single], 'Pull feed': [boom] },
    path: `${WHOLE} › Pick feeds › Anything to read? › Pull feeds › Pull feed › Feed given up › Anything new? › Close intake › Start rollouts`,
  },
  {
    machine: 'intake',
    title: 'a scan that cannot be read ends in coverage, not in a failure',
    input: whole,
    script: { ...unscanned, 'Lay out scan': [scan(1)], Scan: [boom], 'Pick feeds': [none] },
    path: `${WHOLE} › Scan › Pick feeds › Anything to read? › Anything new? › Close intake › Start rollouts`,
  },
  {
    machine: 'intake',
    title: 'an hour without news ends without counting',
    input: quick,
    script: { 'Pick feeds': [single], 'Pull feed': [pulled('unchanged')] },
    path: `${QUICK} › ${PULL} › Anything new? › Nothing new`,
  },
  {
    machine: 'intake',
    title: 'an hour in which no feed has its time',
    input: quick,
    script: { 'Pick feeds': [none] },
    path: `${QUICK} › Anything new? › Nothing new`,
  },
  {
    machine: 'intake',
    title: 'news between two whole looks are counted without looking at the fleet',
    input: quick,
    script: { 'Pick feeds': [single], 'Pull feed': [pulled('stored', 1)], 'Close intake': [counted], ...started },
    path: `${QUICK} › ${PULL} › Anything new? › Close intake › Start rollouts`,
  },
  {
    machine: 'intake',
    title: 'a feed that hears of news of another has it read at once, and what came before still counts',
    input: quick,
    script: { 'Pick feeds': [feeds('alas-rss'), single], 'Pull feed': [pulled('triggered', 2), pulled('unchanged')], 'Close intake': [counted], ...started },
    path: `${QUICK} › ${PULL} › Anything new? › Pick feeds › Anything to read? › ${PULL} › Anything new? › Close intake › Start rollouts`,
  },
  {
    machine: 'intake',
    title: 'a feed of many records is read in parts by a machine of its own',
    input: quick,
    script: { 'Pick feeds': [single], 'Pull feed': [parts], 'Read in parts': [pulled('stored', 4_000)], 'Close intake': [counted], ...started },
    path: `${QUICK} › Pull feeds › Pull feed › In parts? › Read in parts › Feed read › Anything new? › Close intake › Start rollouts`,
  },
  {
    machine: 'intake',
    title: 'parts that cannot be stored are given up like every other feed',
    input: quick,
    script: { 'Pick feeds': [single], 'Pull feed': [parts], 'Read in parts': [boom] },
    path: `${QUICK} › Pull feeds › Pull feed › In parts? › Read in parts › Feed given up › Anything new? › Nothing new`,
  },
  {
    machine: 'intake',
    title: 'an answer to Pull feed that nobody defined',
    input: quick,
    script: { 'Pick feeds': [single], 'Pull feed': [{ feed: 'f' }] },
    path: `${QUICK} › Pull feeds › Pull feed › In parts? › Feed lost › Intake failed`,
    error: 'IntakeFailed',
  },
  { machine: 'intake', title: 'a scope that nobody defined', input: { maxAgeHours: 0, scope: 'some' }, script: {}, path: 'Begin intake › Look at the fleet? › Intake failed', error: 'IntakeFailed' },
  { machine: 'intake', title: 'a fault at Pick feeds', input: quick, script: { 'Pick feeds': [boom] }, path: 'Begin intake › Look at the fleet? › Pick feeds › Intake failed', error: 'IntakeFailed' },
  { machine: 'intake', title: 'a number of feeds that cannot be', input: quick, script: { 'Pick feeds': [{ ...none, due: -1 }] }, path: `${QUICK} › Intake failed`, error: 'IntakeFailed' },
  { machine: 'intake', title: 'a fault at Lay out scan', input: whole, script: { 'Lay out scan': [boom] }, path: 'Begin intake › Look at the fleet? › Lay out scan › Intake failed', error: 'IntakeFailed' },
  { machine: 'intake', title: 'a number of tracks that cannot be', input: whole, script: { 'Lay out scan': [scan(-1)] }, path: `${WHOLE} › Intake failed`, error: 'IntakeFailed' },
  { machine: 'intake', title: 'a change of less than nothing', input: quick, script: { 'Pick feeds': [single], 'Pull feed': [pulled('stored', -1)] }, path: `${QUICK} › ${PULL} › Anything new? › Intake failed`, error: 'IntakeFailed' },
  { machine: 'intake', title: 'a fault at Close intake', input: whole, script: { ...unscanned, 'Pick feeds': [none], 'Close intake': [boom] }, path: `${WHOLE} › Pick feeds › Anything to read? › Anything new? › Close intake › Intake failed`, error: 'IntakeFailed' },
  { machine: 'intake', title: 'a fault at Start rollouts', input: whole, script: { ...unscanned, 'Pick feeds': [none], 'Start rollouts': [boom] }, path: `${WHOLE} › Pick feeds › Anything to read? › Anything new? › Close intake › Start rollouts › Intake failed`, error: 'IntakeFailed' },
];

const ITEM = { feed: 'osv-ubuntu', run: '1', ...BUCKET };
const PART = { feed: 'osv-ubuntu', run: '1', part: 0, records: ['USN-1-1'], replay: false };
const feedCases: Case[] = [
  {
    machine: 'feed',
    title: 'parts read, then put together',
    input: ITEM,
    script: { 'Read parts': [[PART, { ...PART, part: 1 }]], 'Pull part': [{ read: 1, skipped: 0 }, { read: 1, skipped: 0 }], 'Store feed': [pulled('stored', 2)] },
    path: 'Begin › Read parts › Pull part › Pull part › Store feed',
  },
  {
    machine: 'feed',
    title: 'a part that never comes is told by Store feed',
    input: ITEM,
    script: { 'Read parts': [[PART]], 'Pull part': [boom], 'Store feed': [pulled('failed')] },
    path: 'Begin › Read parts › Pull part › Part given up › Store feed',
  },
  { machine: 'feed', title: 'a list of parts that cannot be read', input: ITEM, script: { 'Read parts': [boom], 'Store feed': [pulled('failed')] }, path: 'Begin › Read parts › Store feed' },
  {
    machine: 'feed',
    title: 'a fault at Store feed',
    input: ITEM,
    script: { 'Read parts': [[PART]], 'Pull part': [{ read: 1, skipped: 0 }], 'Store feed': [boom] },
    path: 'Begin › Read parts › Pull part › Store feed › Not stored',
    error: 'FeedNotStored',
  },
];

const all = [...cases, ...rolloutCases, ...intakeCases, ...feedCases];
const walked = new Set<string>();

describe('paths', () => {
  it.each(all.map((one) => [`${one.machine}: ${one.title}`, one] as const))('%s', async (_title, { machine, input, script, path, error }) => {
    const result = await walk(loadMachine(machine), script, { input });
    expect(result.path.join(' › ')).toBe(path);
    expect(result.error).toBe(error);
    const steps = result.path;
    for (const [index, state] of steps.entries()) if (index > 0) walked.add(`${steps[index - 1]} → ${state}`);
  });

  /** `More batches?` falls through to its Default only if an index is neither below nor at the end: arithmetic forbids it. */
  const IMPOSSIBLE = new Set(['More batches? → Track failed']);

  it.each(['intake', 'feed', 'rollout', 'wave', 'track'] as const)('every edge of %s is walked', (machine) => {
    const missing = edgesOf(withInner(loadMachine(machine).States)).filter((edge) => !walked.has(edge) && !IMPOSSIBLE.has(edge));
    expect(missing).toEqual([]);
  });
});

/** A machine's states with those inside of its Maps. */
function withInner(states: Record<string, State>): [string, State][] {
  return Object.entries(states).flatMap(([name, state]) => [[name, state] as [string, State], ...(typeof state.ItemProcessor === 'object' ? withInner(state.ItemProcessor.States) : [])]);
}

/** Edges from state to state; a Map's own edge is walked through its children, from their last state. */
function edgesOf(states: [string, State][]): string[] {
  return states.flatMap(([name, state]) => {
    if (state.Type === 'Map') return [];
    const targets = [state.Next, state.Default, ...((state.Choices ?? []) as { Next: string }[]).map((one) => one.Next), ...((state.Catch ?? []) as { Next: string }[]).map((one) => one.Next)];
    return [...new Set(targets.filter((target): target is string => typeof target === 'string'))].map((target) => `${name} → ${target}`);
  });
}
