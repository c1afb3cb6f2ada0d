import { reason, type Json } from '../json.ts';
import type { Input } from '../types.ts';
import { parseDocument, resolveStep, withDefaults, type DocumentContent, type DocumentStep, type ParameterValues } from './document-content.ts';
import { EXIT, afterStep, decide, mergeNested, statusOf, stepSeconds, type EndedStep, type StepOutcome, type StepResult } from './document-flow.ts';
import type { Host } from './host.ts';
import {
  SCRIPT_PLUGINS,
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

/** A document that aws:runDocument runs. */
interface Nested {
  name: string;
  document: DocumentContent;
  values: ParameterValues;
  depth: number;
}

/**
 * aws:runDocument: the node fetches the document itself, or finds it on its disk, and runs its steps; a reboot in there would start it
 * again from its first step, and its outputs and statuses are merged into one (amazon-ssm-agent, plugins/rundocument). A failed nested
 * step leaves exit code 0: the status alone says it.
 */
async function runNested(step: DocumentStep, context: StepContext, behaviours: Behaviours, depth: number): Promise<StepOutcome> {
  if (step.inputs.documentPath === 'AWS-Noop') return { status: 'Success', code: 0, stdout: '', stderr: '' };
  if (depth > DEPTH_LIMIT) {
    return failed(`Maximum depth for document execution exceeded. Maximum depth permitted - ${DEPTH_LIMIT} and current depth - ${depth}`);
  }
  try {
    const { name, text } = await nestedText(step.inputs, context);
    const document = parseDocument(name, text);
    const given = nestedParameters(step.inputs.documentParameters);
    checkNested(name, document, given);
    return await runNestedSteps({ name, document, values: withDefaults(document, given), depth: depth + 1 }, context, behaviours);
  } catch (error) {
    return failed(reason(error));
  }
}

/** Name and content: from Systems Manager with the node's own role, or from a file. A file is called by its name without ending. */
async function nestedText({ documentType, documentPath }: Json, { host, process }: StepContext): Promise<{ name: string; text: string }> {
  const path = typeof documentPath === 'string' ? documentPath : '';
  const base = path.split(/[/\\]/).at(-1) ?? '';
  if (documentType === 'LocalPath') {
    const text = host.files.get(path);
    if (text === undefined) throw new Error(`There was an error while preparing documents - open ${path}: no such file or directory`);
    return { name: base.replace(/\.json$/, ''), text };
  }
  if (documentType !== 'SSMDocument')
    throw new Error(`documentType ${JSON.stringify(documentType)} is not simulated; there are SSMDocument and LocalPath`);
  // Name or ARN, with `:version` behind it (amazon-ssm-agent, docparser.ParseDocumentNameAndVersion).
  const version = base.split(':')[1];
  const Name = version === undefined ? path : path.slice(0, -version.length - 1);
  const output: Input = await process.call('ssm', 'GetDocument', { Name, ...(version === undefined ? {} : { DocumentVersion: version }) });
  return { name: base.split(':')[0] ?? '', text: String(output.Content) };
}

/** The agent checks a nested document's parameters itself (release notes of 3.1.1045.0). */
function checkNested(name: string, document: DocumentContent, values: ParameterValues): void {
  for (const [key, list] of Object.entries(values)) {
    const parameter = document.parameters[key];
    if (!parameter) throw new Error(`document ${name} has no parameter ${key}`);
    const { allowedValues } = parameter;
    if (allowedValues && list.some((value) => !allowedValues.includes(value)))
      throw new Error(`${key} of document ${name} may not be ${list.join()}`);
  }
}

async function runNestedSteps({ name, document, values, depth }: Nested, context: StepContext, behaviours: Behaviours): Promise<StepOutcome> {
  const done: EndedStep[] = [];
  for (const [index, raw] of document.mainSteps.entries()) {
    const resolved = resolveStep(raw, document, values);
    const decision = decide({ raw, resolved, isLast: index === document.mainSteps.length - 1 }, context.host.platform.os, done);
    const base = { name: raw.name, action: raw.action, start: 0, end: 0 };
    if (decision.operation === 'skip') continue;
    const inner = { ...context, process: context.process.child(), parameters: flat(values), inputs: resolved.inputs };
    const ended =
      decision.operation === 'fail'
        ? failed(decision.message)
        : await Promise.race([runStep(resolved, inner, { document: name, depth }, behaviours), timedOut(resolved, inner)]);
    inner.process.kill();
    done.push({ step: resolved, result: afterStep(resolved, { ...base, ...ended }) });
    if (ended.status === 'SuccessAndReboot') break;
  }
  const results = done.map(({ result }) => result);
  return { status: mergeNested(results), code: 0, stdout: joined(results, 'stdout'), stderr: joined(results, 'stderr') };
}

/** The end of a script that takes too long; nothing else has a time-out. */
async function timedOut({ action, inputs }: DocumentStep, { process }: StepContext): Promise<StepOutcome> {
  if (!SCRIPT_PLUGINS.includes(action)) return new Promise(() => undefined);
  await process.sleep(stepSeconds(inputs));
  return { status: 'TimedOut', code: EXIT.killed, stdout: '', stderr: '' };
}

function failed(message: string): StepOutcome {
  return { status: 'Failed', code: 1, stdout: '', stderr: message };
}

function joined(results: StepResult[], stream: 'stdout' | 'stderr'): string {
  return results
    .map((result) => result[stream])
    .filter((text) => text !== '')
    .join('\n');
}
