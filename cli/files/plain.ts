/**
 * Text from outside (node names, package managers' last words, what stands in a file) on one line, without anything that a terminal or a reader
 * would obey: control characters, and the marks that turn the direction of writing (Unicode Standard Annex 9).
 */
export function plain(text: string): string {
  return text.replaceAll(/\s+/g, ' ').replaceAll(/[\p{Cc}\p{Bidi_Control}\u200b\u2060\ufeff]/gu, '\ufffd');
}
