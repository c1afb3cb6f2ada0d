import { describe, expect, it } from 'vitest';
import { onlineRows } from '../../cli/exposure/online-rows.ts';
import { onlineLines, partlyKnown, whyNobody } from '../../cli/exposure/online-table.ts';
import { reconcile } from '../../lambdas/core/exposures/reconcile.ts';
import { summarise } from '../../lambdas/core/exposures/summary.ts';
import { found, here, input, iso, judged, known, NOW } from '../core/exposures-world.ts';
import type { Seen, Wanted } from '../../cli/exposure/online-rows.ts';
import type { InspectorView } from '../../lambdas/core/exposures/inspector.ts';
import type { JudgedNode, ReconcileInput } from '../../lambdas/core/exposures/reconcile.ts';

const HERE = '111111111111/eu-central-1';

/** What a hub would have stored after this. */
function seenOf(given: ReconcileInput, views: InspectorView[] = []): Seen {
  const { nodes, found: places, exceptions, deadlines, intelligence, now } = given;
  const summary = summarise({
    fleet: nodes.map(({ node }) => node),
    reconciled: reconcile(given),
    found: places,
    titleOf: () => 'openssl: a flaw',
    vendorExploited: () => false,
    exceptions,
    deadlines,
    intelligence,
    now,
  });
  const counted = nodes.map(({ node, facts }) => ({
    id: node.id,
    location: HERE,
    name: node.name,
    os: node.os,
    online: true,
    tags: node.tags,
    ...(facts === undefined ? {} : { facts: { fingerprint: facts.fingerprint, at: facts.at, by: facts.by } }),
  }));
  return { summary, nodes: counted, views: new Map(views.map((view) => [view.location, view])) };
}

const lines = (seen: Seen, wanted: Wanted = {}, hours = 3): string => onlineLines(seen, wanted, NOW + hours * 3_600_000).join('\n');
const flat = (text: string): string => text.replaceAll(/\s+/g, ' ');
const service = (name: string, more: Record<string, string> = {}) => ({ tags: { Service: name, ...more } });

const deadlines = [
  { when: { tags: { Exposure: 'internet' } }, fixWithin: 3_600, from: 'seen' as const, words: 'facing the internet: within 1 h of being seen' },
  { when: {}, fixWithin: 30 * 86_400, from: 'seen' as const, words: 'anything else: within 30 d of being seen' },
];

function world(more: Partial<ReconcileInput> & { nodes?: JudgedNode[] } = {}): ReconcileInput {
  const nodes = [
    judged('web-2', 'p1', service('order-entry')),
    judged('web-10', 'p1', service('order-entry', { Exposure: 'internet' })),
    judged('db-1', 'p2', service('billing')),
    judged('lost-1', undefined),
  ];
  const places = new Map([
    ['p1', here(found('ADV-1'), found('ADV-2', { fixed: null }))],
    ['p2', here()],
  ]);
  return input({ nodes, found: places, deadlines, intelligence: known('CVE-2026-0001', { epss: 0.93, ransomware: true }), ...more });
}

