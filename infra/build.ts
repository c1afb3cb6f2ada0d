/** Builds the CDK app from what was read: context, policy, documents. Reads and writes nothing itself but the context. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { App, CloudFormationValidatePlugin, Stack, Validations } from 'aws-cdk-lib/core';
import type { Location, PolicyFile } from '../lambdas/core/model.ts';
import { readContext, type Settings } from './context.ts';
import { applyDeployerRules } from './deployer-rules.ts';
import { Hub } from './hub.ts';
import { hubStackName, spokeStackName, type Installation } from './names.ts';
import { Spoke, type DocumentSource } from './spoke.ts';
import { hooksOf } from './hooks.ts';
import { sentBy, startedBy } from './stand-ins.ts';
import { windowsAt } from './windows.ts';

/** What an app is built from, beside its context. */
export interface Ingredients {
  /** Holds `index.js`, which exports a handler for each function under its name. */
  functionsDirectory: string;
  policy: { file: PolicyFile; path: string } | undefined;
  documents: DocumentSource[];
}

/** CDK's recommended behaviour, by code: `npx cdk` and `tsx infra/app.ts` give the same template, and cdk.json stays short. */
const flags = createRequire(import.meta.url)('aws-cdk-lib/recommended-feature-flags.json') as Record<string, unknown>;

/**
 * An empty app and the deployer's wishes.
 *
 * @param outdir where the cloud assembly goes
 * @param context beside what CDK itself reads from CDK_CONTEXT_JSON
 * @throws ContextError that lists every problem
 */
export function openApp(outdir: string, context: Record<string, unknown> = {}): { app: App; settings: Settings } {
  const app = new App({
    outdir,
    autoSynth: false,
    // No AWS::CDK::Metadata resource, which reports to AWS; no tree.json, which nobody reads here.
    analyticsReporting: false,
    treeMetadata: false,
    // CDK's own checks take four seconds, most of a synth: they run where cdk-nag runs (see addChecks).
    builtinCloudFormationValidation: false,
    context: flags,
    postCliContext: context,
  });
  const settings = readContext(app.node.getAllContext(), {
    // The CDK CLI sets it from the profile.
    region: process.env.CDK_DEFAULT_REGION ?? 'eu-central-1',
    policy: existsSync('wavelock.yaml') ? 'wavelock.yaml' : undefined,
  });
  return { app, settings };
}

/** Adds the stacks: the hub with its own spoke, and a stack for each further location. */
export async function addStacks(app: App, settings: Settings, ingredients: Ingredients): Promise<void> {
  const { mode, optInTag, inspector, qualifier } = settings;
  const hubStack = new Stack(app, hubStackName(qualifier), {
    env: { account: settings.account, region: settings.region },
    description: `Wavelock hub (${mode}): patches in waves with a lockfile`,
  });
  const installation: Installation = {
    qualifier,
    rolePath: settings.rolePath,
    hub: { account: hubStack.account, region: settings.region },
    hubStack: hubStack.stackName,
  };
  const { documents, ...forHub } = ingredients;
  // CDK leaves an id of "Default" out of logical ids: names of functions stay short.
  new Hub(hubStack, 'Default', { installation, settings, places: [installation.hub, ...settings.locations], ...forHub });
  const spoke = {
    installation,
    mode,
    optInTag,
    inspector,
    documents,
    standIns: sentBy(ingredients.policy?.file),
    runbooks: startedBy(ingredients.policy?.file),
    hooks: hooksOf(ingredients.policy?.file),
  };
  const windows = (place?: Location): string[] => windowsAt(ingredients.policy?.file, place, settings);
  new Spoke(hubStack, 'Spoke', { ...spoke, windows: windows() });
  for (const location of settings.locations) addSpokeStack(app, hubStack, { ...spoke, windows: windows(location), location });
  applyDeployerRules(app, settings);
  if (settings.nag) await addChecks(app);
}

function addSpokeStack(app: App, hubStack: Stack, props: ConstructorParameters<typeof Spoke>[2] & { location: Location }): void {
  const { location, ...spoke } = props;
  const stack = new Stack(app, spokeStackName(props.installation.qualifier, location), {
    env: location,
    description: `Wavelock spoke (${props.mode}) of the hub in ${props.installation.hub.account}/${props.installation.hub.region}`,
  });
  // Its rule sends to the hub's bus, which must exist.
  stack.addStackDependency(hubStack, 'events go to the hub');
  new Spoke(stack, 'Spoke', spoke);
}

/** cdk-nag's AwsSolutions rules and CDK's checks of the templates, as part of synth. Loaded only when asked for. */
async function addChecks(app: App): Promise<void> {
  const { AwsSolutionsChecks } = await import('cdk-nag');
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app, { verbose: true }), new CloudFormationValidatePlugin());
}
