/**
 * What a run would cost on AWS, at list prices of us-east-1 without any free tier, in USD. Sources: the public price pages of Step Functions,
 * Lambda, DynamoDB (on demand), SNS, S3, EventBridge and Systems Manager, as read in November 2026. Run Command on EC2 is free, on
 * other nodes it is billed per node and command since 30 September 2026.
 */

const PRICES = {
  transition: 0.025 / 1_000,
  lambdaRequest: 0.2 / 1_000_000,
  /** arm64. */
  lambdaGbSecond: 0.0000133334,
  dynamodbWrite: 0.625 / 1_000_000,
  dynamodbRead: 0.125 / 1_000_000,
  s3Put: 0.005 / 1_000,
  s3Get: 0.0004 / 1_000,
  snsPublish: 0.5 / 1_000_000,
  snsEmail: 2 / 100_000,
  hybridInvocation: 0.002,
} as const;

export interface Used {
  stateTransitions: number;
  lambdaInvocations: number;
  lambdaGbSeconds: number;
  calls: Record<string, number>;
  emails: number;
  hybridInvocations: number;
}

export interface CostLine {
  name: string;
  quantity: number;
  usd: number;
}

/** One line for each part that a run used. Item sizes are taken as one unit each: rows of the record are under 1 KB, layouts lie in S3. */
export function costOf(used: Used): CostLine[] {
  const count = (...names: string[]) => names.reduce((sum, name) => sum + (used.calls[name] ?? 0), 0);
  const writes = count('dynamodb:PutItem', 'dynamodb:UpdateItem', 'dynamodb:DeleteItem', 'dynamodb:BatchWriteItem');
  const reads = count('dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:BatchGetItem');
  const lines: CostLine[] = [
    { name: 'Step Functions transitions', quantity: used.stateTransitions, usd: used.stateTransitions * PRICES.transition },
    { name: 'Lambda requests', quantity: used.lambdaInvocations, usd: used.lambdaInvocations * PRICES.lambdaRequest },
    { name: 'Lambda GB-seconds', quantity: round(used.lambdaGbSeconds), usd: used.lambdaGbSeconds * PRICES.lambdaGbSecond },
    { name: 'DynamoDB writes', quantity: writes, usd: writes * PRICES.dynamodbWrite },
    { name: 'DynamoDB reads', quantity: reads, usd: reads * PRICES.dynamodbRead },
    { name: 'S3 puts', quantity: count('s3:PutObject'), usd: count('s3:PutObject') * PRICES.s3Put },
    { name: 'S3 gets', quantity: count('s3:GetObject'), usd: count('s3:GetObject') * PRICES.s3Get },
    { name: 'SNS publishes', quantity: count('sns:Publish'), usd: count('sns:Publish') * PRICES.snsPublish },
    { name: 'SNS e-mails', quantity: used.emails, usd: used.emails * PRICES.snsEmail },
    { name: 'Run Command on hybrid nodes', quantity: used.hybridInvocations, usd: used.hybridInvocations * PRICES.hybridInvocation },
  ];
  return lines.filter((line) => line.quantity > 0);
}

/** The sum, to a hundredth of a cent. */
export function totalUsd(lines: CostLine[]): number {
  return Math.round(lines.reduce((sum, line) => sum + line.usd, 0) * 10_000) / 10_000;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
