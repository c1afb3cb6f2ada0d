/** Entities of what starts by itself: what was done about an advisory, the ticket about it, and what stands in on nodes without a fix. */
import { Entity } from 'electrodb';
import { index, model } from './entity-parts.ts';
import type { Options } from './entity-parts.ts';

export function startEntities(options: Options) {
  return {
    /** `Standing` of core/triggers/types.ts: one row for each advisory that ever concerned a policy. */
    start: () =>
      new Entity(
        {
          model: model('start'),
          attributes: {
            policy: { type: 'string', required: true },
            advisory: { type: 'string', required: true },
            state: { type: ['told', 'awaiting', 'queued', 'started', 'closed'] as const, required: true },
            platforms: { type: 'list', items: { type: 'string' }, required: true },
            patchFor: { type: 'string' },
            mitigateFor: { type: 'string' },
            rollout: { type: 'string' },
            subject: { type: 'string', required: true },
            /** When it was first found to concern the policy, and when people first heard that there is no fix. */
            openedAt: { type: 'string', required: true },
            awaitedSince: { type: 'string' },
            /** Rollouts that were started for it, oldest first. */
            rollouts: { type: 'list', items: { type: 'string' }, required: true },
            /** Goes up with every change: of two that decide at once, one decides. */
            revision: { type: 'number', required: true },
          },
          indexes: index(['policy'], ['advisory']),
        } as const,
        options,
      ),
    /** One ticket for each thing that people give a name; it keeps its row when it is resolved. */
    ticket: () =>
      new Entity(
        {
          model: model('ticket'),
          attributes: {
            policy: { type: 'string', required: true },
            subject: { type: 'string', required: true },
            /** Id of the OpsItem; empty where Systems Manager would not take it. */
            item: { type: 'string', required: true },
            openedAt: { type: 'string', required: true },
            resolvedAt: { type: 'string' },
          },
          indexes: index(['policy'], ['subject']),
        } as const,
        options,
      ),
    /** What stands in for a fix on one node, until it is withdrawn; then the row stays as a record of it. */
    mitigation: () =>
      new Entity(
        {
          model: model('mitigation'),
          attributes: {
            policy: { type: 'string', required: true },
            /** As `nodeKey` spells it. */
            node: { type: 'string', required: true },
            advisories: { type: 'list', items: { type: 'string' }, required: true },
            /** `Means` of core/triggers/stand-in.ts: its name, and what else it takes to take it back. */
            document: { type: 'string', required: true },
            by: { type: ['lambda', 'automation'] as const },
            role: { type: 'string' },
            rollout: { type: 'string', required: true },
            appliedAt: { type: 'string', required: true },
            /** Planned time of the rollout that takes it back, and when it did. */
            withdrawFor: { type: 'string' },
            withdrawnAt: { type: 'string' },
          },
          indexes: index(['policy'], ['node']),
        } as const,
        options,
      ),
  };
}
