/** The proposed `wavelock.yaml`: what was guessed, from what, and what it would replace stands in its comments. */
import type { Assessment } from '../../lambdas/core/survey/assessment.ts';
import type { FoundWindow, Proposal, ProposedNodes, ProposedPolicy, ProposedWave } from '../../lambdas/core/survey/propose.ts';
import { windowWords } from '../../lambdas/core/maintenance-window.ts';
import { amount, some } from '../ui/text.ts';
import { comment, flow, list, map, scalar } from './yaml-text.ts';

const PLANS = { linux: 'patch-tuesday + 1d 09:00', windows: 'patch-tuesday + 3d 09:00' } as const;
const NAMES = 6;

/** The file's text. It validates, and in mode observe nothing is ever sent. */
export function policyYaml(assessment: Assessment): string {
  const { proposal } = assessment;
  const lines = [
    '# yaml-language-server: $schema=./wavelock.schema.json',
    ...comment([
      `Proposed by \`wavelock assess\` on ${assessment.at.slice(0, 10)} for ${some(assessment.locations, 4)}.`,
      'Every key is explained in docs/policy-file.md. Guesses say what they were made from: read them before you believe them.',
    ]),
    'version: 1',
    'mode: observe              # plans and reports, and sends nothing. Next is approve, then auto',
    '',
    ...windowLines(proposal),
    ...people(),
    'policies:',
    ...(proposal.policies.length === 0 ? nobody() : proposal.policies.flatMap((policy) => policyLines(policy, proposal))),
    ...baselineLines(assessment),
  ];
  return `${lines.join('\n')}\n`;
}

function windowLines({ windows, found }: Proposal): string[] {
  const written = windows.flatMap((window) => {
    if ('ssm' in window) {
      const origin = found.find(({ as }) => 'window' in as && as.window.name === window.name);
      const { name, ssm, location } = window;
      return [...(origin ? comment([originWords(origin)], '  ') : []), `  ${name}: ${flow({ ssm, location: scalar(location) })}`];
    }
    const { name, days, from, to, timezone } = window;
    return [`  ${name}: ${flow({ days: list(days), from: `"${from}"`, to: `"${to}"`, timezone: scalar(timezone) })}`];
  });
  const lost = found.flatMap((window) => ('why' in window.as ? [`${originWords(window)}; not here, for ${window.as.why}`] : []));
  return [
    'windows:                   # when nodes may START, local time',
    ...(written.length === 0 ? ['  {}'] : written),
    ...comment(lost, '  '),
    '',
  ];
}

/** What Systems Manager said on the day of the assessment; what it says later is what counts. */
function originWords({ seen, location, nodes }: FoundWindow): string {
  const where = nodes === 'unknown' ? 'on targets that only AWS resolves' : `on ${amount(nodes.length, 'node')}`;
  return `SSM maintenance window ${seen.id} "${seen.name}" in ${location}: ${windowWords(seen)}; it patches ${where} today`;
}

function people(): string[] {
  return [
    'people: {}                 # whom to tell, for example:',
    '#  linux-ops: { email: [linux-ops@example.com], slack: { secret: wavelock/slack-ops } }',
    '',
  ];
}

function nobody(): string[] {
  return [
    ...comment(['No node was found that a policy could name: nothing is managed, or groups replace it all. This one waits for the first.'], '  '),
    '  linux-monthly:',
    '    nodes: { os: linux, tags: { Wavelock: enabled } }',
    `    plan: { every: month, at: "${PLANS.linux}", timezone: UTC }`,
    '    patches: { kinds: [security] }',
    '    waves: [ { name: first, nodes: { atMost: 2 per platform }, soak: 24h }, { name: production, nodes: everything-else } ]',
  ];
}

function policyLines(policy: ProposedPolicy, proposal: Proposal): string[] {
  return [
    '',
    `  ${policy.name}:`,
    `    nodes: { os: ${policy.os}, tags: { Wavelock: enabled } }     # ${amount(policy.nodes, 'node')} today, once tagged`,
    `    plan: { every: month, at: "${PLANS[policy.os]}", timezone: ${scalar(proposal.timezone)} }`,
    '    patches: { kinds: [security], severity: { atLeast: low, unrated: include } }',
    ...comment(environmentWords(policy, proposal), '    '),
    ...comment(unprovenWords(policy), '    '),
    '    waves:',
    ...policy.waves.flatMap((wave, index) => waveLines(wave, index === 0)),
  ];
}

function unprovenWords({ unproven }: ProposedPolicy): string[] {
  return unproven.map(
    ({ platform, nodes }) => `No node of ${platform} is in the first wave: nothing can be proven for ${amount(nodes.length, 'node')}.`,
  );
}

function environmentWords({ os }: ProposedPolicy, { environments }: Proposal): string[] {
  const found = environments[os];
  if (!found) return ['No tag says what is for testing: two nodes of each platform go first, always the same. Better: tag real test machines.'];
  const strange = found.production
    .filter(({ recognised }) => !recognised)
    .map(({ value, nodes }) => `${value.trim() === '' ? 'an empty value' : value} (${nodes})`);
  return [
    `Waves are guessed from the tag ${found.key}.`,
    ...(found.before.length === 0 ? ['None of its values is a test environment: two nodes of each platform go first.'] : []),
    ...(strange.length > 0 ? [`Values that nobody recognised count as production: ${some(strange, NAMES)}.`] : []),
    ...(found.untagged > 0 ? [`${amount(found.untagged, 'node')} without this tag ${found.untagged === 1 ? 'counts' : 'count'} as production.`] : []),
  ];
}

function waveLines(wave: ProposedWave, isFirst: boolean): string[] {
  const { name, nodes, window, soak, provenOn, atOnce, count } = wave;
  const promote = isFirst ? { provenOn: String(provenOn ?? 1), failed: '0', unreachable: '0' } : { failed: '2%', unreachable: '5%' };
  return [
    `      - name: ${name}`.padEnd(40) + `# ${amount(count, 'node')} today`,
    `        nodes: ${nodesText(nodes)}`,
    `        window: ${window}`,
    ...(soak === '0s' ? [] : [`        soak: ${soak}`]),
    ...(atOnce === undefined ? [] : [`        atOnce: ${atOnce}`]),
    `        promoteWhen: ${flow(promote)}`,
  ];
}

function nodesText(nodes: ProposedNodes): string {
  if (nodes === 'everything-else') return nodes;
  if ('tags' in nodes) return flow({ tags: map(nodes.tags) });
  return flow({ ...nodes });
}

/** Patch groups and baselines stay what they are: Wavelock does not read them, people who have them will ask. */
function baselineLines({ lists }: Assessment): string[] {
  const refusing = lists.baselineRefuses ?? [];
  if (refusing.length === 0) return [];
  const lines = refusing.map(({ baseline, name, patchGroups, nodes, why, location }) => {
    const groups = patchGroups.length > 0 ? `patch group ${some(patchGroups, NAMES)}` : 'no patch group';
    return `  ${baseline} "${name}" in ${location} (${groups}): ${amount(nodes.length, 'node')}; ${why.join('; ')}`;
  });
  const about = "Patch baselines of Systems Manager that would refuse what a rollout installs. AWS's own patching obeys them, Wavelock's does not:";
  return ['', ...comment([about, ...lines])];
}
