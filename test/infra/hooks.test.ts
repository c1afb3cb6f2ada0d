import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { PolicyFile } from '../../lambdas/core/model.ts';
import { limitHooks } from '../../infra/hooks.ts';
import { assembleDocument } from '../../statemachines/documents/assemble.ts';
import { demo, openWorld, policyFile, resourcesOf, type Template } from './world.ts';

const OWN = 'Corp.Drain';
const FOREIGN = 'arn:aws:ssm:eu-central-1:999999999999:document/Corp-Shared';
const [first] = policyFile.policies;
const withHooks = PolicyFile.parse({
  ...policyFile,
  policies: [{ ...first, hooks: { before: { document: OWN, version: '7' }, after: { document: FOREIGN, version: '1' }, within: 600 } }],
});

/** The patterns of the hooks' parameters in every Patch document of four locations, each once. */
async function patterns(file?: PolicyFile): Promise<RegExp[]> {
  const { app } = await openWorld(demo, file);
  const templates = app.synth().stacks.map((stack) => JSON.parse(readFileSync(stack.templateFullPath, 'utf8')) as Template);
  const found = templates.flatMap((template) =>
    resourcesOf(template, 'AWS::SSM::Document').flatMap(([, { Properties }]) => {
      const { parameters } = Properties.Content as { parameters: Record<string, { allowedPattern: string }> };
      return [parameters.BeforeHook, parameters.AfterHook].flatMap((parameter) => parameter?.allowedPattern ?? []);
    }),
  );
  expect(found).toHaveLength(4 * 2 * 2);
  return [...new Set(found)].map((pattern) => new RegExp(pattern));
}

describe('Wavelock-Patch as it is deployed', () => {
  it('takes no hook where no policy has one: whoever could send it would otherwise choose what runs as root', async () => {
    const [pattern, ...others] = await patterns();
    expect(others).toEqual([]);
    expect(pattern?.test('none')).toBe(true);
    for (const hook of [`${OWN}:7`, 'AWS-RunShellScript:1', `${FOREIGN}:1`, '']) expect(pattern?.test(hook), hook).toBe(false);
  });

  it('takes the hooks that policies name, in any of their versions, and no others', async () => {
    const [pattern, ...others] = await patterns(withHooks);
    expect(others).toEqual([]);
    for (const hook of ['none', `${OWN}:7`, `${OWN}:8`, `${FOREIGN}:1`]) expect(pattern?.test(hook), hook).toBe(true);
    const strangers = ['Corp-Drain:7', 'CorpxDrain:7', OWN, `${OWN}:$LATEST`, 'Corp-Shared:1', `${FOREIGN.replace('9999', '6666')}:1`, `x${OWN}:7`];
    for (const hook of strangers) expect(pattern?.test(hook), hook).toBe(false);
  });

  it('fits into its 64 KB however many hooks there are: then it takes any, as every version before did', () => {
    const document = assembleDocument('Wavelock-Patch-Linux');
    const many = Array.from({ length: 60 }, (_, index) => `arn:aws:ssm:eu-central-1:111111111111:document/Corp-Drain-Number-${index}`);
    expect(limitHooks(document, many)).toEqual(document);
    expect(JSON.stringify(limitHooks(document, many.slice(0, 20))).length).toBeLessThan(64 * 1024);
    expect(limitHooks(document, many.slice(0, 20))).not.toEqual(document);
  });
});
