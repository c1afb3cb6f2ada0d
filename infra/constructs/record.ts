import { RemovalPolicy } from 'aws-cdk-lib/core';
import { AttributeType, TableEncryptionV2, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import type { Allowance } from './allow.ts';

const index = 'gsi1';

/** The record: one on-demand table that outlives the stack. */
export class Record extends Construct {
  readonly table: TableV2;
  readonly #key: IKey;

  constructor(scope: Construct, id: string, props: { key: IKey }) {
    super(scope, id);
    this.#key = props.key;
    this.table = new TableV2(this, 'Table', {
      partitionKey: { name: 'pk', type: AttributeType.STRING },
      sortKey: { name: 'sk', type: AttributeType.STRING },
      globalSecondaryIndexes: [
        {
          indexName: index,
          partitionKey: { name: `${index}pk`, type: AttributeType.STRING },
          sortKey: { name: `${index}sk`, type: AttributeType.STRING },
        },
      ],
      timeToLiveAttribute: 'expires',
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      encryption: TableEncryptionV2.customerManagedKey(props.key),
      deletionProtection: true,
      removalPolicy: RemovalPolicy.RETAIN,
    });
  }

  /** Reading items and the index. DynamoDB asks the caller for the key too (DynamoDB Developer Guide, "DynamoDB encryption at rest"). */
  reading(): Allowance[] {
    return [
      { actions: ['dynamodb:GetItem', 'dynamodb:BatchGetItem', 'dynamodb:Query'], resources: [this.table.tableArn] },
      { actions: ['dynamodb:Query'], resources: [`${this.table.tableArn}/index/${index}`] },
      { actions: ['kms:Decrypt'], resources: [this.#key.keyArn] },
    ];
  }

  /** Conditional single-item writes, beside reading. Nothing deletes: what is over expires. */
  writing(): Allowance[] {
    return [...this.reading(), { actions: ['dynamodb:PutItem', 'dynamodb:UpdateItem'], resources: [this.table.tableArn] }];
  }
}
