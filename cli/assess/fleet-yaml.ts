/** `fleet.yaml` as text: inventories first, then a line a node. */
import type { Inventory, MaintenanceWindowEntry, NodeEntry, Offer, SurroundingsEntry } from '../../local/fleet/types.ts';
import { amount, some } from '../ui/text.ts';
import type { MadeFleet } from './fleet-file.ts';
import { comment, flow, list, map, scalar } from './yaml-text.ts';

/** Characters; the reader takes 16 MB. */
const LARGEST = 12_000_000;
const NAMES = 6;

/** The file's text; what it leaves out stands at its head. */
export function fleetYaml(made: MadeFleet, about: { at: string; locations: string[]; feeds: boolean }): string {
  const nodes = ['nodes:', ...made.file.nodes.map((node) => `  - ${nodeText(node)}`)];
  const room = LARGEST - nodes.reduce((sum, line) => sum + line.length + 1, 0);
  const whole = inventoryLines(made.file.inventories, () => true);
  const fits = whole.reduce((sum, line) => sum + line.length + 1, 0) <= room;
  const inventories = fits
    ? whole
    : inventoryLines(made.file.inventories, (inventory, name) => inventory.available.some((offer) => offer.package === name));
  const lines = [
    ...head(made, about, fits),
    'version: 1',
    `locations: ${list(made.file.locations)}`,
    '',
    'inventories:',
    ...inventories,
    '',
    ...surroundingsLines(made.file.surroundings ?? []),
    ...nodes,
  ];
  return `${lines.join('\n')}\n`;
}

function head(
  { leftOut, tagged }: MadeFleet,
  { at, locations, feeds }: { at: string; locations: string[]; feeds: boolean },
  isWhole: boolean,
): string[] {
  return [
    '# yaml-language-server: $schema=./fleet.schema.json',
    ...comment([
      `Made by \`wavelock assess\` on ${at} from ${some(locations, 4)}. For simulation only: npm start -- --fleet FILE --policy FILE.`,
      ...(tagged > 0
        ? [`${amount(tagged, 'node')} got the tag Wavelock: enabled HERE, because the proposed policy would take them. In AWS they do not have it.`]
        : []),
      feeds
        ? 'What repositories offer (available) is what advisories say would fix the nodes; the real repositories were not asked.'
        : 'What repositories offer (available) is not known: no advisories were read. Simulated nodes find nothing to install.',
      ...(isWhole ? [] : ['The whole lists of packages would be too large: only those that somebody offers an update for are here.']),
      ...leftOut.map(({ why, ids }) => `Not in it: ${amount(ids.length, 'machine')} (${some(ids, NAMES)}): ${why}.`),
    ]),
  ];
}

function inventoryLines(inventories: Record<string, Inventory>, wanted: (inventory: Inventory, name: string) => boolean): string[] {
  return Object.entries(inventories).flatMap(([name, inventory]) => {
    const installed = Object.entries(inventory.installed).filter(([key]) => wanted(inventory, key));
    const packages = installed.map(([key, version]) => `      ${scalar(key)}: ${scalar(version)}`);
    const offers = inventory.available.map((offer) => `      - ${offerText(offer)}`);
    return [
      `  ${scalar(name)}:`,
      `    platform: ${inventory.platform}`,
      ...(packages.length === 0 ? ['    installed: {}'] : ['    installed:', ...packages]),
      ...(offers.length === 0 ? ['    available: []'] : ['    available:', ...offers]),
    ];
  });
}

function offerText({ package: name, version, arch, kind, severity, advisories = [] }: Offer): string {
  return flow({
    package: scalar(name),
    version: scalar(version),
    arch: arch && scalar(arch),
    kind,
    severity,
    advisories: advisories.length > 0 ? list(advisories) : undefined,
  });
}

/** Maintenance windows that the proposed policy names. */
function surroundingsLines(entries: readonly SurroundingsEntry[]): string[] {
  if (entries.length === 0) return [];
  const lines = entries.flatMap(({ locations = [], maintenanceWindows = [] }) => [
    `  - locations: ${list(locations)}`,
    '    maintenanceWindows:',
    ...maintenanceWindows.map((window) => `      - ${windowText(window)}`),
  ]);
  return ['surroundings:', ...lines, ''];
}

function windowText({ tags, names, ...rest }: MaintenanceWindowEntry): string {
  const texts = Object.entries(rest).map(([key, value]) => [key, typeof value === 'string' ? scalar(value) : JSON.stringify(value)]);
  return flow({ ...Object.fromEntries(texts), tags: tags && map(tags), names: names && list(names) });
}

function nodeText(node: NodeEntry): string {
  const { tags = {}, others, ...rest } = node;
  const texts = Object.entries(rest).map(([key, value]) => [key, typeof value === 'string' ? scalar(value) : JSON.stringify(value)]);
  return flow({ ...Object.fromEntries(texts), others: others && list(others), tags: Object.keys(tags).length > 0 ? map(tags) : undefined });
}
