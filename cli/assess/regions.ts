/** Which Regions of which accounts are looked at, once each account has told which ones it has switched on. */
import { didYouMean } from '../../lambdas/core/policy/problems.ts';
import type { Blind } from '../../lambdas/core/survey/model.ts';
import { fileProblem, InputErrors } from '../files/problems.ts';
import type { Problem } from '../files/problems.ts';

/** What one account was asked for and has; `all` is every Region that it has. `enabled` is missing where it may not be seen: then all of them are tried. */
export interface Wanted {
  number: string;
  regions: readonly string[];
  enabled: string[] | undefined;
}

/** Regions to look at, and those that are switched on besides. */
export interface Chosen {
  here: string[];
  others: string[];
}

/**
 * One for each account, in their order. A Region that only some of the accounts have switched on is looked at there, and a line in
 * `switchedOff` for the others: a survey of forty accounts must not end because of one.
 *
 * @param option what named the Regions
 * @throws InputErrors for a Region that none of the accounts has which should: a slip of the pen
 */
export function regionsToSee(accounts: readonly Wanted[], option: string): { chosen: Chosen[]; switchedOff: Blind[] } {
  const sorted = accounts.map(({ number, regions, enabled }) => {
    const wanted = regions.includes('all') ? (enabled ?? []) : [...new Set(regions)];
    const here = wanted.filter((region) => enabled?.includes(region) ?? true);
    const lacks = wanted.filter((region) => !here.includes(region));
    return { number, enabled: enabled ?? [], here, lacks, others: (enabled ?? []).filter((region) => !here.includes(region)) };
  });
  const has = new Set(sorted.flatMap(({ here }) => here));
  const wrong = sorted.flatMap(({ number, enabled, lacks }) =>
    lacks.filter((region) => !has.has(region)).map((region) => nowhere(number, region, { enabled, option })),
  );
  if (wrong.length > 0) throw new InputErrors(wrong);
  return {
    chosen: sorted.map(({ here, others }) => ({ here, others })),
    switchedOff: sorted.flatMap(({ number, lacks }) => lacks.map((region) => switchedOff(number, region))),
  };
}

function nowhere(account: string, region: string, { enabled, option }: { enabled: string[]; option: string }): Problem {
  const hint = didYouMean(region, enabled) ?? `it has ${enabled.join(', ')}`;
  return fileProblem(option, `${region} is not a Region that account ${account} has switched on`, hint);
}

function switchedOff(account: string, region: string): Blind {
  const message = 'the Region is not switched on in this account';
  return { where: `${account}/${region}`, what: 'anything', action: 'ec2:DescribeRegions', code: 'OptInRequired', message };
}
