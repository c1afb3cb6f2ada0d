import type { Assets } from './cloudformation/assets.ts';
import type { Parts } from './cloudformation/parts.ts';
import type { Fleet } from './fleet/fleet.ts';
import type { CredentialStore } from './iam/credentials.ts';
import type { Iam } from './iam/iam.ts';
import { isObject } from './json.ts';
import type { Bridge } from './lambda/http-bridge.ts';
import type { Internet } from './lambda/internet.ts';
import { createAutoScaling } from './services/autoscaling.ts';
import { arnParts } from './services/delivery.ts';
import { createDynamoDb } from './services/dynamodb.ts';
import { createEc2 } from './services/ec2.ts';
import { createElb } from './services/elbv2.ts';
import { createEvents } from './services/events.ts';
import { createInspector } from './services/inspector2.ts';
import { createKms, type UseKey } from './services/kms.ts';
import { createLambda } from './services/lambda.ts';
import { createLogs } from './services/logs.ts';
import { createMonitoring } from './services/monitoring.ts';
import { createOrganizations } from './services/organizations.ts';
import { createS3 } from './services/s3.ts';
import { createScheduler } from './services/scheduler.ts';
import { createSecretsManager } from './services/secretsmanager.ts';
import { createSns } from './services/sns.ts';
import { createSqs } from './services/sqs.ts';
import { createSsm } from './services/ssm.ts';
import { createStates } from './services/states.ts';
import { createSts } from './services/sts.ts';
import { createTagging } from './services/tagging.ts';
import type { Caller, Cloud, Faults, Service, Usage } from './types.ts';

/** What the services are built on. */
export interface Foundation {
  cloud: Cloud;
  iam: Iam;
  credentials: CredentialStore;
  assets: Assets;
  fleet: Fleet;
  faults: Faults;
  usage: Usage;
  /** `http://127.0.0.1:4566`, once the port is known. */
  endpoint: () => string;
  bridge: () => Bridge | undefined;
  internet?: Internet;
}

/** Every embedded service, and the direct ways into them. */
export interface Services {
  all: Service[];
  parts: Parts;
}

/** Whoever uses a customer key through a service is judged by the key's policy, AWS's own services included. */
function keyUse(iam: Iam, parts: () => Parts): UseKey {
  return (caller, keyArn, actions, viaService) => {
    const region = keyArn.split(':')[3] ?? caller.region;
    for (const request of parts().kms.keyAccess(caller, keyArn, actions, viaService)) {
      iam.authorize(caller, request, { service: viaService, region });
    }
  };
}

/** Whether Systems Manager may assume a role: it exists, and its trust policy lets the service in. */
function assumesRole(iam: Iam): (roleArn: string, region: string) => boolean {
  return (roleArn, region) => {
    const [, , , , account = ''] = roleArn.split(':');
    const service = 'ssm.amazonaws.com';
    const role = iam.role(roleArn);
    const request = { action: 'sts:AssumeRole', resource: roleArn, resourcePolicy: role?.trust, resourceAccount: account };
    return role !== undefined && iam.allows({ account, region, arn: service, service }, request, region);
  };
}

/** Virtual time stands still while code works. A function of ours makes a handful of SDK calls: about so long it would be billed. */
const WORK_MS = 200;

/** Counts what an invocation costs: https://aws.amazon.com/lambda/pricing/ (GB-seconds, requests). */
function countInvocation(usage: Usage): (invocation: { memory: number; milliseconds: number }) => void {
  return ({ memory, milliseconds }) => {
    usage.lambdaInvocations += 1;
    usage.lambdaGbSeconds += (memory / 1_024) * (Math.max(milliseconds, WORK_MS) / 1_000);
  };
}

/** What Step Functions counts when an execution ends: Step Functions Developer Guide, "Monitoring metrics using CloudWatch". */
const endings: Record<string, string> = {
  SUCCEEDED: 'ExecutionsSucceeded',
  FAILED: 'ExecutionsFailed',
  TIMED_OUT: 'ExecutionsTimedOut',
  ABORTED: 'ExecutionsAborted',
};

/** Counts executions that have ended, by the events that Step Functions sends anyway. */
export function countExecution(
  monitoring: Parts['monitoring'],
  at: { account: string; region: string },
  event: { source: string; detail: unknown },
): void {
  if (event.source !== 'aws.states' || !isObject(event.detail)) return;
  const name = endings[String(event.detail.status)];
  if (name === undefined) return;
  monitoring.record(at, { namespace: 'AWS/States', name, dimensions: { StateMachineArn: String(event.detail.stateMachineArn) }, value: 1 });
}

/**
 * Counts what waits in each queue, as SQS tells CloudWatch every minute: SQS Developer Guide, "Available CloudWatch metrics".
 * Here it is told when it may have changed.
 */
export function countMessages({ sqs, monitoring }: Parts): void {
  for (const { arn, counts } of sqs.queues()) {
    const { account, region, resource } = arnParts(arn);
    const metric = { namespace: 'AWS/SQS', name: 'ApproximateNumberOfMessagesVisible', dimensions: { QueueName: resource } };
    monitoring.record({ account, region }, { ...metric, value: counts.visible, gauge: true });
  }
}

/** Builds all services on one foundation; nothing runs yet. */
export function createServices(foundation: Foundation): Services {
  const { cloud, iam, credentials, assets, fleet, faults, usage, endpoint, bridge, internet } = foundation;
  const useKey: UseKey = keyUse(iam, () => parts);
  const logs = createLogs(cloud);
  const monitoring = createMonitoring(cloud);
  logs.onLine((location, _group, line) => monitoring.readLine(location, line));
  const session = (machine: { name: string; arn: string; region: string; roleArn: string }): Caller =>
    iam.serviceSession('states.amazonaws.com', machine.roleArn, { name: machine.name.slice(0, 64), region: machine.region, sourceArn: machine.arn });

  const parts: Parts = {
    cloud,
    assets,
    iam,
    functionDeadLetters: new Map(),
    logs,
    monitoring,
    dynamodb: createDynamoDb(cloud, { useKey }),
    events: createEvents(cloud, { iam, faults }),
    kms: createKms(cloud),
    lambda: createLambda(cloud, {
      endpoint,
      bridge,
      internet,
      credentials,
      log: (location, group, stream, line) => logs.append(location, group, stream, [line]),
      metric: (location, value) => monitoring.record(location, value),
      invoked: countInvocation(usage),
    }),
    s3: createS3(cloud, { useKey, allows: (caller, request, region) => iam.allows(caller, request, region) }),
    scheduler: createScheduler(cloud, { iam }),
    secretsmanager: createSecretsManager(cloud, { useKey }),
    sns: createSns(cloud, { useKey }),
    sqs: createSqs(cloud, { useKey, endpoint }),
    ssm: createSsm(cloud, fleet, { assumes: assumesRole(iam) }),
    states: createStates(cloud, { session, onTransition: () => void (usage.stateTransitions += 1) }),
  };
  const sts = createSts(cloud, { credentials, role: (arn) => iam.role(arn) });
  const others = [
    parts.dynamodb,
    parts.events,
    parts.kms,
    parts.lambda,
    logs,
    monitoring,
    parts.s3,
    parts.scheduler,
    parts.secretsmanager,
    parts.sns,
    parts.sqs,
    parts.ssm,
    parts.states,
    sts,
    createEc2(fleet),
    createTagging(fleet),
    createAutoScaling(fleet),
    createElb(fleet),
    createOrganizations(fleet.surroundings),
    createInspector(fleet),
  ];
  return { parts, all: others.map((part) => part.service) };
}
