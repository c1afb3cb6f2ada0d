/** The report's evidence: what was proven on which nodes, what was not promoted and why. */
import { nodesOf, proofWords } from '../ui/facts.ts';
import { amount, wholeHash } from '../ui/text.ts';
import { html } from './escape.ts';
import { columns, fold, row, table } from './parts.ts';
import type { LockPlatform, Outcome } from '../../lambdas/core/model.ts';
import type { EndedRun } from '../ui/facts.ts';
import type { Html } from './escape.ts';
import type { Row } from './parts.ts';

/** Outcomes of a node that proves what it holds. */
const HEALTHY: Outcome[] = ['patched', 'already-proven', 'restart-pending'];

/** 4. Proof, by platform. */
export function proofSection(run: EndedRun): Html {
  const candidate = run.extra.plan?.candidate ?? [];
  const rows = candidate.map((section) => platformRow(section, run));
  return html`<section id="proof"><h2>Proof</h2>
${proofLine(run)}
${hashLine(run)}
${rows.length > 0 && table(['Platform', 'Wanted', 'Proven on', 'Not promoted, and why'], rows)}
${candidate.map((section) => itemList(section, run))}
</section>`;
}

/** Whether anything unproven went out, and what it was. */
function proofLine(run: EndedRun): Html {
  const { mood, text } = proofWords(run);
  const unproven = run.result?.proof.unproven ?? [];
  return html`<p class="big ${mood}">${text.charAt(0).toUpperCase()}${text.slice(1)}.</p>
${unproven.length > 0 && columns(unproven)}`;
}

/** What was proven, by its hashes: of the plan that was read, and of the lock that went out. */
function hashLine({ document, extra }: EndedRun): Html {
  const [plan, lock] = [extra.planKey, document.lock].map((text) => (text === '' ? 'none' : wholeHash(text)));
  return html`<p class="aside">Plan <span class="mono">${plan}</span>, lock <span class="mono">${lock}</span></p>`;
}

function platformRow(section: LockPlatform, run: EndedRun): Row {
  const first = run.document.waves[0]?.name ?? '';
  const needed = run.extra.plan?.policy.waves[0]?.promoteWhen.provenOn ?? 1;
  const tested = nodesOf(run).filter((node) => node.wave === first && node.platform === section.platform);
  const healthy = tested.filter((node) => HEALTHY.includes(node.outcome)).map((node) => node.name);
  const names = healthy.length === 0 ? '' : `: ${healthy.join(', ')}`;
  const proven = `${healthy.length} of ${amount(tested.length, 'node')} of wave ${first}${names}`;
  const enough = healthy.length >= needed;
  const dropped = droppedFor(section.platform, run);
  return row([
    { class: 'name', of: section.platform },
    wantedWords(section),
    { class: enough ? 'enough' : 'look', of: enough ? proven : `${proven}; ${needed} needed` },
    dropped.length === 0 ? 'nothing' : dropped.map((text) => html`<div>${text}</div>`),
  ]);
}

/** What was not promoted for a platform, a line a reason. The result has `platform name: why`. */
function droppedFor(platform: string, { result }: EndedRun): string[] {
  const byWhy = new Map<string, string[]>();
  for (const text of (result?.proof.dropped ?? []).filter((entry) => entry.startsWith(`${platform} `))) {
    const [name = '', ...why] = text.slice(platform.length + 1).split(': ');
    const reason = why.join(': ');
    byWhy.set(reason, [...(byWhy.get(reason) ?? []), name]);
  }
  return [...byWhy].map(([why, names]) => `${names.join(', ')}: ${why}`);
}

function wantedWords({ items }: LockPlatform): string {
  const count = (use: string) => items.filter((item) => item.use === use).length;
  const parts = [
    ...(count('update') > 0 ? [amount(count('update'), 'exact version')] : []),
    ...(count('kb') > 0 ? [amount(count('kb'), 'KB')] : []),
    ...(count('dependency') > 0 ? [`${amount(count('dependency'), 'dependency', 'dependencies')} that may come along`] : []),
  ];
  return parts.join(', ');
}

/** The lock as it was planned, with what each item closes. */
function itemList({ platform, items }: LockPlatform, { extra }: EndedRun): Html {
  const fixes = extra.plan?.fixes[platform] ?? {};
  const lines = items.map((item) => {
    const cves = fixes[`${item.name} ${item.arch} ${item.version}`]?.cves ?? [];
    const along = item.use === 'dependency' ? ' (dependency)' : '';
    return [`${item.name} ${item.version}${along}`, cves.length > 0 && html` <span class="aside">${cves.join(', ')}</span>`];
  });
  return fold(`${platform}: the ${amount(items.length, 'item')} of the plan`, columns(lines));
}
