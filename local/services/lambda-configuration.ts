/** What GetFunctionConfiguration and its siblings say of a function (Lambda API reference, FunctionConfiguration). */
import { createHash } from 'node:crypto';
import { readSource } from '../lambda/code.ts';
import type { Input } from '../types.ts';
import type { LambdaFunction } from './lambda.ts';

/** The version that an ARN means, `$LATEST` without one; nothing where there is no such version or alias. */
export function versionOf({ definition, versions }: LambdaFunction, arn: string): string | undefined {
  const [, , , , , , , qualifier = '$LATEST'] = arn.split(':');
  const version = definition.aliases?.[qualifier]?.toString() ?? qualifier;
  return version === '$LATEST' || (Number(version) >= 1 && Number(version) <= versions) ? version : undefined;
}

/** A function in one of its versions: all have the code and the settings of the newest here. */
export function configuration({ arn, definition, created }: LambdaFunction, version: string): Input {
  return {
    FunctionName: definition.name,
    FunctionArn: version === '$LATEST' ? arn : `${arn}:${version}`,
    Runtime: 'nodejs24.x',
    Role: definition.roleArn,
    Handler: definition.handler,
    CodeSha256: codeHash(definition),
    Description: definition.description ?? '',
    Timeout: definition.timeout ?? 3,
    MemorySize: definition.memory ?? 128,
    LastModified: new Date(created).toISOString().replace('Z', '+0000'),
    Version: version,
    State: 'Active',
    LastUpdateStatus: 'Successful',
    PackageType: 'Zip',
    Environment: { Variables: definition.environment ?? {} },
    LoggingConfig: { LogGroup: definition.logGroup ?? `/aws/lambda/${definition.name}`, LogFormat: definition.logFormat ?? 'Text' },
    ...(definition.async?.deadLetterArn !== undefined && { DeadLetterConfig: { TargetArn: definition.async.deadLetterArn } }),
  };
}

/** Functions often share one bundle of some megabytes: it is read once. */
const hashes = new Map<string, string>();

/** Base64 of the SHA-256 of its code; AWS hashes the archive, which does not exist here. Empty where the code is missing. */
function codeHash({ codeDirectory, handler, source }: LambdaFunction['definition']): string {
  if (source !== undefined) return sha256(source);
  const file = handler.slice(0, handler.lastIndexOf('.'));
  const key = `${codeDirectory}/${file}`;
  const known = hashes.get(key) ?? readHash(codeDirectory, file);
  hashes.set(key, known);
  return known;
}

function readHash(directory: string, file: string): string {
  try {
    return sha256(readSource(directory, file));
  } catch {
    return '';
  }
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('base64');
}
