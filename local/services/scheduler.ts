import type { Iam } from '../iam/iam.ts';
import { reason } from '../json.ts';
import { AwsError, type CallContext, type Caller, type Cloud, type Input, type Service, type ServiceOperation } from '../types.ts';
import { callTarget, deadLetter, deliver, arnParts, retryProblem, type Failure, type RetryPolicy } from './delivery.ts';
import { pageOf } from './listing.ts';
import { readTimetable, type Timetable } from './schedule-times.ts';

/** A schedule's settings, as CreateSchedule takes them; dates are `Date`. */
export interface ScheduleSettings {
  Name: string;
  GroupName?: string;
  ScheduleExpression: string;
  ScheduleExpressionTimezone?: string;
  FlexibleTimeWindow: { Mode: string };
  State?: string;
  Description?: string;
  StartDate?: Date;
  EndDate?: Date;
  ActionAfterCompletion?: string;
  ClientToken?: string;
  Target: {
    Arn: string;
    RoleArn: string;
    Input?: string;
    RetryPolicy?: RetryPolicy;
    DeadLetterConfig?: { Arn?: string };
  };
}

interface Schedule {
  settings: ScheduleSettings & { GroupName: string; State: string; ScheduleExpressionTimezone: string };
  account: string;
  region: string;
  arn: string;
  timetable: Timetable;
  created: Date;
  modified: Date;
  /** Cancels the timer of the next time. */
  cancel(): void;
}

export interface Scheduler {
  service: Service;
  /** @returns the schedule's ARN */
  createSchedule(account: string, region: string, settings: ScheduleSettings): string;
  /** @returns the group's ARN */
  createGroup(account: string, region: string, name: string): string;
  /** Every schedule with its next time in ms, for people who look inside. */
  schedules(): Array<{ arn: string; next: number | undefined }>;
}

const principal = 'scheduler.amazonaws.com';

const knownSettings = new Set([
  'Name',
  'GroupName',
  'ScheduleExpression',
  'ScheduleExpressionTimezone',
  'FlexibleTimeWindow',
  'State',
  'Description',
  'StartDate',
  'EndDate',
  'ActionAfterCompletion',
  'Target',
  'ClientToken',
]);
const knownTarget = new Set(['Arn', 'RoleArn', 'Input', 'RetryPolicy', 'DeadLetterConfig']);

function invalid(message: string): AwsError {
  return new AwsError('ValidationException', message);
}

/** What CreateSchedule refuses, and what the embedded AWS doesn't know. */
function check(settings: ScheduleSettings): void {
  const unknown =
    Object.entries(settings).find(([name, value]) => value !== undefined && !knownSettings.has(name))?.[0] ??
    Object.entries(settings.Target).find(([name, value]) => value !== undefined && !knownTarget.has(name))?.[0];
  if (unknown !== undefined) throw invalid(`${unknown} of schedule ${settings.Name} is not known to the embedded AWS`);
  if (!/^[0-9a-zA-Z-_.]{1,64}$/.test(settings.Name)) throw invalid(`Name ${settings.Name} must match [0-9a-zA-Z-_.]+ and have at most 64 characters`);
  if (settings.FlexibleTimeWindow.Mode !== 'OFF') {
    throw invalid(`FlexibleTimeWindow ${settings.FlexibleTimeWindow.Mode} of schedule ${settings.Name} is not known to the embedded AWS`);
  }
  const { State = 'ENABLED', ActionAfterCompletion = 'NONE', Description = '', Target } = settings;
  if (!['ENABLED', 'DISABLED'].includes(State)) throw invalid(`State ${State} of schedule ${settings.Name} must be ENABLED or DISABLED`);
  if (!['NONE', 'DELETE'].includes(ActionAfterCompletion)) throw invalid(`ActionAfterCompletion ${ActionAfterCompletion} must be NONE or DELETE`);
  if (Description.length > 512) throw invalid(`The description of schedule ${settings.Name} has more than 512 characters`);
  const problem = retryProblem(Target.RetryPolicy);
  if (problem !== undefined) throw invalid(`RetryPolicy of schedule ${settings.Name}: ${problem}`);
  const { service, resource } = arnParts(settings.Target.Arn);
  if (!(service === 'lambda' && resource.startsWith('function:')) && !(service === 'states' && resource.startsWith('stateMachine:'))) {
    throw invalid(`Target ${settings.Target.Arn} of schedule ${settings.Name} is of a kind not known to the embedded AWS`);
  }
}

