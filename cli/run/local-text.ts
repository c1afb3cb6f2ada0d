/** What `wavelock local` says once it stands: how to point a client at it, what is in it, and how to start things. */
import { nextPlan } from '../../lambdas/core/calendar.ts';
import type { EmbeddedAws } from '../../local/cloud.ts';
import type { LocalInput } from './local-world.ts';

type Stack = EmbeddedAws['inventory']['stacks'][number];

/** Lines for standard output. The environment lines can be pasted into a shell. */
export function welcome(cloud: EmbeddedAws, input: LocalInput): string[] {
  const [hub] = cloud.inventory.stacks;
  if (!hub) throw new Error('the assembly has no stack');
  return [
    `The embedded AWS listens on ${cloud.endpoint}, in real time. Nothing leaves this machine; Ctrl-C ends it and forgets everything.`,
    '',
    ...environmentLines(cloud, hub),
    '',
    ...contentLines(cloud),
    '',
    ...startLines(cloud, hub, input),
  ];
}

function environmentLines(cloud: EmbeddedAws, hub: Stack): string[] {
  const others = new Set(cloud.inventory.stacks.map(({ account }) => account).filter((account) => account !== hub.account));
  return [
    `Point the AWS CLI or any SDK at it, as an administrator of the hub's account ${hub.account}:`,
    `  export AWS_ENDPOINT_URL=${cloud.endpoint}`,
    `  export AWS_REGION=${hub.region}`,
    ...keyLines(cloud, hub.account),
    ...[...others].flatMap((account) => [`Or of ${account}:`, ...keyLines(cloud, account)]),
  ];
}

function keyLines(cloud: EmbeddedAws, account: string): string[] {
  const { accessKeyId, secretAccessKey, sessionToken } = cloud.credentials(account);
  return [`  export AWS_ACCESS_KEY_ID=${accessKeyId} AWS_SECRET_ACCESS_KEY=${secretAccessKey}`, `  export AWS_SESSION_TOKEN=${sessionToken}`];
}

function contentLines(cloud: EmbeddedAws): string[] {
  const { stacks, types } = cloud.inventory;
  const count = (type: string): number => types[type] ?? 0;
  const hosts = cloud.fleet.hosts;
  const hybrid = hosts.filter(({ id }) => id.startsWith('mi-')).length;
  const machines = `${count('AWS::Lambda::Function')} functions, ${count('AWS::StepFunctions::StateMachine')} state machines, ${count('AWS::IAM::Role')} roles`;
  return [
    'In it:',
    ...stacks.map(({ name, account, region, resources }) => `  ${account}/${region}  ${name}, ${resources.length} resources`),
    `  ${machines}; IAM is enforced for all of them`,
    `  ${hosts.length} machines: ${hosts.length - hybrid} EC2, ${hybrid} on-premises`,
  ];
}

function startLines(cloud: EmbeddedAws, hub: Stack, { policyFile }: LocalInput): string[] {
  const [policy] = policyFile.policies;
  const planned = policy?.plan && nextPlan(policy.plan, cloud.clock.now());
  const start = (machine: string, words: object) =>
    `  aws stepfunctions start-execution --state-machine-arn ${machineArn(hub, machine)} --input '${JSON.stringify(words)}'`;
  const rollout = policy && planned !== undefined ? [start('Rollout', { policy: policy.name, scheduledFor: new Date(planned).toISOString() })] : [];
  return [
    'Look inside:',
    '  aws ssm describe-instance-information',
    '  aws stepfunctions list-state-machines',
    'Start a look at the fleet (about 5 minutes), or the next rollout (days, for it waits for its windows; without waiting: wavelock run):',
    start('Intake', { maxAgeHours: 0 }),
    ...rollout,
    `After a look, ask: npx wavelock feeds | exposure | timeline CVE-… --endpoint ${cloud.endpoint}`,
    `Decide: npx wavelock approve|resume|abort ROLLOUT --why "..." --endpoint ${cloud.endpoint}`,
  ];
}

function machineArn(hub: Stack, name: string): string {
  const found = hub.resources.find(
    ({ type, logicalId }) => type === 'AWS::StepFunctions::StateMachine' && new RegExp(`^${name}[0-9A-F]{8}$`).test(logicalId),
  );
  if (!found) throw new Error(`the hub's template has no machine ${name}`);
  return found.ref;
}
