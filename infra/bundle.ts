/** Bundles all functions in one esbuild call: one file each, CommonJS, with everything inside. */
import { build } from 'esbuild';
import { relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { reactions, tasks } from '../statemachines/contracts.ts';
import { kebab } from './kebab.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * Writes `<outdir>/<kebab-name>/index.js` for every task and reaction.
 *
 * CommonJS, because the embedded AWS evaluates the very same file inside a function of its own; for Node 20 so that it runs there, though
 * it is deployed to Node 24. Output holds no absolute paths, so that the same source gives the same asset hash anywhere.
 *
 * @throws esbuild's BuildFailure, with source lines, when a handler is missing or broken
 */
export async function bundleFunctions(outdir: string): Promise<void> {
  const names = [...Object.keys(tasks), ...reactions].map(kebab);
  await build({
    absWorkingDir: root,
    entryPoints: names.map((name) => ({ in: `lambdas/handlers/${name}.ts`, out: `${name}/index` })),
    outdir: relative(root, resolve(outdir)),
    bundle: true,
    format: 'cjs',
    platform: 'node',
    target: 'node20',
    mainFields: ['module', 'main'],
    minifyWhitespace: true,
    minifySyntax: true,
    keepNames: true,
    legalComments: 'none',
    logLevel: 'silent',
  });
}
