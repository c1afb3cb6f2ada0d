/** What the intake's bench is about: ten thousand nodes in four locations, 200 distinct lists of packages, and what feeds have brought. */
import { packLines } from '../../lambdas/aws/lines.ts';
import { sha256 } from '../../lambdas/aws/store.ts';
import { fingerprintText } from '../../lambdas/core/facts.ts';
import { factsKey } from '../../lambdas/core/keys.ts';
import { locationKey } from '../../lambdas/core/model.ts';
import { compareVersions } from '../../lambdas/core/versions/compare.ts';
import { inventories, sequence } from './inputs.ts';
import type { Advisory } from '../../lambdas/core/advisory.ts';
import type { Available, FleetFacts, Location, Node, Package } from '../../lambdas/core/model.ts';
import type { FleetFile } from '../../local/fleet/types.ts';
import type { BenchWorld } from './intake-world.ts';

export const PLATFORM = 'almalinux-8-x86_64';
const LOCATIONS = ['111111111111/eu-central-1', '111111111111/eu-west-1', '222222222222/eu-central-1', '222222222222/eu-west-1'];
const PACKAGES = 500;
/** Updates that a node is offered: a month's. */
const OFFERED = 80;
/** CVEs that EPSS has a score for, and entries of CISA's catalogue: about what both have in 2026. */
const SCORES = 300_000;
const LISTED = 1_400;
const SERVICES = 50;

/** Nodes as Systems Manager lists them; what they have installed is said by the facts below. */
export function fleetFile(nodes: number): FleetFile {
  const count = Math.floor(nodes / LOCATIONS.length / SERVICES);
  const nodesOf = (location: string, place: number): FleetFile['nodes'] =>
    Array.from({ length: SERVICES }, (_, service) => ({
      name: `n${place}-s${service}-{n}`,
      count,
      location,
      inventory: 'alma',
      tags: { Wavelock: 'enabled', Environment: service === 0 ? 'test' : 'production', Service: `service-${service}` },
    }));
  // The simulated machines are there to be listed; AlmaLinux 8 is not among those that can be simulated.
  const alma = { platform: 'almalinux-9-x86_64', installed: { openssl: '1:3.0.7-27.el9' }, available: [] };
  return { version: 1, locations: LOCATIONS, inventories: { alma }, nodes: LOCATIONS.flatMap(nodesOf) };
}

/** A policy for all of them, and one that starts by itself. Nothing waits for a window. */
export const POLICY = `
version: 1
mode: auto
people: { ops: { email: [ops@example.com] } }
deadlines:
  - { when: { knownExploited: true }, fixWithin: 14d }
  - { when: { severity: critical, tags: { Environment: production } }, fixWithin: 30d }
  - { fixWithin: 90d }
policies:
  monthly:
    nodes: { tags: { Wavelock: enabled } }
    plan: { every: day, at: "09:00", timezone: UTC }
    patches: { kinds: [security], severity: { atLeast: low, unrated: include } }
    waves:
      - { name: test, nodes: { tags: { Environment: test } }, promoteWhen: { provenOn: 2, failed: 2%, unreachable: 2% } }
      - { name: production, nodes: everything-else, atOnce: 25%, promoteWhen: { failed: 2%, unreachable: 5% }, stopWhen: { failed: 2%, unreachable: 5% } }
    tell: { ops: everything }
  zero-day:
    startWhen: [{ knownExploited: true }, { severity: critical }]
    nodes: { exposed: true, tags: { Wavelock: enabled } }
    patches: only-what-closes-it
    windows: ignore
    finishWithin: 48h
    waves:
      - { name: test, nodes: { tags: { Environment: test } }, soak: 1h }
      - { name: inside, nodes: everything-else, promoteWhen: { failed: 5%, unreachable: 10% } }
    tell: { ops: everything }
`;

/** Lists of packages as Wavelock-Scan would leave them, and as they are after a month's updates were installed and others have come out. */
export function factsLists(advisories: readonly Advisory[], count: number): { before: FleetFacts[]; after: FleetFacts[] } {
  const offers = newest(advisories);
  const before = inventories(advisories, count, PACKAGES).map(({ installed }) => offered(installed, offers));
  return { before, after: before.map((facts) => offered(patched(facts), offers)) };
}

