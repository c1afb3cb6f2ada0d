import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { machines, patchTasks, reactions, tasks } from '../../statemachines/contracts.ts';
import { importsOf, read, repositoryFiles } from './files.ts';

const files = repositoryFiles().filter((path) => existsSync(new URL(`../../${path}`, import.meta.url)));
const code = files.filter((path) => path.endsWith('.ts')).map(read);
const under = (...folders: string[]) => code.filter(({ path }) => folders.some((folder) => path.startsWith(folder)));
const kebab = (name: string) => name.replaceAll(/(?<!^)([A-Z])/g, '-$1').toLowerCase();

/** What a folder may import: its own files, these folders, and these packages. */
const ARROWS: { from: string; may: RegExp }[] = [
  { from: 'lambdas/core/', may: /^(lambdas\/core\/|zod$|croner$)/ },
  { from: 'lambdas/feeds/', may: /^(lambdas\/(feeds|core)\/|saxes$|yauzl$|zod$|node:)/ },
  { from: 'lambdas/aws/', may: /^(lambdas\/(aws|core)\/|@aws-sdk\/|electrodb$|zod$|@aws-lambda-powertools\/|node:(crypto|stream|zlib))/ },
  {
    from: 'lambdas/handlers/',
    may: /^(lambdas\/(handlers|aws|core|feeds)\/|statemachines\/contracts\.ts$|@middy\/core$|@aws-lambda-powertools\/|zod$|node:(https|zlib))/,
  },
  { from: 'statemachines/', may: /^(statemachines\/|lambdas\/core\/|yaml$|zod$|node:)/ },
  { from: 'local/', may: /^(local\/|lambdas\/core\/|@aws-sdk\/|@smithy\/|@sinonjs\/|dynalite|jsonata$|croner$|esbuild$|saxes$|zod$|node:)/ },
  {
    from: 'infra/',
    may: /^(infra\/|lambdas\/(core|feeds)\/|statemachines\/|cli\/files\/|aws-cdk-lib|constructs$|cdk-nag$|esbuild$|yaml$|zod$|@cloud-copilot\/|node:)/,
  },
  { from: 'cli/files/', may: /^(cli\/files\/|lambdas\/core\/|local\/(fleet|feeds)\/|yaml$|zod$|node:)/ },
  {
    from: 'cli/',
    may: /^(cli\/|lambdas\/(core|aws|feeds)\/|local\/|statemachines\/contracts\.ts$|@aws-sdk\/|commander$|listr2$|picocolors$|zod$|node:)/,
  },
];

describe('arrows', () => {
  it.each(ARROWS.map((arrow) => [arrow.from, arrow] as const))('%s imports only what it may', (from, { may }) => {
    const wrong = under(from)
      .filter(({ path }) => from !== 'cli/' || !path.startsWith('cli/files/'))
      .flatMap((file) =>
        importsOf(file)
          .filter((target) => !may.test(target))
          .map((target) => `${file.path} → ${target}`),
      );
    expect(wrong).toEqual([]);
  });

  it('only gateways, the embedded AWS and the command speak to the SDK', () => {
    const wrong = under('lambdas/', 'statemachines/', 'infra/').filter(
      (file) => !file.path.startsWith('lambdas/aws/') && importsOf(file).some((target) => target.startsWith('@aws-sdk/')),
    );
    expect(wrong.map(({ path }) => path)).toEqual([]);
  });
});

describe('time and chance come from outside', () => {
  const BANNED = /\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(|\bsetTimeout\(|\bsetInterval\(|\brandomUUID\(|\bprocess\.env\b/;
  it.each(
    under('lambdas/core/', 'lambdas/handlers/')
      .filter(({ path }) => path !== 'lambdas/handlers/implement.ts')
      .map((file) => [file.path, file] as const),
  )('%s', (_path, { text }) => {
    expect(BANNED.exec(text)?.[0]).toBeUndefined();
  });

  it('core waits for nothing', () => {
    expect(
      under('lambdas/core/')
        .filter(({ text }) => /\bawait\b|\basync\b/.test(text.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*/g, '')))
        .map(({ path }) => path),
    ).toEqual([]);
  });
});

describe('the name law', () => {
  const names = [...Object.keys(tasks), ...reactions];
  it.each(names)('%s is one handler file', (name) => {
    expect(files).toContain(`lambdas/handlers/${kebab(name)}.ts`);
    const text = read(`lambdas/handlers/${kebab(name)}.ts`).text;
    expect(text).toContain(name in tasks ? `implement('${name}'` : 'react(');
  });

  it('every handler file is a task, a reaction, or shared by several of them', () => {
    const entries = new Set(names.map((name) => `lambdas/handlers/${kebab(name)}.ts`));
    const shared = under('lambdas/handlers/').filter(({ path }) => !entries.has(path));
    for (const { path, text } of shared) expect(text, path).not.toMatch(/export const handler\b/);
  });

  it('machines have one file each', () => {
    for (const name of machines) expect(files).toContain(`statemachines/${name}.asl.json`);
    expect(patchTasks.every((name) => name in tasks)).toBe(true);
  });
});

describe('no dead files', () => {
  const ENTRIES = /^(cli\/(main|run\/world)\.ts|infra\/app\.ts|test\/|vitest\.config\.ts)|^lambdas\/handlers\//;
  it('every source file is imported or is a way in', () => {
    const imported = new Set(code.flatMap(importsOf));
    const texts = code.map(({ text }) => text).join('\n');
    const dead = code.filter(({ path }) => !ENTRIES.test(path) && !imported.has(path) && !texts.includes(path.slice(path.lastIndexOf('/') + 1)));
    expect(dead.map(({ path }) => path)).toEqual([]);
  });
});

describe('what is written', () => {
  const texts = files
    .filter((path) => /\.(ts|mjs|json|md|ya?ml|sh|ps1)$/.test(path) && path !== 'package-lock.json' && !path.startsWith('test/tidy/'))
    .map(read);
  it.each([
    ['unfinished work', /\b(TODO|FIXME|XXX)\b|\b[Nn]ot implemented yet\b|\b[Ff]or now\b/],
    ['a machine’s own paths', /\/work\/(main|shared)|\/root\/|\/home\/[a-z]+\//],
    ['tests that are switched off', /\b(it|test|describe)\.(only|skip|todo)\(/],
    ['silenced types', /@ts-(ignore|nocheck|expect-error)|\bas any\b/],
  ])('has no %s', (_what, pattern) => {
    expect(texts.filter(({ text }) => pattern.test(text)).map(({ path, text }) => `${path}: ${pattern.exec(text)?.[0]}`)).toEqual([]);
  });

  it('keeps files short enough to read at once', () => {
    const long = code.filter(({ path }) => !path.startsWith('test/')).filter(({ text }) => text.split('\n').length > 401);
    expect(long.map(({ path, text }) => `${path}: ${text.split('\n').length}`)).toEqual([]);
  });

  it('never catches an error only to forget it', () => {
    const empty = code.filter(({ path }) => path.startsWith('lambdas/')).filter(({ text }) => /catch\s*(\(\w+\))?\s*\{\s*\}/.test(text));
    expect(empty.map(({ path }) => path)).toEqual([]);
  });
});
