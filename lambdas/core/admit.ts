/** The last look before nodes are touched: whether a batch may be sent now, and to whom. */
import { changesNodes } from './batch.ts';
import { isOpen } from './calendar.ts';
import { closedBecause } from './maintenance-window.ts';
import { brakeReason } from './round.ts';
import type { TrackFile } from './batch.ts';
import type { Outcome } from './model.ts';

export interface AdmitInput {
  track: Pick<TrackFile, 'purpose' | 'rules' | 'window' | 'total'>;
  nodes: string[];
  /** Set when a person stopped or aborted the rollout. */
  stopped: string | undefined;
  /** A person resumed the wave: see `decideRound`. */
  accepted: boolean;
  /** Outcomes of the wave so far. */
  outcomes: Map<string, Outcome>;
  online: Set<string>;
  now: number;
}

export type Admission = { action: 'send'; nodes: string[]; reason: string } | { action: 'skip' | 'end'; nodes: []; reason: string };

/** `end`: nothing more from this track now. `skip`: this batch has nobody to go to; whoever remains is laid out again. */
export function admitBatch({ track, nodes, stopped, accepted, outcomes, online, now }: AdmitInput): Admission {
  if (stopped !== undefined) return end(stopped);
  if (changesNodes(track.purpose)) {
    if (track.window && !isOpen(track.window, now))
      return end(('ssm' in track.window ? closedBecause(track.window)?.why : undefined) ?? 'the window is closed');
    const brake =
      track.rules &&
      brakeReason(
        track.rules,
        track.total,
        [...outcomes.values()].map((outcome) => ({ outcome })),
        accepted,
      );
    if (brake) return end(brake);
  }
  const due = changesNodes(track.purpose) ? nodes.filter((node) => !outcomes.has(node)) : nodes;
  const ready = due.filter((node) => online.has(node));
  return ready.length === 0
    ? { action: 'skip', nodes: [], reason: 'none of its nodes is online and due' }
    : { action: 'send', nodes: ready, reason: `${ready.length} nodes` };
}

function end(reason: string): Admission {
  return { action: 'end', nodes: [], reason };
}
