/** A run for the tests of what people see, as the world would tell it. Names, versions and times are made up. */
import { countOutcomes } from '../../lambdas/core/judge.ts';
import { RolloutResult } from '../../lambdas/core/result.ts';
import { HOUR, MINUTE, STARTED, WAVES, fakePlan, itemsOf } from './ui-plan.ts';
import type { Plan, PlanNode, PlanWave } from '../../lambdas/core/plan.ts';
import type { NodeResult } from '../../lambdas/core/result.ts';
import type { NoticeDocument, RunDocument, RunExtra, WorldMessage } from '../../cli/run/messages.ts';
import type { WaveName } from './ui-plan.ts';

export type Ended = Extract<WorldMessage, { type: 'ended' }>;
export type Kind = 'succeeded' | 'failed' | 'held';

export interface FakeRun {
  plan: Plan;
  ended: Ended;
  messages: WorldMessage[];
}

/** A whole run. `failed` stops at test, `held` cannot tell whether test is good. */
export function fakeRun(kind: Kind, plan = fakePlan()): FakeRun {
  const waves = plan.waves.map((wave) => runWave(kind, wave));
  const nodes = waves.flatMap((wave) => wave.nodes);
  const result = resultOf(kind, plan, waves);
  const extra = extraOf(plan, waves, nodes);
  const document = documentOf(kind, result, extra);
  const ended: Ended = { type: 'ended', document, result, extra };
  return {
    plan,
    ended,
    messages: [...headMessages(), { type: 'plan', plan, planKey: 'plans/7c1e5a00b2.json' }, ...waves.flatMap((wave) => wave.messages), ended],
  };
}

interface RanWave {
  name: WaveName;
  verdict: 'pass' | 'fail' | 'inconclusive' | 'not-run';
  reasons: string[];
  nodes: NodeResult[];
  from: number;
  to: number;
  ended: number;
  messages: WorldMessage[];
}

function runWave(kind: Kind, wave: PlanWave): RanWave {
  const name = wave.name as WaveName;
  const { opens, work, soak } = WAVES[name];
  const ran = kind === 'succeeded' || name === 'test';
  const nodes = wave.nodes.map((node, index) => runNode({ node, wave: name, index, size: wave.nodes.length, kind, ran }));
  const to = opens + work;
  const ended = kind === 'succeeded' ? to + soak : to;
  const judged = verdictOf(kind, name, nodes.length);
  const messages = ran ? waveMessages(wave, nodes, { from: opens, to, ended, soak, ...judged }) : [];
  return { name, ...(ran ? judged : { verdict: 'not-run' as const, reasons: [] }), nodes, from: ran ? opens : 0, to, ended, messages };
}

function verdictOf(kind: Kind, wave: WaveName, size: number): { verdict: 'pass' | 'fail' | 'inconclusive'; reasons: string[] } {
  if (kind === 'failed') {
    return {
      verdict: 'fail',
      reasons: [`3 of ${size} nodes failed, 0 allowed`, 'web-t01, app-t02, db-t03: nginx did not come back after openssl-3.0.8-1.amzn2023.0.5'],
    };
  }
  if (kind === 'held')
    return {
      verdict: 'inconclusive',
      reasons: [`2 of ${size} nodes ended without telling how`, 'web-t01, app-t02: the command expired while the node was at work'],
    };
  return { verdict: 'pass', reasons: [wave === 'production' ? `patched ${size - 2}, already-proven 1, unreachable 1` : `patched ${size}`] };
}

interface NodeRun {
  node: PlanNode;
  wave: WaveName;
  index: number;
  size: number;
  kind: Kind;
  ran: boolean;
}

function outcomeOf({ wave, index, size, kind, ran }: NodeRun): { outcome: NodeResult['outcome']; reason: string } {
  if (!ran) return { outcome: 'skipped', reason: 'its wave was not run: no command was sent' };
  if (kind === 'failed' && index < 3) return { outcome: 'failed', reason: 'nginx did not come back after openssl-3.0.8-1.amzn2023.0.5' };
  if (kind === 'held' && index < 2) return { outcome: 'unknown', reason: 'the command expired while the node was at work' };
  if (wave === 'production' && index === size - 1) return { outcome: 'unreachable', reason: 'no heartbeat since Sat 12 Dec 22:10' };
  if (wave === 'production' && index === size - 2) return { outcome: 'already-proven', reason: 'had every proven version already' };
  return { outcome: 'patched', reason: 'every item is at its proven version, services are up' };
}

