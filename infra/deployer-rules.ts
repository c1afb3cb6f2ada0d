import { Aspects, Stack, Tags, type IAspect } from 'aws-cdk-lib/core';
import { CfnRole } from 'aws-cdk-lib/aws-iam';
import type { IConstruct } from 'constructs';
import type { Settings } from './context.ts';

/** Puts every role, whoever made it, under the deployer's path and boundary. */
class RoleRules implements IAspect {
  readonly #settings: Pick<Settings, 'permissionsBoundary' | 'rolePath'>;

  constructor(settings: Pick<Settings, 'permissionsBoundary' | 'rolePath'>) {
    this.#settings = settings;
  }

  visit(node: IConstruct): void {
    if (!(node instanceof CfnRole)) return;
    const { permissionsBoundary, rolePath } = this.#settings;
    const { partition, account } = Stack.of(node);
    if (rolePath !== '/') node.path = rolePath;
    if (permissionsBoundary === undefined) return;
    const own = `arn:${partition}:iam::${account}:policy/${permissionsBoundary}`;
    node.permissionsBoundary = permissionsBoundary.startsWith('arn:') ? permissionsBoundary : own;
  }
}

/** What a deployer's organisation asks of every resource below `scope`: role path, permissions boundary, tags. */
export function applyDeployerRules(scope: IConstruct, settings: Pick<Settings, 'permissionsBoundary' | 'rolePath' | 'tags'>): void {
  Aspects.of(scope).add(new RoleRules(settings));
  for (const [key, value] of Object.entries(settings.tags)) Tags.of(scope).add(key, value);
}