function offered(installed: readonly Package[], offers: ReadonlyMap<string, Omit<Available, 'name' | 'arch'>>): FleetFacts {
  const available = installed.flatMap(({ name, arch, version }) => {
    const offer = offers.get(name);
    return offer && compareVersions('rpm', version, offer.version) === -1 ? [{ ...offer, name, arch }] : [];
  });
  return { platform: PLATFORM, installed: [...installed], available: distinct(available).slice(0, OFFERED), dependencies: [] };
}

function patched({ installed, available }: FleetFacts): Package[] {
  const offers = new Map(available.map((update) => [update.name, update.version]));
  return installed.map((item) => ({ ...item, version: offers.get(item.name) ?? item.version }));
}

function distinct(available: readonly Available[]): Available[] {
  return [...new Map(available.map((update) => [update.name, update])).values()];
}

function newest(advisories: readonly Advisory[]): Map<string, Omit<Available, 'name' | 'arch'>> {
  const offers = new Map<string, Omit<Available, 'name' | 'arch'>>();
  for (const { id, severity, affected } of advisories) {
    for (const { package: name, fixedVersion } of affected) {
      if (fixedVersion === null || fixedVersion.includes('.module')) continue;
      const known = offers.get(name);
      const compared = known ? compareVersions('rpm', known.version, fixedVersion) : -1;
      if (compared === -1) offers.set(name, { version: fixedVersion, kind: 'security', severity, advisories: [id] });
    }
  }
  return offers;
}

/** What feeds have brought, as StoreFeed leaves it. One CVE in a hundred is known to be exploited. */
export async function storeKnowledge({ record, store }: BenchWorld, advisories: readonly Advisory[]): Promise<void> {
  const put = async (feed: string, name: string, lines: Iterable<string>): Promise<void> => {
    const { bytes, hash } = await packLines(lines);
    const key = `advisories/${feed}/${name}.${hash.slice(0, 24)}.gz`;
    await store.putBytes(key, bytes);
    await record.setFeed(feed, { objects: { [name]: key }, lastSuccess: new Date().toISOString() });
  };
  const cves = [...new Set(advisories.flatMap((advisory) => advisory.cves))].toSorted();
  const listed = cves.filter((_, index) => index % 100 === 0);
  const others = Array.from({ length: LISTED - listed.length }, (_, index) => `CVE-2021-${50_000 + index}`);
  const entry = (cve: string): object => ({ cve, added: '2026-11-01', due: '2026-11-22', ransomware: false, product: 'Example Product' });
  const chance = sequence(5);
  const scored = [...cves, ...Array.from({ length: SCORES - cves.length }, (_, index) => `CVE-2019-${100_000 + index}`)];
  await put(
    'osv-almalinux',
    'almalinux-8',
    advisories.map((advisory) => JSON.stringify(advisory)),
  );
  await put(
    'cisa-kev',
    'exploited',
    [...listed, ...others].map((cve) => JSON.stringify(entry(cve))),
  );
  await put(
    'epss',
    'scores',
    scored.map((cve) => `${cve},${chance(100_000) / 100_000},${chance(100_000) / 100_000}`),
  );
  await put('end-of-life', 'lifecycles', [JSON.stringify({ os: 'almalinux', release: '8', eol: '2029-03-01' })]);
}

/** Every node has been scanned just now: the first has the first list, and so on around. */
export async function storeScans(
  { record, store, entities }: BenchWorld,
  locations: readonly Location[],
  lists: readonly FleetFacts[],
): Promise<void> {
  const fingerprints = await Promise.all(
    lists.map(async (facts) => {
      const fingerprint = sha256(fingerprintText(facts));
      await store.putJson(factsKey(fingerprint), facts);
      return fingerprint;
    }),
  );
  const at = new Date().toISOString();
  const standings = (await Promise.all(locations.map((location) => record.standings(location)))).flat();
  const rows = standings
    .toSorted((a, b) => (a.node.id < b.node.id ? -1 : 1))
    .map(({ node, judged }, index) => {
      const { scan: _before, ...facts } = node;
      const scan: Node['scan'] = {
        at,
        platform: PLATFORM,
        fingerprint: fingerprints[index % lists.length] ?? '',
        kernel: '4.18.0-553.el8_10.x86_64',
        pending: '',
        otherUpdaters: [],
        diskFreeMb: 20_000,
      };
      return { location: locationKey(node.location), id: node.id, facts, seen: at, scan, ...(judged === undefined ? {} : { judged }) };
    });
  await entities.node.put(rows).go({ concurrency: 2 });
}
