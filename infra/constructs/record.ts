import { RemovalPolicy } from 'aws-cdk-lib/core';
import { AttributeType, TableEncryptionV2, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import type { Allowance } from './allow.ts';

/** The record: one on-demand table without indexes that outlives the stack. */
export class Record extends Construct {
  readonly table: TableV2;
  readonly #key: IKey;

  constructor(scope: Construct, id: string, props: { key: IKey }) {
    super(scope, id);
    this.#key = props.key;
    this.table = new TableV2(this, 'Table', {
      partitionKey: { name: 'pk', type: AttributeType.STRING },
      sortKey: { name: 'sk', type: AttributeType.STRING },
      timeToLiveAttribute: 'expires',
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      encryption: TableEncryptionV2.customerManagedKey(props.key),
      deletionProtection: true,
      removalPolicy: RemovalPolicy.RETAIN,
    });
  }

  /** Reading items. DynamoDB decrypts the table's key on behalf of whoever calls (AWS KMS Developer Guide, "How DynamoDB uses AWS KMS"). */
  reading(): Allowance[] {
    return [this.#doing('dynamodb:GetItem', 'dynamodb:Query'), { actions: ['kms:Decrypt'], resources: [this.#key.keyArn] }];
  }

  /** Reading, and conditional writes of single items. */
  writing(): Allowance[] {
    return [...this.reading(), this.#doing('dynamodb:PutItem', 'dynamodb:UpdateItem')];
  }

  /**
   * Conditional writes of single items of these kinds, by the attribute that their partition key is made of: `$wavelock#rollout_monthly-…`
   * (lambdas/aws/entity-parts.ts; DynamoDB Developer Guide, "Using IAM policy conditions", dynamodb:LeadingKeys).
   */
  changing(kinds: string[]): Allowance {
    const keys = kinds.map((kind) => `$wavelock#${kind}_*`);
    return { ...this.#doing('dynamodb:PutItem', 'dynamodb:UpdateItem'), conditions: { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': keys } } };
  }

  /** Unconditional writes of many items. */
  bulkWriting(): Allowance[] {
    return [this.#doing('dynamodb:BatchWriteItem')];
  }

  /** Forgetting items. */
  deleting(): Allowance[] {
    return [this.#doing('dynamodb:DeleteItem')];
  }

  #doing(...actions: string[]): Allowance {
    return { actions, resources: [this.table.tableArn] };
  }
}
