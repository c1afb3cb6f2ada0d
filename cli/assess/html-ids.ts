import { html } from '../report/escape.ts';
import type { Html } from '../report/escape.ts';
import { fold } from '../report/parts.ts';
import { amount } from '../ui/text.ts';

/** Node ids, folded where they are many; on paper they stand there. */
export function ids(nodes: readonly string[], most = 6): Html {
  const text = html`<p class="ids">${nodes.join(' ')}</p>`;
  return nodes.length <= most ? text : fold(amount(nodes.length, 'node'), text);
}
