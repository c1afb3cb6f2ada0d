import { html } from '../report/escape.ts';
import type { Html } from '../report/escape.ts';
import { fold } from '../report/parts.ts';
import { amount, grouped } from '../ui/text.ts';

/** More ids than these are folded. */
const SHOWN = 6;

export interface IdsOptions {
  /** Whether they stand on paper too. */
  paper?: boolean;
  /** Of more ids than these only so many are in the page; the count is of all. */
  most?: number;
}

/** Node ids, folded where they are many; on paper they stand there, unless `paper` is false. */
export function ids(nodes: readonly string[], { paper = true, most = Infinity }: IdsOptions = {}): Html {
  const list = html`<ul class="ids">${nodes.slice(0, most).map((id) => html`<li>${id}</li> `)}</ul>`;
  const rest = nodes.length > most && html`<p class="aside">The first ${grouped(most)}; all stand in the JSON.</p>`;
  return nodes.length <= SHOWN ? list : fold(amount(nodes.length, 'node'), [list, rest], { paper });
}