class Schedules implements Scheduler {
  readonly service: Service = {
    name: 'scheduler',
    sdk: '@aws-sdk/client-scheduler',
    operations: {
      CreateSchedule: this.writing('CreateSchedule', (input, { account, region }) => {
        if (this.find(account, region, input)) throw new AwsError('ConflictException', `Schedule ${input.Name} already exists.`, 409);
        return { ScheduleArn: this.createSchedule(account, region, input) };
      }),
      UpdateSchedule: this.writing('UpdateSchedule', (input, context) => {
        const old = this.existing(input, context);
        return { ScheduleArn: this.put(context.account, context.region, input, old.created) };
      }),
      DeleteSchedule: this.one('DeleteSchedule', (schedule) => {
        schedule.cancel();
        this.known.delete(schedule.arn);
        return {};
      }),
      GetSchedule: this.one('GetSchedule', (schedule) => this.shown(schedule)),
      ListSchedules: {
        access: () => [{ action: 'scheduler:ListSchedules', resource: '*' }],
        run: (input, context) => this.list(input, context),
      },
      ListScheduleGroups: {
        access: () => [{ action: 'scheduler:ListScheduleGroups', resource: '*' }],
        run: (_input, context) => this.listGroups(context),
      },
    },
  };
  private readonly known = new Map<string, Schedule>();
  private readonly groups = new Map<string, { account: string; region: string; name: string; arn: string }>();

  private readonly cloud: Cloud;
  private readonly iam: Iam;

  constructor(cloud: Cloud, iam: Iam) {
    this.cloud = cloud;
    this.iam = iam;
  }

  createSchedule(account: string, region: string, settings: ScheduleSettings): string {
    return this.put(account, region, settings, new Date(this.cloud.clock.now()));
  }

  createGroup(account: string, region: string, name: string): string {
    const arn = groupArn(account, region, name);
    this.groups.set(arn, { account, region, name, arn });
    return arn;
  }

  schedules(): Array<{ arn: string; next: number | undefined }> {
    return [...this.known.values()].map((schedule) => ({ arn: schedule.arn, next: this.next(schedule, this.cloud.clock.now()) }));
  }

  private put(account: string, region: string, settings: ScheduleSettings, created: Date): string {
    check(settings);
    const { GroupName = 'default', State = 'ENABLED', ScheduleExpressionTimezone = 'UTC' } = settings;
    if (GroupName !== 'default' && !this.groups.has(groupArn(account, region, GroupName))) {
      throw new AwsError('ResourceNotFoundException', `Schedule group ${GroupName} does not exist.`, 404);
    }
    const arn = `arn:aws:scheduler:${region}:${account}:schedule/${GroupName}/${settings.Name}`;
    const now = this.cloud.clock.now();
    const timetable = timetableOf(settings, now);
    this.assertAssumable(settings.Target.RoleArn, { name: settings.Name, region, sourceArn: groupArn(account, region, GroupName) });
    this.known.get(arn)?.cancel();
    const schedule: Schedule = {
      settings: { ...settings, GroupName, State, ScheduleExpressionTimezone },
      account,
      region,
      arn,
      timetable,
      created,
      modified: new Date(now),
      cancel: () => undefined,
    };
    this.known.set(arn, schedule);
    // One millisecond back: a rate without StartDate is due at once.
    this.arm(schedule, now - 1);
    return arn;
  }

