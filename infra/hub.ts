import { CfnOutput, RemovalPolicy, Stack } from 'aws-cdk-lib/core';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { calledBy } from './stand-ins.ts';
import type { PolicyFile } from '../lambdas/core/model.ts';
import { patchTasks } from '../statemachines/contracts.ts';
import { Alarms } from './constructs/alarms.ts';
import { CommandEvents } from './constructs/command-events.ts';
import { Dashboard } from './constructs/dashboard.ts';
import { Functions } from './constructs/functions.ts';
import { createKey } from './constructs/key.ts';
import { Machine } from './constructs/machine.ts';
import { Notices, slackSecrets } from './constructs/notices.ts';
import { Operators } from './constructs/operators.ts';
import { Record } from './constructs/record.ts';
import { Schedules } from './constructs/schedules.ts';
import { Starts } from './constructs/starts.ts';
import { Store } from './constructs/store.ts';
import { Undelivered } from './constructs/undelivered.ts';
import type { Settings } from './context.ts';
import type { Installation, Place } from './names.ts';

export interface HubProps {
  installation: Installation;
  settings: Pick<
    Settings,
    'mode' | 'optInTag' | 'keyArn' | 'network' | 'proxy' | 'logRetentionDays' | 'intakeSchedule' | 'feedsSchedule' | 'inspector'
  >;
  /** Every location, the hub's own first. */
  places: Place[];
  /** Holds `index.js`, which exports a handler for each function under its name. */
  functionsDirectory: string;
  /** The policy file, and where its normalised JSON lies. */
  policy: { file: PolicyFile; path: string } | undefined;
}

/** Everything but what nodes see: record, store, functions, machines, schedules, notices, alarms. */
export class Hub extends Construct {
  constructor(scope: Construct, id: string, props: HubProps) {
    super(scope, id);
    const { installation, settings, places } = props;
    const { stackName } = Stack.of(this);
    if (stackName !== installation.hubStack) {
      throw new Error(`Spokes would trust roles of ${installation.hubStack}, not of ${stackName}: installation.hubStack must be its name`);
    }
    const patching = settings.mode === 'patch';
    const key = createKey(this, settings.keyArn);
    const record = new Record(this, 'Record', { key });
    const store = new Store(this, 'Store', { key });
    const undelivered = new Undelivered(this, 'Undelivered').queue;
    // Only functions that patch have something to tell an audience; alarms are told in every mode.
    const notices = new Notices(this, 'Notices', { policy: props.policy?.file, audiences: patching, key });
    const secrets = patching ? slackSecrets(props.policy?.file) : {};
    // CDK leaves an id of "Default" out of logical ids: a function's begins with its own name.
    const functions = new Functions(this, 'Default', {
      ...settings,
      installation,
      places,
      key,
      record,
      store,
      notices,
      undelivered,
      functionsDirectory: props.functionsDirectory,
      policyPath: props.policy?.path,
      slackSecrets: secrets,
      standIns: patching ? calledBy(props.policy?.file) : [],
    }).byName;
    const notifySlack = functions.get('NotifySlack');
    if (notifySlack) notices.forward(Object.keys(secrets), notifySlack);
    const onCommandEvent = functions.get('OnCommandEvent');
    if (!onCommandEvent) throw new Error('A hub without OnCommandEvent would never learn that a command has ended');
    const { bus } = new CommandEvents(this, 'CommandEvents', {
      installation,
      accounts: places.map(({ account }) => account),
      onCommandEvent,
      undelivered,
    });

    const logs = new LogGroup(this, 'MachineLogs', {
      // Any name would do, but this prefix spares the account's log resource policy (Step Functions Developer Guide, "CloudWatch Logs").
      logGroupName: `/aws/vendedlogs/states/${stackName}`,
      retention: settings.logRetentionDays,
      encryptionKey: key,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const common = { functions, store, logs };
    const feed = new Machine(this, 'Feed', { ...common, name: 'feed', machines: new Map() });
    const without = patching ? [] : patchTasks;
    const intake = new Machine(this, 'Intake', { ...common, name: 'intake', machines: new Map([['FeedMachine', feed]]), without });
    const rollout = patching ? this.#rollout(common, intake) : undefined;
    const policies = props.policy?.file.policies ?? [];
    new Operators(this, 'Operators', { installation, record, store, patching, policies: policies.map(({ name }) => name) });
    if (rollout) new Starts(this, 'Starts', { bus, rollout, intake, undelivered });
    const { intakeSchedule, feedsSchedule } = settings;
    new Schedules(this, 'Schedules', { intake, intakeSchedule, feedsSchedule, rollout, policies, undelivered });
    new Alarms(this, 'Alarms', { topic: notices.alarms, intake, rollout, undelivered });
    const dashboard = new Dashboard(this, 'Dashboard', { mode: settings.mode, intake, rollout, undelivered });

    this.#outputs({
      Mode: [settings.mode, 'What this installation may do'],
      Dashboard: [dashboard.url, 'Is the fleet seen, are feeds fresh, does anything fail'],
      IntakeMachine: [intake.machine.stateMachineArn, 'Start it with {"maxAgeHours":0} to look at the fleet now'],
      ...(rollout ? { RolloutMachine: [rollout.machine.stateMachineArn, 'One execution a rollout'] } : {}),
      RecordTable: [record.table.tableName, 'The record; stays after a removal'],
      StoreBucket: [store.bucket.bucketName, 'Plans, locks, reports and evidence; stays after a removal'],
      AlarmsTopic: [notices.alarms.topicArn, 'Subscribe to hear what needs a person'],
      UndeliveredQueue: [undelivered.queueUrl, 'Events and notices that could not be handled'],
      OptIn: [`${settings.optInTag.key}=${settings.optInTag.value}`, 'Tag the nodes that Wavelock may send commands to'],
    });
  }

  #rollout(common: Pick<ConstructorParameters<typeof Machine>[2], 'functions' | 'store' | 'logs'>, intake: Machine): Machine {
    const wave = new Machine(this, 'Wave', { ...common, name: 'wave', machines: new Map() });
    const machines = new Map([
      ['IntakeMachine', intake],
      ['WaveMachine', wave],
    ]);
    return new Machine(this, 'Rollout', { ...common, name: 'rollout', machines });
  }

  #outputs(outputs: { [name: string]: string[] }): void {
    for (const [name, [value = '', description]] of Object.entries(outputs)) {
      new CfnOutput(this, `${name}Output`, { value, description }).overrideLogicalId(name);
    }
  }
}
