/**
 * The record's entities: one table, keys `pk` and `sk`, no index. Everything is delivered at least once, so writes are single conditional
 * items, and what belongs to a wave lies under one key (`group` = rollout-wave, or a scan's name): one query reads it consistently.
 * A node's reservation lies in its own row: taking it is one conditional write, settling and freeing it one more.
 */
import { Entity } from 'electrodb';
import { Outcome } from '../core/model.ts';
import { exposureEntities } from './entities-exposures.ts';
import { startEntities } from './entities-starts.ts';
import { index, model } from './entity-parts.ts';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { Options } from './entity-parts.ts';

function advisoryEntities(options: Options) {
  return {
    feed: () =>
      new Entity(
        {
          model: model('feed'),
          attributes: {
            list: { type: 'string', default: 'all' },
            name: { type: 'string', required: true },
            cursor: { type: 'string' },
            /** Counts what was stored: a write that saw an older state than this is refused. */
            revision: { type: 'number' },
            /** The parser that read what is stored, and the key of what the feed was read from: to read it again with a better one. */
            parser: { type: 'number' },
            trail: { type: 'string' },
            /** Keys in the store by name: the table of contents, and each shard. */
            index: { type: 'string' },
            objects: { type: 'any' },
            /** What the last change of it brought, and when it was there to be read: whoever stored it may have died before it could say so. */
            changed: { type: 'number' },
            storedAt: { type: 'string' },
            /** Keys that the last change has replaced: who began to read before it may still want them. */
            retired: { type: 'list', items: { type: 'string' } },
            lastTried: { type: 'string' },
            lastSuccess: { type: 'string' },
            /** When another feed has heard of something new here, and which such word was answered by a reading. */
            wanted: { type: 'string' },
            answered: { type: 'string' },
            /** No node of the fleet is of a platform that it speaks of. */
            idle: { type: 'boolean' },
            newest: { type: 'string' },
            records: { type: 'number' },
            skipped: { type: 'number' },
            problems: { type: 'list', items: { type: 'string' } },
            /** What else is to be known of the last success, as `FeedHealth` has it. */
            note: { type: 'string' },
            stale: { type: 'boolean' },
            failures: { type: 'number' },
            /** Of the last failure, as `FeedErrorCode` has it; empty after a success. */
            code: { type: 'string' },
            reason: { type: 'string' },
          },
          indexes: index(['list'], ['name']),
        } as const,
        options,
      ),
    advisory: () =>
      new Entity(
        {
          model: model('advisory'),
          attributes: {
            source: { type: 'string', required: true },
            id: { type: 'string', required: true },
            /** Oracle Linux 8 and 9 are two feeds with some ids in common: each has its own row. */
            feed: { type: 'string', required: true },
            /** Hash of what counts as a change in substance. */
            substance: { type: 'string', required: true },
            document: { type: 'any', required: true },
            /** Shards of the store that have its packages, where those are too many for an item: `document` then lists none. */
            where: { type: 'list', items: { type: 'string' } },
            /** When Wavelock first saw it. */
            seen: { type: 'string', required: true },
            updated: { type: 'string', required: true },
            /** When the reading began that wrote this, ms: an older one must not overwrite it. */
            pulled: { type: 'number', required: true },
          },
          // The id in the key: the advisories of one vendor are too many writes for one partition on the first day.
          indexes: index(['source', 'id'], ['feed']),
        } as const,
        options,
      ),
  };
}

function cveEntities(options: Options) {
  return {
    cve: () =>
      new Entity(
        {
          model: model('cve'),
          attributes: {
            id: { type: 'string', required: true },
            about: { type: 'string', required: true },
            document: { type: 'any', required: true },
          },
          indexes: index(['about'], ['id']),
        } as const,
        options,
      ),
  };
}

function nodeEntities(options: Options) {
  return {
    node: () =>
      new Entity(
        {
          model: model('node'),
          attributes: {
            location: { type: 'string', required: true },
            id: { type: 'string', required: true },
            /** As SSM, EC2 and the tags describe it. */
            facts: { type: 'any', required: true },
            seen: { type: 'string', required: true },
            scan: { type: 'any' },
            /** What SSM Inventory says of a node that no scan has reached: `{ at, read, platform, fingerprint }`. */
            inventory: { type: 'any' },
            /** What a rollout has shown since the last scan: `{ at, rollout, fingerprint }`. */
            evidence: { type: 'any' },
            /** Fingerprint under which its exposures are counted. */
            judged: { type: 'string' },
            /** The batch that holds this node, and the rollout and wave that people read. */
            reservedBy: { type: 'string' },
            reservedFor: { type: 'string' },
            reservedSince: { type: 'string' },
          },
          indexes: index(['location'], ['id']),
        } as const,
        options,
      ),
  };
}

