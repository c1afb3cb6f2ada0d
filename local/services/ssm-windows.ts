/** Maintenance windows of the fleet file, with one target and one task each (SSM API reference, GetMaintenanceWindow and others). */
import { openings } from '../../lambdas/core/calendar.ts';
import { wallOf } from '../../lambdas/core/calendar-zone.ts';
import { readWindow } from '../../lambdas/core/maintenance-window.ts';
import type { SaidWindow } from '../../lambdas/core/maintenance-window.ts';
import type { Fleet } from '../fleet/fleet.ts';
import type { MaintenanceWindow } from '../fleet/surroundings.ts';
import { AwsError, type AccessRequest, type CallContext, type Input, type Random, type ServiceOperation } from '../types.ts';
import { checkBounds, refuseUnsupported } from './ssm-checks.ts';
import { page, type PageGaps } from './ssm-pages.ts';

export interface WindowDeps {
  fleet: Fleet;
  random: Random;
  gaps: PageGaps;
  /** ms. */
  now: () => number;
}

const WINDOW_ID = /^mw-[0-9a-f]{17}$/;

/** DescribeMaintenanceWindows, …Targets, …Tasks, GetMaintenanceWindow, …Task, and UpdateMaintenanceWindow for whoever edits one. */
export function windowOperations(deps: WindowDeps): Record<string, ServiceOperation> {
  const pageOf = (input: Input, items: Input[]): { items: Input[]; token: Input } => {
    refuseUnsupported('DescribeMaintenanceWindows', input, ['Filters']);
    checkBounds([
      ['maxResults', input.MaxResults, { min: 10, max: 100 }],
      ['windowId', input.WindowId, { pattern: WINDOW_ID }],
    ]);
    const { NextToken, ...found } = page(items, input.MaxResults ?? 50, input.NextToken, deps);
    return { ...found, token: NextToken === undefined ? {} : { NextToken } };
  };
  const windowOf = (input: Input, context: CallContext): MaintenanceWindow => findWindow(input.WindowId, context, deps.fleet);
  return {
    DescribeMaintenanceWindows: {
      access: () => [{ action: 'ssm:DescribeMaintenanceWindows', resource: '*' }],
      run(input, { account, region }) {
        const { items, token } = pageOf(
          input,
          deps.fleet.surroundings.at(account, region).maintenanceWindows.map((window) => identity(window, deps.now())),
        );
        return { WindowIdentities: items, ...token };
      },
    },
    DescribeMaintenanceWindowTargets: {
      access: (input, context) => [windowAccess('DescribeMaintenanceWindowTargets', input, context)],
      run(input, context) {
        const { id, targetId, targets } = windowOf(input, context);
        const { items, token } = pageOf(input, [{ WindowId: id, WindowTargetId: targetId, ResourceType: 'INSTANCE', Targets: targets }]);
        return { Targets: items, ...token };
      },
    },
    DescribeMaintenanceWindowTasks: {
      access: (input, context) => [windowAccess('DescribeMaintenanceWindowTasks', input, context)],
      run(input, context) {
        const { items, token } = pageOf(input, [taskOf(windowOf(input, context))]);
        return { Tasks: items.map(({ TaskType, ...task }) => ({ ...task, Type: TaskType })), ...token };
      },
    },
    GetMaintenanceWindow: {
      access: (input, context) => [windowAccess('GetMaintenanceWindow', input, context)],
      run: (input, context) => whole(windowOf(checked(input), context), deps),
    },
    UpdateMaintenanceWindow: {
      access: (input, context) => [windowAccess('UpdateMaintenanceWindow', input, context)],
      run(input, context) {
        refuseUnsupported('UpdateMaintenanceWindow', input, ['Replace', 'Description', 'AllowUnassociatedTargets']);
        const window = windowOf(checked(input), context);
        Object.assign(window, edits(input));
        const { NextExecutionTime: _next, ...rest } = identity(window, deps.now());
        return { ...rest, AllowUnassociatedTargets: false };
      },
    },
    GetMaintenanceWindowTask: {
      access: (input, context) => [windowAccess('GetMaintenanceWindowTask', input, context)],
      run(input, context) {
        checkBounds([
          ['windowId', input.WindowId, { pattern: WINDOW_ID }],
          ['windowTaskId', input.WindowTaskId, { pattern: /^[0-9a-f-]{36}$/ }],
        ]);
        const window = windowOf(input, context);
        if (window.taskId !== input.WindowTaskId)
          throw new AwsError('DoesNotExistException', `Maintenance window task ${input.WindowTaskId} does not exist`);
        const Parameters = window.operation === undefined ? {} : { Operation: [window.operation] };
        return { ...taskOf(window), TaskInvocationParameters: { RunCommand: { Parameters, TimeoutSeconds: 600 } } };
      },
    },
  };
}

