/** Pieces that the sections share: tables, things that fold, lists in columns. */
import { html } from './escape.ts';
import type { Html, Part } from './escape.ts';

type Cell = Part | { class: string; of: Part };

/** A row of a table. Its cells are named by the table's heads, which a phone shows beside each of them. */
export interface Row {
  cells: Cell[];
  id: string | undefined;
}

/** What a table is besides its rows. */
export interface TableOptions {
  id?: string;
  /** Heads of columns that stand to the right. */
  numbers?: string[];
  /** Whether the page's filter looks into it. */
  finds?: boolean;
}

/** A table that scrolls by itself where the page is too narrow; on a phone each row is a block of its own. */
export function table(heads: string[], rows: (Row | undefined)[], { id, numbers = [], finds = false }: TableOptions = {}): Html {
  const head = heads.map((column) => html`<th scope="col"${numbers.includes(column) && html` class="number"`}>${column}</th>`);
  const body = rows.map((entry) => entry && rowHtml(entry, heads));
  return html`<div class="wide-table"><table${id !== undefined && html` id="${id}"`}${finds && html` class="finds"`}>
<thead><tr>${head}</tr></thead>
<tbody>
${body}</tbody></table></div>`;
}

/** A row from the content of its cells; a cell may name its class. */
export function row(cells: Cell[], id?: string): Row {
  return { cells, id };
}

function rowHtml({ cells, id }: Row, heads: string[]): Html {
  const made = cells.map((cell, index) => {
    const [name, of] = isClassed(cell) ? [html` class="${cell.class}"`, cell.of] : [undefined, cell];
    return html`<td${name} data-head="${heads[index]}">${of}</td>`;
  });
  return html`<tr${id !== undefined && html` id="${id}"`}>${made}</tr>
`;
}

/** The place of the filter, which the script puts there: without it nobody misses a box that does nothing. `example`: what may be typed. */
export function findBox(example: string): Html {
  return html`<div id="find" class="screen" data-example="${example}"></div>`;
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

function isClassed(cell: Cell): cell is { class: string; of: Part } {
  return typeof cell === 'object' && 'of' in cell;
}
