import { ArnFormat, Stack } from 'aws-cdk-lib/core';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Code } from 'aws-cdk-lib/aws-lambda';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Asset } from 'aws-cdk-lib/aws-s3-assets';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { NO_POLICY } from '../../lambdas/core/keys.ts';
import { CALL_SECONDS } from '../../lambdas/core/triggers/stand-in.ts';
import { patchTasks, reactions, tasks, type TaskName } from '../../statemachines/contracts.ts';
import { loadMachine, statesOf } from '../../statemachines/splice.ts';
import type { DeployMode, Settings } from '../context.ts';
import { facts, grants, memoryMb, type Fact, type FunctionName, type Grant } from '../grants.ts';
import { busArn, busName, spokeParameterName, spokeRoleArn, type Installation, type Place } from '../names.ts';
import type { Allowance } from './allow.ts';
import type { Notices } from './notices.ts';
import type { Record as WavelockRecord } from './record.ts';
import type { Store } from './store.ts';
import { TaskFunction, type FunctionPlatform } from './task-function.ts';

export interface FunctionsProps {
  installation: Installation;
  mode: DeployMode;
  /** Every location, the hub's own first. */
  places: Place[];
  optInTag: Settings['optInTag'];
  /** Whether Amazon Inspector is asked. */
  inspector: boolean;
  /** Holds `index.js`, which exports a handler for each function under its name. */
  functionsDirectory: string;
  key: IKey;
  logRetentionDays: RetentionDays;
  network: Settings['network'];
  proxy: Settings['proxy'];
  record: WavelockRecord;
  store: Store;
  notices: Notices;
  /** The normalised policy file as JSON on disk; only where there is one. */
  policyPath: string | undefined;
  /** By audience; names or ARNs of secrets. */
  slackSecrets: { [audience: string]: string };
  undelivered: IQueue;
  /** Functions of the user's that policies run where there is no fix, as policies name them: `waf-block`, `waf-block:7`, `waf-block:live`. */
  standIns: string[];
}

/** What a grant means: permissions, and the settings without which they are of no use. */
interface Meaning {
  allowances: Allowance[];
  environment: { [name: string]: string };
}

/** Lambda's limit is 900 s; functions that only leave a token and go need a minute. */
const parkSeconds = 60;

/** Which functions an installation has: no function that patches in `observe`, none for Slack where nobody reads it. */
export function functionNames(mode: DeployMode, withSlack: boolean): FunctionName[] {
  const names = (Object.keys(tasks) as TaskName[]).filter((name) => mode === 'patch' || !(patchTasks as readonly string[]).includes(name));
  return [...names, ...reactions.filter((name) => name !== 'NotifySlack' || withSlack)];
}

/** How long each task may take, in seconds, as its state says: Step Functions would not wait longer. */
export function taskSeconds(): Map<string, number> {
  const seconds = new Map<string, number>();
  const states = (['intake', 'feed', 'rollout', 'wave'] as const).flatMap((name) => [...statesOf(loadMachine(name))]);
  for (const state of states) {
    const [, name] = /^\$\{(\w+)\}$/.exec(String(state.Arguments?.FunctionName)) ?? [];
    if (name === undefined) continue;
    const waits = state.Resource?.endsWith('.waitForTaskToken') === true;
    seconds.set(name, waits || typeof state.TimeoutSeconds !== 'number' ? parkSeconds : state.TimeoutSeconds);
  }
  return seconds;
}

/** All functions of a hub, each with what its grants say. */
export class Functions extends Construct {
  readonly byName: ReadonlyMap<string, TaskFunction>;

  constructor(scope: Construct, id: string, props: FunctionsProps) {
    super(scope, id);
    const platform = platformOf(props);
    const meanings = new Meanings(this, props);
    const seconds = taskSeconds();
    const names = functionNames(props.mode, Object.keys(props.slackSecrets).length > 0);
    this.byName = new Map(
      names.map((name) => {
        const meant = grants[name].map((grant) => meanings.of(grant));
        const made = new TaskFunction(this, name, {
          platform,
          memoryMb: memoryMb[name] ?? 256,
          // It waits for the answer of a function of the user's, where there is one to call.
          timeoutSeconds: name === 'SendBatch' && props.standIns.length > 0 ? CALL_SECONDS.sendBatch : (seconds.get(name) ?? parkSeconds),
          environment: Object.assign({}, ...meant.map(({ environment }) => environment), meanings.told(facts[name] ?? [])),
          allowances: meant.flatMap(({ allowances }) => allowances),
          undelivered: isReaction(name) ? props.undelivered : undefined,
        });
        return [name, made];
      }),
    );
  }
}

function isReaction(name: string): boolean {
  return (reactions as readonly string[]).includes(name);
}

function platformOf(props: FunctionsProps): FunctionPlatform {
  const { functionsDirectory, key, network, proxy } = props;
  // Node 24 heeds the proxy variables only when it is told to (Node.js documentation, NODE_USE_ENV_PROXY).
  const proxied: { [name: string]: string } = proxy ? { HTTPS_PROXY: proxy.https, NO_PROXY: proxy.no, NODE_USE_ENV_PROXY: '1' } : {};
  return {
    code: Code.fromAsset(functionsDirectory),
    key,
    logRetentionDays: props.logRetentionDays,
    network,
    environment: {
      POWERTOOLS_SERVICE_NAME: 'wavelock',
      POWERTOOLS_METRICS_NAMESPACE: 'Wavelock',
      POWERTOOLS_LOG_LEVEL: 'INFO',
      ...proxied,
    },
  };
}

/** Turns grants and facts into permissions and environment. */
class Meanings {
  readonly #scope: Construct;
  readonly #props: FunctionsProps;
  readonly #policy: Asset | undefined;

