import type { MapState } from './definition.ts';
import { Cancelled, StatesError } from './errors.ts';
import type { Execution } from './execution.ts';
import { DISTRIBUTED_CONCURRENCY, MOST_SECONDS, PAYLOAD_LIMIT, payloadText, tooLarge } from './limits.ts';
import { childInputs, concurrencyOf, itemsOf, type ChildInput } from './map-inputs.ts';
import { writeResults } from './result-writer.ts';
import { numberField, type Step } from './step.ts';
import { jsonOf, type JsonValue } from './values.ts';

const THRESHOLD = 'States.ExceedToleratedFailureThreshold';

/** One child of a Map Run: an execution of its own, once it has been started. */
export interface MapChild {
  /** JSON text. */
  input: string;
  /** How many items it works on: more than one when the Map has an ItemBatcher. */
  items: number;
  execution?: Execution;
}

/** One run of a Distributed Map. Times are milliseconds since the epoch. */
export interface MapRun {
  arn: string;
  parent: Execution;
  state: MapState;
  /** Name of the Map's state. */
  name: string;
  label: string;
  status: 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'ABORTED';
  startDate: number;
  stopDate?: number;
  concurrency: number;
  toleratedPercentage?: number;
  toleratedCount?: number;
  children: MapChild[];
  redriveCount: number;
  redriveDate?: number;
}

/**
 * A Distributed Map: each item, or batch of items, is a child execution with its own history, started as the machine's role.
 * https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html
 *
 * @throws StatesError `States.ExceedToleratedFailureThreshold` when more children fail than are tolerated, `States.DataLimitExceeded`
 *   when their outputs together are over 256 KiB and no ResultWriter takes them
 */
export async function runDistributed(step: Step, state: MapState): Promise<JsonValue> {
  const mapRun = step.resumed && step.frame.mapRun ? redrive(step, step.frame.mapRun) : await begin(step, state);
  step.frame.mapRun = mapRun;
  const leave = step.cancellation.onCancel(() => close(step, mapRun, 'ABORTED'));
  try {
    await runChildren(step, mapRun);
    return await finish(step, mapRun);
  } catch (thrown) {
    if (thrown instanceof Cancelled) throw thrown;
    close(step, mapRun, 'FAILED');
    if (thrown instanceof StatesError) await recordRunFailed(step, mapRun, thrown);
    throw thrown;
  } finally {
    leave();
  }
}

async function begin(step: Step, state: MapState): Promise<MapRun> {
  const { execution, frame, world, name } = step;
  const concurrency = await concurrencyOf(step, state, DISTRIBUTED_CONCURRENCY);
  const percentage = state.ToleratedFailurePercentage;
  const count = state.ToleratedFailureCount;
  const tolerated = {
    ...(percentage === undefined
      ? {}
      : {
          toleratedPercentage: await numberField(step, percentage, 'ToleratedFailurePercentage', { least: 0, most: 100, fraction: true }),
        }),
    ...(count === undefined ? {} : { toleratedCount: await numberField(step, count, 'ToleratedFailureCount', { least: 0, most: MOST_SECONDS }) }),
  };
  const items = await itemsOf(step, state);
  const inputs = await childInputs(step, state, items);
  const label = labelOf(step, state);
  const { machine } = execution;
  const mapRun: MapRun = {
    arn: `arn:aws:states:${machine.region}:${machine.account}:mapRun:${machine.name}/${label}:${world.random.uuid()}`,
    parent: execution,
    state,
    name,
    label,
    status: 'RUNNING',
    startDate: world.clock.now(),
    concurrency,
    ...tolerated,
    children: inputs.map((input) => child(input, name)),
    redriveCount: 0,
  };
  execution.history.add(frame.chain, 'MapStateStarted', { mapStateStartedEventDetails: { length: items.length } });
  execution.history.add(frame.chain, 'MapRunStarted', { mapRunStartedEventDetails: { mapRunArn: mapRun.arn } });
  world.registerMapRun(mapRun);
  return mapRun;
}

function child({ value, items }: ChildInput, name: string): MapChild {
  return { input: payloadText(value, name), items };
}

/** A Map without a label gets one made up, which stays with its machine. */
function labelOf(step: Step, state: MapState): string {
  const { labels } = step.execution.machine;
  const label = state.Label ?? labels.get(state) ?? step.world.random.uuid();
  labels.set(state, label);
  return label;
}

/** Children that didn't succeed, or never started, run again under the same Map Run: redrive-map-run.html of the developer guide. */
function redrive(step: Step, mapRun: MapRun): MapRun {
  mapRun.status = 'RUNNING';
  mapRun.redriveCount++;
  mapRun.redriveDate = step.world.clock.now();
  delete mapRun.stopDate;
  const details = { mapRunArn: mapRun.arn, redriveCount: mapRun.redriveCount };
  step.execution.history.add(step.frame.chain, 'MapRunRedriven', { mapRunRedrivenEventDetails: details });
  return mapRun;
}

