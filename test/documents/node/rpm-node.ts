/** A root that plays an Amazon Linux (dnf) or SUSE (zypper) node with a repository served over HTTP. */
import { gunzipSync } from 'node:zlib';
import { parseFacts } from '../../../lambdas/core/facts.ts';
import { lockText } from '../../../lambdas/core/lock.ts';
import { LockItem } from '../../../lambdas/core/model.ts';
import type { FleetFacts } from '../../../lambdas/core/model.ts';
import { parseReport, REPORT_STEP, SCAN_FACTS_STEP } from '../../../lambdas/core/report.ts';
import type { PatchReport, ScanReport } from '../../../lambdas/core/report.ts';
import { invoke } from './agent.ts';
import type { Invocation } from './agent.ts';
import type { Root } from './root.ts';
import { installRpms, makeRepository } from './rpms.ts';
import type { Advisory, Rpm } from './rpms.ts';

export type Family = 'dnf' | 'zypper';
export const RELEASE = '2023.6.20241010';
export const platforms: Record<Family, string> = { dnf: 'amazon-linux-2023-x86_64', zypper: 'sles-15.6-x86_64' };
const osRelease: Record<Family, string> = {
  dnf: 'ID="amzn"\nID_LIKE="fedora"\nVERSION_ID="2023"\n',
  zypper: 'ID="sles"\nID_LIKE="suse"\nVERSION_ID="15.6"\n',
};

/** What every rpm system has: packages may need a shell, dnf needs to know the release. */
export const system: Rpm[] = [
  { name: 'bash', arch: 'x86_64', version: '5.2.15-1', provides: ['/bin/sh'] },
  { name: 'system-release', arch: 'noarch', version: `${RELEASE}-0.amzn2023`, provides: [`system-release(releasever) = ${RELEASE}`] },
];

/** Makes a root into such a node. `url` serves the root's /srv. */
export async function becomeNode(root: Root, family: Family, url: string): Promise<void> {
  await root.shell('rm -f /etc/os-release /etc/yum.repos.d/* /etc/zypp/repos.d/*; mkdir -p /etc/rpm');
  root.write('etc/os-release', osRelease[family]);
  root.write('etc/rpm/macros.node', '%_dbpath /var/lib/rpm\n');
  root.write('etc/yum.repos.d/test.repo', `[test]\nname=test\nbaseurl=${url}/$releasever\ngpgcheck=0\nmetadata_expire=1\n`);
  const zypper = `[test]\nname=test\nenabled=1\nautorefresh=1\nbaseurl=${url}/${RELEASE}\ntype=rpm-md\ngpgcheck=0\n`;
  root.write('etc/zypp/repos.d/test.repo', zypper);
}

/** What is installed and what the repository offers, from nothing: every batch, cache and log of before is forgotten. */
export async function prepare(root: Root, installed: Rpm[], repository: Rpm[], advisories: Advisory[] = []): Promise<void> {
  await root.shell('rm -rf /var/lib/wavelock /var/cache/dnf /srv');
  await installRpms(root, [...system, ...installed]);
  await makeRepository(root, `/srv/${RELEASE}`, [...system, ...repository], advisories);
  await root.shell(`ln -sfn ${RELEASE} /srv/latest`);
}

/** The packages of a node beside `system`. */
export async function installedNow(root: Root): Promise<Record<string, string>> {
  const lines = await root.shell("rpm -qa --qf '%{NAME} %|EPOCH?{%{EPOCH}:}:{}|%{VERSION}-%{RELEASE}\\n' | sed 's/ 0:/ /' | sort");
  const pairs = lines.split('\n').map((line) => line.split(' ') as [string, string]);
  return Object.fromEntries(pairs.filter(([name]) => !system.some((rpm) => rpm.name === name)));
}

/** `update openssl x86_64 3.0.8-1`, as it stands in a lock. */
export function lockItem(line: string): LockItem {
  const [use, name, arch, version] = line.split(' ');
  return LockItem.parse({ use, name, arch, version });
}

/** A lock's text as the service writes it. */
export function lockOf(family: Family, items: string[]): string {
  const release = family === 'dnf' ? { releasever: RELEASE } : {};
  return lockText([{ platform: platforms[family], ...release, items: items.map(lockItem) }]);
}

/** The report of an invocation, as a handler reads it. Throws where there is none. */
export function reportOf(invocation: Invocation): PatchReport {
  const report = parseReport(invocation.steps[REPORT_STEP]?.output ?? '');
  if (report === undefined || report.do === 'scan') throw new Error(`no report: ${JSON.stringify(invocation.steps[REPORT_STEP])}`);
  return report;
}

/** A scan's report and the list behind it. */
export async function scan(root: Root, batch: string): Promise<{ report: ScanReport; facts: FleetFacts; text: string }> {
  const invocation = await invoke(root, { document: 'Wavelock-Scan-Linux', batch });
  const report = parseReport(invocation.steps[SCAN_FACTS_STEP]?.output ?? '');
  if (report?.do !== 'scan') {
    const log = await root.shell(`tail -n 5 /var/lib/wavelock/${batch}/log`);
    throw new Error(`no report: ${JSON.stringify(invocation.steps.Facts)} ${log}`);
  }
  const packed = ['Packages', 'Packages2', 'Packages3'].map((name) => invocation.steps[name]?.stdout ?? '').join('');
  const text = gunzipSync(Buffer.from(packed, 'base64')).toString();
  const facts = parseFacts(text);
  if (facts === undefined) throw new Error(`not a list: ${text.slice(0, 500)}`);
  return { report, facts, text };
}
