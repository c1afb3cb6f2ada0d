/** The pages that the browser is shown: real runs and a real assessment, a large one of each, and some with texts that want to break out. */
import { existsSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { readFleetFile } from '../../cli/files/fleet.ts';
import { reportHtml } from '../../cli/report/html.ts';
import type { FleetFile, NodeEntry } from '../../local/fleet/types.ts';
import { plantedFleet } from '../assess/planted.ts';
import { openAccounts } from '../assess/world.ts';
import { command, start } from '../cli/command.ts';
import { fakeRun } from '../cli/ui-run.ts';

export const PAGES = ['good', 'bad', 'zero-day', 'big', 'hostile report', 'assessment', 'large assessment', 'hostile assessment'] as const;
export type PageName = (typeof PAGES)[number];

const ACCOUNTS = ['111111111111', '222222222222'];

/** Script, a word without a break, right to left, pictures for letters, and what HTML would take for its own. */
export const HOSTILE = '<script>hacked=1</script><b>x</b>"><img src=x onerror=hacked=1> שלום עולם 🦊👩‍👩‍👧 ]]> &lt;';
const LONG = 'package-with-a-name-that-has-no-end-'.repeat(8);

/** Makes all of them; answers their files. */
export async function makePages(): Promise<Record<PageName, string>> {
  const folder = mkdtempSync(join(tmpdir(), 'wavelock-pages-'));
  const out = (name: string): string => join(folder, name);
  const run = async (name: string, ...args: string[]): Promise<string> => {
    const { stdout, stderr } = await command('run', '--out', out(name), ...args);
    const report = join(out(name), 'report.html');
    if (!existsSync(report)) throw new Error(`${name} left no report: ${stdout}${stderr}`);
    return report;
  };
  const fleet = out('fleet.yaml');
  writeFileSync(fleet, stringify(manyNodes(readFleetFile('demo/fleet.yaml').fleet)));
  const [good, bad] = await Promise.all([run('good'), run('bad', '--scenario', 'bad-patch')]);
  const [big, zero] = await Promise.all([run('big', '--fleet', fleet), run('zero', '--scenario', 'zero-day')]);
  const { file } = plantedFleet();
  return {
    good,
    bad,
    'zero-day': zero,
    big,
    'hostile report': hostileReport(out('hostile.html')),
    assessment: await assess(out('assess'), file),
    'large assessment': await assess(out('large'), { ...file, nodes: file.nodes.map((node) => ({ ...node, name: `${node.name}-{n}`, count: 10 })) }),
    'hostile assessment': await assess(out('names'), { ...file, nodes: [...hostileNodes(file), ...file.nodes.slice(0, 60)] }),
  };
}

/** Eight times the demo's fleet. */
function manyNodes(demo: FleetFile): FleetFile {
  const nodes = demo.nodes.map(({ id: _id, ...node }): NodeEntry => ({
    ...node,
    name: node.name.includes('{n}') ? node.name : `${node.name}-{n}`,
    count: 8 * (node.count ?? 1),
  }));
  return { ...demo, nodes };
}

/** Some machines whose names and tags want to break out, in each list that shows them. */
function hostileNodes(file: FleetFile): NodeEntry[] {
  const [location = ''] = file.locations;
  const kinds: Partial<NodeEntry>[] = [{ unmanaged: 'no-agent' }, { stopped: true }, { online: false }, { scanned: 'never' }, { agent: '2.3.1.0' }];
  return kinds.map((kind, index) => {
    const name = `${index}${index % 2 === 0 ? HOSTILE : LONG}`;
    return {
      name,
      location,
      inventory: 'al2023',
      zone: 'a',
      ...kind,
      tags: { Environment: HOSTILE.slice(0, 60), [`k${index}`]: LONG.slice(0, 250) },
    };
  });
}

async function assess(folder: string, file: FleetFile): Promise<string> {
  const world = await openAccounts(file);
  try {
    mkdirSync(folder, { recursive: true });
    const args = ['assess', '--out', folder, '--feeds', 'demo/feeds', '--region', 'eu-central-1,eu-west-1'];
    const { status, stderr } = await start(args, world.environment(world.aws.credentials(ACCOUNTS[0] ?? ''))).ended;
    if (status !== 0) throw new Error(stderr);
    return join(folder, 'assessment.html');
  } finally {
    await world.close();
  }
}

function hostileReport(file: string): string {
  const { document, result, extra } = fakeRun('failed').ended;
  for (const [index, node] of (result?.nodes ?? []).entries()) {
    if (index % 3 !== 0) continue;
    node.name = index % 2 === 0 ? HOSTILE : LONG;
    node.reason = index % 2 === 0 ? LONG : HOSTILE;
    for (const change of node.packages) Object.assign(change, { name: LONG, from: HOSTILE, to: LONG });
  }
  for (const notice of document.notices) Object.assign(notice, { subject: HOSTILE + LONG, body: LONG + HOSTILE, audience: HOSTILE });
  for (const wave of document.waves) wave.reasons = wave.reasons.map(() => HOSTILE + LONG);
  for (const left of extra.plan?.leftOutNodes ?? []) Object.assign(left, { name: LONG, why: HOSTILE });
  extra.notes = [{ at: extra.startedAt, wave: 'test', text: LONG + HOSTILE }];
  extra.reason = HOSTILE + LONG;
  writeFileSync(file, reportHtml({ document, result, extra, policyText: `# ${HOSTILE}\n# ${LONG}\n`, madeAt: '2026-12-13 04:10 UTC' }));
  return file;
}
