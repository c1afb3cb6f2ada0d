/**
 * The six SSM documents, put together from their templates and scripts. Templates are YAML so that they can say why; a script is a real
 * file, checked and run by itself, and named in a template as `splice: linux/claim.sh`. What comes out is what is deployed and what the
 * tests run.
 */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';
import type { Os } from '../../lambdas/core/model.ts';

export const documentNames = [
  'Wavelock-Scan-Linux',
  'Wavelock-Patch-Linux',
  'Wavelock-Verify-Linux',
  'Wavelock-Scan-Windows',
  'Wavelock-Patch-Windows',
  'Wavelock-Verify-Windows',
] as const;
export type DocumentName = (typeof documentNames)[number];

/** `patch` changes nodes; `scan` and `verify` only read. */
export type Purpose = 'scan' | 'patch' | 'verify';

/** What each document is for. In `observe` mode the documents with purpose `patch` must not exist at all. */
export const documents: Record<DocumentName, { os: Os; purpose: Purpose }> = {
  'Wavelock-Scan-Linux': { os: 'linux', purpose: 'scan' },
  'Wavelock-Patch-Linux': { os: 'linux', purpose: 'patch' },
  'Wavelock-Verify-Linux': { os: 'linux', purpose: 'verify' },
  'Wavelock-Scan-Windows': { os: 'windows', purpose: 'scan' },
  'Wavelock-Patch-Windows': { os: 'windows', purpose: 'patch' },
  'Wavelock-Verify-Windows': { os: 'windows', purpose: 'verify' },
};

/** SSM quota "document size": 64 KB (AWS General Reference, Systems Manager endpoints and quotas). */
export const DOCUMENT_LIMIT = 64 * 1024;

const Parameter = z.strictObject({
  type: z.literal('String'),
  description: z.string(),
  default: z.string().optional(),
  allowedPattern: z.string(),
});
const Action = z.enum(['aws:downloadContent', 'aws:runDocument', 'aws:runShellScript', 'aws:runPowerShellScript']);
/** Inputs of the plugins that we use (SSM user guide, "Command document plugin reference"). */
const Inputs = z.strictObject({
  sourceType: z.literal('S3').optional(),
  sourceInfo: z.string().optional(),
  destinationPath: z.string().optional(),
  /** A document that lies on the node; `documentPath` is then its path. */
  documentType: z.literal('LocalPath').optional(),
  documentPath: z.string().optional(),
  timeoutSeconds: z.string().optional(),
  finallyStep: z.literal(true).optional(),
});
/** Both sides are equal, or the step is skipped: the only operator that the agent knows (amazon-ssm-agent, evaluatePreconditions). */
const Precondition = z.strictObject({ StringEquals: z.tuple([z.string(), z.string()]) });
const Line = z.union([z.string(), z.strictObject({ splice: z.string() })]);
const Template = z.strictObject({
  schemaVersion: z.literal('2.2'),
  description: z.string(),
  parameters: z.record(z.string(), Parameter),
  mainSteps: z.array(
    z.strictObject({
      name: z.string(),
      action: Action,
      precondition: Precondition.optional(),
      inputs: Inputs.extend({ runCommand: z.array(Line).optional() }),
    }),
  ),
});

export interface Step {
  name: string;
  action: z.infer<typeof Action>;
  precondition?: z.infer<typeof Precondition>;
  /** `runCommand` is the script; the agent puts its elements together with line breaks. */
  inputs: z.infer<typeof Inputs> & { runCommand?: string[] };
}

/** An SSM command document of schema 2.2 (SSM user guide, "Schemas, features, and examples"). */
export interface CommandDocument {
  schemaVersion: '2.2';
  description: string;
  parameters: Record<string, z.infer<typeof Parameter>>;
  mainSteps: Step[];
}

/** Reads a document's template and splices its scripts. Throws where the template or a script is missing or malformed. */
export function assembleDocument(name: DocumentName): CommandDocument {
  const template = Template.parse(parse(read(`${name}.yaml`), { merge: true }));
  return { ...template, mainSteps: template.mainSteps.map((step) => ({ ...step, inputs: assembleInputs(step.inputs) })) };
}

function assembleInputs({ runCommand, ...inputs }: z.infer<typeof Template>['mainSteps'][number]['inputs']): Step['inputs'] {
  if (!runCommand) return inputs;
  return { ...inputs, runCommand: runCommand.map((line) => (typeof line === 'string' ? line : scriptText(line.splice))) };
}

/**
 * A script without comments, blank lines and indentation: with them the six steps of a document would not fit into 64 KB. One element
 * for all of it, since whoever prints the document prettily would indent every element.
 */
function scriptText(path: string): string {
  return read(path)
    .split('\n')
    .map((line) => line.trim().replace(/^(\w+\(\) \{) # .*$/u, '$1'))
    .filter((line) => line !== '' && !line.startsWith('#'))
    .join('\n');
}

function read(path: string): string {
  return readFileSync(new URL(path, import.meta.url), 'utf8');
}
