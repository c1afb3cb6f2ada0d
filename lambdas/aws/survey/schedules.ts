/** What Systems Manager does by itself and when: associations, maintenance windows, Change Calendars. */
import {
  DescribeAssociationCommand,
  DescribeMaintenanceWindowsCommand,
  DescribeMaintenanceWindowTargetsCommand,
  DescribeMaintenanceWindowTasksCommand,
  GetCalendarStateCommand,
  GetMaintenanceWindowTaskCommand,
  ListAssociationsCommand,
  ListDocumentsCommand,
} from '@aws-sdk/client-ssm';
import type { Association, MaintenanceWindowIdentity, MaintenanceWindowTask, Target } from '@aws-sdk/client-ssm';
import { mayPatch } from '../../core/survey/documents.ts';
import type { SeenAssociation, SeenCalendar, SeenTarget, SeenWindow } from '../../core/survey/model.ts';
import type { Clients } from './clients.ts';
import { atMost, pages, type Look } from './look.ts';

const AT_ONCE = 4;
/** Largest pages: 50 associations, 100 windows, targets and tasks, 50 documents (SSM API reference). */
const PAGE = 50;
const WINDOWS = 100;

/** A task whose targets are those of its window names them so. */
const BY_WINDOW = 'WindowTargetIds';

function targetsOf(targets: Target[] | undefined): SeenTarget[] {
  return (targets ?? []).map(({ Key = '', Values = [] }) => ({ key: Key, values: Values }));
}

/** Associations whose document may install something; their parameters tell whether it does. */
export async function readAssociations({ ssm }: Clients, look: Look): Promise<SeenAssociation[] | undefined> {
  const all = await look.see('ssm:ListAssociations', () =>
    pages(async (NextToken) => {
      const page = await ssm.send(new ListAssociationsCommand({ NextToken, MaxResults: PAGE }));
      return { items: page.Associations, next: page.NextToken };
    }),
  );
  const asked = all?.filter(({ Name = '' }) => mayPatch(Name));
  return (
    asked &&
    atMost(
      AT_ONCE,
      asked.map((association) => () => readAssociation(association, { ssm }, look)),
    )
  );
}

async function readAssociation(association: Association, { ssm }: Pick<Clients, 'ssm'>, look: Look): Promise<SeenAssociation> {
  const { AssociationId = '', Name = '', AssociationName, InstanceId, ScheduleExpression } = association;
  const answer = await look.see('ssm:DescribeAssociation', () => ssm.send(new DescribeAssociationCommand({ AssociationId })));
  const { Parameters = {}, Targets } = answer?.AssociationDescription ?? {};
  const operation = Parameters.Operation?.[0] ?? Parameters.Action?.[0];
  const targets = targetsOf(Targets ?? association.Targets);
  return {
    id: AssociationId,
    name: AssociationName ?? Name,
    document: Name,
    ...(operation !== undefined && { operation }),
    schedule: ScheduleExpression ?? '',
    // Old associations are about one instance.
    targets: targets.length === 0 && InstanceId ? [{ key: 'InstanceIds', values: [InstanceId] }] : targets,
  };
}

/** Maintenance windows with the tasks that may install something. */
export async function readWindows({ ssm }: Clients, look: Look): Promise<SeenWindow[] | undefined> {
  const windows = await look.see('ssm:DescribeMaintenanceWindows', () =>
    pages(async (NextToken) => {
      const page = await ssm.send(new DescribeMaintenanceWindowsCommand({ NextToken, MaxResults: WINDOWS }));
      return { items: page.WindowIdentities, next: page.NextToken };
    }),
  );
  return (
    windows &&
    atMost(
      AT_ONCE,
      windows.map((window) => () => readWindow(window, { ssm }, look)),
    )
  );
}

