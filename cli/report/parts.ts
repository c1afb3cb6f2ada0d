/** Pieces that the sections share: tables, things that fold, lists in columns. */
import { html } from './escape.ts';
import type { Html, Part } from './escape.ts';

/** A table that scrolls by itself where the page is too narrow. Heads that are named in `numbers` stand to the right. */
export function table(heads: string[], rows: Part[], { id, numbers = [] }: { id?: string; numbers?: string[] } = {}): Html {
  const head = heads.map((column) => (numbers.includes(column) ? html`<th class="number">${column}</th>` : html`<th>${column}</th>`));
  return html`<div class="wide-table"><table${id !== undefined && html` id="${id}"`}>
<thead><tr>${head}</tr></thead>
<tbody>
${rows}</tbody></table></div>`;
}

/** A row from the content of its cells; a cell may name its class. */
export function row(cells: (Part | { class: string; of: Part })[], id?: string): Html {
  const made = cells.map((cell) => (isClassed(cell) ? html`<td class="${cell.class}">${cell.of}</td>` : html`<td>${cell}</td>`));
  return html`<tr${id !== undefined && html` id="${id}"`}>${made}</tr>
`;
}

/** What is folded on the screen, and unfolded on paper where `paper` is set. */
export function fold(summary: string, content: Part, { paper = true }: { paper?: boolean } = {}): Html {
  return html`<details${paper && html` class="print"`}><summary>${summary}</summary>${content}</details>
`;
}

/** Short entries in as many columns as fit. */
export function columns(entries: Part[]): Html {
  return html`<ul class="columns">${entries.map((entry) => html`<li>${entry}</li>`)}</ul>`;
}

function isClassed(cell: Part | { class: string; of: Part }): cell is { class: string; of: Part } {
  return typeof cell === 'object' && 'of' in cell;
}
