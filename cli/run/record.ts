/** The record and the store of the hub that runs here, read as its owner would on AWS: with the same gateways and administrator's keys. */
import { createRecord } from '../../lambdas/aws/record.ts';
import { settingsFrom } from '../../lambdas/aws/settings.ts';
import { createStore } from '../../lambdas/aws/store.ts';
import type { Record as WavelockRecord } from '../../lambdas/aws/record.ts';
import type { Store } from '../../lambdas/aws/store.ts';
import type { EmbeddedAws } from '../../local/cloud.ts';

/** Opens them; this process's AWS variables point at the embedded AWS from then on. */
export function openHub(cloud: EmbeddedAws): { record: WavelockRecord; store: Store } {
  const hub = cloud.inventory.stacks[0];
  if (!hub) throw new Error('the assembly has no stack');
  const { accessKeyId, secretAccessKey, sessionToken } = cloud.credentials(hub.account);
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: cloud.endpoint,
    AWS_REGION: hub.region,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_SESSION_TOKEN: sessionToken,
  });
  const setting = settingsFrom({ TABLE_NAME: refOf(cloud, 'AWS::DynamoDB::GlobalTable'), STORE_BUCKET: storeBucket(cloud) });
  return { record: createRecord(setting), store: createStore(setting) };
}

function refOf(cloud: EmbeddedAws, type: string): string {
  const found = cloud.inventory.stacks[0]?.resources.find((resource) => resource.type === type);
  if (!found) throw new Error(`the hub's template has no ${type}`);
  return found.ref;
}

/** The hub has two buckets, its own spoke's lock bucket being the other. */
function storeBucket(cloud: EmbeddedAws): string {
  const buckets = (cloud.inventory.stacks[0]?.resources ?? []).filter((resource) => resource.type === 'AWS::S3::Bucket');
  const store = buckets.find((bucket) => bucket.logicalId.startsWith('Store'));
  if (!store) throw new Error("the hub's template has no store bucket");
  return store.ref;
}
