import { Stack } from 'aws-cdk-lib/core';
import { StringParameter } from 'aws-cdk-lib/aws-ssm';
import { Construct } from 'constructs';
import type { Os } from '../lambdas/core/model.ts';
import type { Purpose } from '../statemachines/contracts.ts';
import { Document } from './constructs/document.ts';
import { Forwarding } from './constructs/forwarding.ts';
import { LockBucket } from './constructs/lock-bucket.ts';
import { SpokeRole } from './constructs/spoke-role.ts';
import type { DeployMode, Settings } from './context.ts';
import { limitHooks } from './hooks.ts';
import { documentTitle, spokeParameterName, type Installation } from './names.ts';
import type { Runbook } from './stand-ins.ts';

/** A document as it comes from its scripts. */
export interface DocumentSource {
  purpose: Purpose;
  os: Os;
  content: object;
}

export interface SpokeProps {
  installation: Installation;
  mode: DeployMode;
  optInTag: Settings['optInTag'];
  /** Whether Amazon Inspector may be read. */
  inspector: boolean;
  /** All documents; those that patch are left out in `observe`. */
  documents: DocumentSource[];
  /** Documents of the user's that policies run where there is no fix, by name. */
  standIns: string[];
  /** Automation runbooks of the user's that policies run where there is no fix. Left out: none. */
  runbooks?: Runbook[];
  /** Documents that policies run around the install, by name or ARN: Wavelock-Patch takes no others. Left out: none. */
  hooks?: string[];
  /** Ids of the maintenance windows in this location that policies name. Left out: none. */
  windows?: string[];
}

/**
 * What Wavelock has in one account and Region: documents, the role through which the hub uses them, the rule that tells the hub when a
 * command ends, and, where nodes may be patched, the bucket where they find their locks.
 */
export class Spoke extends Construct {
  constructor(scope: Construct, id: string, props: SpokeProps) {
    super(scope, id);
    const { installation, mode, optInTag } = props;
    const [standIns, runbooks] = mode === 'patch' ? [props.standIns, props.runbooks ?? []] : [[], []];
    const windows = mode === 'patch' ? (props.windows ?? []) : [];
    const hooks = mode === 'patch' ? (props.hooks ?? []) : [];
    const wanted = props.documents.filter(({ purpose }) => mode === 'patch' || purpose !== 'patch');
    const documents = new Map(
      wanted.map((source) => {
        const { purpose, os } = source;
        const content = limitHooks(source.content, hooks);
        return [`${purpose}-${os}`, new Document(this, documentTitle(purpose, os), { installation, purpose, os, content })];
      }),
    );
    const locks = mode === 'patch' ? new LockBucket(this, 'Locks').bucket : undefined;
    const names = Object.fromEntries([...documents].map(([key, document]) => [key, document.name]));
    new StringParameter(this, 'Parameter', {
      parameterName: spokeParameterName(installation),
      description: 'What this Wavelock spoke has, for its hub',
      stringValue: Stack.of(this).toJsonString({ ...(locks ? { lockBucket: locks.bucketName } : {}), documents: names }),
    });
    new SpokeRole(this, 'Role', {
      installation,
      documents: [...documents.values()],
      standIns,
      runbooks,
      windows,
      hooks,
      locks,
      optInTag,
      inspector: props.inspector,
    });
    new Forwarding(this, 'Forwarding', { installation, documents: Object.values(names) });
  }
}
