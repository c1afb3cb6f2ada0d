import { MetricUnit } from '@aws-lambda-powertools/metrics';
import { changesNodes } from '../core/batch.ts';
import { parseLocation } from '../core/model.ts';
import { changedItems } from '../core/proof.ts';
import { parseReport, REPORT_STEP } from '../core/report.ts';
import { mergeVerify, needsPing, settleInvocation, takesPart } from '../core/settle.ts';
import { settleStandIn } from '../core/triggers/stand-in.ts';
import { reportsKey } from '../core/keys.ts';
import { loadLock, loadReports, unpack } from './load.ts';
import { actionOf, lookAtStandIn, noteStandIn } from './stand-ins.ts';
import type { Dependencies } from '../aws/dependencies.ts';
import type { BatchRow, NodeRunRow } from '../aws/record.ts';
import type { SeenInvocation } from '../aws/commands.ts';
import type { Lock, LockItem } from '../core/model.ts';
import type { PatchReport } from '../core/report.ts';
import type { Settled } from '../core/settle.ts';
import type { StoredReport } from './load.ts';

/** What stands in for a fix has none. */
const NO_LOCK: Lock = { sha256: '', state: 'candidate', platforms: [] };

interface Seen {
  node: string;
  settled: Settled;
  report: PatchReport | undefined;
}

/** Settles a patch or verify batch: one outcome a node, reports as one object, reservations freed. Answers how many nodes are still at work. */
export async function settleNodes(row: BatchRow, deps: Dependencies): Promise<number> {
  const id = `${row.group}-${row.number}`;
  const lock = row.purpose === 'mitigate' ? NO_LOCK : await loadLock(row.lock ?? '', deps);
  const already = new Set(row.settledNodes ?? []);
  const left = row.nodes.filter((node) => !already.has(node));
  const seen = await lookTwice({ row, lock, nodes: left, taken: new Set(row.takenNodes ?? []) }, deps);
  await keepReports(row, seen, deps);
  // Only a second look asks what was before: a wave's thousands of rows are not read for each of its batches.
  const before = row.purpose === 'verify' ? await deps.record.nodeRuns(row.group) : [];
  const runs = new Map(before.map((run) => [run.node, run]));
  const done: string[] = [];
  for (const one of seen) {
    if (one.settled.state !== 'done') continue;
    await conclude({ row, one: { ...one, settled: one.settled }, before: runs.get(one.node), lock }, deps);
    // Whoever may still be at work there is asked again, and nobody else may install meanwhile.
    if (changesNodes(row.purpose) && one.settled.atWork !== true) await deps.record.free(row.location, one.node, id);
    done.push(one.node);
  }
  if (done.length > 0 && done.length < left.length) await deps.record.setBatch(id, { settledNodes: [...already, ...done] });
  return left.length - done.length;
}

interface LookContext {
  row: BatchRow;
  lock: Lock;
  nodes: string[];
  /** Nodes that an earlier look has shown at work. */
  taken: Set<string>;
}

/**
 * Looks, takes the command back from nodes that never picked it up, and looks at those again: between the list and the cancel one may have
 * taken it after all. One that is still listed as waiting is looked at next time.
 */
async function lookTwice(context: LookContext, deps: Dependencies): Promise<Seen[]> {
  const { row } = context;
  const seen = await look(context, deps);
  const cancelled = seen.filter(({ settled }) => settled.state === 'cancel').map(({ node }) => node);
  if (cancelled.length === 0) return seen;
  await deps.commands.cancel(parseLocation(row.location), row.commandId ?? '', cancelled);
  const again = new Map((await look({ ...context, nodes: cancelled }, deps)).map((one) => [one.node, one]));
  return seen.map((one) => again.get(one.node) ?? one);
}

