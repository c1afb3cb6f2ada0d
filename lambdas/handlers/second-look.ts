/**
 * What is asked of AWS besides our own scans: SSM Inventory of nodes that no scan reaches, and Amazon Inspector's opinion. Both read
 * only.
 */
import { factsFromInventory } from '../core/match/inventory.ts';
import { platformOf } from '../core/match/platform.ts';
import { nodeKey } from '../core/exposures/types.ts';
import { locationKey } from '../core/model.ts';
import { inventoryKey } from '../core/keys.ts';
import { readInspectorView, writeInspectorView } from '../aws/inspector.ts';
import { sha256 } from '../aws/store.ts';
import type { Dependencies } from '../aws/dependencies.ts';
import type { GatheredInventory } from '../aws/inventory.ts';
import type { NodeStanding } from '../aws/record-exposures.ts';

const HOUR_MS = 3_600_000;
/** Inventory is gathered every half hour at most, in most accounts once a day. */
const INVENTORY_HOURS = 20;
/** A node costs about ten calls, and Systems Manager's rates are shared with the account's own tools: the rest has its turn next time. */
const NODES_A_RUN = 150;
const NODES_AT_ONCE = 3;
const INSPECTOR_HOURS = 20;
/** So long all locations together may take of an intake; whoever is left has its turn next time. */
const INSPECTOR_PATIENCE_MS = 5 * 60_000;

/** Reads SSM Inventory of online nodes without a scan, some of them. Answers the standings as they are then. */
export async function readInventories(standings: readonly NodeStanding[], deps: Dependencies): Promise<NodeStanding[]> {
  const oldest = deps.now() - INVENTORY_HOURS * HOUR_MS;
  const isFresh = ({ inventory }: NodeStanding): boolean => inventory !== undefined && Date.parse(inventory.read) > oldest;
  const due = standings.filter((one) => one.node.online && one.node.scan === undefined && !isFresh(one));
  const turn = turnOf(due, deps.now());
  const read = new Map<NodeStanding, NodeStanding>();
  for (let start = 0; start < turn.length; start += NODES_AT_ONCE) {
    const some = turn.slice(start, start + NODES_AT_ONCE);
    const answers = await Promise.all(some.map((one) => readInventory(one, deps)));
    for (const [index, one] of some.entries()) read.set(one, answers[index] ?? one);
  }
  return standings.map((one) => read.get(one) ?? one);
}

/**
 * Whose answer is the oldest comes first. Nodes that never had one may never get one, so they have at most half of the turns where others
 * wait, and are drawn by lot, another one each hour: the same ones must not stand before all others for ever.
 */
function turnOf(due: readonly NodeStanding[], now: number): NodeStanding[] {
  const hour = Math.floor(now / HOUR_MS);
  const lots = due.filter(({ inventory }) => inventory === undefined).map((one) => ({ one, lot: sha256(`${hour} ${nodeKey(one.node)}`) }));
  const drawn = lots.toSorted((a, b) => (a.lot < b.lot ? -1 : 1)).map(({ one }) => one);
  const answered = due.filter(({ inventory }) => inventory !== undefined);
  const oldest = answered.toSorted((a, b) => ((a.inventory?.read ?? '') < (b.inventory?.read ?? '') ? -1 : 1));
  const first = oldest.slice(0, Math.max(NODES_A_RUN / 2, NODES_A_RUN - drawn.length));
  return [...first, ...drawn.slice(0, NODES_A_RUN - first.length)];
}

async function readInventory(standing: NodeStanding, deps: Dependencies): Promise<NodeStanding> {
  const { node } = standing;
  const found = await deps.inventory.read(node.location, node.id, node.os);
  const platform = found && platformOf(node.platformName, node.platformVersion, archOf(found.inventories));
  if (!found || platform === undefined) return standing;
  const system = { name: node.platformName, version: node.platformVersion };
  const text = JSON.stringify(factsFromInventory(platform, found.inventories, node.tags, system));
  const fingerprint = sha256(`inventory ${text}`);
  await deps.store.putBytes(inventoryKey(fingerprint), Buffer.from(text));
  const inventory = { at: found.gatheredAt, read: new Date(deps.now()).toISOString(), platform, fingerprint };
  await deps.record.saveInventory(node.location, node.id, inventory);
  return { ...standing, inventory };
}

/** The architecture that most packages have; on Windows nothing says it, and servers have one. */
function archOf(inventories: readonly GatheredInventory[]): string {
  const arches = inventories.flatMap(({ Entries }) => Entries.map((entry) => entry.Architecture ?? ''));
  const count = (...names: string[]): number => arches.filter((arch) => names.includes(arch)).length;
  return count('aarch64', 'arm64') > count('x86_64', 'amd64') ? 'aarch64' : 'x86_64';
}

/** Asks Amazon Inspector where the deployer wants that, at most once a day. Its being away is worth a word, not an intake. */
export async function askInspector(deps: Dependencies): Promise<void> {
  if (deps.setting('INSPECTOR') !== 'true') return;
  const at = new Date(deps.now()).toISOString();
  const until = deps.now() + INSPECTOR_PATIENCE_MS;
  for (const location of deps.setting('LOCATIONS')) {
    if (deps.now() > until) {
      deps.log.warn('Amazon Inspector is slow: the rest of the locations is asked next time');
      return;
    }
    const before = await readInspectorView(deps.store, locationKey(location));
    if (before && deps.now() - Date.parse(before.at) < INSPECTOR_HOURS * HOUR_MS) continue;
    try {
      await writeInspectorView(deps.store, await deps.inspector.look(location, at));
    } catch (error) {
      deps.log.warn('Amazon Inspector could not be asked: its last word stays', { location: locationKey(location), error: error as Error });
    }
  }
}
