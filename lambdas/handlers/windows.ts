/** Maintenance windows of Systems Manager that the policy names: read whenever somebody decides by them, so that an edit there counts here. */
import { z } from 'zod';
import { closedBecause, windowName, withReading } from '../core/maintenance-window.ts';
import { Window } from '../core/model.ts';
import type { Dependencies } from '../aws/dependencies.ts';
import type { WaveRow } from '../aws/record.ts';
import type { Policy, PolicyFile, SsmWindow } from '../core/model.ts';

/** What the record keeps of a wave's window: each reading that was other than the one before, and why it is closed, if it is. */
const Kept = z.object({
  readings: z.array(Window).prefault([]),
  unreadSince: z.number().optional(),
  /** `accepted`: what a person had accepted before; only what they accept afterwards is about this. */
  closed: z.object({ why: z.string(), accepted: z.string().optional() }).optional(),
});

/** The file's windows with what those that this policy's waves need say now. */
export async function readWindows(windows: PolicyFile['windows'], policy: Policy, deps: Dependencies): Promise<PolicyFile['windows']> {
  const needed = new Set(policy.waves.map(({ window }) => window));
  const [hub] = deps.setting('LOCATIONS');
  const entries = Object.entries(windows).map(async ([name, window]) => {
    if (!('ssm' in window)) return [name, window] as const;
    const placed = { ...window, location: window.location ?? hub };
    return [name, needed.has(name) ? await readNow(placed, deps) : placed] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

/** A plan's window as it is now. */
export async function windowNow<W extends Window | null | undefined>(window: W, deps: Dependencies): Promise<W | SsmWindow> {
  return window && 'ssm' in window ? readNow(window, deps) : window;
}

async function readNow(window: SsmWindow, deps: Dependencies): Promise<SsmWindow> {
  const { location } = window;
  const said = location ? await deps.windows.read(location, window.ssm) : { why: 'has no location', passing: false };
  return withReading(window, said, deps.now());
}

/** Since when it could not be read, ms; `undefined` while it can. */
export function unreadSince(window: Window | undefined, row: WaveRow, now: number): number | undefined {
  const unread = window && 'ssm' in window && closedBecause(window)?.passing === true;
  return unread ? (Kept.parse(row.window ?? {}).unreadSince ?? now) : undefined;
}

/** Why the wave's window does not open, unless a person has accepted that since; `undefined` where it does. */
export function closedFor(row: WaveRow): string | undefined {
  const { closed } = Kept.parse(row.window ?? {});
  return row.accepted === undefined || row.accepted === closed?.accepted ? closed?.why : undefined;
}

/** Every reading of a wave's window, oldest first; none for windows of the file itself. */
export function readingsOf(row: WaveRow): Window[] {
  return Kept.parse(row.window ?? {}).readings;
}

export interface Looked {
  rollout: string;
  row: WaveRow;
  /** As the plan has it, and as it is now. */
  planned: Window | undefined;
  window: Window | undefined;
  /** Why the wave is judged for it. */
  closed: string | undefined;
}

/** Writes down what was read, where it is news. */
export async function keepWindow({ rollout, row, planned, window, closed }: Looked, deps: Dependencies): Promise<void> {
  if (!window) return;
  const before = Kept.parse(row.window ?? {});
  const since = unreadSince(window, row, deps.now());
  const last = before.readings.at(-1) ?? planned;
  const changed = saysOf(last) !== saysOf(window);
  const after: z.infer<typeof Kept> = {
    readings: 'ssm' in window && (changed || before.readings.length === 0) ? [...before.readings, window] : before.readings,
    ...(since === undefined ? {} : { unreadSince: since }),
    ...(closed === undefined ? {} : { closed: { why: closed, ...acceptedBefore(before, row) } }),
  };
  if (JSON.stringify(after) === JSON.stringify(before)) return;
  await deps.record.setWave(rollout, row.name, { window: after });
  if (!changed || !('ssm' in window) || saysOf(last) === '') return;
  const why = `${windowName(window)} has changed: ${saysOf(window)}`;
  await deps.record.putEvent({ rollout, at: new Date(deps.now()).toISOString(), what: 'window', wave: row.name, who: 'wavelock', why });
}

function acceptedBefore({ closed }: z.infer<typeof Kept>, row: WaveRow): { accepted?: string } {
  const accepted = closed ? closed.accepted : row.accepted;
  return accepted === undefined ? {} : { accepted };
}

/** In words; what only Systems Manager's announcements change is no news. */
function saysOf(window: Window | undefined): string {
  if (!window || !('ssm' in window) || !window.read) return '';
  return 'closed' in window.read ? `it ${window.read.closed}` : `${window.read.name}, ${window.read.says}`;
}
