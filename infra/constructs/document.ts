import { CfnDocument } from 'aws-cdk-lib/aws-ssm';
import { Stack } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import type { Os } from '../../lambdas/core/model.ts';
import type { Purpose } from '../../statemachines/contracts.ts';
import { documentName, type Installation } from '../names.ts';

export interface DocumentProps {
  installation: Installation;
  purpose: Purpose;
  os: Os;
  /** The document itself, schema 2.2. */
  content: object;
}

/**
 * One SSM document of a spoke. A changed document becomes a new version under the same name; running rollouts pin the version and the hash
 * that they planned with (AWS CloudFormation User Guide, AWS::SSM::Document, UpdateMethod).
 */
export class Document extends Construct {
  readonly name: string;
  readonly arn: string;

  constructor(scope: Construct, id: string, props: DocumentProps) {
    super(scope, id);
    this.name = documentName(props.installation, props.purpose, props.os);
    new CfnDocument(this, 'Default', {
      name: this.name,
      documentType: 'Command',
      documentFormat: 'JSON',
      targetType: '/',
      content: props.content,
      updateMethod: 'NewVersion',
    });
    this.arn = Stack.of(this).formatArn({ service: 'ssm', resource: 'document', resourceName: this.name });
  }
}
