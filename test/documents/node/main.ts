/**
 * Real package managers in real (if service-less) systems: run as root by .ci/node-tests.sh with the base system and a scratch directory.
 * Prints `N passed, N failed` as its last line.
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
import { becomeNode } from './rpm-node.ts';
import { Root } from './root.ts';
import { serve } from './rpms.ts';

async function main(base: string, scratch: string): Promise<void> {
  mkdirSync(scratch, { recursive: true });
  const checks = new Checks();
  await runTextCases(checks);
  await withRpmRoot(base, join(scratch, 'rpm'), async (root, url) => {
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
  console.log(`${checks.passed} passed, ${checks.failed} failed`);
  process.exitCode = checks.failed === 0 ? 0 : 1;
}

async function withRpmRoot(base: string, directory: string, work: (root: Root, url: string) => Promise<void>): Promise<void> {
  const root = await Root.open(base, directory);
  const { url, server } = await serve(join(directory, 'srv'));
  try {
    await work(root, url);
  } finally {
    server.close();
    root.close();
  }
}

const [base, scratch] = process.argv.slice(2);
if (base === undefined || scratch === undefined) throw new Error('usage: main.ts <base system> <scratch directory>');
await main(base, scratch);
