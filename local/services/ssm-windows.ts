/** Maintenance windows of the fleet file, with one target and one task each (SSM API reference, DescribeMaintenanceWindows and others). */
import type { Fleet } from '../fleet/fleet.ts';
import type { MaintenanceWindow } from '../fleet/surroundings.ts';
import { AwsError, type AccessRequest, type CallContext, type Input, type Random, type ServiceOperation } from '../types.ts';
import { checkBounds, refuseUnsupported } from './ssm-checks.ts';
import { page, type PageGaps } from './ssm-pages.ts';

export interface WindowDeps {
  fleet: Fleet;
  random: Random;
  gaps: PageGaps;
}

const WINDOW_ID = /^mw-[0-9a-f]{17}$/;

/** DescribeMaintenanceWindows, …Targets, …Tasks and GetMaintenanceWindowTask. */
export function windowOperations(deps: WindowDeps): Record<string, ServiceOperation> {
  const pageOf = (input: Input, items: Input[]): { items: Input[]; token: Input } => {
    refuseUnsupported('DescribeMaintenanceWindows', input, ['Filters']);
    checkBounds([['maxResults', input.MaxResults, { min: 10, max: 100 }], ['windowId', input.WindowId, { pattern: WINDOW_ID }]]);
    const { NextToken, ...found } = page(items, input.MaxResults ?? 50, input.NextToken, deps);
    return { ...found, token: NextToken === undefined ? {} : { NextToken } };
  };
  const windowOf = (input: Input, context: CallContext): MaintenanceWindow => findWindow(input.WindowId, context, deps.fleet);
  return {
    DescribeMaintenanceWindows: {
      access: () => [{ action: 'ssm:DescribeMaintenanceWindows', resource: '*' }],
      run(input, { account, region }) {
        const { items, token } = pageOf(input, deps.fleet.surroundings.at(account, region).maintenanceWindows.map(identity));
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
    GetMaintenanceWindowTask: {
      access: (input, context) => [windowAccess('GetMaintenanceWindowTask', input, context)],
      run(input, context) {
        checkBounds([['windowId', input.WindowId, { pattern: WINDOW_ID }], ['windowTaskId', input.WindowTaskId, { pattern: /^[0-9a-f-]{36}$/ }]]);
        const window = windowOf(input, context);
        if (window.taskId !== input.WindowTaskId) throw new AwsError('DoesNotExistException', `Maintenance window task ${input.WindowTaskId} does not exist`);
        const Parameters = window.operation === undefined ? {} : { Operation: [window.operation] };
        return { ...taskOf(window), TaskInvocationParameters: { RunCommand: { Parameters, TimeoutSeconds: 600 } } };
      },
    },
  };
}

function identity({ id, name, schedule, timezone, offset, hours, cutoff = 0, enabled = true }: MaintenanceWindow): Input {
  return {
    WindowId: id,
    Name: name,
    Enabled: enabled,
    Duration: hours,
    Cutoff: cutoff,
    Schedule: schedule,
    ...(timezone !== undefined && { ScheduleTimezone: timezone }),
    ...(offset !== undefined && { ScheduleOffset: offset }),
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
