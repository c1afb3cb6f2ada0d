/** Bundles all functions in one esbuild call: one CommonJS file that exports a handler for each, with everything inside. */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';
import { reactions, tasks } from '../statemachines/contracts.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

/** `JudgeWave` → `judge-wave`: a function's name → its handler file. */
export function kebab(name: string): string {
  return name.replaceAll(/(?<=[a-z])(?=[A-Z])/g, '-').toLowerCase();
}

/**
 * Drops what no handler can reach but esbuild must keep: the SDK's shapes of operations that we don't call (their computed keys could
 * have side effects, for all esbuild knows), and the translations of zod's messages. A third of the file and of a cold start.
 */
const slim: Plugin = {
  name: 'slim',
  setup(esbuild) {
    esbuild.onLoad({ filter: /@aws-sdk\/client-[\w-]+\/dist-es\/schemas\/schemas_0\.js$/ }, ({ path }) => {
      const source = readFileSync(path, 'utf8');
      const texts = new Map([...source.matchAll(/^const (_\w+) = ("[^"]*");$/gm)].map(([, name, text]) => [name, text]));
      const contents = source.replaceAll(/\[(_\w+)\]:/g, (all, name: string) => (texts.has(name) ? `${texts.get(name)}:` : all));
      return { contents, loader: 'js' };
    });
    esbuild.onLoad({ filter: /zod\/v4\/locales\/index\.js$/ }, ({ path }) => ({
      contents: `export { default as en } from './en.js';`,
      loader: 'js',
      resolveDir: dirname(path),
    }));
  },
};

/**
 * Writes `<directory>/index.js`, which exports every task and reaction under its name: for Lambda, `JudgeWave` is `index.JudgeWave`.
 *
 * One file for all, because nearly all of it is what they share (the SDK), and bundling each alone takes seven times as long. CommonJS,
 * because the embedded AWS evaluates the very same file inside a function of its own; for Node 20 so that it runs there, though it is
 * deployed to Node 24. Not minified: a stack trace in the logs names real functions. No absolute paths: the same source has the same hash
 * anywhere.
 *
 * @throws esbuild's BuildFailure, with source lines, when a handler is missing or broken
 */
export async function bundleFunctions(directory: string): Promise<void> {
  const names = [...Object.keys(tasks), ...reactions];
  await build({
    absWorkingDir: root,
    stdin: {
      contents: names.map((name) => `export { handler as ${name} } from './lambdas/handlers/${kebab(name)}.ts';`).join('\n'),
      resolveDir: root,
      sourcefile: 'functions.js',
    },
    outfile: resolve(directory, 'index.js'),
    bundle: true,
    format: 'cjs',
    platform: 'node',
    target: 'node20',
    mainFields: ['module', 'main'],
    legalComments: 'none',
    logLevel: 'silent',
    plugins: [slim],
  });
}
