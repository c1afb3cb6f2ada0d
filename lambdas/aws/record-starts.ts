/** Reads and writes of the record about what starts by itself. */
import { once } from './conditions.ts';
import type { EntityItem } from 'electrodb';
import type { Entities } from './entities.ts';
import type { Open } from './record.ts';

export type StartRow = EntityItem<Entities['start']>;
export type TicketRow = EntityItem<Entities['ticket']>;
export type MitigationRow = EntityItem<Entities['mitigation']>;

const CONSISTENT = { consistent: true } as const;

export function startRows(entities: Open) {
  return {
    async starts(policy: string): Promise<StartRow[]> {
      return (
        await entities()
          .start.query.primary({ policy })
          .go({ ...CONSISTENT, pages: 'all' })
      ).data;
    },
    /**
     * Writes what was decided about one advisory, if nobody has decided since `row` was read: `row.revision` is the new one, one more than
     * was read (1: there was no row). False when somebody has: then this decision is not ours to carry out.
     */
    async claimStart(row: StartRow): Promise<boolean> {
      return once(() =>
        entities()
          .start.put(row)
          .where(({ revision }, { notExists, eq }) => (row.revision === 1 ? notExists(revision) : eq(revision, row.revision - 1)))
          .go(),
      );
    },
    async ticket(policy: string, subject: string): Promise<TicketRow | undefined> {
      return (await entities().ticket.get({ policy, subject }).go(CONSISTENT)).data ?? undefined;
    },
    async putTicket(row: TicketRow): Promise<void> {
      await entities().ticket.put(row).go();
    },
    /** What stands in on nodes now, and what did once. */
    async mitigations(policy: string): Promise<MitigationRow[]> {
      return (
        await entities()
          .mitigation.query.primary({ policy })
          .go({ ...CONSISTENT, pages: 'all' })
      ).data;
    },
    async putMitigation(row: MitigationRow): Promise<void> {
      await entities().mitigation.put(row).go();
    },
    async setMitigation(policy: string, node: string, fields: Partial<Pick<MitigationRow, 'withdrawFor' | 'withdrawnAt'>>): Promise<void> {
      await entities().mitigation.patch({ policy, node }).set(fields).go();
    },
  };
}
