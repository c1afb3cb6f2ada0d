/** What is drawn of a run: how many nodes were in work, which starts lay outside a window, how exposure fell, what a wave did when. */
import { openings, windowLength } from '../../lambdas/core/calendar.ts';
import type { Plan } from '../../lambdas/core/plan.ts';
import type { NodeResult, RolloutResult } from '../../lambdas/core/result.ts';
import type { Window } from '../../lambdas/core/model.ts';
import type { RunExtra } from './messages.ts';

type Started = NodeResult & { startedAt: string };

const started = (node: NodeResult): node is Started => node.startedAt !== '';

/** The most nodes of each wave that were between start and end at the same time, and what the plan allowed. */
export function inWork(result: RolloutResult, plan: Plan): RunExtra['inWork'] {
  return plan.waves.map((wave) => {
    const steps = result.nodes
      .filter((node) => node.wave === wave.name)
      .filter(started)
      .flatMap((node) => [
        { at: Date.parse(node.startedAt), by: 1 },
        { at: Date.parse(node.endedAt), by: -1 },
      ])
      .toSorted((a, b) => a.at - b.at || a.by - b.by);
    let now = 0;
    let most = 0;
    for (const { by } of steps) most = Math.max(most, (now += by));
    return { wave: wave.name, most, allowed: wave.atOnce };
  });
}

/** Starts that lay outside their wave's window. */
export function outsideWindow(result: RolloutResult, plan: Plan): number {
  return result.nodes.filter(started).filter((node) => {
    const windows = windowsOf(node.wave, result, plan);
    const at = Date.parse(node.startedAt);
    const inside = (window: Window) => openings(window, at - 1, at + 1).some((opening) => opening.opens <= at && at <= opening.closes);
    return windows.length > 0 && !windows.some(inside);
  }).length;
}

/** The wave's window; of one in Systems Manager that somebody has edited on the way, every reading. */
function windowsOf(name: string, result: RolloutResult, plan: Plan): Window[] {
  const rules = plan.policy.waves.find((wave) => wave.name === name);
  const planned = rules?.window === undefined ? undefined : plan.windows[rules.window];
  return result.waves.find((wave) => wave.name === name)?.windows ?? (planned ? [planned] : []);
}

/** Nodes over time on which something was open that the policy wants: all that the plan found, less each that was closed. */
export function exposureLine(result: RolloutResult, from: number, to: number): RunExtra['exposure'] {
  let nodes = result.nodes.filter((node) => node.exposedBefore).length;
  const line = [{ at: from, nodes }];
  const closed = result.nodes.filter((node) => node.exposedBefore && !node.exposedAfter).map((node) => Date.parse(node.endedAt));
  for (const at of closed.toSorted((a, b) => a - b)) line.push({ at, nodes: --nodes });
  line.push({ at: to, nodes });
  return line;
}

/** What each wave did when, for the picture. */
export function timelineOf(result: RolloutResult, plan: Plan, to: number): RunExtra['timeline'] {
  return result.waves.flatMap((wave) => {
    const rules = plan.policy.waves.find((one) => one.name === wave.name);
    const nodes = result.nodes.filter((node) => node.wave === wave.name).filter(started);
    const window = windowsOf(wave.name, result, plan).findLast((reading) => windowLength(reading) > 0);
    const parts: RunExtra['timeline'] =
      window && wave.startedAt !== ''
        ? openings(window, Date.parse(wave.startedAt), wave.endedAt === '' ? to : Date.parse(wave.endedAt)).map((opening) => ({
            wave: wave.name,
            from: opening.opens,
            to: opening.closes,
            what: 'window' as const,
          }))
        : [];
    if (nodes.length === 0) return parts;
    const from = Math.min(...nodes.map((node) => Date.parse(node.startedAt)));
    const ran = Math.max(...nodes.map((node) => Date.parse(node.endedAt)));
    parts.push({ wave: wave.name, from, to: ran, what: 'run' });
    const end = wave.endedAt === '' ? to : Date.parse(wave.endedAt);
    const soaked = Math.min(end, ran + (rules?.soak ?? 0) * 1000);
    if (wave.verdict === 'pass' && soaked > ran) parts.push({ wave: wave.name, from: ran, to: soaked, what: 'soak' });
    if (wave.verdict === 'pass' && end > soaked && soaked > ran) parts.push({ wave: wave.name, from: soaked, to: end, what: 'verify' });
    if (wave.endedAt === '') parts.push({ wave: wave.name, from: ran, to, what: 'hold' });
    return parts;
  });
}