async function readWindow(window: MaintenanceWindowIdentity, { ssm }: Pick<Clients, 'ssm'>, look: Look): Promise<SeenWindow> {
  const { WindowId = '', Name = '', Schedule = '', ScheduleTimezone, ScheduleOffset, StartDate, EndDate, NextExecutionTime } = window;
  const registered = await look.see('ssm:DescribeMaintenanceWindowTargets', () =>
    pages(async (NextToken) => {
      const page = await ssm.send(new DescribeMaintenanceWindowTargetsCommand({ WindowId, NextToken, MaxResults: WINDOWS }));
      return { items: page.Targets, next: page.NextToken };
    }),
  );
  const byId = new Map((registered ?? []).map(({ WindowTargetId = '', Targets }) => [WindowTargetId, targetsOf(Targets)]));
  const tasks = await look.see('ssm:DescribeMaintenanceWindowTasks', () =>
    pages(async (NextToken) => {
      const page = await ssm.send(new DescribeMaintenanceWindowTasksCommand({ WindowId, NextToken, MaxResults: WINDOWS }));
      return { items: page.Tasks, next: page.NextToken };
    }),
  );
  const asked = tasks?.filter(({ TaskArn = '' }) => mayPatch(TaskArn));
  const read =
    asked &&
    (await atMost(
      1,
      asked.map((task) => () => readTask(task, byId, { ssm }, look)),
    ));
  return {
    id: WindowId,
    name: Name,
    enabled: window.Enabled !== false,
    schedule: Schedule,
    ...(ScheduleTimezone ? { timezone: ScheduleTimezone } : {}),
    ...(ScheduleOffset ? { offset: ScheduleOffset } : {}),
    ...(StartDate ? { startDate: StartDate } : {}),
    ...(EndDate ? { endDate: EndDate } : {}),
    ...(NextExecutionTime ? { next: NextExecutionTime } : {}),
    duration: window.Duration ?? 0,
    cutoff: window.Cutoff ?? 0,
    ...(registered && { targets: [...byId.values()].flat() }),
    ...(read && { tasks: read }),
  };
}

type SeenTask = NonNullable<SeenWindow['tasks']>[number];

async function readTask(
  task: MaintenanceWindowTask,
  windowTargets: Map<string, SeenTarget[]>,
  { ssm }: Pick<Clients, 'ssm'>,
  look: Look,
): Promise<SeenTask> {
  const { WindowId, WindowTaskId, TaskArn = '' } = task;
  const details = await look.see('ssm:GetMaintenanceWindowTask', () => ssm.send(new GetMaintenanceWindowTaskCommand({ WindowId, WindowTaskId })));
  const parameters = details?.TaskInvocationParameters?.RunCommand?.Parameters ?? details?.TaskInvocationParameters?.Automation?.Parameters ?? {};
  const operation = parameters.Operation?.[0] ?? parameters.Action?.[0];
  const targets = targetsOf(task.Targets).flatMap((target) =>
    target.key === BY_WINDOW ? target.values.flatMap((id) => windowTargets.get(id) ?? []) : [target],
  );
  return { document: TaskArn, ...(operation !== undefined && { operation }), targets };
}

/** Change Calendars and whether each is open now. Closed is what an unreadable one counts as when somebody decides by it. */
export async function readCalendars({ ssm }: Clients, look: Look): Promise<SeenCalendar[] | undefined> {
  const documents = await look.see('ssm:ListDocuments', () =>
    pages(async (NextToken) => {
      const page = await ssm.send(
        new ListDocumentsCommand({ Filters: [{ Key: 'DocumentType', Values: ['ChangeCalendar'] }], NextToken, MaxResults: PAGE }),
      );
      return { items: page.DocumentIdentifiers, next: page.NextToken };
    }),
  );
  return (
    documents &&
    atMost(
      AT_ONCE,
      documents.map(({ Name: name = '' }) => async () => {
        const answer = await look.see('ssm:GetCalendarState', () => ssm.send(new GetCalendarStateCommand({ CalendarNames: [name] })));
        const state = answer?.State === 'OPEN' ? 'open' : answer?.State === 'CLOSED' ? 'closed' : 'unknown';
        return { name, state, ...(answer?.NextTransitionTime ? { until: answer.NextTransitionTime } : {}) } as const;
      }),
    )
  );
}
