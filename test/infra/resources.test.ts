import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { tasks } from '../../statemachines/contracts.ts';
import { demo, each, hubAccount, observe, one, propertiesOf, readable, resourcesOf, statementsOf, synth } from './world.ts';

async function alarmNames(context: Record<string, string>): Promise<string[]> {
  const { hub } = await synth(context);
  return Object.keys(propertiesOf(hub, 'AWS::CloudWatch::Alarm')).map((id) => id.slice('Alarms'.length, -8));
}

const everyTemplate = async () => (await Promise.all([observe, demo].map(synth))).flatMap(({ templates }) => Object.entries(templates));

describe('nothing brings surprises', () => {
  it('no custom resource and no function that CDK adds by itself', async () => {
    for (const [, template] of await everyTemplate()) {
      const surprising = Object.entries(template.Resources).filter(([, { Type }]) => /^Custom::|CustomResource$|^AWS::CDK::Metadata$/.test(Type));
      const strangers = resourcesOf(template, 'AWS::Lambda::Function').filter(
        ([, { Properties }]) => !String(Properties.Handler).startsWith('index.'),
      );
      expect([...surprising, ...strangers].map(([id]) => id)).toEqual([]);
    }
  });

  it('no name on what stays after a removal, so that it can be deployed again', async () => {
    for (const [, template] of await everyTemplate()) {
      const retained = Object.entries(template.Resources).filter(
        ([, { DeletionPolicy, Type }]) => DeletionPolicy === 'Retain' && Type !== 'AWS::Lambda::Version',
      );
      const named = retained.filter(([, { Properties }]) =>
        Object.keys(Properties).some((key) => /^(Bucket|Table|Key|Topic|LogGroup|Alias)?Name$/.test(key)),
      );
      expect(named.map(([id]) => id)).toEqual([]);
    }
  });

  it('no template that CloudFormation would find too large (1 MB, CloudFormation quotas)', async () => {
    const { outdir } = await synth(demo);
    const sizes = readdirSync(outdir)
      .filter((name) => name.endsWith('.template.json'))
      .map((name) => statSync(join(outdir, name)).size);
    expect(sizes).toHaveLength(4);
    expect(Math.max(...sizes)).toBeLessThan(900_000);
  });

  it('no reserved concurrency: a new account may have ten in all', async () => {
    const { hub } = await synth(demo);
    expect(JSON.stringify(hub)).not.toMatch(/Concurren(t|cy)Executions/);
  });
});

describe('what stays after a removal', () => {
  it('is the key, the record, the store, the locks, and versions that executions may still call', async () => {
    const { hub } = await synth(demo);
    const retained = Object.values(hub.Resources)
      .filter(({ DeletionPolicy }) => DeletionPolicy === 'Retain')
      .map(({ Type }) => Type);
    expect(new Set(retained)).toEqual(new Set(['AWS::KMS::Key', 'AWS::DynamoDB::GlobalTable', 'AWS::S3::Bucket', 'AWS::Lambda::Version']));
    for (const { DeletionPolicy, UpdateReplacePolicy } of Object.values(hub.Resources)) expect(UpdateReplacePolicy).toBe(DeletionPolicy);
  });
});

describe('the record', () => {
  it('has the keys that handlers use, expires, can be restored, is encrypted with the hub’s key and protected', async () => {
    const { hub } = await synth(demo);
    const { Properties } = one(hub, 'AWS::DynamoDB::GlobalTable');
    expect(Properties).toMatchObject({
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
      TimeToLiveSpecification: { AttributeName: 'expires', Enabled: true },
      SSESpecification: { SSEEnabled: true, SSEType: 'KMS' },
      Replicas: [
        {
          Region: 'eu-central-1',
          DeletionProtectionEnabled: true,
          PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
          SSESpecification: { KMSMasterKeyId: { 'Fn::GetAtt': [expect.stringMatching(/^Key/), 'Arn'] } },
        },
      ],
    });
    expect(Properties.GlobalSecondaryIndexes).toBeUndefined();
  });
});

