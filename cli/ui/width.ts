/** How wide text may be that a command prints once, in characters. */
import { WIDEST } from './text.ts';

/** Narrower than this nothing reads well: a terminal that is, breaks lines itself. */
const NARROWEST = 45;

/** The terminal's width, within reason; where it is none (a pipe, a file), as wide as text ever is here. */
export function printWidth(stream: { isTTY?: boolean; columns?: number } = process.stdout): number {
  if (stream.isTTY !== true || stream.columns === undefined || stream.columns === 0) return WIDEST;
  return Math.max(NARROWEST, Math.min(WIDEST, stream.columns));
}
