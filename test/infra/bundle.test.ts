import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { bundleFunctions, kebab } from '../../infra/bundle.ts';
import { reactions, tasks } from '../../statemachines/contracts.ts';
import { each } from './world.ts';

const scratch = mkdtempSync(join(tmpdir(), 'wavelock-bundle-'));
const bundle = (name: string) => join(scratch, name, 'index.js');

describe('the bundle of the functions', () => {
  beforeAll(async () => {
    await bundleFunctions(join(scratch, 'first'));
    await bundleFunctions(join(scratch, 'second'));
  });

  it('exports a handler for every task and reaction, under its name', () => {
    process.env.POWERTOOLS_DEV = 'true';
    const handlers = createRequire(import.meta.url)(bundle('first')) as Record<string, unknown>;
    const names = [...Object.keys(tasks), ...reactions];
    expect(Object.keys(handlers).toSorted()).toEqual(names.toSorted());
    expect(handlers).toEqual(each(handlers, expect.any(Function)));
  });

  it('is the same wherever it is made: no paths of this machine, no time', () => {
    const hashes = ['first', 'second'].map((name) =>
      createHash('sha256')
        .update(readFileSync(bundle(name)))
        .digest('hex'),
    );
    expect(hashes[0]).toBe(hashes[1]);
    expect(readFileSync(bundle('first'), 'utf8')).not.toContain(process.cwd());
  });

  it('holds no shapes of operations that nobody calls, and no translations: they would be a third of a cold start', () => {
    const text = readFileSync(bundle('first'), 'utf8');
    expect(text).toContain('DescribeInstancesRequest');
    expect(text).not.toContain('DescribeVpnGatewaysRequest');
    expect(text).not.toContain('zod/v4/locales/he.js');
    // 3.53 MB with the clients of twelve services; 5.16 MB with all their shapes.
    expect(text.length).toBeLessThan(3_600_000);
  });
});

describe('a function’s file', () => {
  it.each([
    ['JudgeWave', 'judge-wave'],
    ['OnCommandEvent', 'on-command-event'],
    ['PullFeed', 'pull-feed'],
  ])('%s is %s', (name, file) => {
    expect(kebab(name)).toBe(file);
  });
});
