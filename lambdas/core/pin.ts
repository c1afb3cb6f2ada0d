/** What a plan names so that it runs as it was when the plan was made, whatever is deployed in between. */
import { z } from 'zod';

/** What is run where it is no Command document: a Lambda function of the hub's account, or an Automation runbook. */
export const Form = z.enum(['lambda', 'automation']);
export type Form = z.infer<typeof Form>;

export const Pin = z.strictObject({
  /** Of the document, or of the function without its version. */
  name: z.string(),
  /** Number of the version; of a function that was named without one `$LATEST`. */
  version: z.string(),
  /** SHA-256 of its content: of documents hexadecimal, of functions base64, each as AWS gives it. */
  hash: z.string(),
  /** Absent: a Command document. */
  by: Form.optional(),
  /** ARN of the role that a runbook works with. */
  role: z.string().optional(),
  /** How long a function may take, as its own setting says. */
  seconds: z.int().optional(),
});
export type Pin = z.infer<typeof Pin>;