describe('lines', () => {
  it('say first what is exploited, with services, clocks and the age of facts', () => {
    const text = lines(seenOf(world()));
    expect(flat(text)).toContain(
      '2 of 4 nodes exposed, known exploited 2, overdue 0, without a fix 2 (pairs of advisory and node). As of Wed 9 Dec 06:00 UTC, 3 h ago.',
    );
    expect(flat(text)).toContain(
      'ADV-1 important, KNOWN EXPLOITED, by ransomware, EPSS 93.0 %: openssl: a flaw CVE-2026-0001 2 exposed: order-entry 2 of 2',
    );
    expect(flat(text)).toContain('seen Wed 9 Dec (3 h); published Tue 1 Dec; OVERDUE since Wed 9 Dec (2 h)');
    expect(text.indexOf('ADV-1')).toBeLessThan(text.indexOf('ADV-2'));
    expect(flat(text)).toContain(
      'ADV-2 important: openssl: a flaw CVE-2026-0002 2 awaiting-vendor: order-entry 2 of 2 seen Wed 9 Dec (3 h); published Tue 1 Dec; no fix yet; no deadline',
    );
    expect(flat(text)).toMatch(/web-2 \(i-[0-9a-f]{17}\) exposed openssl 1 → 2/);
    expect(text.indexOf('web-2')).toBeLessThan(text.indexOf('web-10'));
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
  });

  it.each([100, 80, 60])('say the same in %s columns', (width) => {
    const wide = onlineLines(seenOf(world()), {}, NOW + 3 * 3_600_000, 1_000);
    const text = onlineLines(seenOf(world()), {}, NOW + 3 * 3_600_000, width);
    expect(flat(text.join(' '))).toBe(flat(wide.join(' ')));
    for (const line of text) expect(line.length).toBeLessThanOrEqual(width);
  });

  it('never let a node without facts look clear', () => {
    const text = flat(lines(seenOf(world())));
    expect(text).toContain('Facts: 3 nodes scanned, the oldest facts 4 h old.');
    expect(text).toContain('Unknown, which is not clear: lost-1. Nothing has told what it has.');
    expect(flat(lines(seenOf(world()), { node: 'lost-1' }))).toContain('Facts of what is asked for: none. Unknown, which is not clear: lost-1.');
    expect(flat(lines(seenOf(world()), { node: 'db-1' }))).toContain('Nothing is open on 1 node of which something is known.');
  });

  it('never let a node look clear of which only a part can be told', () => {
    const seen = seenOf(world());
    const nodes = seen.nodes.map((one) => (one.name === 'db-1' && one.facts ? { ...one, facts: { ...one.facts, untold: 712 } } : one));
    const words =
      'Known only in part: db-1. SSM Inventory names no source packages there, and up to 712 advisories name nothing else: whether they concern them, nobody can tell until Wavelock-Scan has looked.';
    expect(flat(lines({ ...seen, nodes }))).toContain(words);
    expect(flat(lines({ ...seen, nodes }, { node: 'db-1' }))).toContain(words);
    expect(partlyKnown(nodes)).toBe(words);
    expect(partlyKnown(seen.nodes)).toBeUndefined();
  });

  it('say which releases are dead', () => {
    const seen = seenOf(world());
    const nodes = seen.nodes.map((node) =>
      node.name === 'db-1' ? { ...node, ended: { platform: 'centos-7-x86_64', eol: '2024-06-30', extended: '2028-06-30' } } : node,
    );
    expect(flat(lines({ ...seen, nodes }))).toContain(
      'End of life: db-1 on centos-7-x86_64: no ordinary security updates since 2024-06-30; paid ones until 2028-06-30.',
    );
  });

  it('tell SSM Inventory and rollouts from scans', () => {
    const nodes = [
      judged('a', 'p1'),
      judged('b', 'p1', { facts: { fingerprint: 'p1', at: iso(-960), by: 'inventory' } }),
      judged('c', 'p1', { facts: { fingerprint: 'p1', at: iso(1), by: 'rollout', rollout: 'monthly-1' } }),
    ];
    expect(flat(lines(seenOf(world({ nodes }))))).toContain(
      'Facts: 1 node scanned, the oldest facts 4 h old; 1 node as a rollout left them, the oldest facts 2 h old; 1 node known from SSM Inventory only, the oldest facts 40 d 3 h old.',
    );
  });

  it('shorten where nobody asks for something', () => {
    const nodes = Array.from({ length: 7 }, (_node, index) => judged(`n-${index}`, 'p1'));
    const places = new Map([['p1', here(...Array.from({ length: 25 }, (_one, index) => found(`ADV-${index + 10}`)))]]);
    const seen = seenOf(world({ nodes, found: places }));
    expect(flat(lines(seen))).toContain('and 4 more nodes');
    expect(flat(lines(seen))).toContain('and 5 more advisories: --json has them all');
    expect(lines(seen, { advisory: 'ADV-12' })).not.toContain('more nodes');
    expect(lines(seen, { advisory: 'ADV-12' }).match(/ADV-/g)).toHaveLength(1);
    expect(lines(seen, { node: 'n-1' }).match(/^ADV-/gm)).toHaveLength(25);
  });

  it('shorten what a whole service is exposed to', () => {
    const nodes = Array.from({ length: 7 }, (_node, index) => judged(`n-${index}`, 'p1', { tags: { Service: 'shop' } }));
    const places = new Map([['p1', here(...Array.from({ length: 25 }, (_one, index) => found(`ADV-${index + 10}`)))]]);
    const seen = seenOf(world({ nodes, found: places }));
    expect(flat(lines(seen, { service: 'shop' }))).toContain('and 4 more nodes');
    expect(flat(lines(seen, { service: 'shop' }))).toContain('and 5 more advisories: --json has them all');
  });

  it('say who answers for an exception', () => {
    const exception = { cve: 'CVE-2026-0001', nodes: { tags: { Exposure: 'internet' } }, owner: 'ann', why: 'filtered', until: '2027-01-31' };
    const exceptions = [{ exception, state: { id: 'x', since: iso(0), knownExploited: true, ransomware: true } }];
    const seen = seenOf(world({ exceptions }));
    expect(flat(lines(seen))).toContain('1 exposed, 1 excepted: order-entry 1 of 2');
    expect(flat(lines(seen, { node: 'web-10' }))).toContain('excepted: filtered (ann, until 2027-01-31)');
    expect([...onlineRows(seen, { node: 'web-10', advisory: 'ADV-1' })]).toMatchObject([
      { due: null, deadline: null, exception: 'filtered (ann, until 2027-01-31)' },
    ]);
  });

  it('say once what is the same for every node', () => {
    const nodes = ['web-1', 'web-2'].map((name) => judged(name, 'p1'));
    const text = flat(lines(seenOf(world({ nodes, found: new Map([['p1', here(found('ADV-2', { fixed: null }))]]) }))));
    const [row] = [...onlineRows(seenOf(world({ nodes, found: new Map([['p1', here(found('ADV-2', { fixed: null }))]]) })), {})];
    expect(text.split(row?.why ?? '-')).toHaveLength(2);
  });

  it('say so where there is nobody', () => {
    expect(lines(seenOf(world({ nodes: [] })))).toBe('No node is known here yet: exposures are reckoned at the end of the first look at the fleet.');
    expect(whyNobody(seenOf(world()), { service: 'shop' })).toBe('no node here is tagged Service=shop');
    expect(whyNobody(seenOf(world()), { service: 'billing', node: 'web-2' })).toBe(
      'no node here has the id or name web-2 and is tagged Service=billing',
    );
    expect(whyNobody(seenOf(world()), { service: 'billing' })).toBeUndefined();
  });

  it('obey no name', () => {
    const text = lines(seenOf(world({ nodes: [judged('a\u001b[31m\nb', 'p1')] })));
    expect(text).not.toContain(String.fromCodePoint(27));
  });
});