async function look({ row, lock, nodes, taken }: LookContext, deps: Dependencies): Promise<Seen[]> {
  const standIn = await lookAtStandIn(row, nodes, deps);
  if (standIn) return standIn.map((one) => ({ ...one, report: undefined }));
  const location = parseLocation(row.location);
  const invocations = new Map((await deps.commands.invocations(location, row.commandId ?? '')).map((invocation) => [invocation.node, invocation]));
  await rememberTaken(row, { nodes, taken, invocations }, deps);
  // Listed nowhere yet: SSM's list lags behind SendCommand.
  const listed = (node: string): SeenInvocation => invocations.get(node) ?? { node, status: 'Pending', outputs: {}, started: false };
  const facts = nodes.map((node) => ({ ...listed(node), taken: taken.has(node) }));
  const pings = await deps.fleet.pings(
    location,
    facts.filter(needsPing).map(({ node }) => node),
  );
  const times = { sentAt: row.sentAt ?? 0, expiresAt: row.expiresAt ?? 0, now: deps.now() };
  return facts.map((one) => {
    const ping = pings.get(one.node);
    const parsed = parseReport(one.outputs[REPORT_STEP] ?? '');
    // A report of another batch (a second delivery prints the first run's) is no answer to this one.
    const report = parsed && parsed.do !== 'scan' && parsed.batch === `${row.group}-${row.number}` ? parsed : undefined;
    const silentFor = ping && !ping.online && ping.lastPing !== undefined ? (times.now - ping.lastPing) / 1000 : undefined;
    const heard = ping?.lastPing !== undefined && ping.lastPing > times.sentAt;
    const settled =
      row.purpose === 'mitigate'
        ? settleStandIn({ ...one, silentFor, heard }, times, actionOf(row))
        : settleInvocation({ ...one, report, silentFor, heard }, itemsOf(lock, report?.platform), times);
    return { node: one.node, report, settled };
  });
}

interface Looked {
  nodes: string[];
  taken: Set<string>;
  invocations: Map<string, SeenInvocation>;
}

/** Writes down who is at work: once the command has expired, SSM's list does not tell any more. */
async function rememberTaken(row: BatchRow, { nodes, taken, invocations }: Looked, deps: Dependencies): Promise<void> {
  const fresh = nodes.filter((node) => !taken.has(node) && takesPart(invocations.get(node)?.status ?? ''));
  if (fresh.length === 0) return;
  for (const node of fresh) taken.add(node);
  await deps.record.setBatch(`${row.group}-${row.number}`, { takenNodes: [...taken] });
}

function itemsOf(lock: Lock, platform: string | undefined): LockItem[] {
  return lock.platforms.find((section) => section.platform === platform)?.items ?? [];
}

async function keepReports(row: BatchRow, seen: Seen[], deps: Dependencies): Promise<void> {
  const id = `${row.group}-${row.number}`;
  const fresh: StoredReport[] = seen.flatMap(({ node, report }) => {
    if (!report) return [];
    const { from, ...rest } = report;
    return [{ ...rest, node, lock: row.lock ?? '', from: unpack(from)?.replace(/\n$/, '').split('\n') ?? [] }];
  });
  if (fresh.length === 0) return;
  const kept = await loadReports(id, deps);
  const newer = new Set(fresh.map((report) => report.node));
  await deps.store.putJson(reportsKey(id), [...kept.filter((report) => !newer.has(report.node)), ...fresh]);
}

interface Conclusion {
  row: BatchRow;
  one: Seen & { settled: Extract<Settled, { state: 'done' }> };
  before: NodeRunRow | undefined;
  lock: Lock;
}

async function conclude({ row, one, before, lock }: Conclusion, deps: Dependencies): Promise<void> {
  const at = new Date(deps.now()).toISOString();
  const { outcome, reason } = one.settled;
  if (row.purpose === 'verify') {
    if (!before) return;
    const merged = { ...before, ...mergeVerify(before.outcome, { outcome, reason }) };
    // Now it is known what became of the patch: the node is nobody's any more. First, or a fault in between would keep it for ever.
    if (before.outcome === 'unknown' && merged.outcome !== 'unknown' && before.batch) await deps.record.free(row.location, one.node, before.batch);
    // One that did not tell was not looked at: it is asked again, and in the end silence is what it is judged by.
    const told = outcome !== 'unknown' && outcome !== 'unreachable';
    await deps.record.putNodeRun({ ...merged, ...(told ? { verifiedAt: at } : {}) });
    return;
  }
  const from = one.report && unpack(one.report.from)?.replace(/\n$/, '').split('\n');
  const changed = one.report && from ? changedItems({ from, bad: one.report.bad }, itemsOf(lock, one.report.platform)).length : 0;
  deps.metrics.addMetric(`Outcome-${outcome}`, MetricUnit.Count, 1);
  if (row.purpose === 'mitigate') await noteStandIn(row, { node: one.node, outcome, at }, deps);
  await deps.record.putNodeRun({
    group: row.group,
    node: one.node,
    batch: `${row.group}-${row.number}`,
    ...(one.report ? { platform: one.report.platform } : {}),
    outcome,
    reason,
    changed,
    rebooted: one.report?.rebooted === 1,
    startedAt: new Date(row.sentAt ?? deps.now()).toISOString(),
    endedAt: at,
  });
}
