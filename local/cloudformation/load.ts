import { readFileSync } from 'node:fs';
import type { DefaultEnvironment, StackSource } from './assembly.ts';
import { createOutsideKeys } from './outside-keys.ts';
import type { Parts } from './parts.ts';
import { resourceTypes } from './registry.ts';
import { createStack, type LoadContext, type LoadedStack } from './stack.ts';

export interface LoadOptions {
  seed: number;
  parts: Parts;
}

/** Version of the CDK's bootstrap stack that the embedded AWS stands for (CDK Developer Guide, "Bootstrap template version history"). */
const bootstrapVersion = '30';

/** The one kind of system parameter that CDK's templates ask for: the version of the bootstrap stack. */
function systemParameter(account: string, region: string, name: string): string {
  if (/^\/cdk-bootstrap\/\w+\/version$/.test(name)) return bootstrapVersion;
  throw new Error(`The system parameter ${name} of ${account}/${region} is not known to the embedded AWS`);
}

/**
 * What `cdk bootstrap` and `cdk deploy` leave in the assets' buckets. Folders are not there: they are code of functions, which Lambda
 * reads from the assembly.
 */
function uploadAssets(stacks: StackSource[], { s3 }: Parts): void {
  const buckets = new Set<string>();
  const objects = new Set<string>();
  for (const { bucket, key, account, region, packaging, path } of stacks.flatMap((stack) => stack.assets)) {
    if (!buckets.has(bucket)) s3.createBucket({ account, region, name: bucket, versioned: true });
    buckets.add(bucket);
    if (packaging === 'file' && !objects.has(`${bucket}/${key}`)) s3.putObject(bucket, key, readFileSync(path));
    objects.add(`${bucket}/${key}`);
  }
}

/**
 * Creates every stack of an assembly, in the order in which they can be deployed.
 *
 * @throws Error that leads from stack to resource to what is not known, or to what a service refused
 */
export async function loadStacks(stacks: StackSource[], { seed, parts }: LoadOptions): Promise<LoadedStack[]> {
  uploadAssets(stacks, parts);
  createOutsideKeys(stacks, parts.kms);
  const context: LoadContext = { seed, parts, types: resourceTypes, systemParameter, exports: new Map() };
  const loaded: LoadedStack[] = [];
  for (const stack of stacks) loaded.push(await createStack(stack, context));
  return loaded;
}

/** Where stacks go that are synthesised for any account or Region. */
export const defaultEnvironment: DefaultEnvironment = { account: '111111111111', region: 'eu-central-1' };