  /** Scheduler tries the role before it takes a schedule. The words: github.com/aws/aws-sdk-js-v3/issues/6494 */
  private assertAssumable(roleArn: string, session: { name: string; region: string; sourceArn: string }): void {
    try {
      this.iam.serviceSession(principal, roleArn, session);
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      throw invalid(`The execution role you provide must allow AWS EventBridge Scheduler to assume the role. (${error.message})`);
    }
  }

  /** The first time after `after` within StartDate and EndDate, which don't bound `at()` (API reference, CreateSchedule). */
  private next({ settings, timetable }: Schedule, after: number): number | undefined {
    if (timetable.once) return timetable.next(after);
    const start = settings.StartDate?.getTime() ?? Number.NEGATIVE_INFINITY;
    const found = timetable.next(Math.max(after, start - 1));
    return found !== undefined && found <= (settings.EndDate?.getTime() ?? Number.POSITIVE_INFINITY) ? found : undefined;
  }

  private arm(schedule: Schedule, after: number): void {
    const due = this.next(schedule, after);
    if (due === undefined) return this.complete(schedule, after);
    schedule.cancel = this.cloud.clock.at(due, () => {
      if (schedule.settings.State === 'ENABLED') void this.fire(schedule, due);
      this.arm(schedule, due);
    });
  }

  /** A schedule that has run for the last time stays, unless it is asked to go. */
  private complete(schedule: Schedule, after: number): void {
    const ran = after >= schedule.modified.getTime();
    if (ran && schedule.settings.ActionAfterCompletion === 'DELETE') this.known.delete(schedule.arn);
  }

  private async fire(schedule: Schedule, due: number): Promise<void> {
    const { Target, Name } = schedule.settings;
    const session = { name: Name, region: schedule.region, sourceArn: groupArn(schedule.account, schedule.region, schedule.settings.GroupName) };
    const caller = (): Caller => this.iam.serviceSession(principal, Target.RoleArn, session);
    let input = '';
    await deliver(this.cloud, {
      policy: Target.RetryPolicy,
      attempt: async (number) => {
        input = this.input(schedule, due, number);
        await callTarget(this.cloud, caller(), { arn: Target.Arn, input });
      },
      failed: (failure) => this.failed(schedule, caller, input, failure),
    });
  }

  /**
   * The target's input with the context attributes filled in; without one, Scheduler sends an event of its own
   * (Scheduler User Guide, "Adding context attributes" and "Templated targets").
   */
  private input({ settings, arn, account, region }: Schedule, due: number, attempt: number): string {
    const scheduled = new Date(due).toISOString().replace(/\.\d+Z$/, 'Z');
    const id = this.cloud.random.uuid();
    const event = {
      version: '0',
      id,
      'detail-type': 'Scheduled Event',
      source: 'aws.scheduler',
      account,
      time: scheduled,
      region,
      resources: [arn],
      detail: '{}',
    };
    return (settings.Target.Input ?? JSON.stringify(event))
      .replaceAll('<aws.scheduler.schedule-arn>', arn)
      .replaceAll('<aws.scheduler.scheduled-time>', scheduled)
      .replaceAll('<aws.scheduler.execution-id>', id.replaceAll('-', '').slice(0, 16))
      .replaceAll('<aws.scheduler.attempt-number>', String(attempt));
  }

  /** Scheduler writes to the dead-letter queue with the schedule's role (Scheduler User Guide, "Configuring a dead-letter queue"). */
  private async failed(schedule: Schedule, caller: () => Caller, body: string, failure: Failure): Promise<void> {
    const queue = schedule.settings.Target.DeadLetterConfig?.Arn;
    if (queue === undefined) return;
    const attributes = {
      SCHEDULE_ARN: schedule.arn,
      TARGET_ARN: schedule.settings.Target.Arn,
      ...failure,
      RETRY_ATTEMPTS: String(failure.RETRY_ATTEMPTS),
    };
    try {
      await deadLetter(this.cloud, caller(), queue, { body, attributes });
    } catch (error) {
      // Lost, as on AWS; IAM has kept the refusal.
      if (!(error instanceof AwsError)) throw error;
    }
  }

