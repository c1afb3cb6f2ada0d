/** Tickets, as OpsItems of Systems Manager in the hub's account. A ticket that cannot be had never keeps a rollout from anything. */
import { CreateOpsItemCommand, SSMClient, UpdateOpsItemCommand } from '@aws-sdk/client-ssm';
import type { OpsItemDataValue } from '@aws-sdk/client-ssm';
import type { TicketChange, TicketText } from '../core/triggers/ticket.ts';

export interface Tickets {
  /** Id of the new OpsItem, or of the open one under the same `key`; `undefined` where Systems Manager takes no more. */
  open(ticket: TicketText): Promise<string | undefined>;
  /** Brings its text up to date. False when it is gone or not ours: somebody has deleted it. */
  update(id: string, change: TicketChange): Promise<boolean>;
}

/**
 * Errors after which there is simply no ticket (SSM API reference, CreateOpsItem and UpdateOpsItem; Common errors): an organization may forbid
 * OpsItems, and one that people have filled may take no more text.
 */
const NO_TICKET = new Set([
  'AccessDeniedException',
  'OpsItemAccessDeniedException',
  'OpsItemConflictException',
  'OpsItemInvalidParameterException',
  'OpsItemLimitExceededException',
  'OpsItemNotFoundException',
  'ValidationException',
]);
const SOURCE = 'Wavelock';

export function createTickets(): Tickets {
  const ssm = new SSMClient({});
  return {
    async open(ticket) {
      try {
        const { OpsItemId } = await ssm.send(
          new CreateOpsItemCommand({
            Title: ticket.title,
            Description: ticket.description,
            Source: SOURCE,
            Category: 'Security',
            Severity: '1',
            Priority: 1,
            OperationalData: {
              // Systems Manager User Guide, "Reducing duplicate OpsItems": as long as one with this text is open, creation answers with its id.
              '/aws/dedup': { Type: 'SearchableString', Value: JSON.stringify({ dedupString: ticket.key }) },
              ...ownData(ticket.data),
            },
          }),
        );
        return OpsItemId;
      } catch (error) {
        const { name, OpsItemId } = error as Error & { OpsItemId?: string };
        if (name === 'OpsItemAlreadyExistsException') return OpsItemId;
        if (NO_TICKET.has(name)) return undefined;
        throw error;
      }
    },
    async update(OpsItemId, change) {
      try {
        const { title: Title, description: Description, status: Status } = change;
        await ssm.send(new UpdateOpsItemCommand({ OpsItemId, Title, Description, Status, OperationalData: change.data && ownData(change.data) }));
        return true;
      } catch (error) {
        if (NO_TICKET.has((error as Error).name)) return false;
        throw error;
      }
    },
  };
}

/** Keys of our own: those that begin with /aws are AWS's. */
function ownData(data: TicketText['data']): Record<string, OpsItemDataValue> {
  return Object.fromEntries(Object.entries(data).map(([key, Value]) => [`wavelock-${key}`, { Type: 'SearchableString' as const, Value }]));
}
