/**
 * The CDK app: `npx cdk synth`, `npx cdk deploy`, or without the CLI `CDK_OUTDIR=… CDK_CONTEXT_JSON=… npx tsx infra/app.ts`.
 * esbuild works in a process of its own, so bundling begins before anything else is even loaded.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundleFunctions } from './bundle.ts';

const workDirectory = '.build';

async function main(): Promise<void> {
  const functionsDirectory = join(workDirectory, 'functions');
  const bundled = bundleFunctions(functionsDirectory);
  // Waited for below; a failure in between must not be reported as unhandled.
  bundled.catch(() => undefined);
  const { addStacks, openApp } = await import('./build.ts');
  const { readIngredients } = await import('./ingredients.ts');
  const { app, settings } = openApp(process.env.CDK_OUTDIR ?? 'cdk.out');
  const { policy, ...ingredients } = readIngredients(settings.policy);
  await bundled;
  await addStacks(app, settings, { ...ingredients, functionsDirectory, policy: policy && { file: policy, path: writePolicy(policy) } });
  app.synth();
}

/** The policy as the functions read it: checked, normalised, JSON. */
function writePolicy(policy: object): string {
  mkdirSync(workDirectory, { recursive: true });
  const path = join(workDirectory, 'policy.json');
  writeFileSync(path, JSON.stringify(policy));
  return path;
}

/** Errors of people's input say what is wrong and where: a stack trace would hide it. */
function explain(error: unknown): string {
  const { name, message, stack } = error as Error;
  return name === 'ContextError' || name === 'InputErrors' ? message : (stack ?? message);
}

try {
  await main();
} catch (error) {
  process.stderr.write(`${explain(error)}\n`);
  process.exitCode = 1;
}
