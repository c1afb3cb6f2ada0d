/** The report: one file that needs nothing else. It loads nothing, and its policy for the browser lets it load nothing. */
import { html } from './escape.ts';
import { exposureSection } from './exposure.ts';
import { headSection, sentence } from './head.ts';
import { leftSection } from './left.ts';
import { nodeAnchors, nodesSection } from './nodes.ts';
import { page } from './page.ts';
import { proofSection } from './proof.ts';
import { costSection, messagesSection, policySection } from './record.ts';
import { SCRIPT } from './script.ts';
import { storySection } from './story.ts';
import { wavesSection } from './waves.ts';
import type { RolloutResult } from '../../lambdas/core/result.ts';
import type { RunDocument, RunExtra } from '../run/messages.ts';

export interface ReportInput {
  document: RunDocument;
  result: RolloutResult | undefined;
  extra: RunExtra;
  /** The policy file, word for word. */
  policyText: string;
  /** When the report is made, as it is to be shown. */
  madeAt: string;
}

/** The report as a whole page: what people need first, then the proof, then every node. */
export function reportHtml(input: ReportInput): string {
  const { document, result, extra } = input;
  const run = { document, result, extra };
  const anchors = nodeAnchors(run);
  const body = html`${headSection(run, input.madeAt)}
<main>
${wavesSection(run, anchors)}
${storySection(run)}
${leftSection(run, anchors)}
${proofSection(run)}
${exposureSection(run)}
${nodesSection(run, anchors)}
${messagesSection(run)}
${costSection(run)}
${policySection(input.policyText)}
</main>`;
  return page(sentence(run), body, { script: SCRIPT });
}