describe('buckets', () => {
  it('are versioned, private and TLS only; the store has the hub’s key, locks have S3’s, which nodes need no right to', async () => {
    const { hub } = await synth(demo);
    const buckets = propertiesOf(hub, 'AWS::S3::Bucket');
    const PublicAccessBlockConfiguration = {
      BlockPublicAcls: true,
      BlockPublicPolicy: true,
      IgnorePublicAcls: true,
      RestrictPublicBuckets: true,
    };
    expect(buckets).toMatchObject(
      each(buckets, {
        VersioningConfiguration: { Status: 'Enabled' },
        PublicAccessBlockConfiguration,
        LifecycleConfiguration: { Rules: expect.any(Array) },
      }),
    );
    const denials = (id: string) => statementsOf(hub).filter(({ holder, Effect }) => holder.startsWith(id.slice(0, -8)) && Effect === 'Deny');
    const conditions = Object.keys(buckets).map((id) => [id, denials(id).map(({ Condition }) => Condition)]);
    expect(Object.fromEntries(conditions)).toEqual(each(buckets, [{ Bool: { 'aws:SecureTransport': 'false' } }]));
    const encryption = (prefix: string) => JSON.stringify(one(hub, 'AWS::S3::Bucket', prefix).Properties.BucketEncryption);
    expect(encryption('Store')).toContain('"aws:kms"');
    expect(encryption('SpokeLocks')).toContain('"AES256"');
  });
});

describe('the key', () => {
  it('rotates, and lets in the services that write logs and tell alarms', async () => {
    const { hub } = await synth(demo);
    expect(one(hub, 'AWS::KMS::Key').Properties.EnableKeyRotation).toBe(true);
    const services = statementsOf(hub).filter(({ type, Principal }) => type === 'AWS::KMS::Key' && 'Service' in (Principal as object));
    expect(services.map(({ Principal, actions, Condition }) => [(Principal as { Service: string }).Service, actions, Condition])).toEqual([
      [
        'logs.eu-central-1.amazonaws.com',
        ['kms:Decrypt', 'kms:Describe*', 'kms:Encrypt', 'kms:GenerateDataKey*', 'kms:ReEncrypt*'],
        { ArnLike: { 'kms:EncryptionContext:aws:logs:arn': `arn:aws:logs:eu-central-1:${hubAccount}:log-group:*` } },
      ],
      ['cloudwatch.amazonaws.com', ['kms:Decrypt', 'kms:GenerateDataKey*'], { StringEquals: { 'aws:SourceAccount': hubAccount } }],
    ]);
  });

  it('encrypts every log group and topic', async () => {
    const { hub } = await synth(demo);
    const key = { 'Fn::GetAtt': [expect.stringMatching(/^Key/), 'Arn'] };
    const groups = propertiesOf(hub, 'AWS::Logs::LogGroup');
    expect(Object.keys(groups)).toHaveLength(resourcesOf(hub, 'AWS::Lambda::Function').length + 1);
    expect(groups).toMatchObject(each(groups, { RetentionInDays: 90, KmsKeyId: key }));
    const topics = propertiesOf(hub, 'AWS::SNS::Topic');
    expect(topics).toMatchObject(each(topics, { KmsMasterKeyId: key }));
  });
});

