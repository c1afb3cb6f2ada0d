import { MetricUnit } from '@aws-lambda-powertools/metrics';
import { parseLocation } from '../core/model.ts';
import { changedItems } from '../core/proof.ts';
import { parseReport, REPORT_STEP } from '../core/report.ts';
import { mergeVerify, settleInvocation } from '../core/settle.ts';
import { reportsKey } from '../core/keys.ts';
import { loadLock, loadReports, unpack } from './load.ts';
import type { Dependencies } from '../aws/dependencies.ts';
import type { BatchRow, NodeRunRow } from '../aws/record.ts';
import type { SeenInvocation } from '../aws/commands.ts';
import type { Lock, LockItem } from '../core/model.ts';
import type { PatchReport } from '../core/report.ts';
import type { Settled } from '../core/settle.ts';
import type { StoredReport } from './load.ts';

interface Seen {
  node: string;
  settled: Settled;
  report: PatchReport | undefined;
}

/** Settles a patch or verify batch: one outcome a node, reports as one object, reservations freed. Answers how many nodes are still at work. */
export async function settleNodes(row: BatchRow, deps: Dependencies): Promise<number> {
  const location = parseLocation(row.location);
  const id = `${row.group}-${row.number}`;
  const lock = await loadLock(row.lock ?? '', deps);
  const invocations = new Map((await deps.commands.invocations(location, row.commandId ?? '')).map((invocation) => [invocation.node, invocation]));
  const already = new Set(row.settledNodes ?? []);
  const left = row.nodes.filter((node) => !already.has(node));
  const silence = await silences(row, left, invocations, deps);
  const seen = left.map((node) => look(node, { invocation: invocations.get(node), row, lock, silentFor: silence.get(node), now: deps.now() }));
  await deps.commands.cancel(location, row.commandId ?? '', seen.filter(({ settled }) => settled.state === 'cancel').map(({ node }) => node));
  await keepReports(row, seen, deps);
  const runs = new Map((await deps.record.nodeRuns(row.group)).map((run) => [run.node, run]));
  const done: string[] = [];
  for (const one of seen) {
    if (one.settled.state === 'open') continue;
    await conclude({ row, one, before: runs.get(one.node), lock }, deps);
    if (row.purpose === 'patch') await deps.record.free(row.location, one.node, id);
    done.push(one.node);
  }
  if (done.length > 0 && done.length < left.length) await deps.record.setBatch(id, { settledNodes: [...already, ...done] });
  return left.length - done.length;
}

/** A node that took the command and went silent shows no status change until the command expires: ask for its heartbeat instead. */
async function silences(row: BatchRow, nodes: string[], invocations: Map<string, SeenInvocation>, deps: Dependencies): Promise<Map<string, number>> {
  const running = nodes.filter((node) => invocations.get(node)?.status === 'InProgress');
  if (running.length === 0) return new Map();
  const pings = await deps.fleet.pings(parseLocation(row.location), running);
  return new Map(
    running.flatMap((node) => {
      const ping = pings.get(node);
      return ping && !ping.online && ping.lastPing !== undefined ? [[node, (deps.now() - ping.lastPing) / 1000] as const] : [];
    }),
  );
}

interface LookContext {
  invocation: SeenInvocation | undefined;
  row: BatchRow;
  lock: Lock;
  silentFor: number | undefined;
  now: number;
}

function look(node: string, { invocation, row, lock, silentFor, now }: LookContext): Seen {
  const parsed = parseReport(invocation?.outputs[REPORT_STEP] ?? '');
  // A report of another batch (a second delivery prints the first run's) is no answer to this one.
  const report = parsed && parsed.do !== 'scan' && parsed.batch === `${row.group}-${row.number}` ? parsed : undefined;
  // Listed nowhere yet: SSM's list lags behind SendCommand.
  const facts = { status: invocation?.status ?? 'Pending', report, started: invocation?.started ?? false, silentFor };
  const times = { sentAt: row.sentAt ?? 0, expiresAt: row.expiresAt ?? 0, now };
  return { node, report, settled: settleInvocation(facts, itemsOf(lock, report?.platform), times) };
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
  one: Seen;
  before: NodeRunRow | undefined;
  lock: Lock;
}

async function conclude({ row, one, before, lock }: Conclusion, deps: Dependencies): Promise<void> {
  const at = new Date(deps.now()).toISOString();
  const seen = one.settled.state === 'done' ? one.settled : { outcome: 'unreachable' as const, reason: one.settled.state === 'cancel' ? one.settled.reason : '' };
  if (row.purpose === 'verify') {
    if (!before) return;
    const worse = mergeVerify(before.outcome, seen);
    await deps.record.putNodeRun({ ...before, ...worse, verifiedAt: at });
    return;
  }
  const from = one.report && unpack(one.report.from)?.replace(/\n$/, '').split('\n');
  const changed = one.report && from ? changedItems({ from, bad: one.report.bad }, itemsOf(lock, one.report.platform)).length : 0;
  deps.metrics.addMetric(`Outcome-${seen.outcome}`, MetricUnit.Count, 1);
  await deps.record.putNodeRun({
    group: row.group,
    node: one.node,
    batch: `${row.group}-${row.number}`,
    ...(one.report ? { platform: one.report.platform } : {}),
    outcome: seen.outcome,
    reason: seen.reason,
    changed,
    rebooted: one.report?.rebooted === 1,
    startedAt: new Date(row.sentAt ?? deps.now()).toISOString(),
    endedAt: at,
  });
}