/** Whether a child that has ended may still be run again by a redrive of its Map Run. */
export function childIsRedrivable(execution: Execution): boolean {
  const unsuccessful = execution.status === 'FAILED' || execution.status === 'TIMED_OUT' || execution.status === 'ABORTED';
  return unsuccessful && !execution.history.full;
}

async function runChildren(step: Step, mapRun: MapRun): Promise<void> {
  const todo = mapRun.children.filter(({ execution }) => execution === undefined || childIsRedrivable(execution)).values();
  let failure: unknown;

  async function worker(): Promise<void> {
    for (const next of todo) {
      if (failure !== undefined || step.cancellation.cancelled) return;
      try {
        await runChild(step, mapRun, next);
      } catch (thrown) {
        failure ??= thrown;
      }
      if (exceeds(mapRun)) failure ??= thresholdExceeded();
      // The threshold stops what still runs: the other workers then see the end of their children.
      if (failure !== undefined) close(step, mapRun, 'FAILED');
    }
  }

  const workers = Math.min(mapRun.concurrency, mapRun.children.length);
  await Promise.all(Array.from({ length: workers }, () => worker()));
  if (step.cancellation.cancelled) throw new Cancelled();
  if (failure !== undefined) throw failure;
  // Children that could not be redriven count as well.
  if (exceeds(mapRun)) throw thresholdExceeded();
}

async function runChild(step: Step, mapRun: MapRun, next: MapChild): Promise<void> {
  const { outside, random } = step.world;
  const { execution } = next;
  if (execution) {
    await outside.redriveChild(mapRun, execution, () => step.world.redrive(execution));
  } else {
    const { input, items: itemCount } = next;
    const { machine } = step.execution;
    const name = random.uuid();
    const start = (): Execution => step.world.start({ machine, name, input, inputValue: jsonOf(input), mapRun, itemCount });
    next.execution = await outside.startChild({ mapRun, name, input, start });
  }
  if (!next.execution) return;
  if (mapRun.status !== 'RUNNING') step.world.stop(next.execution, {});
  await next.execution.finished;
}

function thresholdExceeded(): StatesError {
  return new StatesError({ error: THRESHOLD, cause: 'The specified tolerated failure threshold was exceeded' });
}

/** Each threshold counts where it is given, by items; without any, no failure is tolerated. */
function exceeds(mapRun: MapRun): boolean {
  const { toleratedCount, toleratedPercentage, children } = mapRun;
  let failed = 0;
  let total = 0;
  for (const { execution, items } of children) {
    total += items;
    if (execution && execution.status !== 'RUNNING' && execution.status !== 'SUCCEEDED') failed += items;
  }
  if (failed === 0) return false;
  if (toleratedCount === undefined && toleratedPercentage === undefined) return true;
  if (toleratedCount !== undefined && failed > toleratedCount) return true;
  return toleratedPercentage !== undefined && (100 * failed) / total > toleratedPercentage;
}

async function finish(step: Step, mapRun: MapRun): Promise<JsonValue> {
  const { execution, frame } = step;
  const writer = mapRun.state.ResultWriter;
  const result = writer ? await writeResults(step, writer, mapRun) : collect(step, mapRun);
  close(step, mapRun, 'SUCCEEDED');
  const last = execution.history.aside(frame.chain, 'MapRunSucceeded');
  execution.history.aside({ last, cut: false }, 'MapStateSucceeded');
  return result;
}

function collect(step: Step, mapRun: MapRun): JsonValue {
  const outputs = mapRun.children.flatMap(({ execution }) => (execution?.status === 'SUCCEEDED' && execution.output ? [execution.output] : []));
  const list = `[${outputs.join(',')}]`;
  if (Buffer.byteLength(list) > PAYLOAD_LIMIT) {
    // A redrive runs all children again, as a new Map Run: redrive-executions.html of the developer guide.
    delete step.frame.mapRun;
    throw tooLarge(step.name);
  }
  return jsonOf(list);
}

/** The results of a Map Run that failed by its threshold are written as well; the threshold stays the error when they can't be. */
async function recordRunFailed(step: Step, mapRun: MapRun, { failure }: StatesError): Promise<void> {
  const writer = mapRun.state.ResultWriter;
  if (writer && failure.error === THRESHOLD) {
    await writeResults(step, writer, mapRun).catch((thrown: unknown) => {
      if (!(thrown instanceof StatesError)) throw thrown;
    });
  }
  step.execution.history.add(step.frame.chain, 'MapRunFailed', { mapRunFailedEventDetails: { ...failure } });
}

/** Ends the Map Run; what still runs of it is stopped. */
function close(step: Step, mapRun: MapRun, status: MapRun['status']): void {
  if (mapRun.status !== 'RUNNING') return;
  mapRun.status = status;
  mapRun.stopDate = step.world.clock.now();
  stopChildren(step, mapRun);
}

function stopChildren(step: Step, mapRun: MapRun): void {
  for (const { execution } of mapRun.children) if (execution?.status === 'RUNNING') step.world.stop(execution, {});
}