function rolloutEntities(options: Options) {
  return {
    run: () =>
      new Entity(
        {
          model: model('run'),
          attributes: {
            policy: { type: 'string', required: true },
            scheduledFor: { type: 'string', required: true },
            rollout: { type: 'string', required: true },
            execution: { type: 'string', required: true },
          },
          indexes: index(['policy'], ['scheduledFor']),
        } as const,
        options,
      ),
    rollout: () =>
      new Entity(
        {
          model: model('rollout'),
          attributes: {
            id: { type: 'string', required: true },
            policy: { type: 'string', required: true },
            scheduledFor: { type: 'string', required: true },
            status: { type: ['planned', 'asked', 'running', 'held', 'succeeded', 'failed', 'nothing'] as const, required: true },
            reason: { type: 'string' },
            planKey: { type: 'string' },
            waves: { type: 'list', items: { type: 'string' } },
            /** Set when a person aborted it: nothing more is sent. */
            stopped: { type: 'string' },
            taskToken: { type: 'string' },
            createdAt: { type: 'string', required: true },
            endedAt: { type: 'string' },
          },
          indexes: index(['id'], []),
        } as const,
        options,
      ),
    wave: () =>
      new Entity(
        {
          model: model('wave'),
          attributes: {
            rollout: { type: 'string', required: true },
            name: { type: 'string', required: true },
            /** Lock by variant: hash and URL by location. */
            locks: { type: 'any' },
            lock: { type: 'string' },
            dropped: { type: 'any' },
            rounds: { type: 'number' },
            verifyRounds: { type: 'number' },
            /** The last round was laid out although nothing of the one before had begun. */
            idle: { type: 'boolean' },
            verdict: { type: ['pass', 'fail', 'inconclusive'] as const },
            reasons: { type: 'list', items: { type: 'string' } },
            /** What was told to people: one notice a final transition. */
            told: { type: 'string' },
            /** What was read of its maintenance window in Systems Manager, and why that is closed. */
            window: { type: 'any' },
            parkedFor: { type: ['window', 'soak', 'hold'] as const },
            taskToken: { type: 'string' },
            heldSince: { type: 'string' },
            /** When its soak began. */
            soakSince: { type: 'string' },
            accepted: { type: 'string' },
            startedAt: { type: 'string' },
            endedAt: { type: 'string' },
          },
          indexes: index(['rollout'], ['name']),
        } as const,
        options,
      ),
  };
}

function batchEntities(options: Options) {
  return {
    batch: () =>
      new Entity(
        {
          model: model('batch'),
          attributes: {
            group: { type: 'string', required: true },
            number: { type: 'string', required: true },
            purpose: { type: ['scan', 'patch', 'verify', 'mitigate'] as const, required: true },
            rollout: { type: 'string' },
            wave: { type: 'string' },
            location: { type: 'string', required: true },
            os: { type: ['linux', 'windows'] as const, required: true },
            nodes: { type: 'list', items: { type: 'string' }, required: true },
            document: { type: 'any', required: true },
            parameters: { type: 'any', required: true },
            lock: { type: 'string' },
            status: { type: ['admitted', 'sending', 'sent', 'refused', 'lost', 'settled'] as const, required: true },
            reason: { type: 'string' },
            taskToken: { type: 'string' },
            /** Of an Automation runbook the id of its execution; empty for a function, which has answered. */
            commandId: { type: 'string' },
            sentAt: { type: 'number' },
            expiresAt: { type: 'number' },
            /** Set by the terminal event, which may come before `commandId` is stored. */
            done: { type: 'string' },
            /** Settle has looked since `done` came: parking need not wake for it again. */
            doneSeen: { type: 'boolean' },
            looked: { type: 'number' },
            /** What a function has answered: `Told` of core/triggers/function-answer.ts. */
            told: { type: 'any' },
            settledNodes: { type: 'list', items: { type: 'string' } },
            /** Nodes that a look has shown at work: at its expiry SSM does not tell them from nodes that never took the command. */
            takenNodes: { type: 'list', items: { type: 'string' } },
            cancelled: { type: 'list', items: { type: 'string' } },
          },
          indexes: index(['group'], ['number']),
        } as const,
        options,
      ),
  };
}

function nodeRunEntities(options: Options) {
  return {
    nodeRun: () =>
      new Entity(
        {
          model: model('nodeRun'),
          attributes: {
            group: { type: 'string', required: true },
            node: { type: 'string', required: true },
            batch: { type: 'string' },
            platform: { type: 'string' },
            outcome: { type: Outcome.options, required: true },
            reason: { type: 'string', required: true },
            changed: { type: 'number' },
            rebooted: { type: 'boolean' },
            startedAt: { type: 'string' },
            endedAt: { type: 'string', required: true },
            verifiedAt: { type: 'string' },
          },
          indexes: index(['group'], ['node']),
        } as const,
        options,
      ),
  };
}

function evidenceEntities(options: Options) {
  return {
    lock: () =>
      new Entity(
        {
          model: model('lock'),
          attributes: {
            sha256: { type: 'string', required: true },
            state: { type: ['candidate', 'proven', 'quarantined'] as const, required: true },
            rollout: { type: 'string', required: true },
            reason: { type: 'string' },
            at: { type: 'string', required: true },
          },
          indexes: index(['sha256'], []),
        } as const,
        options,
      ),
    event: () =>
      new Entity(
        {
          model: model('event'),
          attributes: {
            rollout: { type: 'string', required: true },
            at: { type: 'string', required: true },
            what: { type: 'string', required: true },
            wave: { type: 'string' },
            who: { type: 'string', required: true },
            why: { type: 'string', required: true },
          },
          indexes: index(['rollout'], ['at', 'what']),
        } as const,
        options,
      ),
  };
}

function makers(options: Options) {
  return {
    ...advisoryEntities(options),
    ...cveEntities(options),
    ...nodeEntities(options),
    ...rolloutEntities(options),
    ...batchEntities(options),
    ...nodeRunEntities(options),
    ...evidenceEntities(options),
    ...exposureEntities(options),
    ...startEntities(options),
  };
}

type Makers = ReturnType<typeof makers>;
export type Entities = { [Name in keyof Makers]: ReturnType<Makers[Name]> };

/** The entities over one table, each built when it is first used: electrodb checks a model thoroughly, and a function needs two or three. */
export function createEntities(client: DynamoDBDocumentClient, table: string): Entities {
  const made = new Map<string, unknown>();
  const make = makers({ client, table });
  return new Proxy({} as Entities, {
    get(_entities, name: keyof Makers) {
      if (!made.has(name)) made.set(name, make[name]());
      return made.get(name);
    },
  });
}
