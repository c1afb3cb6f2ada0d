import { runGroup, type RunFrame } from './branches.ts';
import { isDistributed, type MapState } from './definition.ts';
import { newFrame, type Frame } from './frame.ts';
import { INLINE_CONCURRENCY } from './limits.ts';
import { concurrencyOf, itemsOf } from './map-inputs.ts';
import { runDistributed } from './map-run.ts';
import { evaluate, type Step } from './step.ts';
import type { JsonValue } from './values.ts';

/**
 * A Map: its processor runs once an item; the result is the list of outputs in the order of the items, or what the ResultWriter says.
 *
 * @throws StatesError as branches do; a Distributed Map `States.ExceedToleratedFailureThreshold`
 */
export async function runMap(step: Step, state: MapState, runFrame: RunFrame): Promise<JsonValue> {
  return isDistributed(state) ? runDistributed(step, state) : runInline(step, state, runFrame);
}

async function runInline(step: Step, state: MapState, runFrame: RunFrame): Promise<JsonValue> {
  const { frame, execution, name } = step;
  const concurrency = await concurrencyOf(step, state, INLINE_CONCURRENCY);
  if (!step.resumed || !frame.branches) {
    const items = await itemsOf(step, state);
    const previous = execution.history.add(frame.chain, 'MapStateStarted', { mapStateStartedEventDetails: { length: items.length } });
    frame.branches = items.map((item, index) => iteration(step, state, { item, index, previous }));
  }
  const outputs = await runGroup(step, frame.branches, {
    runFrame,
    concurrency,
    iterations: name,
    async start(inner, index) {
      if (state.ItemSelector !== undefined && inner.item) {
        inner.input = await evaluate(step, state.ItemSelector, 'ItemSelector', { item: inner.item });
      }
      execution.history.add(inner.chain, 'MapIterationStarted', { mapIterationStartedEventDetails: { name, index } });
      inner.started = true;
    },
    end(inner, index) {
      execution.history.add(inner.chain, 'MapIterationSucceeded', { mapIterationSucceededEventDetails: { name, index } });
    },
  });
  execution.history.aside(frame.chain, 'MapStateSucceeded');
  return outputs;
}

function iteration(step: Step, state: MapState, from: { item: JsonValue; index: number; previous: number }): Frame {
  const { variables } = step.frame;
  const frame = newFrame(state.ItemProcessor, from.item, { variables, previous: from.previous });
  frame.item = { Index: from.index, Value: from.item };
  return frame;
}
