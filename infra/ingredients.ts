/** Reads what the app is built from: policy file and documents. */
import { readPolicyFile } from '../cli/files/policy.ts';
import type { PolicyFile } from '../lambdas/core/model.ts';
import { assembleDocument, documentNames, documents } from '../statemachines/documents/assemble.ts';
import type { DocumentSource } from './spoke.ts';
import { checkWindows, type Places } from './windows.ts';

/** All documents, put together from their templates and scripts. */
export function readDocuments(): DocumentSource[] {
  return documentNames.map((name) => ({ ...documents[name], content: assembleDocument(name) }));
}

/**
 * Everything that the app is built from, beside context and functions.
 *
 * @param policyPath `undefined` where there is no policy file
 * @param places where the installation will be: maintenance windows elsewhere are refused. Left out: they are not looked at
 * @throws InputErrors with every problem of the policy file and its place
 */
export function readIngredients(
  policyPath: string | undefined,
  places?: Places,
): {
  policy: PolicyFile | undefined;
  documents: DocumentSource[];
} {
  const read = policyPath === undefined ? undefined : readPolicyFile(policyPath);
  if (read && places) checkWindows(read, places);
  return {
    policy: read?.policy,
    documents: readDocuments(),
  };
}
