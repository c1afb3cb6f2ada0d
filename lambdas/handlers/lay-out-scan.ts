import { Terminal } from '../core/errors.ts';
import { layOut } from '../core/layout.ts';
import { locationKey } from '../core/model.ts';
import { batchName, batchNumber, scanName } from '../core/names.ts';
import { trackKey, tracksKey } from '../core/keys.ts';
import { sha256 } from '../aws/store.ts';
import { implement } from './implement.ts';
import type { Dependencies } from '../aws/dependencies.ts';
import type { TrackFile } from '../core/batch.ts';
import type { LaidOutBatch } from '../core/layout.ts';
import type { Location, Node } from '../core/model.ts';
import type { DocumentPins } from '../core/plan.ts';

const DAY_MS = 86_400_000;
/** Nodes that no service lists any more are forgotten after this long; until then they count as not reporting. */
const FORGET_DAYS = 30;
const WRITES_AT_ONCE = 20;

/** Lists the nodes of every location, and lays out scan batches for those that may be asked and whose facts are too old. */
export const handler = implement('LayOutScan', async ({ execution, maxAgeHours }, deps) => {
  const scan = scanName(execution, sha256(execution));
  const locations = deps.setting('LOCATIONS');
  const found = await Promise.all(locations.map((location) => refresh(location, deps)));
  const optIn = deps.setting('OPT_IN_TAG');
  const due = found.flat().filter((node) => node.online && node.tags[optIn.key] === optIn.value && tooOld(node, maxAgeHours, deps.now()));
  const tracks = layOut(
    due.map((node) => ({ ...node, variant: '' })),
    { atOnce: due.length, round: 1, ramp: false },
  );
  const pins = new Map<string, DocumentPins>();
  for (const location of new Set(due.map((node) => node.location))) pins.set(locationKey(location), await deps.commands.pins(location, 'scan'));
  const items = await Promise.all(tracks.map((batches, track) => putTrack({ scan, track, batches, pins }, deps)));
  await deps.store.putJson(tracksKey(scan, 's1'), items);
  return { scan, tracks: tracks.length, bucket: deps.store.bucket, key: tracksKey(scan, 's1') };
});

function tooOld(node: Node, maxAgeHours: number, now: number): boolean {
  return node.scan === undefined || now - Date.parse(node.scan.at) >= maxAgeHours * 3_600_000;
}

/** Brings a location's node rows up to date; what a scan said earlier stays. */
async function refresh(location: Location, deps: Dependencies): Promise<Node[]> {
  const [current, known] = await Promise.all([deps.fleet.nodes(location), deps.record.nodes(location)]);
  const rows = new Map(known.map((node) => [node.id, node]));
  const seen = new Date(deps.now()).toISOString();
  const ids = new Set(current.map((node) => node.id));
  const changed = current.filter((node) => isNews(node, rows.get(node.id)));
  for (let start = 0; start < changed.length; start += WRITES_AT_ONCE) {
    await Promise.all(changed.slice(start, start + WRITES_AT_ONCE).map((node) => deps.record.saveNode(node, seen)));
  }
  for (const gone of known.filter((node) => !ids.has(node.id))) {
    const silentSince = Date.parse(gone.lastPing ?? gone.scan?.at ?? seen);
    if (deps.now() - silentSince > FORGET_DAYS * DAY_MS) await deps.record.dropNode(locationKey(location), gone.id);
    else if (gone.online) await deps.record.saveNode({ ...gone, online: false }, seen);
  }
  return current.map((node) => ({ ...node, scan: rows.get(node.id)?.scan }));
}

/** A heartbeat alone is no news: its time is written once a week, well before a silent node would be forgotten. */
function isNews(node: Node, row: Node | undefined): boolean {
  if (row === undefined) return true;
  const { scan: _scan, lastPing: before = '', ...known } = row;
  const { lastPing: now = '', ...seen } = node;
  const aged = Date.parse(now) - Date.parse(before) > 7 * DAY_MS || (now === '') !== (before === '');
  return aged || JSON.stringify(sortedEntries(known)) !== JSON.stringify(sortedEntries(seen));
}

/** DynamoDB gives members back in an order of its own. */
function sortedEntries(node: object): unknown[] {
  return Object.entries(node)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => [key, value !== null && typeof value === 'object' ? sortedEntries(value as object) : value]);
}

interface ScanTrack {
  scan: string;
  track: number;
  batches: LaidOutBatch[];
  pins: Map<string, DocumentPins>;
}

async function putTrack({ scan, track, batches, pins }: ScanTrack, deps: Dependencies): Promise<{ key: string; batches: number }> {
  const file: TrackFile = {
    purpose: 'scan',
    group: scan,
    rollout: '',
    wave: '',
    rules: null,
    window: null,
    total: batches.reduce((sum, batch) => sum + batch.nodes.length, 0),
    batches: batches.map(({ location, os, nodes }, index) => {
      const document = pins.get(locationKey(location))?.[`scan-${os}`];
      if (!document) throw new Terminal(`the spoke in ${locationKey(location)} has no scan document for ${os}`);
      return {
        id: batchName({ group: scan, number: batchNumber('scan', 1, track, index) }),
        location,
        os,
        nodes,
        document,
        parameters: {},
        lock: '',
      };
    }),
  };
  const key = trackKey(scan, 's1', track);
  await deps.store.putJson(key, file);
  return { key, batches: file.batches.length };
}
