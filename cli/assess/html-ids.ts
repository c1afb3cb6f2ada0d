import { html } from '../report/escape.ts';
import type { Html } from '../report/escape.ts';
import { fold } from '../report/parts.ts';
import { amount } from '../ui/text.ts';

/** More ids than these are folded. */
const SHOWN = 6;

/** Node ids, folded where they are many; on paper they stand there, unless `paper` is false. */
export function ids(nodes: readonly string[], { paper = true }: { paper?: boolean } = {}): Html {
  const text = html`<ul class="ids">${nodes.map((id) => html`<li>${id}</li> `)}</ul>`;
  return nodes.length <= SHOWN ? text : fold(amount(nodes.length, 'node'), text, { paper });
}
