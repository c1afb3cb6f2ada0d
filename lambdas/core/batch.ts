/** What lies in S3 for a track: the batches that a round laid out, and what Admit must check before each of them. */
import { z } from 'zod';
import { Location, Os, Wave, Window } from './model.ts';
import { Pin } from './pin.ts';

export const BatchIntent = z.strictObject({
  id: z.string(),
  location: Location,
  os: Os,
  nodes: z.array(z.string()).min(1).max(50),
  document: Pin,
  parameters: z.record(z.string(), z.string()),
  /** Hash of the lock, for reading the report; empty for scans. */
  lock: z.string(),
});
export type BatchIntent = z.infer<typeof BatchIntent>;

export const TrackFile = z.strictObject({
  /** `mitigate`: a document of the user's that stands in for a fix, or the same one taking that back. */
  purpose: z.enum(['scan', 'patch', 'verify', 'mitigate']),
  group: z.string(),
  rollout: z.string(),
  wave: z.string(),
  /** For patch batches: the brake and the window, as the plan has them. */
  rules: Wave.nullable(),
  window: Window.nullable(),
  total: z.int(),
  batches: z.array(BatchIntent).min(1),
});
export type TrackFile = z.infer<typeof TrackFile>;

/** Whether commands of this purpose change nodes: those need a window, an unbroken brake and the node for themselves. Others only read. */
export function changesNodes(purpose: TrackFile['purpose']): boolean {
  return purpose === 'patch' || purpose === 'mitigate';
}

/** Long enough for most batches, short enough that a lost event is noticed: seconds until "look", about 1.5 times the usual run. */
export const HEARTBEAT_SECONDS = {
  scan: { linux: 300, windows: 600 },
  verify: { linux: 300, windows: 600 },
  patch: { linux: 1_800, windows: 4_200 },
  // Its end is no event of ours: it is looked at until then.
  mitigate: { linux: 120, windows: 120 },
} as const;

/** The document's `executionTimeout`, seconds. ExpiresAfter is this plus the delivery time. */
export const EXECUTION_SECONDS = {
  scan: { linux: 600, windows: 1_800 },
  verify: { linux: 600, windows: 1_800 },
  patch: { linux: 7_200, windows: 14_400 },
  // SSM's own where a document has no parameter of that name (User Guide, "Setting command timeouts").
  mitigate: { linux: 3_600, windows: 3_600 },
} as const;

/** Pause before looking again at a batch that still has nodes at work, seconds. */
export const LOOK_AGAIN_SECONDS = 300;
