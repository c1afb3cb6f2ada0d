import { parsePolicy } from '../iam/policy.ts';

/**
 * The longest policy of a resource, in bytes: DynamoDB Developer Guide, "Quotas"; KMS Developer Guide, "Resource quotas"; S3 User Guide,
 * "Bucket policies"; SNS General Reference, "Quotas"; SQS Developer Guide, "Amazon SQS policy quotas".
 */
const longest = { dynamodb: 20_480, kms: 32_768, s3: 20_480, sns: 30_720, sqs: 8_192 };

/** SQS Developer Guide, "Amazon SQS policy quotas". */
const mostStatements = 20;
const mostActions = 7;

/**
 * Checks the policy that a template gives to a resource, before the service takes it.
 *
 * @param name what errors call it
 * @throws Error that says why AWS would refuse it
 */
export function checkResourcePolicy(service: keyof typeof longest, document: unknown, name: string): void {
  const { statements } = parsePolicy(document, name, 'resource');
  const size = Buffer.byteLength(JSON.stringify(document));
  if (size > longest[service]) throw new Error(`${name} has ${size} bytes, ${longest[service]} are allowed`);
  if (service !== 'sqs') return;
  if (statements.length > mostStatements) throw new Error(`${name} has ${statements.length} statements, ${mostStatements} are allowed`);
  const busy = statements.find(({ actions }) => actions.length > mostActions);
  if (busy) throw new Error(`${name}, ${busy.name} has ${busy.actions.length} actions, ${mostActions} are allowed`);
}
