/** Reads and writes of the record. Every write may come twice; conditions recognise one's own earlier write. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { Node } from '../core/model.ts';
import { locationKey } from '../core/model.ts';
import { parseBatchName } from '../core/names.ts';
import { Terminal } from '../core/errors.ts';
import { createEntities } from './entities.ts';
import { isConditionFailure, once } from './conditions.ts';
import { exposureRows } from './record-exposures.ts';
import { feedRows } from './record-feeds.ts';
import { startRows } from './record-starts.ts';
import type { EntityItem, UpdateEntityItem } from 'electrodb';
import type { Entities } from './entities.ts';
import type { Location } from '../core/model.ts';
import type { ReadSetting } from './settings.ts';

export type { FeedRow } from './record-feeds.ts';
export type { MitigationRow, StartRow, TicketRow } from './record-starts.ts';
export type RolloutRow = EntityItem<Entities['rollout']>;
export type WaveRow = EntityItem<Entities['wave']>;
export type BatchRow = EntityItem<Entities['batch']>;
export type NodeRunRow = EntityItem<Entities['nodeRun']>;

export type Record = ReturnType<typeof createRecord>;

const CONSISTENT = { consistent: true } as const;

export function createRecord(setting: ReadSetting) {
  // A table that is new is busy on the first day of a feed; three tries within a second, which are the SDK's own, do not outlast that.
  const client = DynamoDBDocumentClient.from(new DynamoDBClient({ maxAttempts: 8 }), { marshallOptions: { removeUndefinedValues: true } });
  let made: Entities | undefined;
  const entities = (): Entities => (made ??= createEntities(client, setting('TABLE_NAME')));
  return {
    ...rollouts(entities),
    ...batches(entities),
    ...nodes(entities),
    ...feedRows(entities),
    ...exposureRows(entities),
    ...startRows(entities),
  };
}

/** The entities, made when they are first needed. */
export type Open = () => Entities;

function rollouts(entities: Open) {
  return {
    /** One execution for a policy and planned time: true for the first one, however often it asks. Scheduler starts at least once. */
    async claimRun(run: { policy: string; scheduledFor: string; rollout: string; execution: string }): Promise<boolean> {
      if (await once(() => entities().run.create(run).go())) return true;
      const { data } = await entities().run.get({ policy: run.policy, scheduledFor: run.scheduledFor }).go(CONSISTENT);
      return data?.execution === run.execution;
    },
    async runs(policy: string): Promise<{ rollout: string; scheduledFor: string }[]> {
      return (
        await entities()
          .run.query.primary({ policy })
          .go({ ...CONSISTENT, pages: 'all' })
      ).data;
    },
    async findRollout(id: string): Promise<RolloutRow | undefined> {
      return (await entities().rollout.get({ id }).go(CONSISTENT)).data ?? undefined;
    },
    async rollout(id: string): Promise<RolloutRow> {
      const row = (await entities().rollout.get({ id }).go(CONSISTENT)).data;
      if (!row) throw new Terminal(`no rollout ${id}`);
      return row;
    },
    async putRollout(row: RolloutRow): Promise<void> {
      await entities().rollout.put(row).go();
    },
    async setRollout(id: string, fields: UpdateEntityItem<Entities['rollout']>): Promise<void> {
      await entities().rollout.patch({ id }).set(fields).go();
    },
    async findWave(rollout: string, name: string): Promise<WaveRow | undefined> {
      return (await entities().wave.get({ rollout, name }).go(CONSISTENT)).data ?? undefined;
    },
    async wave(rollout: string, name: string): Promise<WaveRow> {
      const row = (await entities().wave.get({ rollout, name }).go(CONSISTENT)).data;
      if (!row) throw new Terminal(`wave ${name} of ${rollout} was not opened`);
      return row;
    },
    async waves(rollout: string): Promise<WaveRow[]> {
      return (
        await entities()
          .wave.query.primary({ rollout })
          .go({ ...CONSISTENT, pages: 'all' })
      ).data;
    },
    async setWave(rollout: string, name: string, fields: UpdateEntityItem<Entities['wave']>): Promise<void> {
      await entities()
        .wave.upsert({ rollout, name, ...fields })
        .go();
    },
    async putLock(lock: EntityItem<Entities['lock']>): Promise<void> {
      await entities().lock.put(lock).go();
    },
    async putEvent(event: EntityItem<Entities['event']>): Promise<void> {
      await entities().event.put(event).go();
    },
    async events(rollout: string): Promise<EntityItem<Entities['event']>[]> {
      return (
        await entities()
          .event.query.primary({ rollout })
          .go({ ...CONSISTENT, pages: 'all' })
      ).data;
    },
  };
}

