import { reason } from '../json.ts';
import type { Input } from '../types.ts';
import {
  parseDocument,
  resolveStep,
  withDefaults,
  type DocumentContent,
  type DocumentStep,
  type ParameterValues,
} from './document-content.ts';
import { afterStep, decide, mergeStatuses, statusOf, type EndedStep, type StepOutcome, type StepResult } from './document-flow.ts';
import type { Host } from './host.ts';
import {
  behaviourOf,
  downloadContent,
  flat,
  nestedParameters,
  type Behaviour,
  type Behaviours,
  type StepContext,
  type StepExit,
} from './plugins.ts';

/** amazon-ssm-agent, rundocument.go, executeCommandMaxDepth. */
const DEPTH_LIMIT = 3;

/** The document that a step is of, and how deep it is nested: 1 for the command's own. */
export interface Place {
  document: string;
  depth: number;
}

/** Runs one step's plugin to its end. */
export async function runStep(step: DocumentStep, context: StepContext, place: Place, behaviours: Behaviours): Promise<StepOutcome> {
  if (step.action === 'aws:runDocument') return runNested(step, context, behaviours, place.depth);
  return exited(await script(step, place.document, behaviours)(context), context.host);
}

function script(step: DocumentStep, document: string, behaviours: Behaviours): Behaviour {
  if (step.action === 'aws:downloadContent') return downloadContent;
  const behaviour = behaviourOf(behaviours, document, step.name);
  if (!behaviour) throw new Error(`the simulated fleet does not know what step ${step.name} of document ${document} does`);
  return behaviour;
}

/** A script's end; of one that failed the agent says so on standard error (amazon-ssm-agent, plugins/runscript). */
function exited({ code, stdout = '', stderr = '' }: StepExit, host: Host): StepOutcome {
  const status = statusOf(code, host.platform.os);
  return { status, code, stdout, stderr: status === 'Failed' ? `${stderr}\nfailed to run commands: exit status ${code}` : stderr };
}

/**
 * aws:runDocument: the node fetches the document itself and runs its steps; a reboot in there would start it again from its first
 * step, and its outputs and statuses are merged into one (amazon-ssm-agent, plugins/rundocument). A failed nested step leaves exit
 * code 0: the status alone says it.
 */
async function runNested(step: DocumentStep, context: StepContext, behaviours: Behaviours, depth: number): Promise<StepOutcome> {
  const path = typeof step.inputs.documentPath === 'string' ? step.inputs.documentPath : '';
  if (step.inputs.documentType !== 'SSMDocument') {
    return failed(`documentType ${JSON.stringify(step.inputs.documentType)} is not simulated; there is SSMDocument`);
  }
  if (path === 'AWS-Noop') return { status: 'Success', code: 0, stdout: '', stderr: '' };
  if (depth > DEPTH_LIMIT) {
    return failed(`Maximum depth for document execution exceeded. Maximum depth permitted - ${DEPTH_LIMIT} and current depth - ${depth}`);
  }
  try {
    const [name = '', version] = path.slice(path.lastIndexOf('/') + 1).split(':');
    const output: Input = await context.process.call(
      'ssm',
      'GetDocument',
      { Name: name, ...(version === undefined ? {} : { DocumentVersion: version }) },
    );
    const document = parseDocument(name, String(output.Content));
    return await runNestedSteps(
      { name, document, values: withDefaults(document, nestedParameters(step.inputs.documentParameters)) },
      context,
      behaviours,
      depth,
    );
  } catch (error) {
    return failed(reason(error));
  }
}

async function runNestedSteps(
  nested: { name: string; document: DocumentContent; values: ParameterValues },
  context: StepContext,
  behaviours: Behaviours,
  depth: number,
): Promise<StepOutcome> {
  const { document, values } = nested;
  const done: EndedStep[] = [];
  for (const [index, raw] of document.mainSteps.entries()) {
    const resolved = resolveStep(raw, document, values);
    const decision = decide({ raw, resolved, isLast: index === document.mainSteps.length - 1 }, context.host.platform.os, done);
    const base = { name: raw.name, action: raw.action, start: 0, end: 0 };
    if (decision.operation === 'skip') continue;
    const inner = { ...context, parameters: flat(values), inputs: resolved.inputs };
    const ended =
      decision.operation === 'fail'
        ? failed(decision.message)
        : await runStep(resolved, inner, { document: nested.name, depth: depth + 1 }, behaviours);
    done.push({ step: resolved, result: afterStep(resolved, { ...base, ...ended }) });
    if (ended.status === 'SuccessAndReboot') break;
  }
  const results = done.map(({ result }) => result);
  const status = mergeStatuses(results);
  return { status, code: 0, stdout: joined(results, 'stdout'), stderr: joined(results, 'stderr') };
}

function failed(message: string): StepOutcome {
  return { status: 'Failed', code: 1, stdout: '', stderr: message };
}

function joined(results: StepResult[], stream: 'stdout' | 'stderr'): string {
  return results.map((result) => result[stream]).filter((text) => text !== '').join('\n');
}

