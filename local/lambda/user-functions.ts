/** Functions of a fleet's owner: their code is a file of theirs, bundled as they would do it before uploading it. */
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import { parseLocation } from '../../lambdas/core/model.ts';
import type { Fleet } from '../fleet/fleet.ts';
import { awsManagedPolicy } from '../iam/managed-policies.ts';
import type { Iam } from '../iam/iam.ts';
import type { Lambda } from '../services/lambda.ts';

const LOGGING = 'arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole';

/**
 * Creates them in the fleet's first location, the hub's, with their versions. Each has a role of its own that may log and nothing else.
 *
 * @throws Error that names the function whose code cannot be bundled
 */
export function createUserFunctions({ fleet, iam, lambda }: { fleet: Fleet; iam: Iam; lambda: Lambda }): void {
  const [first] = fleet.locations;
  if (first === undefined) return;
  const location = parseLocation(first);
  for (const [name, { code, timeout, versions = 0, aliases }] of Object.entries(fleet.functions)) {
    const roleArn = `arn:aws:iam::${location.account}:role/${name}-role`;
    iam.putRole({
      arn: roleArn,
      trust: { Version: '2012-10-17', Statement: { Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' } },
      policies: [{ name: 'AWSLambdaBasicExecutionRole', document: awsManagedPolicy(LOGGING), managed: true, awsManaged: true }],
    });
    const arn = lambda.createFunction({
      ...location,
      name,
      codeDirectory: '',
      source: bundled(name, code),
      handler: 'index.handler',
      roleArn,
      timeout,
      aliases,
    });
    for (let count = 0; count < versions; count += 1) lambda.publishVersion(arn);
  }
}

/** One CommonJS text with everything inside. The SDK comes with Lambda's runtime; here it is Wavelock's own. */
function bundled(name: string, file: string): string {
  try {
    const nodePaths = [fileURLToPath(new URL('../../node_modules', import.meta.url))];
    const { outputFiles } = buildSync({
      entryPoints: [file],
      bundle: true,
      write: false,
      format: 'cjs',
      platform: 'node',
      target: 'node20',
      nodePaths,
      logLevel: 'silent',
    });
    return outputFiles[0]?.text ?? '';
  } catch (error) {
    throw new Error(`function ${name}: ${(error as Error).message}`, { cause: error });
  }
}
