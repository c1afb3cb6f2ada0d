import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import { SaxesParser } from 'saxes';
import { describe, expect, it } from 'vitest';
import { reportHtml } from '../../cli/report/html.ts';
import { sentence } from '../../cli/report/head.ts';
import { fakePlan } from './ui-plan.ts';
import { fakeRun } from './ui-run.ts';
import { faster, silent } from './ui-surprises.ts';
import type { FakeRun, Kind } from './ui-run.ts';

const POLICY = 'version: 1\nmode: auto # <b>not markup</b> & "quotes"\n';

interface Element {
  name: string;
  attributes: Record<string, string>;
  text: string;
}

function report(run: FakeRun, policyText = POLICY): string {
  const { document, result, extra } = run.ended;
  return reportHtml({ document, result, extra, policyText, madeAt: '2026-12-13 04:10 UTC' });
}

/** Every element, by a parser that forgives nothing: what is not well-formed throws. */
function parse(text: string): Element[] {
  const elements: Element[] = [];
  const open: Element[] = [];
  const parser = new SaxesParser();
  parser.on('error', (error) => {
    throw error;
  });
  parser.on('opentag', ({ name, attributes }) => {
    const element = { name, attributes: { ...attributes }, text: '' };
    elements.push(element);
    open.push(element);
  });
  parser.on('text', (part) => {
    for (const element of open) element.text += part;
  });
  parser.on('closetag', () => open.pop());
  parser.write(text).close();
  return elements;
}

function named(elements: Element[], name: string): Element[] {
  return elements.filter((element) => element.name === name);
}

function textOf(elements: Element[], id: string): string {
  return elements.find((element) => element.attributes.id === id)?.text ?? '';
}

function hash(body: string): string {
  return `'sha256-${createHash('sha256').update(body).digest('base64')}'`;
}

const KINDS: Kind[] = ['succeeded', 'failed', 'held'];

describe.each(KINDS)('the report of a run that %s', (kind) => {
  const text = report(fakeRun(kind));
  const elements = parse(text);

  it('is one file that loads nothing', () => {
    expect(text).not.toMatch(/https?:/i);
    expect(elements.filter((element) => ['link', 'img', 'iframe', 'object', 'embed', 'image', 'use', 'base', 'form'].includes(element.name))).toEqual(
      [],
    );
    expect(
      elements
        .flatMap((element) => Object.keys(element.attributes))
        .filter((name) => ['src', 'srcset', 'style', 'xlink:href'].includes(name) || name.startsWith('on')),
    ).toEqual([]);
    expect(named(elements, 'style')[0]?.text).not.toMatch(/url\(|@import/);
  });

  it('lets the browser load and run nothing but its own style and script', () => {
    const policy = named(elements, 'meta').find((meta) => meta.attributes['http-equiv'] === 'Content-Security-Policy')?.attributes.content ?? '';
    // What a browser hashes is the text between the tags as it stands there.
    const [style = ''] = /(?<=<style>)[\s\S]*?(?=<\/style>)/.exec(text) ?? [];
    const [script = ''] = /(?<=<script>)[\s\S]*?(?=<\/script>)/.exec(text) ?? [];
    expect(policy.split('; ')).toEqual([
      "default-src 'none'",
      `style-src ${hash(style)}`,
      `script-src ${hash(script)}`,
      "base-uri 'none'",
      "form-action 'none'",
    ]);
    expect(named(elements, 'script')).toHaveLength(1);
    expect(named(elements, 'style')).toHaveLength(1);
  });

  it('links only to places that it has', () => {
    const ids = elements.flatMap((element) => element.attributes.id ?? []);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { attributes } of named(elements, 'a')) expect(ids).toContain((attributes.href ?? '').slice(1));
  });

  it('has a row for every node, with outcome and reason', () => {
    const rows = elements.filter((element) => element.name === 'tr' && /^n\d+$/.test(element.attributes.id ?? ''));
    const nodes = fakeRun(kind).ended.result?.nodes ?? [];
    expect(rows).toHaveLength(58);
    for (const [index, node] of nodes.entries()) {
      for (const part of [node.name, node.id, node.platform, node.outcome, node.reason]) expect(rows[index]?.text).toContain(part);
    }
  });

  it('has the policy word for word', () => {
    expect(textOf(elements, 'policy')).toContain(POLICY);
  });
});

