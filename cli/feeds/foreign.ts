/** Vendors' formats that no feed reads, told by their content, and why not. */

interface Foreign {
  is(start: string): boolean;
  why: string;
}

const FOREIGN: readonly Foreign[] = [
  { is: (start) => /<oval_definitions[\s>]/.test(start), why: 'OVAL: the same errata are read from updateinfo or OSV' },
  { is: (start) => /"category"\s*:\s*"csaf_/.test(start), why: 'CSAF: the same advisories are read from OSV' },
  { is: (start) => /^"\d{4}\/\w+-[\w.]+\.json","/.test(start), why: 'an index of CSAF files: the same advisories are read from OSV' },
  { is: (start) => /"OSVersions"\s*:/.test(start), why: 'SOFA: macOS is not patched by Wavelock' },
  { is: (start) => /^\[\d{1,2} \w{3} \d{4}\] D[SL]A-/.test(start), why: "Debian's own list: the same advisories are read from OSV" },
  { is: (start) => /^\{\s*"advisories"\s*:/.test(start), why: "Rocky's own API: the same advisories are read from OSV" },
  { is: (start) => /"Title"\s*:\s*"ELSA-/.test(start), why: 'made from OVAL by others: the same errata are read from updateinfo' },
  { is: (start) => /"\$schema"\s*:/.test(start), why: 'a schema, no data' },
  { is: (start) => /^https?:\/\/\S+\/?\s*\n(https?:\/\/|$)/.test(start), why: 'a list of mirrors: it leads to a repository' },
  { is: (start) => /^\uFEFF?"?cveID"?,"?vendorProject/.test(start), why: "CISA's catalogue as CSV: it is read as JSON" },
  { is: (start) => start.startsWith('BZh'), why: 'bzip2, which Node.js cannot open: the same records are read one by one' },
];

/** Why this is nothing for a feed; `undefined` for what nobody knows. */
export function whyForeign(start: string): string | undefined {
  return FOREIGN.find((foreign) => foreign.is(start))?.why;
}
