/**
 * Words that people may try in the policy file and that deserve better than "unknown key": parts that come later, and words that say
 * something else here than elsewhere.
 */
import type { Advice } from './problems.ts';
import type { Path } from './schema-tree.ts';
import { isObject } from './schema-tree.ts';

/** Keys that have their place in the file but are not built yet. `*` stands for any name or number. */
const NOT_BUILT: Record<string, readonly string[]> = {
  '': ['locations', 'freezes', 'deciders', 'defaults'],
  'people.*': ['teams', 'opsItems', 'emailFromTag'],
  'policies.*': [
    'baseline',
    'freezes',
    'deadlines',
    // Every key of `defaults` may be said in one policy too.
    'except',
    'otherUpdaters',
    'reboot',
    'backup',
    'ifNodeFails',
    'ifVersionGone',
    'ifUnproven',
    'ifVendorChanges',
    'lateNodes',
  ],
  'policies.*.patches.leaveOut.*.nodes': ['exposed'],
  'policies.*.waves.*': ['approval', 'keepUp', 'order', 'timePerNode', 'hooks', 'backup'],
  'policies.*.waves.*.nodes': ['exposed'],
  'policies.*.waves.*.promoteWhen': ['alarms', 'targets'],
  'policies.*.waves.*.stopWhen': ['alarms', 'targets'],
};

/** Words of other tools, or of earlier drafts, and what says it here. */
const OUR_WORDS: Record<string, string> = {
  platform: 'os: linux or windows',
  schedule: '`plan` for when the plan is made, `window` for when nodes may start',
  trigger: '`plan` for when the plan is made, `window` for when nodes may start',
  targets: '`nodes`',
  rest: 'nodes: everything-else',
  percent: 'share: 5%',
  concurrency: '`atOnce`',
  maxConcurrency: '`atOnce`',
  maxErrors: '`stopWhen` for the brake, `promoteWhen` for the verdict',
  gate: '`stopWhen` for the brake, `promoteWhen` for the verdict',
  minProven: '`provenOn`',
  classification: '`kinds`',
  exclude: '`leaveOut`, with why, owner and until',
  duration: '`from` and `to`',
  cutoff: '`lastStart`',
  notify: '`tell`',
  on: '`tell`',
  timeZone: '`timezone`',
};

const NOT_BUILT_MESSAGE = 'not built yet, so it is refused rather than ignored';

/** For `check(WrittenPolicyFile, raw, policyAdvice)`. */
export const policyAdvice: Advice = {
  key(path) {
    const key = String(path.at(-1));
    if (isNotBuilt(path.slice(0, -1), key)) return { message: NOT_BUILT_MESSAGE, standsIn: true };
    return Object.hasOwn(OUR_WORDS, key) ? { message: 'unknown key', hint: `here it is ${OUR_WORDS[key]}` } : undefined;
  },
  value(path, value) {
    const [, , part, , key] = path;
    const byTag = part === 'waves' && key === 'window' && isObject(value);
    const laterEvent = part === 'tell' && (value === 'before-24h' || value === 'after');
    return byTag || laterEvent ? { message: NOT_BUILT_MESSAGE } : undefined;
  },
};

function isNotBuilt(parent: Path, key: string): boolean {
  return Object.entries(NOT_BUILT).some(([place, keys]) => keys.includes(key) && fits(place, parent));
}

function fits(place: string, path: Path): boolean {
  const steps = place === '' ? [] : place.split('.');
  return steps.length === path.length && steps.every((step, index) => step === '*' || step === String(path[index]));
}
