/** `whileNoFix`: what is done to exposed nodes as long as there is no fix. One of a Command document, a Lambda function and a runbook. */
import { z } from 'zod';
import { isObject } from './schema-tree.ts';

/** SSM API reference, CreateDocument.Name. Names of AWS's own documents begin with AWS: they know no `Action`. */
const NAME = /^(?!AWS)[A-Za-z0-9_.-]{3,128}$/;
const DOCUMENT = 'expected the name of an SSM document of yours, such as Corp-MitigateService';
const RUNBOOK = 'expected the name of an Automation runbook of yours, such as Corp-Isolate';

/** Lambda API reference, Invoke.FunctionName and Qualifier; `$LATEST` is what a name without a version means anyway. */
const FUNCTION = 'expected the name of a Lambda function, such as waf-block, waf-block:7 or waf-block:live';
const FUNCTION_ARN = "is an ARN; write the name alone: the function is that of the hub's account and Region";
const Lambda = z.string({ error: FUNCTION }).regex(/^[A-Za-z0-9_-]{1,64}(:[A-Za-z0-9_-]{1,128})?$/, {
  error: ({ input }) => (String(input).startsWith('arn:') ? FUNCTION_ARN : FUNCTION),
});

/** IAM API reference, CreateRole: RoleName and Path. */
const ROLE = 'expected the name of an IAM role, with its path if it has one, such as Corp-IsolateRole or ops/Corp-IsolateRole';
const ROLE_ARN = 'is an ARN; write the name alone: each account has such a role';
const Role = z.string({ error: ROLE }).regex(/^([\w.,+=@-]+\/)*[\w.,+=@-]{1,64}$/, {
  error: ({ input }) => (String(input).startsWith('arn:') ? ROLE_ARN : ROLE),
});

const AUTOMATION = 'expected a runbook and its role: { document: Corp-Isolate, role: Corp-IsolateRole }';
const Automation = z
  .strictObject(
    {
      document: z
        .string({ error: RUNBOOK })
        .regex(NAME, RUNBOOK)
        .describe('A runbook with the parameters Action, InstanceId and AutomationAssumeRole'),
      role: Role.describe('The role that it works with, in each account: it lets ssm.amazonaws.com assume it'),
    },
    { error: ({ code }) => (code === 'invalid_type' ? AUTOMATION : undefined) },
  )
  .describe('An SSM Automation runbook that exists wherever such nodes are');

function formsOf(written: unknown): string[] {
  return ['run', 'lambda', 'automation'].filter((form) => isObject(written) && written[form] !== undefined);
}

/** What stands in as long as no vendor has a fix: exactly one form, because one record says what is to be taken back from a node. */
export const WrittenWhileNoFix = z
  .strictObject({
    run: z
      .string({ error: DOCUMENT })
      .regex(NAME, DOCUMENT)
      .optional()
      .describe('An SSM Command document with the parameter Action, which is apply or withdraw'),
    lambda: Lambda.optional().describe(
      "A Lambda function of the hub's account and Region, invoked once for each batch of nodes: waf-block, waf-block:live",
    ),
    automation: Automation.optional(),
    withdrawWhen: z.literal('patched').prefault('patched').describe('patched: it is withdrawn from a node that is no longer exposed'),
  })
  .refine((written) => formsOf(written).length > 0, {
    error: 'names nothing that could stand in',
    params: { hint: 'name `run`, `lambda` or `automation`' },
    // Said together with whatever else is wrong.
    when: ({ value }) => isObject(value),
  })
  .refine((written) => formsOf(written).length < 2, {
    error: ({ input }) =>
      `has ${formsOf(input)
        .map((form) => `\`${form}\``)
        .join(' and ')}: a node carries one thing that stands in, and that is what is taken back`,
    params: { hint: 'let one of them start the others' },
    when: ({ value }) => isObject(value),
  })
  .describe('What is done to exposed nodes as long as no vendor has a fix: one of run, lambda and automation');
