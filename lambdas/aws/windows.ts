/** Maintenance windows of Systems Manager, by id and read only. */
import { GetMaintenanceWindowCommand, SSMClient } from '@aws-sdk/client-ssm';
import type { GetMaintenanceWindowResult } from '@aws-sdk/client-ssm';
import { locationKey } from '../core/model.ts';
import type { SaidWindow, Unread } from '../core/maintenance-window.ts';
import type { Location } from '../core/model.ts';
import type { Spokes } from './spokes.ts';

export interface Windows {
  /** What Systems Manager says of a window now, or why it does not say it. Throws nothing: a window that cannot be read is closed. */
  read(location: Location, id: string): Promise<SaidWindow | Unread>;
}

/** A thousand tracks ask before each of their batches; Systems Manager is asked once a minute by each copy of a function. */
const FRESH_MS = 60_000;

export function createWindows(spokes: Spokes, now: () => number): Windows {
  const ssm = spokes.clients((config) => new SSMClient(config));
  const kept = new Map<string, { at: number; said: SaidWindow }>();
  return {
    async read(location, id) {
      const key = `${locationKey(location)}/${id}`;
      const known = kept.get(key);
      if (known && now() - known.at < FRESH_MS) return known.said;
      try {
        const said = saidOf(await ssm(location).send(new GetMaintenanceWindowCommand({ WindowId: id })));
        kept.set(key, { at: now(), said });
        return said;
      } catch (error) {
        return unread(error as Error);
      }
    },
  };
}

function unread({ name, message }: Error): Unread {
  if (name === 'DoesNotExistException') return { why: 'does not exist', passing: false };
  if (name.startsWith('AccessDenied')) return { why: `may not be read: ${message}`, passing: false };
  return { why: `could not be read (${name}: ${message})`, passing: true };
}

function saidOf(answer: GetMaintenanceWindowResult): SaidWindow {
  const { ScheduleTimezone, ScheduleOffset, StartDate, EndDate, NextExecutionTime, CreatedDate } = answer;
  return {
    name: answer.Name ?? '',
    enabled: answer.Enabled === true,
    schedule: answer.Schedule ?? '',
    duration: answer.Duration ?? 0,
    cutoff: answer.Cutoff ?? 0,
    ...(ScheduleTimezone ? { timezone: ScheduleTimezone } : {}),
    ...(ScheduleOffset ? { offset: ScheduleOffset } : {}),
    ...(StartDate ? { startDate: StartDate } : {}),
    ...(EndDate ? { endDate: EndDate } : {}),
    ...(NextExecutionTime ? { next: NextExecutionTime } : {}),
    ...(CreatedDate ? { created: CreatedDate.getTime() } : {}),
  };
}
