import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { assessmentHtml } from '../../cli/assess/html.ts';
import { fleetYaml } from '../../cli/assess/fleet-yaml.ts';
import { policyYaml } from '../../cli/assess/policy-yaml.ts';
import { explain } from '../../cli/assess/problems.ts';
import { assessmentText } from '../../cli/assess/text.ts';
import { SurveyError } from '../../lambdas/aws/survey/errors.ts';
import type { Judged } from '../../cli/assess/text.ts';
import type { MadeFleet } from '../../cli/assess/fleet-file.ts';
import type { Assessment } from '../../lambdas/core/survey/assessment.ts';

/** What somebody may call a node, a tag, a group, a window, or let an endpoint answer: for a terminal, for a page, for a file. */
const EVIL = 'x\u001b]0;t\u0007\u009b31m\u202e<script>alert(1)</script>"\'\nmode: auto\r\n# {';
const OBEYED = /(?!\n)[\p{Cc}\p{Bidi_Control}]/u;
const nodes = [EVIL];
const listed = [{ id: EVIL, name: EVIL, location: EVIL, why: EVIL }];
const window = { id: EVIL, name: EVIL, enabled: true, schedule: EVIL, duration: 4, cutoff: 1, timezone: EVIL, tasks: [] };

const assessment: Assessment = {
  at: '2026-11-23T00:00:00.000Z',
  caller: EVIL,
  locations: [EVIL],
  coverage: { running: 1, ec2: 1, hybrid: 0, managed: 1, reporting: 1, inPolicy: 0, inProposal: 1 },
  lists: {
    unmanaged: listed,
    stopped: listed,
    silent: listed,
    neverScanned: listed,
    stale: listed,
    noInventory: listed,
    agentTooOld: listed,
    owned: [{ by: 'eks', name: EVIL, location: EVIL, image: EVIL, oldest: EVIL, nodes }],
    selfUpdating: [{ id: EVIL, name: EVIL, location: EVIL, why: EVIL, by: [{ kind: 'package', by: EVIL, sure: true }] }],
    baselineRefuses: [
      { baseline: EVIL, name: EVIL, operatingSystem: 'UBUNTU', awsOwn: false, location: EVIL, patchGroups: [EVIL], why: [EVIL], nodes },
    ],
    unresolvedUpdaters: [EVIL],
  },
  obstacles: [{ what: EVIL, next: EVIL, nodes }],
  proposal: {
    windows: [{ name: 'sunday', days: ['sun'], from: '01:00', to: '07:00', timezone: 'UTC' }],
    found: [{ seen: window, location: EVIL, nodes, as: { why: EVIL } }],
    environments: { linux: { key: EVIL, before: [], production: [{ value: EVIL, nodes: 1, recognised: false }], untagged: 0 } },
    policies: [
      {
        name: 'linux-monthly',
        os: 'linux',
        nodes: 1,
        waves: [{ name: 'test', nodes: { tags: { [EVIL]: EVIL } }, window: 'sunday', soak: '24h', count: 1 }],
        unproven: [{ platform: EVIL, nodes }],
      },
    ],
    nodes,
    timezone: 'UTC',
  },
  blind: ['AccessDenied', 'OptInRequired', EVIL].map((code) => ({ where: EVIL, what: EVIL, action: EVIL, code, message: EVIL })),
  otherAccounts: [{ id: EVIL, name: EVIL }],
};

const exposedTo = {
  advisory: EVIL,
  source: EVIL,
  title: EVIL,
  cves: nodes,
  severity: 'critical',
  state: 'exposed',
  packages: [EVIL],
  nodes,
} as const;
const judged: Judged = {
  exposure: {
    advisories: 1,
    judged: 1,
    unknown: nodes,
    unspoken: [{ release: EVIL, nodes }],
    partly: [{ release: EVIL, advisories: 1, nodes }],
    exposed: nodes,
    exploited: nodes,
    endOfLife: [{ release: EVIL, since: EVIL, nodes }],
    by: [{ ...exposedTo, cves: [...nodes], packages: [...nodes], nodes: [...nodes] }],
    inspector: { looks: 1, onlyInspector: nodes, onlyWe: nodes },
  },
  problems: [EVIL],
};
const otherRegions = { [EVIL]: [EVIL] };
const places = { fleet: EVIL, policy: EVIL, report: EVIL, kept: [] };

describe('words that were not written for us', () => {
  it.each([undefined, 80])('never command a terminal (%s columns)', (columns) => {
    for (const line of assessmentText(assessment, { ...judged, otherRegions }, columns)) expect(line).not.toMatch(/[\p{Cc}\p{Bidi_Control}]/u);
    expect(explain(new SurveyError('rejected', EVIL), {})).not.toMatch(OBEYED);
  });

  it('stay text in the page', () => {
    const page = assessmentHtml({ assessment, judged, otherRegions, places, isFleet: true, policyText: EVIL });
    expect(page).not.toMatch(/<script>alert|(?![\t\n\r])[\p{Cc}\p{Bidi_Control}]/u);
    expect(page.match(/<script/g)).toHaveLength(1);
  });

  it('stay values and comments in the files, as they were', () => {
    const policy = policyYaml(assessment);
    expect(policy).not.toMatch(OBEYED);
    expect(parse(policy)).toMatchObject({
      mode: 'observe',
      policies: { 'linux-monthly': { waves: [{ nodes: { tags: { [EVIL]: EVIL } } }] } },
    });
    const made: MadeFleet = {
      file: {
        version: 1,
        locations: ['111111111111/eu-central-1'],
        inventories: { one: { platform: 'ubuntu-24.04-x86_64', installed: {}, available: [] } },
        nodes: [{ name: 'a', location: '111111111111/eu-central-1', inventory: 'one', tags: { [EVIL]: EVIL } }],
      },
      leftOut: [{ why: EVIL, ids: nodes }],
      tagged: 0,
    };
    const fleet = fleetYaml(made, { at: EVIL, locations: [EVIL], feeds: true });
    expect(fleet).not.toMatch(OBEYED);
    expect(parse(fleet)).toMatchObject({ version: 1, nodes: [{ tags: { [EVIL]: EVIL } }] });
  });
});
