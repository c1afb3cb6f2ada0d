/** What a simulated fleet's owner has beside Command documents that may stand in for a fix: Automation runbooks and Lambda functions. */
import { z } from 'zod';

const Among = z.array(z.string().min(1)).optional();
const ROLE = 'expected the name of an IAM role, with its path if it has one, such as Corp-IsolateRole';

/** One entry of `automations`. */
export const UserRunbookSchema = z.strictObject({
  version: z.int().min(1).max(1_000).optional().describe('How many versions there are: 7. Left out: one'),
  parameters: z
    .record(z.string().regex(/^[A-Za-z][A-Za-z0-9]{0,49}$/, 'the name of a parameter is letters and digits'), z.array(z.string().min(1)).min(1))
    .optional()
    .describe('Parameters that it must be given beside InstanceId, with the values that they may have: {Action: [apply, withdraw]}'),
  role: z
    .string({ error: ROLE })
    .regex(/^([\w.,+=@-]+\/)*[\w.,+=@-]{1,64}$/, ROLE)
    .describe('The role that it works with, which each account has'),
  seconds: z.int().min(1).max(86_400).optional().describe('How long it is at work on a node, in seconds. Left out: 10'),
  failsOn: Among.describe('Nodes on which it fails, by name or id: [db-1]'),
  hangsOn: Among.describe('Nodes on which it never ends by itself'),
});

const CODE = 'expected a JavaScript file beside this one, such as ./waf-block.mjs';
/** One entry of `functions`. */
export const UserFunctionSchema = z.strictObject({
  code: z
    .string({ error: CODE })
    .regex(/\.(m|c)?js$/, CODE)
    .describe("A JavaScript file that exports `handler`, from this file's own folder: ./waf-block.mjs"),
  timeout: z.int().min(1).max(900).optional().describe('Its own limit, in seconds. Left out: 3'),
  versions: z.int().min(1).max(1_000).optional().describe('How many versions were published. Left out: none'),
  aliases: z
    .record(z.string().regex(/^(?!\d+$)[A-Za-z0-9_-]{1,128}$/, 'an alias is letters, digits, hyphens and underscores, and no number'), z.int().min(1))
    .optional()
    .describe('Alias → number of a version: {live: 2}'),
});
