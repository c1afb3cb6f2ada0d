/**
 * What CISA lists as exploited and no vendor of a node's platform has an advisory for: the hours, sometimes days, in which people ask "do
 * we have that?". CISA names products, not packages, so this is a guess by name and is called one; it is limited to products whose
 * packages are known here, and to recent entries, because vendors do not publish that old releases of theirs were never affected.
 */
import type { KnownExploited } from '../advisory.ts';
import type { NodeFacts } from '../match/types.ts';
import type { Package } from '../model.ts';
import type { ExposedPackage } from './types.ts';
import type { Found, World } from './found.ts';

/** After so many days without a word of the vendor an entry is taken not to concern its platform. */
export const AWAIT_DAYS = 60;
const DAY_MS = 86_400_000;

/** CISA's words for a product (vendor and product in one) → names of its packages on Linux; of many, those that say its version. */
const PRODUCTS: readonly [RegExp, RegExp][] = [
  [/^linux kernel$/, /^(kernel|kernel-core|kernel-default|kernel-uek|kernel-uek-core|linux-image-\d.*)$/],
  [/^gnu (gnu )?c library|^gnu glibc/, /^(glibc|libc6)$/],
  [/^gnu (bourne-again shell|bash)/, /^bash$/],
  [/^openssl openssl$/, /^(openssl|openssl-libs|libssl3|libssl3t64)$/],
  [/^openbsd openssh|^openssh openssh/, /^(openssh|openssh-server)$/],
  [/^sudo sudo$/, /^sudo$/],
  [/ polkit$/, /^(polkit|policykit-1)$/],
  [/^apache http server$|^apache apache$/, /^(httpd|apache2)$/],
  [/^apache tomcat$/, /^tomcat\d*$/],
  [/^(f5 )?nginx nginx$|^f5 nginx/, /^nginx$/],
  [/^exim /, /^exim4?$/],
  [/^samba samba$/, /^samba$/],
  [/^php(?: group)? (php|fastcgi process manager)/, /^php(\d+\.\d+)?(-fpm|-cli)?$/],
  [/^redis |redis server/, /^(redis|redis-server|redis6)$/],
  [/^imagemagick imagemagick$/, /^(imagemagick|ImageMagick)$/],
  [/^freetype freetype$/, /^(freetype|libfreetype6)$/],
  [/^git git$/, /^git$/],
  [/^artifex ghostscript$/, /^ghostscript$/],
  [/^(haxx |curl )?(lib)?curl$/, /^(curl|libcurl|libcurl4|libcurl4t64)$/],
  [/^(tukaani )?xz( utils)?$/, /^(xz|xz-utils|xz-libs)$/],
  [/^rsync rsync$|^samba rsync$/, /^rsync$/],
  [/^7-zip 7-zip$/, /^(p7zip|7zip)$/],
  [/^(isc )?bind( 9)?$|^isc bind/, /^(bind|bind9)$/],
  [/^squid |squid-cache/, /^squid$/],
  [/^openprinting cups$|^cups /, /^cups$/],
];

/** Windows itself: CISA says `Microsoft Windows`, `Microsoft Windows Kernel`, `Microsoft Windows Common Log File System (CLFS) Driver`. */
const WINDOWS = /^microsoft windows\b/;

/** Recent entries of CISA's catalogue that name something installed here and that no advisory for this platform mentions. */
export function awaitedByCisa(facts: NodeFacts, { intelligence, named, now }: World): Found[] {
  const place = facts.platform.slice(0, facts.platform.lastIndexOf('-'));
  return recent(intelligence.exploited.values(), now).flatMap((entry) => {
    if (named.has(`${place} ${entry.cve}`)) return [];
    const packages = concerned(entry, facts);
    return packages.length === 0 ? [] : [awaited(entry, packages)];
  });
}

/** Entries added lately about CVEs that are not much older: what is listed years later was fixed years ago. */
function recent(entries: Iterable<KnownExploited>, now: number): KnownExploited[] {
  return [...entries].filter(({ cve, added }) => {
    const age = now - Date.parse(`${added}T00:00:00Z`);
    return age < AWAIT_DAYS * DAY_MS && Number(cve.slice(4, 8)) >= Number(added.slice(0, 4)) - 1;
  });
}

function concerned(entry: KnownExploited, facts: NodeFacts): ExposedPackage[] {
  const product = entry.product.toLowerCase();
  const why = `CISA lists ${entry.cve} as exploited in ${entry.product}; no advisory for this platform names it yet`;
  if (facts.platform.startsWith('windows-')) {
    return WINDOWS.test(product) ? [awaitingPackage({ name: 'Windows', arch: '', version: facts.build ?? '' }, why)] : [];
  }
  const names = PRODUCTS.find(([words]) => words.test(product))?.[1];
  const installed = names === undefined ? [] : facts.installed.filter((item) => names.test(item.name));
  return installed.map((item) => awaitingPackage(item, why));
}

/** A package that nobody has a fix for. */
export function awaitingPackage({ name, arch, version }: Pick<Package, 'name' | 'arch' | 'version'>, why: string): ExposedPackage {
  return { package: name, arch, installed: version, fixed: null, state: 'awaiting-vendor', why };
}

function awaited(entry: KnownExploited, packages: ExposedPackage[]): Found {
  return {
    source: 'kev',
    advisory: entry.cve,
    title: entry.product,
    severity: 'unrated',
    cves: [entry.cve],
    published: `${entry.added}T00:00:00.000Z`,
    exploited: false,
    state: 'awaiting-vendor',
    packages: packages.slice(0, 10),
  };
}