function runNode(run: NodeRun): NodeResult {
  const { node, wave, index, size, ran } = run;
  const { outcome, reason } = outcomeOf(run);
  const { opens, work } = WAVES[wave];
  const began = opens + Math.floor((index / size) * (work - 14 * MINUTE));
  const closed = outcome === 'patched' || outcome === 'already-proven';
  const worked = ran && outcome !== 'unreachable';
  const changes = itemsOf(node.platform).filter((item) => item.use !== 'dependency');
  return {
    id: node.id,
    name: node.name,
    location: node.location,
    platform: node.platform,
    wave,
    outcome,
    reason,
    packages:
      worked && outcome !== 'already-proven'
        ? changes.map((item) => ({
            name: item.name,
            from: item.version === '' ? '' : item.version.replace('.8-1', '.7-1'),
            to: item.version || item.name,
          }))
        : [],
    cvesClosed: outcome === 'patched' ? node.cves : [],
    rebooted: outcome === 'patched' && index % 2 === 0,
    startedAt: worked ? new Date(began).toISOString() : '',
    endedAt: worked ? new Date(began + (9 + (index % 6)) * MINUTE).toISOString() : '',
    exposedBefore: node.exposed > 0,
    exposedAfter: node.exposed > 0 && !closed,
  };
}

interface WaveTimes {
  from: number;
  to: number;
  ended: number;
  soak: number;
  verdict: 'pass' | 'fail' | 'inconclusive';
  reasons: string[];
}

function waveMessages(wave: PlanWave, nodes: NodeResult[], times: WaveTimes): WorldMessage[] {
  const base = { type: 'wave' as const, wave: wave.name, total: nodes.length };
  const half = countOutcomes(nodes.slice(0, Math.floor(nodes.length / 2)));
  const all = countOutcomes(nodes);
  const messages: WorldMessage[] = [
    { ...base, at: times.from - 13 * HOUR, state: 'waiting', outcomes: {}, until: times.from },
    { ...base, at: times.from, state: 'running', outcomes: {} },
    { ...base, at: times.from + 20 * MINUTE, state: 'running', outcomes: half },
  ];
  if (wave.name === 'production') {
    messages.push({
      type: 'note',
      at: times.from + HOUR,
      wave: wave.name,
      text: 'an EventBridge event got lost (batch p2-0-1): reconciled after 5 min, nothing was sent twice',
    });
  }
  if (times.ended > times.to) messages.push({ ...base, at: times.to, state: 'soaking', outcomes: all, until: times.ended });
  if (times.verdict === 'inconclusive')
    messages.push({ ...base, at: times.to, state: 'held', outcomes: all, reasons: times.reasons, until: times.to + 30 * 24 * HOUR });
  else messages.push({ ...base, at: times.ended, state: 'ended', outcomes: all, verdict: times.verdict, reasons: times.reasons });
  return messages;
}

function resultOf(kind: Kind, plan: Plan, waves: RanWave[]): RolloutResult {
  const promoted = kind === 'succeeded';
  return RolloutResult.parse({
    v: 1,
    rollout: plan.rollout,
    policy: plan.policy.name,
    lock: '3f9c7712aa01bb02cc03dd04ee05ff06112233445566778899aabbccddeeffe1',
    status: kind,
    reason: { succeeded: 'every wave passed', failed: 'wave test failed', held: 'wave test is held: nobody decided' }[kind],
    planKey: 'plans/7c1e5a00b2.json',
    waves: waves.map((wave) => ({
      name: wave.name,
      verdict: wave.verdict,
      reasons: wave.reasons,
      nodes: wave.nodes.length,
      outcomes: countOutcomes(wave.nodes),
      startedAt: wave.from === 0 ? '' : new Date(wave.from).toISOString(),
      endedAt: wave.from === 0 ? '' : new Date(wave.ended).toISOString(),
      lock: wave.from === 0 ? '' : '3f9c7712e1',
    })),
    nodes: waves.flatMap((wave) => wave.nodes),
    proof: {
      items: promoted ? 27 : 0,
      proven: promoted ? 27 : 0,
      unproven: [],
      dropped: promoted ? ['rhel-9-x86_64 nginx: proven on 1 of 2 nodes needed'] : [],
    },
  });
}