  constructor(scope: Construct, props: FunctionsProps) {
    this.#scope = scope;
    this.#props = props;
    this.#policy = props.policyPath === undefined ? undefined : new Asset(scope, 'Policy', { path: props.policyPath });
  }

  of(grant: Grant): Meaning {
    const { record, store } = this.#props;
    const table = { TABLE_NAME: record.table.tableName };
    const bucket = { STORE_BUCKET: store.bucket.bucketName };
    switch (grant) {
      case 'record:read':
        return { allowances: record.reading(), environment: table };
      case 'record:write':
        return { allowances: record.writing(), environment: table };
      case 'record:bulk':
        return { allowances: record.bulkWriting(), environment: table };
      case 'record:delete':
        return { allowances: record.deleting(), environment: table };
      case 'store:read':
        return { allowances: store.reading(), environment: bucket };
      case 'store:write':
        return { allowances: store.writing(), environment: bucket };
      case 'store:forget':
        return { allowances: store.forgetting(), environment: bucket };
      default:
        return this.#other(grant);
    }
  }

  #other(grant: Exclude<Grant, `record:${string}` | `store:${string}`>): Meaning {
    switch (grant) {
      case 'spokes':
        return this.#spokes();
      case 'notify':
        return { allowances: this.#props.notices.publishing(), environment: { TOPICS: this.#props.notices.environment() } };
      case 'wake':
        return {
          allowances: [
            {
              actions: ['states:SendTaskSuccess'],
              resources: ['*'],
              because: 'SendTaskSuccess has no resource type (Service Authorization Reference): the token says which execution.',
            },
          ],
          environment: {},
        };
      case 'policy':
        return this.#policyFile();
      case 'secrets':
        return this.#secrets();
      case 'start':
        return this.#start();
      case 'tickets':
        return this.#tickets();
      case 'functions:look':
        return { allowances: this.#onStandIns('lambda:GetFunctionConfiguration'), environment: {} };
      case 'functions:call':
        return { allowances: this.#onStandIns('lambda:InvokeFunction'), environment: {} };
    }
  }

  /** What is named without version is asked by the function's own ARN, a version by the version's (Lambda Developer Guide, "Resources and conditions"). */
  #onStandIns(action: string): Allowance[] {
    const named = this.#props.standIns.map((name) => name.replace(/:(?!\d+$).+$/, ':*'));
    const resources = [...new Set(named)].map((name) =>
      Stack.of(this.#scope).formatArn({ service: 'lambda', resource: 'function', resourceName: name, arnFormat: ArnFormat.COLON_RESOURCE_NAME }),
    );
    if (resources.length === 0) return [];
    return [{ actions: [action], resources, because: 'An alias is called by the version that it stood for when the plan was made.' }];
  }

  #start(): Meaning {
    const { installation } = this.#props;
    return {
      allowances: [{ actions: ['events:PutEvents'], resources: [busArn(installation, Stack.of(this.#scope).partition)] }],
      environment: { BUS_NAME: busName(installation) },
    };
  }

  #tickets(): Meaning {
    const opsItems = Stack.of(this.#scope).formatArn({ service: 'ssm', resource: 'opsitem', resourceName: '*' });
    return {
      allowances: [
        { actions: ['ssm:CreateOpsItem'], resources: ['*'], because: 'CreateOpsItem has no resource type (Service Authorization Reference).' },
        { actions: ['ssm:UpdateOpsItem'], resources: [opsItems], because: 'Systems Manager names OpsItems when they are opened.' },
      ],
      environment: {},
    };
  }

  /** Settings that need no permission. */
  told(wanted: readonly Fact[]): { [name: string]: string } {
    const { key, value } = this.#props.optInTag;
    const places = this.#props.places.map(({ account, region }) => `${account}/${region}`);
    const all = { LOCATIONS: places.join(','), OPT_IN_TAG: `${key}=${value}`, INSPECTOR: String(this.#props.inspector) };
    return Object.fromEntries(wanted.map((fact) => [fact, all[fact]]));
  }

  #spokes(): Meaning {
    const { installation, places } = this.#props;
    const { partition } = Stack.of(this.#scope);
    return {
      allowances: [{ actions: ['sts:AssumeRole'], resources: places.map((place) => spokeRoleArn(installation, partition, place)) }],
      environment: {
        SPOKE_ROLE: spokeRoleArn(installation, partition, { account: '{account}', region: '{region}' }),
        SPOKE_PARAMETER: spokeParameterName(installation),
      },
    };
  }

  #policyFile(): Meaning {
    const asset = this.#policy;
    if (!asset) return { allowances: [], environment: { POLICY_BUCKET: NO_POLICY, POLICY_KEY: NO_POLICY } };
    return {
      allowances: [{ actions: ['s3:GetObject'], resources: [asset.bucket.arnForObjects(asset.s3ObjectKey)] }],
      environment: { POLICY_BUCKET: asset.s3BucketName, POLICY_KEY: asset.s3ObjectKey },
    };
  }

  #secrets(): Meaning {
    const stack = Stack.of(this.#scope);
    const { slackSecrets } = this.#props;
    // Secrets Manager ends every ARN with a dash and six random characters (Secrets Manager User Guide, "Secrets Manager ARN format").
    const arnOf = (secret: string): string =>
      secret.startsWith('arn:') ? secret : `arn:${stack.partition}:secretsmanager:${stack.region}:${stack.account}:secret:${secret}-??????`;
    return {
      allowances: [{ actions: ['secretsmanager:GetSecretValue'], resources: [...new Set(Object.values(slackSecrets))].map(arnOf) }],
      environment: { SLACK_SECRETS: JSON.stringify(slackSecrets) },
    };
  }
}
