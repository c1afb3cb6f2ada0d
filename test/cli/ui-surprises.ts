/** Runs of `ui-run.ts` in which a node has never told anything, and in which something else was faster. */
import { fakeRun } from './ui-run.ts';
import type { FakeRun } from './ui-run.ts';

/** The node of production that is unreachable, `db-42`, has never told what it has. */
export function silent(): FakeRun {
  const run = fakeRun('succeeded');
  const { document, result, extra } = run.ended;
  const id = result?.nodes.find(({ outcome }) => outcome === 'unreachable')?.id;
  for (const node of extra.plan?.waves.flatMap(({ nodes }) => nodes) ?? []) {
    if (node.id !== id) continue;
    Object.assign(node, { exposed: 0, cves: [], platform: 'unknown' });
    delete node.open;
  }
  for (const node of document.nodes) if (node.id === id) node.platform = 'unknown';
  for (const node of result?.nodes ?? []) {
    if (node.id === id) Object.assign(node, { platform: 'unknown', exposedBefore: false, exposedAfter: false });
  }
  return run;
}

/** A node of production was updated by something else beyond what was proven. */
export function faster(): FakeRun {
  const run = fakeRun('succeeded');
  const { document, result } = run.ended;
  const id = result?.nodes.find(({ wave, outcome }) => wave === 'production' && outcome === 'patched')?.id;
  for (const node of [...document.nodes, ...(result?.nodes ?? [])]) {
    if (node.id === id) Object.assign(node, { outcome: 'ahead', reason: 'something else updated it beyond what was proven: openssl 3.0.9' });
  }
  return run;
}
