/**
 * Runs a Wavelock document on a root as amazon-ssm-agent does: parameters are put in as text, steps run one after another, also after a
 * failed one; 168 skips the rest, 194 reboots and runs the step again (at most 15 runs), the finally step always runs, and a report
 * reader sees 2,500 characters of standard output and error together (runpluginutil.go, pluginoutput.go). aws:runDocument runs a document's
 * steps the same way and keeps no exit code of theirs (rundocument.go).
 */
import { createHash } from 'node:crypto';
import type { CommandDocument, DocumentName, Step } from '../../../statemachines/documents/assemble.ts';
import { assembleDocument } from '../../../statemachines/documents/assemble.ts';
import { runFrame } from './frame.ts';
import type { Hooks } from './frame.ts';
import type { Ran, Root } from './root.ts';

export interface Invocation {
  status: 'Success' | 'Failed';
  steps: Record<string, Ran & { output: string }>;
  reboots: number;
}

export interface Order {
  document: DocumentName;
  batch: string;
  /** Text of the lock that lies in S3; `undefined`: it can't be had. */
  lock?: string;
  /** What the plan says of the lock, if not its own hash. */
  sha256?: string;
  /** Whether the node really reboots when asked. */
  reboots?: boolean;
  /** Called for each step that begins; the step may be killed. */
  onStep?: (name: string, kill: () => void) => void;
  /** Parameters of the hooks, and what the documents behind them do. */
  parameters?: Record<string, string>;
  hooks?: Hooks;
}

/** How long a node waits for others and for its services: minutes on a node, a second here. */
const HURRY = /^(wl_patience|wl_grace)=\d+$/u;

/** Sends a document to a node and waits for its end. */
export async function invoke(root: Root, order: Order): Promise<Invocation> {
  const document = fill(assembleDocument(order.document), parametersOf(order));
  const invocation: Invocation = { status: 'Success', steps: {}, reboots: 0 };
  let skip = false;
  for (const [index, step] of document.mainSteps.entries()) {
    const last = index === document.mainSteps.length - 1;
    if (skip && !(last && step.inputs.finallyStep === true)) continue;
    const [left, right] = step.precondition?.StringEquals ?? [];
    if (left !== right) continue;
    const ran = await runStep(root, step, order, invocation);
    invocation.steps[step.name] = { ...ran, output: outputOf(ran) };
    if (ran.code === 168 || ran.code === 169) skip = true;
    else if (ran.code !== 0) invocation.status = 'Failed';
  }
  return invocation;
}

async function runStep(root: Root, step: Step, order: Order, invocation: Invocation): Promise<Ran> {
  if (step.action === 'aws:downloadContent') return download(root, step, order);
  for (let run = 1; run <= 15; run++) {
    const ran = await runOnce(root, step, order);
    if (ran.code !== 194) return ran;
    invocation.reboots++;
    if (order.reboots !== false) await root.reboot();
  }
  throw new Error(`${step.name} asked for a reboot 15 times`);
}

/** One run of a step; 194 where it or something in it asks for a reboot. */
async function runOnce(root: Root, step: Step, order: Order): Promise<Ran> {
  if (step.action === 'aws:runDocument') return runFrame(root, step.inputs.documentPath ?? '', order.hooks ?? {});
  root.write('tmp/_script.sh', `${(step.inputs.runCommand ?? []).map((line) => line.replace(HURRY, '$1=1')).join('\n')}\n`);
  await root.run(['chmod', '700', '/tmp/_script.sh']);
  const running = root.start(['sh', '-c', '/tmp/_script.sh']);
  order.onStep?.(step.name, () => running.kill());
  return running.done;
}

async function download(root: Root, step: Step, order: Order): Promise<Ran> {
  if (order.lock === undefined) return { code: 1, stdout: '', stderr: 'failed to download' };
  const path = step.inputs.destinationPath ?? '';
  await root.shell(`mkdir -p "$(dirname ${path})" && printf %s '${order.lock}' >${path}`);
  return { code: 0, stdout: 'Content downloaded', stderr: '' };
}

function parametersOf(order: Order): Record<string, string> {
  const sha256 =
    order.sha256 ??
    createHash('sha256')
      .update(order.lock ?? '')
      .digest('hex');
  return {
    BatchId: order.batch,
    LockUrl: `https://wavelock-locks.s3.eu-central-1.amazonaws.com/locks/${sha256}`,
    LockSha256: sha256,
    executionTimeout: '600',
    ...order.parameters,
  };
}

function fill(document: CommandDocument, values: Record<string, string>): CommandDocument {
  let text = JSON.stringify(document);
  for (const [name, parameter] of Object.entries(document.parameters)) {
    const value = values[name] ?? parameter.default ?? '';
    if (!new RegExp(parameter.allowedPattern, 'u').test(value)) throw new Error(`${name} may not be ${value}`);
    text = text.replaceAll(`{{ ${name} }}`, value);
  }
  return JSON.parse(text) as CommandDocument;
}

/** What ListCommandInvocations shows of a step. */
function outputOf(ran: Ran): string {
  const stderr = ran.code === 0 || ran.code === 168 ? ran.stderr : `${ran.stderr}failed to run commands: exit status ${ran.code}`;
  const text = stderr === '' ? ran.stdout : `${ran.stdout}\n----------ERROR-------\n${stderr}`;
  return text.slice(0, 2_500);
}
