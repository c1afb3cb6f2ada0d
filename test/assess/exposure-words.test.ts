import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { exposureOf } from '../../cli/assess/exposure.ts';
import { exposureSection } from '../../cli/assess/html-exposure.ts';
import { exposureLines } from '../../cli/assess/text.ts';
import { packed, update } from '../feeds/site.ts';
import type { FleetExposure } from '../../lambdas/core/survey/exposure.ts';

const exposure: FleetExposure = {
  advisories: 3,
  judged: 3,
  unknown: [],
  unspoken: [],
  partly: [{ release: 'debian-12', advisories: 3, nodes: ['i-1', 'i-2'] }],
  exposed: [],
  exploited: [],
  endOfLife: [],
  by: [],
};

/** What the terminal says, and what stands on the page. */
const FORMS: [string, () => string][] = [
  ['the text', () => exposureLines(exposure, { width: 100, most: 4, groups: 6 }).join(' ')],
  ['the page', () => exposureSection({ exposure, problems: [] }).text],
];

describe('what nobody can tell never looks like clear', () => {
  it.each(FORMS)('in %s where lists name no sources, with what to do', (_form, made) => {
    const text = made()
      .replaceAll(/<[^>]+>|\s+/g, ' ')
      .replaceAll(/\s+/g, ' ');
    expect(text).toMatch(
      /only a part can be told of 2 nodes on debian-12: SSM Inventory names no source packages, and 3 advisories name nothing else/i,
    );
    expect(text).toContain('let Wavelock-Scan look');
    expect(text).toContain('i-1');
  });

  it('in what is exploited, where no catalogue says it', async () => {
    const feeds = mkdtempSync(join(tmpdir(), 'wavelock-assess-'));
    writeFileSync(join(feeds, 'updateinfo.xml.gz'), packed(update({ id: 'ALAS2023-2026-931' })));
    const survey = { at: '2026-11-23T06:00:00Z', caller: 'me', locations: [], blind: [] };
    const { problems } = await exposureOf(survey, [], { feeds, tell: () => undefined, now: Date.parse(survey.at) });
    rmSync(feeds, { recursive: true });
    expect(problems).toEqual(['No catalogue of CISA was read: which of it is known to be exploited, nobody knows']);
  });
});
