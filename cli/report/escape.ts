/** Markup that cannot be broken out of: everything that is put into it is escaped, unless it is markup made here. */

/** A piece of finished markup. Only `html` makes it. */
export class Html {
  constructor(readonly text: string) {}
}

export type Part = Html | string | number | undefined | false | Part[];

/**
 * Markup from a template: `html\`<td>${name}</td>\``. Text and numbers are escaped for element content and for attribute values in
 * double quotes; markup is taken as it is, lists are joined, `undefined` and `false` are nothing. The markup is written as XML would have
 * it, so that it can be checked by a parser that forgives nothing.
 */
export function html(strings: TemplateStringsArray, ...parts: Part[]): Html {
  return new Html(strings.map((text, index) => text + (index < parts.length ? render(parts[index]) : '')).join(''));
}

/** Text for element content and attribute values, as entities that HTML and XML share. */
export function escape(text: string): string {
  return visible(text).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;').replaceAll("'", '&#39;');
}

function render(part: Part): string {
  if (part === undefined || part === false) return '';
  if (part instanceof Html) return part.text;
  if (Array.isArray(part)) return part.map(render).join('');
  return typeof part === 'number' ? String(part) : escape(part);
}

/**
 * Without what neither HTML nor XML may contain (control characters, lone surrogates, noncharacters: XML 1.0, production 2), and without
 * the marks that turn the direction of writing, with which a name can pretend to be another (Unicode Standard Annex 9).
 */
function visible(text: string): string {
  return text.replaceAll(/(?![\t\n\r])\p{Cc}|[\p{Bidi_Control}\p{Surrogate}\p{Noncharacter_Code_Point}\u200b\u2060\ufeff]/gu, '\ufffd');
}