function extraOf(plan: Plan, waves: RanWave[], nodes: NodeResult[]): RunExtra {
  const ran = waves.filter((wave) => wave.from > 0);
  const closings = nodes
    .filter((node) => node.exposedBefore && !node.exposedAfter)
    .map((node) => Date.parse(node.endedAt))
    .toSorted((a, b) => a - b);
  const before = nodes.filter((node) => node.exposedBefore).length;
  return {
    plan,
    planKey: 'plans/7c1e5a00b2.json',
    reason: '',
    startedAt: STARTED,
    endedAt: (ran.at(-1)?.ended ?? STARTED) + 10 * MINUTE,
    inWork: ran.map((wave) => ({
      wave: wave.name,
      most: plan.waves.find((planned) => planned.name === wave.name)?.atOnce ?? 0,
      allowed: plan.waves.find((planned) => planned.name === wave.name)?.atOnce ?? 0,
    })),
    outsideWindow: 0,
    exposure: [{ at: STARTED, nodes: before }, ...closings.map((at, index) => ({ at, nodes: before - index - 1 }))],
    cost: [
      { name: 'Step Functions state transitions', quantity: 163, usd: 0.0041 },
      { name: 'Lambda requests and GB-seconds', quantity: 118, usd: 0.0006 },
    ],
    notes: ran.some((wave) => wave.name === 'production')
      ? [
          {
            at: WAVES.production.opens + HOUR,
            wave: 'production',
            text: 'an EventBridge event got lost (batch p2-0-1): reconciled after 5 min, nothing was sent twice',
          },
        ]
      : [],
    timeline: ran.flatMap((wave) => {
      const { opens, hours } = WAVES[wave.name];
      return [
        { wave: wave.name, from: opens, to: opens + hours * HOUR, what: 'window' as const },
        { wave: wave.name, from: wave.from, to: wave.to, what: 'run' as const },
        ...(wave.ended > wave.to ? [{ wave: wave.name, from: wave.to, to: wave.ended, what: 'soak' as const }] : []),
        ...(wave.verdict === 'inconclusive' ? [{ wave: wave.name, from: wave.to, to: wave.to + 30 * 24 * HOUR, what: 'hold' as const }] : []),
      ];
    }),
    unusedGrants: 7,
  };
}

function documentOf(kind: Kind, result: RolloutResult, extra: RunExtra): RunDocument {
  const notices: NoticeDocument[] = [
    {
      channel: 'email',
      audience: 'linux-ops',
      event: kind === 'succeeded' ? 'done' : kind,
      wave: 'test',
      subject: `[Wavelock] ${kind.toUpperCase()}: linux-monthly`,
      body: 'linux-monthly …\n\nNeeded from you: nothing.',
    },
    {
      channel: 'slack',
      audience: 'linux-ops',
      event: kind === 'succeeded' ? 'done' : kind,
      wave: 'test',
      subject: `[Wavelock] ${kind.toUpperCase()}: linux-monthly`,
      body: '*linux-monthly* …',
    },
  ];
  return {
    rollout: result.rollout,
    policy: result.policy,
    lock: result.lock,
    status: kind,
    virtualSeconds: Math.round((extra.endedAt - extra.startedAt) / 1000),
    wallMs: 11_400,
    advisories: { stored: 5_086, bySource: { 'amazon-linux': 3_412, kev: 1_674 }, unread: [] },
    waves: result.waves.map(({ name, verdict, reasons, nodes, outcomes, startedAt, endedAt }) => ({
      name,
      verdict,
      reasons,
      nodes,
      outcomes,
      startedAt,
      endedAt,
    })),
    nodes: result.nodes.map(({ id, location, platform, wave, outcome, reason, packages, cvesClosed, rebooted, startedAt, endedAt }) => ({
      id,
      location,
      platform,
      wave,
      outcome,
      reason,
      packages,
      cvesClosed,
      rebooted,
      startedAt,
      endedAt,
    })),
    notices,
    aws: {
      calls: { 'ssm:SendCommand': 17, 'dynamodb:PutItem': 212, 's3:GetObject': 81 },
      commands: result.waves
        .filter((wave) => wave.startedAt !== '')
        .map((wave) => ({ document: 'Wavelock-Patch-Linux', wave: wave.name, nodes: wave.nodes })),
      stateTransitions: 163,
      lambdaInvocations: 118,
      costUsd: 0.0047,
    },
  };
}

function headMessages(): WorldMessage[] {
  return [
    {
      type: 'booted',
      template: 'WavelockHub.template.json',
      sha256: '3f9c7712aa01bb02cc03dd04ee05ff06112233445566778899aabbccddeeffe1',
      resources: 96,
      functions: 21,
      machines: 4,
      documents: 6,
      roles: 26,
      locations: 4,
      milliseconds: 1_800,
    },
    {
      type: 'fleet',
      nodes: 60,
      ec2: 40,
      hybrid: 20,
      platforms: { 'Amazon Linux 2023': 18, 'Ubuntu 24.04': 16, 'RHEL 9': 14, 'Windows Server 2022': 12 },
    },
    { type: 'feeds', bySource: { 'amazon-linux': 3_412, kev: 1_674 }, unread: [], exploitedHere: 2, milliseconds: 900 },
    { type: 'coverage', nodes: 60, reporting: 60, exposed: 49 },
  ];
}
