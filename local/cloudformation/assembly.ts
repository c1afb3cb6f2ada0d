import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { isObject, listOf, object, parseObject, text, type Json } from '../json.ts';

/**
 * Reads a CDK cloud assembly, the folder that `cdk synth` writes. Format: the CDK's "Cloud Assembly schema"
 * (https://github.com/aws/aws-cdk-cli/tree/main/packages/%40aws-cdk/cloud-assembly-schema).
 */

/** A template and where it goes. */
export interface StackSource {
  /** The stack's name in CloudFormation. */
  name: string;
  account: string;
  region: string;
  template: Json;
  /** Path of the template's file, and the sha256 of its bytes. */
  file: string;
  sha256: string;
  /** Values for the template's parameters. */
  parameters: Record<string, string>;
  assets: Asset[];
}

/** A file or folder that a template refers to by bucket and key. */
export interface Asset {
  bucket: string;
  key: string;
  region: string;
  account: string;
  /** Path of the file, or of the folder when `zip`. */
  path: string;
  packaging: 'file' | 'zip';
}

/** Where stacks without fixed environment go. */
export interface DefaultEnvironment {
  account: string;
  region: string;
}

interface Artifact {
  id: string;
  type: string;
  environment: string | undefined;
  properties: Json;
  dependencies: string[];
}

function readJson(file: string): Json {
  if (!existsSync(file)) throw new Error(`${file} does not exist: run "npx cdk synth" first`);
  return parseObject(readFileSync(file, 'utf8'), file);
}

function artifacts(manifest: Json): Artifact[] {
  return Object.entries(object(manifest.artifacts ?? {}, 'artifacts')).map(([id, value]) => {
    const artifact = object(value, `artifact ${id}`);
    return {
      id,
      type: text(artifact.type, `type of artifact ${id}`),
      environment: typeof artifact.environment === 'string' ? artifact.environment : undefined,
      properties: object(artifact.properties ?? {}, `properties of artifact ${id}`),
      dependencies: listOf(artifact.dependencies).map(String),
    };
  });
}

/** `aws://111111111111/eu-central-1`; the CDK writes `unknown-account` and `unknown-region` for stacks that may go anywhere. */
function environment(artifact: Artifact, fallback: DefaultEnvironment): DefaultEnvironment {
  const [, account = 'unknown-account', region = 'unknown-region'] = /^aws:\/\/([^/]+)\/(.+)$/.exec(artifact.environment ?? '') ?? [];
  return {
    account: account === 'unknown-account' ? fallback.account : account,
    region: region === 'unknown-region' ? fallback.region : region,
  };
}

/** CDK's names for account and Region, as they are there. */
function inPlace(source: string, { account, region }: DefaultEnvironment): string {
  return source.replaceAll('${AWS::AccountId}', account).replaceAll('${AWS::Region}', region).replaceAll('${AWS::Partition}', 'aws');
}

function assetsOf(directory: string, manifest: Artifact, where: DefaultEnvironment): Asset[] {
  const file = join(directory, text(manifest.properties.file, `file of ${manifest.id}`));
  const content = readJson(file);
  if (Object.keys(object(content.dockerImages ?? {}, 'dockerImages')).length > 0) {
    throw new Error(`${file}: container images are not known to the embedded AWS`);
  }
  return Object.entries(object(content.files ?? {}, `files of ${file}`)).flatMap(([hash, value]) => {
    const source = object(object(value, hash).source, `source of ${hash}`);
    const packaging = source.packaging === 'zip' ? 'zip' : 'file';
    return Object.values(object(object(value, hash).destinations, `destinations of ${hash}`))
      .filter(isObject)
      .map((to) => ({
        bucket: inPlace(text(to.bucketName, 'bucketName'), where),
        key: inPlace(text(to.objectKey, 'objectKey'), where),
        region: typeof to.region === 'string' ? inPlace(to.region, where) : where.region,
        account: where.account,
        path: resolve(directory, text(source.path, `path of ${hash}`)),
        packaging,
      }));
  });
}

/** The largest template that CloudFormation reads from S3: CloudFormation User Guide, "CloudFormation quotas". */
const LARGEST_TEMPLATE = 1024 * 1024;

function stack(directory: string, artifact: Artifact, all: Artifact[], fallback: DefaultEnvironment): StackSource {
  const where = environment(artifact, fallback);
  const file = join(directory, text(artifact.properties.templateFile, `templateFile of ${artifact.id}`));
  const bytes = readFileSync(file);
  if (bytes.length > LARGEST_TEMPLATE) throw new Error(`${file} has ${bytes.length} bytes, CloudFormation takes ${LARGEST_TEMPLATE}`);
  const manifests = all.filter((other) => other.type === 'cdk:asset-manifest' && artifact.dependencies.includes(other.id));
  const parameters = Object.entries(object(artifact.properties.parameters ?? {}, 'parameters'));
  return {
    name: typeof artifact.properties.stackName === 'string' ? artifact.properties.stackName : artifact.id,
    ...where,
    template: parseObject(bytes.toString('utf8'), file),
    file,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    parameters: Object.fromEntries(parameters.map(([name, value]) => [name, String(value)])),
    assets: manifests.flatMap((manifest) => assetsOf(directory, manifest, where)),
  };
}

/** Stacks after those that they depend on; independent ones keep the manifest's order. */
function ordered(stacks: Artifact[]): Artifact[] {
  const done = new Set<string>();
  const result: Artifact[] = [];
  const visit = (artifact: Artifact): void => {
    if (done.has(artifact.id)) return;
    done.add(artifact.id);
    for (const id of artifact.dependencies) {
      const needed = stacks.find((other) => other.id === id);
      if (needed) visit(needed);
    }
    result.push(artifact);
  };
  stacks.forEach(visit);
  return result;
}

/** Kinds of artifacts that hold no resources. */
const silent = new Set(['cdk:asset-manifest', 'cdk:tree', 'cdk:feature-flag-report', 'none']);

/**
 * Reads manifest, templates and asset manifests, nested assemblies (stages) included.
 *
 * @param directory the assembly, e.g. `cdk.out`
 * @param fallback account and Region for stacks that are synthesised for any
 * @returns stacks in the order in which they can be deployed
 * @throws Error that names a missing file or an artifact of an unknown kind
 */
export function readAssembly(directory: string, fallback: DefaultEnvironment): StackSource[] {
  const all = artifacts(readJson(join(directory, 'manifest.json')));
  const unknown = all.find(({ type }) => !silent.has(type) && type !== 'aws:cloudformation:stack' && type !== 'cdk:cloud-assembly');
  if (unknown) throw new Error(`Artifact ${unknown.id}: the type "${unknown.type}" is not known to the embedded AWS`);
  const own = ordered(all.filter(({ type }) => type === 'aws:cloudformation:stack')).map((artifact) => stack(directory, artifact, all, fallback));
  const nested = all
    .filter(({ type }) => type === 'cdk:cloud-assembly')
    .flatMap((artifact) => readAssembly(join(directory, text(artifact.properties.directoryName, `directoryName of ${artifact.id}`)), fallback));
  return [...own, ...nested];
}
