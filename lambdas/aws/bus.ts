/** The hub's own event bus: how one part of Wavelock sets another going without knowing it. */
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { Retryable } from '../core/errors.ts';
import type { ReadSetting } from './settings.ts';

/** Source of our own events; AWS keeps names that begin with `aws.` for itself. */
export const EVENT_SOURCE = 'wavelock';
/** A rollout is to be planned: `{ policy, scheduledFor, because, doing }`. */
export const ROLLOUT_WANTED = 'Rollout wanted';
/** A rollout that advisories had started is over: `{ policy, rollout }`. What it closed is looked at. */
export const ROLLOUT_ENDED = 'Rollout ended';

export interface Bus {
  /** Delivered at least once, if it was taken at all: whoever must know that it arrived asks the record. */
  publish(detailType: string, detail: object): Promise<void>;
}

export function createBus(setting: ReadSetting): Bus {
  const events = new EventBridgeClient({});
  return {
    async publish(DetailType, detail) {
      const entry = { EventBusName: setting('BUS_NAME'), Source: EVENT_SOURCE, DetailType, Detail: JSON.stringify(detail) };
      const { Entries } = await events.send(new PutEventsCommand({ Entries: [entry] }));
      // A call that succeeds may still have refused its entry (EventBridge API reference, PutEvents: FailedEntryCount).
      const refused = Entries?.find(({ ErrorCode }) => ErrorCode !== undefined);
      if (refused) throw new Retryable(`EventBridge did not take the event ${DetailType}: ${refused.ErrorCode} ${refused.ErrorMessage ?? ''}`);
    },
  };
}
