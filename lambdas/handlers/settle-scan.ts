import { fingerprintText, parseFacts } from '../core/facts.ts';
import { parseLocation } from '../core/model.ts';
import { parseReport, SCAN_FACTS_STEP, SCAN_PACKAGES_STEPS, SCAN_PART } from '../core/report.ts';
import { settleInvocation } from '../core/settle.ts';
import { sha256 } from '../aws/store.ts';
import { factsKey } from '../core/keys.ts';
import { unpack } from './load.ts';
import type { Dependencies } from '../aws/dependencies.ts';
import type { BatchRow } from '../aws/record.ts';
import type { SeenInvocation } from '../aws/commands.ts';
import type { ScanReport } from '../core/report.ts';

/** Fingerprints whose list is known to be stored. Lists never change under their hash, so this may outlive an invocation. */
const stored = new Set<string>();

/** Stores what scanned nodes say of themselves; the full list is fetched once for each distinct fingerprint. Answers how many are still at work. */
export async function settleScan(row: BatchRow, deps: Dependencies): Promise<number> {
  const location = parseLocation(row.location);
  const times = { sentAt: row.sentAt ?? 0, expiresAt: row.expiresAt ?? 0, now: deps.now() };
  const seen = new Map((await deps.commands.invocations(location, row.commandId ?? '')).map((invocation) => [invocation.node, invocation]));
  let open = 0;
  const cancel: string[] = [];
  for (const node of row.nodes) {
    const invocation = seen.get(node) ?? { node, status: 'Pending', outputs: {}, started: false };
    const report = scanReport(invocation);
    if (report) {
      await keep(row, invocation, report, deps);
      continue;
    }
    const settled = settleInvocation(
      { status: invocation.status, report: undefined, started: invocation.started, taken: false, silentFor: undefined, heard: false },
      [],
      times,
    );
    if (settled.state === 'open') open++;
    if (settled.state === 'cancel') cancel.push(node);
  }
  await deps.commands.cancel(location, row.commandId ?? '', cancel);
  return open;
}

function scanReport(invocation: SeenInvocation): ScanReport | undefined {
  const report = parseReport(invocation.outputs[SCAN_FACTS_STEP] ?? '');
  // A list is complete only when its step has ended: while the command runs, the packages may still be on their way.
  const ended = ['Success', 'Failed'].includes(invocation.status.replaceAll(' ', ''));
  return ended && report?.do === 'scan' ? report : undefined;
}

async function keep(row: BatchRow, { node }: SeenInvocation, report: ScanReport, deps: Dependencies): Promise<void> {
  if (!(await ensureFacts(row, node, report.fp, deps))) {
    deps.log.warn('a scan list could not be read: the node keeps its older facts', { node });
    return;
  }
  await deps.record.saveScan(row.location, node, {
    at: new Date(deps.now()).toISOString(),
    platform: report.platform,
    fingerprint: report.fp,
    kernel: report.kernel,
    pending: report.pending,
    otherUpdaters: report.others,
    diskFreeMb: report.diskMb,
  });
}

/** True when the list behind the fingerprint is stored. It is believed only if it hashes to the fingerprint. */
async function ensureFacts(row: BatchRow, node: string, fingerprint: string, deps: Dependencies): Promise<boolean> {
  if (stored.has(fingerprint)) return true;
  if ((await deps.store.findJson(factsKey(fingerprint))) !== undefined) {
    stored.add(fingerprint);
    return true;
  }
  const text = unpack(await packedList(row, node, deps));
  const facts = text === undefined ? undefined : parseFacts(text);
  if (!facts || sha256(fingerprintText(facts)) !== fingerprint) return false;
  await deps.store.putJson(factsKey(fingerprint), facts);
  stored.add(fingerprint);
  return true;
}

/** The whole list, from as many steps as it took. */
async function packedList(row: BatchRow, node: string, deps: Dependencies): Promise<string> {
  let packed = '';
  for (const step of SCAN_PACKAGES_STEPS) {
    const part = (await deps.commands.output(parseLocation(row.location), row.commandId ?? '', node, step)).trim();
    packed += part;
    if (part.length < SCAN_PART) break;
  }
  return packed;
}
