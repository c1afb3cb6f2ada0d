/** Colours. They only repeat what the words say: without them nothing is lost. */
import { createColors } from 'picocolors';

export type Paint = ReturnType<typeof createColors>;

/** Colours on or off. NO_COLOR (https://no-color.org: set to anything but the empty string) turns them off in any case. */
export function createPaint(color: boolean): Paint {
  return createColors(color && (process.env.NO_COLOR ?? '') === '');
}