describe('what the report says', () => {
  it('is one sentence first', () => {
    expect(sentence(fakeRun('succeeded').ended)).toBe(
      'linux-monthly succeeded: 57 of 58 nodes patched, nothing unproven on production; what the policy wants is still open on 1 node.',
    );
    expect(sentence(fakeRun('failed').ended)).toBe(
      'linux-monthly stopped: 9 of 58 nodes patched, production was not touched; what the policy wants is still open on 49 nodes.',
    );
    expect(sentence(fakeRun('held').ended)).toBe(
      'linux-monthly is held: 10 of 58 nodes patched, production was not touched; what the policy wants is still open on 48 nodes.',
    );
  });

  it('puts what is left before what went well', () => {
    const text = report(fakeRun('succeeded'));
    expect(text.indexOf('id="left"')).toBeLessThan(text.indexOf('id="proof"'));
    const left = textOf(parse(text), 'left');
    expect(left).toContain('db-42');
    expect(left).toContain('no heartbeat since Sat 12 Dec 22:10');
    expect(left).toContain('bring its SSM agent back');
    expect(left).toContain('not tagged Wavelock=enabled');
  });

  it('says of whom nobody knows, and never that nothing is left on them', () => {
    const run = silent();
    const { ended } = run;
    expect(sentence(ended)).toContain('what the policy wants is still open on 0 nodes, of 1 nobody knows.');
    const text = textOf(parse(report(run)), 'left');
    expect(text).toContain('all that the policy wants is closed on the nodes that are known; of 1 node nobody knows');
    expect(text).toContain('db-42');
    expect(text).toContain('bring its SSM agent back');
  });

  it('says what production runs that something else has brought, and what is needed', () => {
    const run = faster();
    const { ended } = run;
    expect(sentence(ended)).toContain(
      'nothing unproven installed on production, but 1 node runs what something else installed and nobody has proven;',
    );
    const text = textOf(parse(report(run)), 'left');
    expect(text).toContain('Something else installed what nobody has proven on');
    expect(text).toContain('find out what updated it');
    expect(textOf(parse(report(run)), 'proof')).toContain('anything else: 0; not by Wavelock: newer on 1 node.');
  });

  it('names what was proven on which nodes, and what was dropped', () => {
    const proof = textOf(parse(report(fakeRun('succeeded'))), 'proof');
    expect(proof).toContain('27 of 27 items on canary and production proven on 2 test nodes first; anything else: 0.');
    expect(proof).toContain('3 of 3 nodes of wave test: web-t01, app-t05, db-t09');
    expect(proof).toContain('nginx: proven on 1 of 2 nodes needed');
  });

  it('does not count what failed as proof', () => {
    const proof = textOf(parse(report(fakeRun('failed'))), 'proof');
    expect(proof).toContain('2 of 3 nodes of wave test: app-t05, db-t09');
    expect(proof).toContain('Nothing was changed on canary or production.');
  });

  it('names every item that was not proven', () => {
    const run = fakeRun('succeeded');
    run.ended.result?.proof.unproven.push('rhel-9-x86_64 openssl x86_64 3.0.9-1');
    expect(sentence(run.ended)).toContain('1 item unproven on production');
    expect(textOf(parse(report(run)), 'proof')).toContain('rhel-9-x86_64 openssl x86_64 3.0.9-1');
  });

  it('has what was changed, once for all nodes on which it was the same', () => {
    const nodes = textOf(parse(report(fakeRun('succeeded'))), 'nodes');
    expect(nodes.split('openssl 3.0.7-1.amzn2023.0.5 → 3.0.8-1.amzn2023.0.5')).toHaveLength(4);
    expect(nodes).toContain('of amazon-linux-2023-x86_64');
  });

  it('shows a run in which nothing was planned', () => {
    const run = fakeRun('failed');
    run.ended.result = undefined;
    run.ended.document.nodes = [];
    run.ended.document.waves = [];
    run.ended.document.lock = '';
    run.ended.extra = {
      ...run.ended.extra,
      plan: undefined,
      timeline: [],
      exposure: [],
      inWork: [],
      notes: [],
      reason: 'the policy selects no node that may be patched',
    };
    const elements = parse(report(run));
    expect(named(elements, 'h1')[0]?.text).toBe('linux-monthly stopped: no node was in it, because the policy selects no node that may be patched.');
    expect(textOf(elements, 'waves')).toContain('No wave was run.');
  });
});

describe('names and texts from outside', () => {
  it('are text and nothing else', () => {
    const tags = parse(report(fakeRun('failed'))).map((element) => element.name);
    const hostile = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom(
        '<script>alert(1)</script>',
        '"><img src=x onerror=alert(1)>',
        "' onmouseover='x",
        ']]>',
        '&lt;b&gt;',
        '</title><h1>',
        '\ud800',
        '\u0000',
      ),
    );
    fc.assert(
      fc.property(hostile, (text) => {
        const run = fakeRun('failed');
        const [node] = run.ended.result?.nodes ?? [];
        const [notice] = run.ended.document.notices;
        if (!node || !notice) throw new Error('the run has nodes and notices');
        Object.assign(node, { name: `a${text}`, reason: `b${text}` });
        Object.assign(notice, { subject: `c${text}`, body: `d${text}`, audience: `e${text}` });
        run.ended.extra.notes = [{ at: run.ended.extra.startedAt, wave: 'test', text: `f${text}` }];
        run.ended.extra.reason = `g${text}`;
        const now = parse(report(run, `h${text}`)).map((element) => element.name);
        // The note adds a heading, a list and an entry.
        expect(now.filter((name) => name === 'script' || name === 'img')).toEqual(['script']);
        expect(new Set(now)).toEqual(new Set([...tags, 'ul', 'li', 'h3']));
      }),
      { numRuns: 60 },
    );
  });

  it('cannot turn the direction of what is read', () => {
    const run = fakeRun('failed');
    const [node] = run.ended.result?.nodes ?? [];
    if (!node) throw new Error('the run has nodes');
    node.name = 'web\u202e10t';
    expect(report(run)).toContain('web\ufffd10t');
  });
});

it('stays small with 500 nodes of which each had other versions before', () => {
  const run = fakeRun('succeeded', fakePlan([60, 25, 415]));
  for (const [index, node] of (run.ended.result?.nodes ?? []).entries()) {
    node.packages = Array.from({ length: 60 }, (_value, item) => ({
      name: `package-with-a-name-${item}`,
      from: `1:3.${index}.${item}-1.amzn2023.0.4`,
      to: `1:3.999.${item}-1.amzn2023.0.5`,
    }));
  }
  const text = report(run);
  expect(Buffer.byteLength(text)).toBeLessThan(3_000_000);
  expect(named(parse(text), 'tr').length).toBeGreaterThan(500);
});
