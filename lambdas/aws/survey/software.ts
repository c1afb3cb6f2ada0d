/** Installed software, from SSM Inventory. Thousands of nodes have a few hundred different lists: each is kept once. */
import { createHash } from 'node:crypto';
import { GetInventoryCommand } from '@aws-sdk/client-ssm';
import type { InventoryResultEntity, InventoryResultItem } from '@aws-sdk/client-ssm';
import type { Inventory } from '../../core/match/inventory.ts';
import type { SeenLocation, SeenNode } from '../../core/survey/model.ts';
import type { Clients } from './clients.ts';
import { pages, type Look } from './look.ts';

type Software = NonNullable<SeenLocation['software']>;
type NodeTypes = Map<string, { captured: string; parts: Inventory[] }>;

/** GetInventory: 50 nodes a page (SSM API reference). */
const PAGE = 50;
/** What says which version is installed. Texts and dates of installation differ from node to node and say nothing that is needed. */
const KEPT = ['Name', 'Version', 'Release', 'Epoch', 'Architecture', 'PackageId', 'HotFixId', 'KeyPath', 'ValueName', 'Value'];

/** Inventory of these nodes: packages on Linux; KBs and the registry, as far as it is gathered, on Windows. */
export function readSoftware({ ssm }: Clients, look: Look, nodes: SeenNode[]): Promise<Software | undefined> {
  return look.see('ssm:GetInventory', async () => {
    const wanted = new Set(nodes.map(({ id }) => id));
    const found: NodeTypes = new Map();
    const hasWindows = nodes.some(({ platformType }) => platformType === 'Windows');
    const types = hasWindows ? ['AWS:Application', 'AWS:WindowsUpdate', 'AWS:WindowsRegistry'] : ['AWS:Application'];
    for (const TypeName of nodes.length > 0 ? types : []) {
      await pages(async (NextToken) => {
        const page = await ssm.send(new GetInventoryCommand({ ResultAttributes: [{ TypeName }], NextToken, MaxResults: PAGE }));
        for (const entity of page.Entities ?? []) if (wanted.has(entity.Id ?? '')) note(entity, TypeName, found);
        return { items: [], next: page.NextToken };
      });
    }
    return joined(found);
  });
}

function note(entity: InventoryResultEntity, typeName: string, found: NodeTypes): void {
  const item: InventoryResultItem | undefined = entity.Data?.[typeName];
  if (!item?.CaptureTime || !entity.Id || (item.Content ?? []).length === 0) return;
  const node = found.get(entity.Id) ?? { captured: item.CaptureTime, parts: [] };
  node.parts.push({ TypeName: typeName, Entries: (item.Content ?? []).map(trimmed) });
  if (item.CaptureTime > node.captured) node.captured = item.CaptureTime;
  found.set(entity.Id, node);
}

function trimmed(entry: Record<string, string>): Record<string, string> {
  return Object.fromEntries(KEPT.flatMap((key) => (entry[key] ? [[key, entry[key]]] : [])));
}

function joined(found: NodeTypes): Software {
  const software: Software = { nodes: [], lists: {} };
  for (const [id, { captured, parts }] of found) {
    const list = createHash('sha256').update(JSON.stringify(parts)).digest('hex');
    software.lists[list] ??= parts;
    software.nodes.push({ id, captured, list });
  }
  return software;
}
