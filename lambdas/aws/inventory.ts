/** What Systems Manager Inventory holds of one node: the answer where no scan has reached it. Read only, through the spoke. */
import { ListInventoryEntriesCommand, SSMClient } from '@aws-sdk/client-ssm';
import type { Location, Os } from '../core/model.ts';
import type { Spokes } from './spokes.ts';

/** One type of inventory, as the agent gathered it. */
export interface GatheredInventory {
  TypeName: string;
  Entries: Record<string, string>[];
}

export interface InventoryGateway {
  /** Packages of a Linux node, updates and build of a Windows node, and when they were gathered (ISO-8601 UTC). `undefined`: never. */
  read(location: Location, id: string, os: Os): Promise<{ gatheredAt: string; inventories: GatheredInventory[] } | undefined>;
}

const TYPES: Record<Os, string[]> = { linux: ['AWS:Application'], windows: ['AWS:WindowsUpdate', 'AWS:WindowsRegistry'] };
/** SSM API reference, ListInventoryEntries: MaxResults 1 to 50. */
const PAGE = 50;
/** A node puts at most 10,000 items of a type (AWS General Reference, Systems Manager quotas). */
const MOST_PAGES = 200;
/** The node is gone since it was listed; nobody has ever gathered such a type here. */
const NOTHING = ['InvalidInstanceId', 'InvalidTypeNameException'];

export function createInventoryGateway(spokes: Spokes): InventoryGateway {
  // Adaptive: it holds back by itself where Systems Manager throttles; rates are not published, and the console asks as well.
  const ssm = spokes.clients((config) => new SSMClient({ ...config, retryMode: 'adaptive', maxAttempts: 8 }));
  return {
    async read(location, id, os) {
      const inventories: GatheredInventory[] = [];
      let gatheredAt: string | undefined;
      for (const TypeName of TYPES[os]) {
        const found = await entries(ssm(location), id, TypeName);
        if (found === undefined) continue;
        inventories.push({ TypeName, Entries: found.entries });
        gatheredAt ??= found.gatheredAt;
      }
      return gatheredAt === undefined ? undefined : { gatheredAt, inventories };
    },
  };
}

interface Gathered {
  entries: Record<string, string>[];
  gatheredAt: string;
}

async function entries(ssm: SSMClient, InstanceId: string, TypeName: string): Promise<Gathered | undefined> {
  const all: Record<string, string>[] = [];
  let gatheredAt: string | undefined;
  let NextToken: string | undefined;
  for (let pages = 0; pages < MOST_PAGES; pages += 1) {
    const page = await ssm.send(new ListInventoryEntriesCommand({ InstanceId, TypeName, MaxResults: PAGE, NextToken })).catch(nothing);
    if (page === undefined) return undefined;
    all.push(...(page.Entries ?? []));
    gatheredAt = page.CaptureTime ?? gatheredAt;
    NextToken = page.NextToken || undefined;
    if (NextToken === undefined) break;
  }
  return gatheredAt === undefined ? undefined : { entries: all, gatheredAt: new Date(gatheredAt).toISOString() };
}

function nothing(error: unknown): undefined {
  if (NOTHING.includes((error as Error).name)) return undefined;
  throw error;
}