describe('functions', () => {
  it('run on the runtime and processor that they are built for, traced, with a log group, as long as their state lets them', async () => {
    const { hub } = await synth(demo);
    const functions = propertiesOf(hub, 'AWS::Lambda::Function');
    expect(functions).toMatchObject(
      each(functions, {
        Runtime: 'nodejs24.x',
        Architectures: ['arm64'],
        TracingConfig: { Mode: 'Active' },
        LoggingConfig: { LogGroup: expect.anything() },
      }),
    );
    expect(Object.keys(functions).map((id) => `index.${id.slice(0, -8)}`)).toEqual(Object.values(functions).map(({ Handler }) => Handler));
    const time = (name: keyof typeof tasks | 'OnCommandEvent') => one(hub, 'AWS::Lambda::Function', name).Properties.Timeout;
    expect([time('PullFeed'), time('AdmitBatch'), time('SendBatch'), time('AskPeople'), time('OnCommandEvent')]).toEqual([900, 120, 60, 60, 60]);
    expect(one(hub, 'AWS::Lambda::Function', 'PullFeed').Properties.MemorySize).toBe(1024);
  });

  it('are told no secret', async () => {
    const { hub } = await synth(demo);
    const environments = resourcesOf(hub, 'AWS::Lambda::Function').map(([, { Properties }]) => JSON.stringify(Properties.Environment));
    expect(environments.join()).not.toMatch(/hooks\.slack|password|AKIA/i);
    expect(JSON.stringify(one(hub, 'AWS::Lambda::Function', 'NotifySlack').Properties.Environment)).toContain('wavelock/slack');
  });

  it('that are called asynchronously leave what they could not handle in the queue', async () => {
    const { hub } = await synth(demo);
    const queue = { 'Fn::GetAtt': [expect.stringMatching(/^UndeliveredQueue/), 'Arn'] };
    const withQueue = resourcesOf(hub, 'AWS::Lambda::Function').filter(([, { Properties }]) => Properties.DeadLetterConfig !== undefined);
    expect(withQueue.map(([id]) => id.slice(0, -8)).toSorted()).toEqual(['NotifySlack', 'OnCommandEvent']);
    expect(withQueue[0]?.[1].Properties.DeadLetterConfig).toEqual({ TargetArn: queue });
    expect(one(hub, 'AWS::Events::Rule', 'CommandEvents').Properties.Targets).toEqual([
      expect.objectContaining({ DeadLetterConfig: { Arn: queue }, RetryPolicy: { MaximumEventAgeInSeconds: 7200, MaximumRetryAttempts: 20 } }),
    ]);
  });
});

describe('schedules', () => {
  it('look at the fleet every night and plan when the policy says, each start with its planned time', async () => {
    const { hub } = await synth(demo);
    const schedules = Object.fromEntries(
      resourcesOf(hub, 'AWS::Scheduler::Schedule').map(([id, { Properties }]) => [id.slice('Schedules'.length, -8), Properties]),
    );
    const input = (name: string): unknown => JSON.parse((schedules[name] as { Target: { Input: string } }).Target.Input);
    expect(Object.keys(schedules).toSorted()).toEqual(['Feeds', 'Intake', 'Planmonthly', 'Planweekly']);
    expect(schedules.Intake).toMatchObject({
      ScheduleExpression: 'cron(0 5 * * ? *)',
      ScheduleExpressionTimezone: 'UTC',
      FlexibleTimeWindow: { Mode: 'OFF' },
    });
    expect(input('Intake')).toEqual({ maxAgeHours: 0 });
    expect(schedules.Feeds).toMatchObject({ ScheduleExpression: 'rate(1 hour)' });
    expect(input('Feeds')).toEqual({ maxAgeHours: 0, scope: 'feeds' });
    expect(schedules.Planweekly).toMatchObject({ ScheduleExpression: 'cron(0 9 ? * MON *)', ScheduleExpressionTimezone: 'Europe/Berlin' });
    expect(input('Planweekly')).toEqual({ policy: 'weekly', scheduledFor: '<aws.scheduler.scheduled-time>' });
    expect(schedules.Planmonthly?.Target).toMatchObject({
      Arn: { Ref: expect.stringMatching(/^Rollout/) },
      DeadLetterConfig: { Arn: expect.anything() },
    });
  });
});

