/** Runs every conformance case with the real scripts on a real package manager. */
import { deepStrictEqual } from 'node:assert/strict';
import { conformanceCases, unpackFrom } from '../cases.ts';
import type { Case } from '../cases.ts';
import { invoke } from './agent.ts';
import type { Checks } from './checks.ts';
import type { Root } from './root.ts';
import type { Rpm } from './rpms.ts';
import { installedNow, platforms, prepare, reportOf } from './rpm-node.ts';
import type { Family } from './rpm-node.ts';

export async function runConformance(checks: Checks, root: Root, family: Family): Promise<void> {
  for (const [name, item] of conformanceCases()) {
    await checks.check(`${family}: ${name}: ${item.title}`, async () => {
      await prepare(root, installedRpms(item), item.repository.map(rpmOf));
      const invocation = await invoke(root, { document: 'Wavelock-Patch-Linux', batch: 'conformance-1', lock: lockFor(item, family) });
      const { end, why, phase, n, bad, from } = reportOf(invocation);
      deepStrictEqual({ end, why, phase, n, bad, from: unpackFrom(from) }, item.expect);
      deepStrictEqual(await installedNow(root), item.after);
      deepStrictEqual(invocation.status, end === 'ok' ? 'Success' : 'Failed');
    });
  }
}

function installedRpms(item: Case): Rpm[] {
  return Object.entries(item.installed).map(([name, version]) => ({ name, arch: 'x86_64', version }));
}

function rpmOf(offer: Case['repository'][number]): Rpm {
  return { name: offer.package, arch: 'x86_64', version: offer.version, needs: offer.needs ?? [] };
}

/** zypper has no releasever, and its node is another platform. */
function lockFor(item: Case, family: Family): string {
  const lines = item.lock.filter((line) => family === 'dnf' || !line.startsWith('releasever'));
  return `${lines.join('\n').replace(platforms.dnf, platforms[family])}\n`;
}
