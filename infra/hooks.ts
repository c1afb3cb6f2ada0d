/** Documents that policies run around the install, as far as permissions are about it. Nodes run them; the hub only looks whether they are there. */
import type { PolicyFile } from '../lambdas/core/model.ts';

/** By name or ARN, as policies name them; each once. */
export function hooksOf(file: PolicyFile | undefined): string[] {
  const named = (file?.policies ?? []).flatMap(({ hooks }) => [hooks?.before, hooks?.after].flatMap((hook) => hook?.document ?? []));
  return [...new Set(named)].toSorted();
}

/** Parameters of Wavelock-Patch that take a hook. */
const HOOK_PARAMETERS = ['BeforeHook', 'AfterHook'];
/** A document takes 64 KB (AWS General Reference, Systems Manager quotas), most of which its scripts need; so much is left for each of the two. */
const LONGEST_PATTERN = 1_900;

/**
 * A document whose hooks can be those that policies name and no others. IAM knows no condition on a command's parameters, so whoever may send
 * Wavelock-Patch could otherwise have nodes run any document that they may read. More names than fit: any are taken.
 */
export function limitHooks(content: object, hooks: string[]): object {
  const { parameters = {} } = content as { parameters?: { [name: string]: object } };
  const names = hooks.map((name) => name.replaceAll(/[^\w:/-]/g, String.raw`\$&`)).join('|');
  const allowedPattern = names === '' ? '^none$' : `^(none|(${names}):[1-9][0-9]{0,5})$`;
  const limited = HOOK_PARAMETERS.filter((name) => name in parameters).map((name) => [name, { ...parameters[name], allowedPattern }]);
  if (limited.length === 0 || allowedPattern.length > LONGEST_PATTERN) return content;
  return { ...content, parameters: { ...parameters, ...Object.fromEntries(limited) } };
}
