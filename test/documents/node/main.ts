/**
 * Real package managers in real (if service-less) systems: run as root by .ci/node-tests.sh with the base system, a scratch directory, and
 * where there is one an Ubuntu. Prints `N passed, N failed` as its last line.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { runAptCases } from './apt-cases.ts';
import { Checks } from './checks.ts';
import { runConformance } from './conformance.ts';
import { runHookCases } from './hook-cases.ts';
import { runPatchCases } from './patch-cases.ts';
import { runPreflightCases } from './preflight-cases.ts';
import { runShellCases, runTextCases } from './shell-cases.ts';
import { runScanCases } from './scan-cases.ts';
import { runSnapshotCases } from './snapshot-cases.ts';
import { becomeNode } from './rpm-node.ts';
import { Root } from './root.ts';
import { serve } from './rpms.ts';

async function main(base: string, scratch: string, ubuntu: string | undefined): Promise<void> {
  mkdirSync(scratch, { recursive: true });
  const checks = new Checks();
  await runTextCases(checks);
  await withServedRoot(base, join(scratch, 'rpm'), async (root, url) => {
    for (const family of ['dnf', 'zypper'] as const) {
      await becomeNode(root, family, url);
      await runConformance(checks, root, family);
      await runScanCases(checks, root, family);
      if (family !== 'dnf') continue;
      await runPatchCases(checks, root);
      await runHookCases(checks, root);
      await runPreflightCases(checks, root);
      await runShellCases(checks, root);
    }
  });
  const debian = await Root.open(base, join(scratch, 'debian'));
  try {
    await runAptCases(checks, debian);
  } finally {
    debian.close();
  }
  if (ubuntu !== undefined) await withServedRoot(ubuntu, join(scratch, 'ubuntu'), (root, url) => runSnapshotCases(checks, root, url));
  console.log(`${checks.passed} passed, ${checks.failed} failed`);
  process.exitCode = checks.failed === 0 ? 0 : 1;
}

/** A root whose /srv is served over HTTP. */
async function withServedRoot(base: string, directory: string, work: (root: Root, url: string) => Promise<void>): Promise<void> {
  const root = await Root.open(base, directory);
  const { url, server } = await serve(join(directory, 'srv'));
  try {
    await work(root, url);
  } finally {
    server.close();
    root.close();
  }
}

const [base, scratch, ubuntu] = process.argv.slice(2);
if (base === undefined || scratch === undefined) throw new Error('usage: main.ts <base system> <scratch directory> [<Ubuntu>]');
await main(base, scratch, ubuntu);