  private find(account: string, region: string, input: Input): Schedule | undefined {
    return this.known.get(scheduleArn(account, region, input));
  }

  private existing(input: Input, context: CallContext): Schedule {
    const schedule = this.find(context.account, context.region, input);
    if (!schedule) throw new AwsError('ResourceNotFoundException', `Schedule ${input.Name} does not exist.`, 404);
    return schedule;
  }

  private one(action: string, run: (schedule: Schedule) => unknown): ServiceOperation {
    return {
      access: (input, { account, region }) => [{ action: `scheduler:${action}`, resource: scheduleArn(account, region, input) }],
      run: (input, context) => run(this.existing(input, context)),
    };
  }

  private writing(action: string, run: ServiceOperation['run']): ServiceOperation {
    return {
      access: (input, { account, region }) => [
        { action: `scheduler:${action}`, resource: scheduleArn(account, region, input) },
        { action: 'iam:PassRole', resource: input.Target.RoleArn, context: { 'iam:PassedToService': [principal] } },
      ],
      run,
    };
  }

  private shown({ settings, arn, created, modified }: Schedule): unknown {
    // The token that every SDK sends with a request is no part of the schedule.
    const { ClientToken: _token, ...kept } = settings;
    return { ...kept, Arn: arn, CreationDate: created, LastModificationDate: modified };
  }

  private list(input: Input, { account, region }: CallContext): unknown {
    const fits = ({ settings }: Schedule): boolean =>
      (input.GroupName ?? settings.GroupName) === settings.GroupName &&
      settings.Name.startsWith(input.NamePrefix ?? '') &&
      (input.State ?? settings.State) === settings.State;
    const here = [...this.known.values()].filter((schedule) => schedule.account === account && schedule.region === region);
    const { items, next } = pageOf(here.filter(fits), input.MaxResults ?? 100, input.NextToken);
    const shown = items.map(({ settings, arn, created, modified }) => ({
      Arn: arn,
      Name: settings.Name,
      GroupName: settings.GroupName,
      State: settings.State,
      CreationDate: created,
      LastModificationDate: modified,
      Target: { Arn: settings.Target.Arn },
    }));
    return { Schedules: shown, NextToken: next };
  }

  private listGroups({ account, region }: CallContext): unknown {
    const own = [...this.groups.values()].filter((group) => group.account === account && group.region === region);
    const all = [{ name: 'default', arn: groupArn(account, region, 'default') }, ...own];
    return { ScheduleGroups: all.map(({ name, arn }) => ({ Name: name, Arn: arn, State: 'ACTIVE' })) };
  }
}

function timetableOf(settings: ScheduleSettings, now: number): Timetable {
  const origin = settings.StartDate?.getTime() ?? now;
  try {
    return readTimetable(settings.ScheduleExpression, { timezone: settings.ScheduleExpressionTimezone, origin, atOrigin: true });
  } catch (error) {
    throw invalid(`Invalid Schedule Expression ${settings.ScheduleExpression}. ${reason(error)}`);
  }
}

function groupArn(account: string, region: string, name: string): string {
  return `arn:aws:scheduler:${region}:${account}:schedule-group/${name}`;
}

function scheduleArn(account: string, region: string, input: Input): string {
  return `arn:aws:scheduler:${region}:${account}:schedule/${input.GroupName ?? 'default'}/${input.Name}`;
}

/** The embedded EventBridge Scheduler: schedules of every location, on the cloud's clock. */
export function createScheduler(cloud: Cloud, { iam }: { iam: Iam }): Scheduler {
  return new Schedules(cloud, iam);
}
