/**
 * The CDK app: `npx cdk synth`, `npx cdk deploy`, or without the CLI `CDK_OUTDIR=… CDK_CONTEXT_JSON=… npx tsx infra/app.ts`.
 * esbuild works in a process of its own, so bundling begins before anything else is even loaded.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleFunctions } from './bundle.ts';

/** @param directory for files that become assets: synth copies them */
async function main(directory: string): Promise<void> {
  const functionsDirectory = join(directory, 'functions');
  const bundled = bundleFunctions(functionsDirectory);
  // Never unhandled, and waited for whatever goes wrong before: esbuild must be done before its folder goes.
  const settled = bundled.catch(() => undefined);
  try {
    const { addStacks, openApp } = await import('./build.ts');
    const { readIngredients } = await import('./ingredients.ts');
    const { app, settings } = openApp(process.env.CDK_OUTDIR ?? 'cdk.out');
    const { policy, ...ingredients } = readIngredients(settings.policy, settings);
    // The policy as the functions read it: checked, normalised, JSON.
    const path = join(directory, 'policy.json');
    if (policy) writeFileSync(path, JSON.stringify(policy));
    await bundled;
    await addStacks(app, settings, { ...ingredients, functionsDirectory, policy: policy && { file: policy, path } });
    app.synth();
  } finally {
    await settled;
  }
}

/** Errors of people's input say what is wrong and where: a stack trace would hide it. */
function explain(error: unknown): string {
  const { name, message, stack } = error as Error;
  return name === 'ContextError' || name === 'InputErrors' ? message : (stack ?? message);
}

// Of its own: two synths at the same time must not write into each other's files.
const directory = mkdtempSync(join(tmpdir(), 'wavelock-synth-'));
try {
  await main(directory);
} catch (error) {
  process.stderr.write(`${explain(error)}\n`);
  process.exitCode = 1;
} finally {
  rmSync(directory, { recursive: true, force: true });
}
