/** Reads the accounts file of `wavelock assess`: where to look, and with which role. */
import { z } from 'zod';
import { check } from '../../lambdas/core/policy/problems.ts';
import type { PathProblem } from '../../lambdas/core/policy/problems.ts';
import { fail, failIfAny } from './problems.ts';
import { readYaml } from './yaml.ts';

const ACCOUNT = 'expected the number of an account, twelve digits in quotes';
const REGION = 'expected a Region such as eu-central-1, or all';
const ROLE = 'expected the name or the ARN of a role';

const Entry = z.strictObject({
  account: z.string({ error: ACCOUNT }).regex(/^\d{12}$/, ACCOUNT),
  role: z
    .string({ error: ROLE })
    .regex(/^(arn:aws[a-z-]*:iam::\d{12}:role\/)?[\w+=,.@/-]{1,512}$/, ROLE)
    .optional(),
  externalId: z.string().min(2).max(1224).optional(),
  regions: z
    .array(z.string({ error: REGION }).regex(/^(all|[a-z]{2}(-[a-z]+)+-\d)$/, REGION))
    .min(1, 'is empty')
    .optional(),
});

/** An account to look at. Without a role it is that of the credentials, without Regions those of the command. */
export type AccountEntry = z.infer<typeof Entry>;

/** Checks an accounts file. Throws `InputErrors`. */
export function readAccountsFile(file: string): AccountEntry[] {
  const source = readYaml(file);
  const read = check<AccountEntry[]>(z.array(Entry).min(1, 'names no account'), source.value);
  if ('problems' in read) fail([...source.problems, ...source.place(read.problems)]);
  failIfAny([...source.problems, ...source.place(between(read.value))]);
  return read.value;
}

function between(entries: AccountEntry[]): PathProblem[] {
  return entries.flatMap(({ account, role }, index) => {
    const first = entries.findIndex((entry) => entry.account === account);
    const owner = /^arn:[^:]+:iam::(\d{12}):/.exec(role ?? '')?.[1];
    return [
      ...(first < index
        ? [{ path: [index, 'account'], at: 'value' as const, message: `${account} is there twice`, hint: 'give it all its regions in one entry' }]
        : []),
      ...(owner !== undefined && owner !== account
        ? [{ path: [index, 'role'], at: 'value' as const, message: `belongs to ${owner}, not to ${account}` }]
        : []),
    ];
  });
}
