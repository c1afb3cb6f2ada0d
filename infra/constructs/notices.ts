import { Stack } from 'aws-cdk-lib/core';
import { Effect, PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { SubscriptionProtocol, Topic } from 'aws-cdk-lib/aws-sns';
import { LambdaSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Construct } from 'constructs';
import type { PolicyFile } from '../../lambdas/core/model.ts';
import type { Allowance } from './allow.ts';
import type { TaskFunction } from './task-function.ts';

/** Secrets that hold the Slack webhooks, by audience. */
export function slackSecrets(policy: PolicyFile | undefined): Record<string, string> {
  const people = Object.entries(policy?.people ?? {});
  return Object.fromEntries(people.flatMap(([audience, { slack }]) => (slack ? [[audience, slack.secret]] : [])));
}

/** Who hears that something failed, by any policy: they hear the alarms too. */
export function alarmAddresses(policy: PolicyFile | undefined): string[] {
  const told = (policy?.policies ?? []).flatMap(({ tell }) => Object.entries(tell));
  const audiences = told.filter(([, events]) => events.includes('failed')).map(([audience]) => audience);
  return [...new Set(audiences.flatMap((audience) => policy?.people[audience]?.email ?? []))].toSorted();
}

/** An encrypted topic that only takes messages over TLS. */
function createTopic(scope: Construct, id: string, displayName: string, key: IKey): Topic {
  return new Topic(scope, id, { displayName, masterKey: key, enforceSSL: true });
}

function subscribe(topic: Topic, addresses: string[]): void {
  for (const [index, endpoint] of addresses.entries()) {
    topic.addSubscription({ bind: () => ({ protocol: SubscriptionProtocol.EMAIL, endpoint, subscriberId: `Email${index + 1}` }) });
  }
}

/** One topic for each audience of the policy file, and one for alarms. */
export class Notices extends Construct {
  readonly alarms: Topic;
  /** By audience. */
  readonly topics: ReadonlyMap<string, Topic>;
  readonly #key: IKey;

  /** @param props.audiences whether somebody will write to the policy file's audiences; alarms are told in any case */
  constructor(scope: Construct, id: string, props: { policy: PolicyFile | undefined; audiences: boolean; key: IKey }) {
    super(scope, id);
    this.#key = props.key;
    this.alarms = createTopic(this, 'Alarms', 'Wavelock alarms', props.key);
    subscribe(this.alarms, alarmAddresses(props.policy));
    // A topic with a policy of its own loses SNS's default one, which would have let alarms in.
    this.alarms.addToResourcePolicy(
      new PolicyStatement({
        sid: 'Alarms',
        effect: Effect.ALLOW,
        principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
        actions: ['sns:Publish'],
        resources: [this.alarms.topicArn],
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
    );
    this.topics = new Map(
      Object.entries(props.audiences ? (props.policy?.people ?? {}) : {}).map(([audience, { email }]) => {
        const topic = createTopic(this, `To-${audience.replaceAll('/', '-')}`, `Wavelock: ${audience}`, props.key);
        subscribe(topic, email);
        return [audience, topic];
      }),
    );
  }

  /** Sends an audience's notices to Slack as well. */
  forward(audiences: string[], notifySlack: TaskFunction): void {
    for (const audience of audiences) this.topics.get(audience)?.addSubscription(new LambdaSubscription(notifySlack.function));
  }

  /** JSON audience → topic ARN, with references. */
  environment(): string {
    return Stack.of(this).toJsonString(Object.fromEntries([...this.topics].map(([audience, topic]) => [audience, topic.topicArn])));
  }

  /** Publishing to the audiences; SNS asks the caller for the key. */
  publishing(): Allowance[] {
    if (this.topics.size === 0) return [];
    return [
      { actions: ['sns:Publish'], resources: [...this.topics.values()].map((topic) => topic.topicArn) },
      { actions: ['kms:Decrypt', 'kms:GenerateDataKey'], resources: [this.#key.keyArn] },
    ];
  }
}