function batches(entities: Open) {
  return {
    async batch(id: string): Promise<BatchRow | undefined> {
      const key = parseBatchName(id);
      return key && ((await entities().batch.get(key).go(CONSISTENT)).data ?? undefined);
    },
    async batchesOf(group: string): Promise<BatchRow[]> {
      return (
        await entities()
          .batch.query.primary({ group })
          .go({ ...CONSISTENT, pages: 'all' })
      ).data;
    },
    /** Writes the intent. An admission that comes twice finds its own row and changes nothing; answers the row that stands. */
    async admitBatch(row: BatchRow): Promise<BatchRow> {
      const created = await once(() => entities().batch.create(row).go());
      if (created) return row;
      const standing = (await entities().batch.get({ group: row.group, number: row.number }).go(CONSISTENT)).data;
      if (!standing) throw new Terminal(`batch ${row.group}-${row.number} vanished`);
      return standing;
    },
    async setBatch(id: string, fields: UpdateEntityItem<Entities['batch']>): Promise<void> {
      const key = parseBatchName(id);
      if (!key) throw new Terminal(`not a batch id: ${id}`);
      await entities().batch.patch(key).set(fields).go();
    },
    /** Moves a batch from `admitted` to `sending`, and gives its row to exactly one caller: the only one that may call SendCommand. */
    async claimSending(id: string, taskToken: string, sentAt: number): Promise<BatchRow | undefined> {
      const key = parseBatchName(id);
      if (!key) throw new Terminal(`not a batch id: ${id}`);
      try {
        const claim = entities()
          .batch.patch(key)
          .set({ status: 'sending', taskToken, sentAt })
          .where(({ status }, { eq }) => eq(status, 'admitted'));
        return (await claim.go({ response: 'all_new' })).data;
      } catch (error) {
        if (isConditionFailure(error)) return undefined;
        throw error;
      }
    },
    async nodeRuns(group: string): Promise<NodeRunRow[]> {
      return (
        await entities()
          .nodeRun.query.primary({ group })
          .go({ ...CONSISTENT, pages: 'all' })
      ).data;
    },
    async putNodeRun(row: NodeRunRow): Promise<void> {
      await entities().nodeRun.put(row).go();
    },
  };
}

function nodes(entities: Open) {
  return {
    async nodes(location: Location): Promise<Node[]> {
      const { data } = await entities()
        .node.query.primary({ location: locationKey(location) })
        .go({ pages: 'all' });
      return data.map((row) => Node.parse({ ...(row.facts as object), ...(row.scan === undefined ? {} : { scan: row.scan }) }));
    },
    /** What SSM and EC2 say now; what a scan said and who reserved it stay. */
    async saveNode(node: Node, seen: string): Promise<void> {
      const { scan: _scan, ...facts } = node;
      await entities()
        .node.upsert({ location: locationKey(node.location), id: node.id, facts, seen })
        .go();
    },
    async saveScan(location: string, id: string, scan: NonNullable<Node['scan']>): Promise<void> {
      await entities().node.patch({ location, id }).set({ scan }).go();
    },
    async dropNode(location: string, id: string): Promise<void> {
      await entities().node.delete({ location, id }).go();
    },
    /** Takes a node for a batch: true when it is free or already ours. */
    async reserve(location: string, id: string, by: { batch: string; reservedFor: string; since: string }): Promise<boolean> {
      return once(() =>
        entities()
          .node.patch({ location, id })
          .set({ reservedBy: by.batch, reservedFor: by.reservedFor, reservedSince: by.since })
          .where(({ reservedBy }, { notExists, eq }) => `(${notExists(reservedBy)} OR ${eq(reservedBy, by.batch)})`)
          .go(),
      );
    },
    async reservationOf(location: string, id: string): Promise<string> {
      const row = (await entities().node.get({ location, id }).go(CONSISTENT)).data;
      return row?.reservedFor === undefined ? 'nobody' : `${row.reservedFor} since ${row.reservedSince ?? '?'}`;
    },
    /** Nodes of a location that a batch holds, whose ever. */
    async reserved(location: Location): Promise<{ id: string; reservedBy: string }[]> {
      const { data } = await entities()
        .node.query.primary({ location: locationKey(location) })
        .where(({ reservedBy }, { exists }) => exists(reservedBy))
        .go({ ...CONSISTENT, pages: 'all', attributes: ['id', 'reservedBy'] });
      return data.flatMap(({ id, reservedBy }) => (reservedBy === undefined ? [] : [{ id, reservedBy }]));
    },
    /** Frees a node if this batch holds it; otherwise it is not ours to free. */
    async free(location: string, id: string, batch: string): Promise<void> {
      await once(() =>
        entities()
          .node.patch({ location, id })
          .remove(['reservedBy', 'reservedFor', 'reservedSince'])
          .where(({ reservedBy }, { eq }) => eq(reservedBy, batch))
          .go(),
      );
    },
  };
}