describe('notices and alarms', () => {
  it('go to the audiences of the policy file, Slack to those that read it, alarms to those that hear of failures', async () => {
    const { hub } = await synth(demo);
    const subscriptions = Object.values(propertiesOf(hub, 'AWS::SNS::Subscription')).map(
      ({ TopicArn, Protocol, Endpoint }) => `${readable(TopicArn)} ${String(Protocol)} ${readable(Endpoint)}`,
    );
    expect(subscriptions.map((text) => text.replaceAll(/[0-9A-F]{8}|\$\{Notices|[{}$]|\.Arn/g, '')).toSorted()).toEqual([
      'Alarms email ops@example.com',
      'Alarms email soc@example.com',
      'Toops email ops@example.com',
      'Toops lambda NotifySlack',
      'Tosecurity email ops@example.com',
      'Tosecurity email soc@example.com',
    ]);
  });

  it('have no topic that nobody would write to', async () => {
    const { hub } = await synth(observe);
    expect(resourcesOf(hub, 'AWS::SNS::Topic').map(([id]) => id.slice(0, -8))).toEqual(['NoticesAlarms']);
  });

  it('alarms reach their topic: its own policy lets CloudWatch publish', async () => {
    const { hub } = await synth(demo);
    const [publishing] = statementsOf(hub).filter(({ holder, Effect }) => holder.startsWith('NoticesAlarmsPolicy') && Effect === 'Allow');
    expect(publishing).toMatchObject({
      actions: ['sns:Publish'],
      Principal: { Service: 'cloudwatch.amazonaws.com' },
      Condition: { StringEquals: { 'aws:SourceAccount': hubAccount } },
    });
    const alarms = propertiesOf(hub, 'AWS::CloudWatch::Alarm');
    expect(alarms).toMatchObject(each(alarms, { AlarmActions: [{ Ref: expect.stringMatching(/^NoticesAlarms/) }] }));
  });

  it('watch failures, undelivered events, the feeds and the share of nodes that report', async () => {
    const always = [
      'IntakeFailed',
      'IntakeFailedLate',
      'EventsUndelivered',
      'FeedsOld',
      'FeedsSilent',
      'FeedsFailing',
      'KnownExploitedOverdue',
      'FewNodesReport',
    ];
    expect((await alarmNames(observe)).toSorted()).toEqual(always.toSorted());
    expect((await alarmNames(demo)).toSorted()).toEqual([...always, 'RolloutFailed', 'RolloutFailedLate'].toSorted());
  });

  it('a failure rings each time, a level rings until it is better', async () => {
    const { hub } = await synth(demo);
    expect(one(hub, 'AWS::CloudWatch::Alarm', 'AlarmsRolloutFailed').Properties.TreatMissingData).toBe('notBreaching');
    const old = one(hub, 'AWS::CloudWatch::Alarm', 'AlarmsFeedsOld').Properties;
    expect(old).toMatchObject({ TreatMissingData: 'ignore', Namespace: 'Wavelock', MetricName: 'FeedOldestHours', Threshold: 48 });
    expect(old.Dimensions).toEqual([{ Name: 'service', Value: 'wavelock' }]);
  });
});

describe('machines', () => {
  it('log their errors without the data, which holds task tokens, and are traced', async () => {
    const { hub } = await synth(demo);
    const machines = propertiesOf(hub, 'AWS::StepFunctions::StateMachine');
    expect(machines).toMatchObject(
      each(machines, { LoggingConfiguration: { IncludeExecutionData: false, Level: 'ERROR' }, TracingConfiguration: { Enabled: true } }),
    );
  });

  it('call versions, so that a running rollout keeps the code that it began with', async () => {
    const { hub } = await synth(demo);
    const substitutions = resourcesOf(hub, 'AWS::StepFunctions::StateMachine').flatMap(([, { Properties }]) =>
      Object.entries(Properties.DefinitionSubstitutions as Record<string, unknown>),
    );
    const targets = substitutions.map(([name, value]) => [name, hub.Resources[readable(value).slice(2, -1)]?.Type]);
    const machines = substitutions.filter(([name]) => name.endsWith('Machine')).map(([name]) => name);
    expect(machines).toEqual(['FeedMachine', 'IntakeMachine', 'WaveMachine']);
    expect(targets.filter(([, type]) => type === 'AWS::StepFunctions::StateMachine').map(([name]) => name)).toEqual(machines);
    expect(targets.filter(([, type]) => type === 'AWS::Lambda::Version')).toHaveLength(substitutions.length - machines.length);
  });
});
