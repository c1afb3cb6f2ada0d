/** A whole page that needs nothing else: it loads nothing, and its policy for the browser lets it load nothing. */
import { createHash } from 'node:crypto';
import { Html, html } from './escape.ts';
import { STYLE } from './style.ts';
import type { Part } from './escape.ts';

/**
 * HTML that is well-formed XML too. Style and script are allowed by their hashes and nothing else is (Content Security Policy Level 3, 2.3.1
 * and 6.7), so that markup that slipped in could neither run nor call home. `style` is added to the report's own.
 */
export function page(title: string, body: Part, { style = '', script }: { style?: string; script?: string } = {}): string {
  const css = STYLE + style;
  const scripts = script === undefined ? '' : ` script-src '${hashOf(script)}';`;
  const policy = `default-src 'none'; style-src '${hashOf(css)}';${scripts} base-uri 'none'; form-action 'none'`;
  return html`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8"/>
<meta http-equiv="Content-Security-Policy" content="${policy}"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<meta name="color-scheme" content="light dark"/>
<meta name="referrer" content="no-referrer"/>
<title>${title}</title>
<style>${new Html(css)}</style>
</head>
<body>
${body}${
    script === undefined
      ? ''
      : html`
<script>${new Html(script)}</script>`
  }
</body>
</html>
`.text;
}

function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}
