/**
 * `hooks` and `awsCompliance` as people write them: what a node runs around the install beside ours. A hook's version is a number, since
 * `$LATEST` and `$DEFAULT` would be another document in production than the one that the test group tried.
 */
import { z } from 'zod';
import { Duration } from './words.ts';

const DOCUMENT = 'expected the name or the ARN of an SSM document, such as Corp-DrainSqlAg';
/** SSM API reference, GetDocument.Name; the agent takes name or ARN with `:version` behind it (amazon-ssm-agent, docparser). */
const DOCUMENT_NAME = /^(arn:aws[a-z-]*:ssm:[a-z0-9-]{3,30}:\d{12}:document\/)?[A-Za-z0-9_.-]{3,128}$/;
const VERSION = 'expected the number of a version, such as "7": whatever is newest one day may be another document the next';
const VERSION_NUMBER = /^[1-9]\d{0,5}$/;

const WrittenHook = z.strictObject({
  document: z
    .string({ error: DOCUMENT })
    .regex(DOCUMENT_NAME, DOCUMENT)
    .describe('Name of a Command document of yours, in every location; or its ARN'),
  version: z
    .union([z.int().min(1, VERSION).max(999_999, VERSION), z.string().regex(VERSION_NUMBER, VERSION)], { error: VERSION })
    .transform(String)
    .describe('The version that runs, as a number: "7"'),
});

/** A step of the SSM agent runs two days at most; a window is shorter. */
const LONGEST = 4 * 3_600;

/** A policy's `hooks`. */
export const WrittenHooks = z
  .strictObject({
    before: WrittenHook.optional().describe('Runs on a node right before the install. Where it fails, nothing is installed there'),
    after: WrittenHook.optional().describe('Runs on a node after the install and the reboot. Where it fails, the node has failed'),
    within: Duration.prefault('30m')
      .refine((seconds) => seconds >= 60 && seconds <= LONGEST, 'is not between 1m and 4h')
      .describe('So long each of them may take; after a longer `before` nothing is installed: 30m'),
  })
  .refine((hooks) => hooks.before ?? hooks.after, 'names neither before nor after')
  .describe('Documents of yours that run on each node around the install, where there is something to install');

/** A policy's `awsCompliance`. */
export const WrittenAwsCompliance = z
  .enum(['scan', 'leave'])
  .describe('scan: at the end each node runs AWS-RunPatchBaseline, Operation Scan, so that the compliance that AWS shows is up to date');
