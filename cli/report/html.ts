/** The report: one file that needs nothing else. It loads nothing, and its policy for the browser lets it load nothing. */
import { createHash } from 'node:crypto';
import { Html, html } from './escape.ts';
import { exposureSection } from './exposure.ts';
import { headSection, sentence } from './head.ts';
import { leftSection } from './left.ts';
import { nodeAnchors, nodesSection } from './nodes.ts';
import { proofSection } from './proof.ts';
import { costSection, messagesSection, policySection } from './record.ts';
import { SCRIPT } from './script.ts';
import { STYLE } from './style.ts';
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

/**
 * The report as HTML that is well-formed XML too. Style and script are allowed by their hashes and nothing else is (Content Security Policy
 * Level 3, 2.3.1 and 6.7), so that markup that slipped in could neither run nor call home.
 */
export function reportHtml(input: ReportInput): string {
  const { document, result, extra } = input;
  const run = { document, result, extra };
  const anchors = nodeAnchors(run);
  const policy = `default-src 'none'; style-src '${hashOf(STYLE)}'; script-src '${hashOf(SCRIPT)}'; base-uri 'none'; form-action 'none'`;
  const page = html`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8"/>
<meta http-equiv="Content-Security-Policy" content="${policy}"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<meta name="color-scheme" content="light dark"/>
<meta name="referrer" content="no-referrer"/>
<title>${sentence(run)}</title>
<style>${new Html(STYLE)}</style>
</head>
<body>
${headSection(run, input.madeAt)}
<main>
${wavesSection(run, anchors)}
${leftSection(run, anchors)}
${proofSection(run)}
${exposureSection(run)}
${nodesSection(run, anchors)}
${messagesSection(run)}
${costSection(run)}
${policySection(input.policyText)}
</main>
<script>${new Html(SCRIPT)}</script>
</body>
</html>
`;
  return page.text;
}

function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}