describe('rows', () => {
  it('have the date of their own node, not of the one on which it is soonest', () => {
    const rows = [...onlineRows(seenOf(world()), { advisory: 'ADV-1' })].filter(({ advisory }) => advisory !== '');
    expect(rows.map(({ name, due, deadline }) => [name, due, deadline])).toEqual([
      ['web-2', iso(30 * 24), 'anything else: within 30 d of being seen'],
      ['web-10', iso(1), 'facing the internet: within 1 h of being seen'],
    ]);
    expect(rows[0]).toMatchObject({ service: 'order-entry', kev: true, epss: 0.93, factsAt: iso(-1), factsFrom: 'scan', source: 'alas' });
    expect(rows[0]).not.toHaveProperty('inspector');
  });

  it('have one without advisory for a node of which nothing is known, whatever was asked for', () => {
    for (const wanted of [{}, { cve: 'CVE-2026-9999' }, { node: 'lost-1' }]) {
      expect([...onlineRows(seenOf(world()), wanted)].filter(({ name }) => name === 'lost-1')).toMatchObject([
        { advisory: '', state: 'unknown', factsFrom: 'none', why: expect.stringContaining('may be exposed to anything') },
      ]);
    }
    expect([...onlineRows(seenOf(world()), { node: 'db-1' })]).toEqual([]);
  });

  it("carry Inspector's opinion beside them, and what only it sees as rows of its own", () => {
    const given = world();
    const [web2, web10, db1] = given.nodes.map(({ node }) => node.id);
    const seen = (...cves: string[]) => ({ active: true, reason: 'SUCCESSFUL', cves });
    const view: InspectorView = {
      location: HERE,
      at: iso(1),
      complete: true,
      nodes: { [web2!]: seen('CVE-2026-0001'), [web10!]: seen(), [db1!]: seen('CVE-2026-7777') },
    };
    const rows = [...onlineRows(seenOf(given, [view]), {})];
    expect(rows.filter(({ advisory }) => advisory === 'ADV-1').map(({ name, inspector }) => [name, inspector])).toEqual([
      ['web-2', 'also seen by Inspector'],
      ['web-10', 'only we: Inspector does not list it'],
    ]);
    expect(rows.filter(({ source }) => source === 'inspector')).toMatchObject([
      { node: db1, advisory: 'CVE-2026-7777', state: 'unknown', package: '', inspector: 'only Inspector' },
    ]);
    const text = flat(lines(seenOf(given, [view])));
    expect(text).toContain('also seen by Inspector');
    expect(text).toContain(
      'Only Amazon Inspector sees 1 CVE on nodes here; they are not counted above: db-1 CVE-2026-7777 only Inspector: no advisory that we know of',
    );
    expect([...onlineRows(seenOf(given, [view]), { node: 'web-2' })].filter(({ source }) => source === 'inspector')).toEqual([]);
    expect([...onlineRows(seenOf(given, [view]), { cve: 'CVE-2026-7777' })].filter(({ source }) => source === 'inspector')).toHaveLength(1);
  });
});