function checked(input: Input): Input {
  checkBounds([
    ['windowId', input.WindowId, { pattern: WINDOW_ID }],
    ['duration', input.Duration, { min: 1, max: 24 }],
    ['cutoff', input.Cutoff, { min: 0, max: 23 }],
    ['scheduleOffset', input.ScheduleOffset, { min: 1, max: 6 }],
  ]);
  return input;
}

/** What an update says; the rest stays as it is. */
function edits({
  Name,
  Schedule,
  ScheduleTimezone,
  ScheduleOffset,
  StartDate,
  EndDate,
  Duration,
  Cutoff,
  Enabled,
}: Input): Partial<MaintenanceWindow> {
  const said = {
    name: Name,
    schedule: Schedule,
    timezone: ScheduleTimezone,
    offset: ScheduleOffset,
    startDate: StartDate,
    endDate: EndDate,
    hours: Duration,
    cutoff: Cutoff,
    enabled: Enabled,
  };
  return Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined));
}

/** The windows were made long before the run. */
const AGE_MS = 90 * 86_400_000;

function whole(window: MaintenanceWindow, { fleet, now }: WindowDeps): Input {
  const made = new Date(fleet.surroundings.start - AGE_MS);
  return { ...identity(window, now()), AllowUnassociatedTargets: false, CreatedDate: made, ModifiedDate: made };
}

/**
 * NextExecutionTime, to the minute on the window's clock: `2026-12-06T01:00+01:00`. It moves on as soon as the window opens, and a window that
 * is disabled has none. Rates count from a day of their own here, and have none either.
 */
function nextOf(
  { name, schedule, timezone, offset, hours, cutoff = 0, enabled = true, startDate, endDate }: MaintenanceWindow,
  now: number,
): string | undefined {
  const said: SaidWindow = {
    name,
    enabled,
    schedule,
    duration: hours,
    cutoff,
    ...(timezone !== undefined && { timezone }),
    ...(offset !== undefined && { offset }),
    ...(startDate !== undefined && { startDate }),
    ...(endDate !== undefined && { endDate }),
  };
  const read = readWindow(said, now);
  if ('closed' in read) return undefined;
  const [next] = openings({ ssm: 'mw-00000000000000000', lastStart: 0, read: { ...read, cutoff: 0 } }, now, now + YEAR_MS).filter(
    ({ opens }) => opens > now,
  );
  return next && zoned(next.opens, read.timezone);
}

const YEAR_MS = 366 * 86_400_000;

function zoned(instant: number, timezone: string): string {
  const wall = wallOf(instant, timezone);
  const minutes = Math.round((wall - instant) / 60_000);
  const text = new Date(wall).toISOString().slice(0, 16);
  if (minutes === 0) return `${text}Z`;
  const [hours, rest] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60].map((part) => String(part).padStart(2, '0'));
  return `${text}${minutes < 0 ? '-' : '+'}${hours}:${rest}`;
}

function identity(window: MaintenanceWindow, now: number): Input {
  const { id, name, schedule, timezone, offset, hours, cutoff = 0, enabled = true, startDate, endDate } = window;
  const next = nextOf(window, now);
  return {
    WindowId: id,
    Name: name,
    Enabled: enabled,
    Duration: hours,
    Cutoff: cutoff,
    Schedule: schedule,
    ...(timezone !== undefined && { ScheduleTimezone: timezone }),
    ...(offset !== undefined && { ScheduleOffset: offset }),
    ...(startDate !== undefined && { StartDate: startDate }),
    ...(endDate !== undefined && { EndDate: endDate }),
    ...(next !== undefined && { NextExecutionTime: next }),
  };
}

/** Targets of a task name the target of its window (User Guide, "Assign tasks to a maintenance window"). */
function taskOf({ id, taskId, targetId, document }: MaintenanceWindow): Input {
  return {
    WindowId: id,
    WindowTaskId: taskId,
    TaskArn: document,
    TaskType: 'RUN_COMMAND',
    Targets: [{ Key: 'WindowTargetIds', Values: [targetId] }],
    Priority: 1,
    MaxConcurrency: '10%',
    MaxErrors: '10%',
  };
}

function findWindow(id: string, { account, region }: CallContext, fleet: Fleet): MaintenanceWindow {
  const found = fleet.surroundings.at(account, region).maintenanceWindows.find((window) => window.id === id);
  if (!found) throw new AwsError('DoesNotExistException', `Maintenance window ${id} does not exist`);
  return found;
}

function windowAccess(action: string, input: Input, { account, region }: CallContext): AccessRequest {
  return { action: `ssm:${action}`, resource: `arn:aws:ssm:${region}:${account}:maintenancewindow/${String(input.WindowId)}` };
}
