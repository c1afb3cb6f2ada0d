/** Documents that policies run around the install, as far as permissions are about it. Nodes run them; the hub only looks whether they are there. */
import type { PolicyFile } from '../lambdas/core/model.ts';

/** By name or ARN, as policies name them; each once. */
export function hooksOf(file: PolicyFile | undefined): string[] {
  const named = (file?.policies ?? []).flatMap(({ hooks }) => [hooks?.before, hooks?.after].flatMap((hook) => hook?.document ?? []));
  return [...new Set(named)].toSorted();
}
