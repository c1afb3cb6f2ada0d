/** `fleet.yaml` and scenario files as people write them; the values are those of `local/fleet/types.ts`. Descriptions are for editors. */
import { z } from 'zod';
import { storyKeys } from './story-schema.ts';
import { Kind, NodeId, Severity } from '../../lambdas/core/model.ts';
import { OrganizationSchema, SurroundingsSchema } from './fleet-surroundings-schema.ts';
import { UserFunctionSchema, UserRunbookSchema } from './fleet-stand-ins-schema.ts';
import { Age, LocationText, Tags, Text } from './fleet-words.ts';

const Version = Text.regex(/^\S*$/, 'has spaces in it');

const PACKAGE = 'expected the name of a package, or of a KB';
const PackageName = z.string({ error: PACKAGE }).regex(/^[A-Za-z0-9][A-Za-z0-9+._-]*$/, PACKAGE);
const Installed = z.record(PackageName, Version);
const Unit = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9@:._-]*$/, 'expected the name of a service such as nginx.service');

const NAME = 'a name here is letters, digits, dots, underscores and hyphens';
const InventoryName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, NAME);

const Channel = z.string().regex(/^[a-z][a-z0-9-]{0,19}(:[A-Za-z0-9][A-Za-z0-9._+-]{0,59})?$/, 'expected a channel such as pro:esm-apps or eus:9.2');

/** One version that a repository offers. */
export const OfferSchema = z.strictObject({
  package: PackageName.describe('Name of the package, or of the KB on Windows'),
  version: Version.describe('Version as the repository has it: "1:3.0.8-1.amzn2023.0.5". Empty ("") for a KB'),
  arch: z.string().optional().describe("Architecture, where it is not the platform's own: noarch"),
  kind: Kind.describe('security, critical, bugfix, enhancement or other'),
  severity: Severity.optional().describe('critical, important, moderate, low or unrated (as when left out)'),
  advisories: z.array(Text).optional().describe('Ids of advisories: [ALAS2023-2026-901]'),
  needs: z.array(PackageName).optional().describe('Packages that must come along: offered with `new: true`, or installed ones'),
  reboot: z.boolean().optional().describe('The OS asks for a reboot afterwards'),
  restarts: z.array(Unit).optional().describe('Services that its installation restarts'),
  new: z.boolean().optional().describe('No update of anything installed; comes only when another package needs it'),
});

/** One entry of `inventories`. */
export const InventorySchema = z.strictObject({
  platform: z.string().describe('Release and architecture: amazon-linux-2023-x86_64, ubuntu-24.04-aarch64, windows-2022-x86_64'),
  releasever: Text.optional().describe('Amazon Linux 2023 only: the release that its repository is locked to, 2023.6.20241010'),
  snapshots: z.boolean().optional().describe('Ubuntu 24.04 and newer: false where its mirror has no snapshots of the archive'),
  installed: Installed.describe('Package (name or name.arch) → version; on Windows KB → ""'),
  available: z.array(OfferSchema).describe('What the repositories offer'),
  sources: z.record(PackageName, Text).optional().describe('Package → source package, where they differ'),
  channels: z.array(Channel).optional().describe('What it gets fixes from besides its repositories: [pro:esm-apps], [eus:9.2], [livepatch]'),
  modules: z.array(Text).optional().describe('Enabled streams of modules: ["ruby:3.1"]'),
  services: z.array(Unit).optional().describe('Services that run: [nginx.service]'),
});

const ID = 'expected i- or mi- and 17 (or, for i-, 8) hexadecimal digits';
/** One entry of `nodes`. */
export const NodeSchema = z.strictObject({
  id: z
    .string({ error: ID })
    .refine((id) => NodeId.safeParse(id).success, ID)
    .optional()
    .describe('Id of the node: i-0123456789abcdef0. Left out: made from the name, always the same'),
  name: z
    .string()
    .regex(/^[A-Za-z0-9]([A-Za-z0-9._-]|\{n\})*$/, `${NAME}; with \`count\`, {n} is the number`)
    .describe('Name of the node; with `count`, {n} is the number from 1: shop-{n}'),
  count: z.int().min(1).max(5_000).optional().describe('So many nodes alike'),
  hybrid: z.boolean().optional().describe('Outside EC2 (mi-*), by a hybrid activation of Systems Manager'),
  location: LocationText.describe('Account and Region, one of `locations`'),
  inventory: z.string().describe('What it has installed: one of `inventories`'),
  zone: z.string().optional().describe('Availability Zone: eu-central-1a, or its letter'),
  zones: z.array(z.string()).min(1).optional().describe('With `count`: zones, dealt out in turn: [a, b, c]'),
  tags: Tags.optional().describe('EC2 tags, or Systems Manager tags of a hybrid node'),
  online: z.boolean().optional().describe('false: its agent has been gone for a day when the run starts'),
  agent: z
    .string()
    .regex(/^\d+\.\d+\.\d+\.\d+$/, 'expected a version such as 3.3.987.0')
    .optional()
    .describe('Version of the SSM agent: "3.3.987.0"'),
  pending: z.enum(['reboot', 'restart']).optional().describe('What an earlier update left to be done'),
  others: z.array(z.string().min(1)).optional().describe('Who else updates it: [unattended-upgrades], [dnf-automatic], [windows-update]'),
  installed: Installed.optional().describe('Differences from the inventory; an empty version ("") on Linux means not installed'),
  seconds: z.int().min(1).max(86_400).optional().describe('How long an installation takes here, in seconds'),
  stopped: z.boolean().optional().describe('true: the instance is stopped; not for hybrid nodes'),
  unmanaged: z
    .enum(['no-profile', 'no-agent'])
    .optional()
    .describe('It runs, and Systems Manager does not know it: without instance profile, or without agent. Not for hybrid nodes'),
  scanned: Age.optional().describe('How long ago Patch Manager looked at it: P40D, or never. Left out: every day'),
  inventoried: Age.optional().describe('How old its SSM Inventory is: P40D, or never. Left out: gathered every 30 minutes'),
  image: z
    .string()
    .regex(/^ami-[0-9a-f]{8,17}$/, 'expected an image such as ami-0123456789abcdef0')
    .optional()
    .describe('Image that it was started from. Left out: one for each platform and Region'),
  autoScalingGroup: z.string().min(1).max(255).optional().describe('Auto Scaling group that keeps it alive'),
  eks: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$/)
    .optional()
    .describe('EKS cluster that it works for'),
  targetGroup: z
    .string()
    .regex(/^[A-Za-z0-9-]{1,32}$/)
    .optional()
    .describe('Target group of a load balancer in which it is'),
  inspector: z
    .record(z.string().regex(/^CVE-\d{4}-\d{4,}$/), z.enum(['CRITICAL', 'HIGH', 'MEDIUM', 'LOW', 'UNTRIAGED']))
    .optional()
    .describe('CVE that Amazon Inspector found here → its grade. {}: it found none. Left out: it does not look'),
});

const Among = z.array(z.string().min(1)).optional();
const DOCUMENT = 'the name of a document is 3 to 128 letters, digits, dots, underscores and hyphens';
/** One entry of `documents`. */
export const UserDocumentSchema = z.strictObject({
  version: z.int().min(1).max(1_000).optional().describe('How many versions there are: 7. Left out: one'),
  parameters: z
    .record(z.string().regex(/^[A-Za-z][A-Za-z0-9]{0,63}$/, 'the name of a parameter is letters and digits'), z.array(z.string().min(1)).min(1))
    .optional()
    .describe('Parameters that it must be given, with the values that they may have: {Action: [apply, withdraw]}'),
  seconds: z.int().min(1).max(86_400).optional().describe('How long it runs, in seconds. Left out: 10'),
  failsOn: Among.describe('Nodes on which it fails, by name or id: [db-1]'),
  hangsOn: Among.describe('Nodes on which it never ends by itself'),
  rebootsOn: Among.describe('Nodes on which it asks for a reboot, which a hook must not'),
});

/** The whole of `fleet.yaml`. */
export const FleetSchema = z.strictObject({
  version: z.literal(1).describe('Version of this format: 1'),
  locations: z.array(LocationText).min(1).describe('Accounts and Regions; the first one holds the hub'),
  inventories: z.record(InventoryName, InventorySchema).describe('What nodes have installed and what their repositories offer, by name'),
  nodes: z.array(NodeSchema).min(1, 'is empty: a fleet has at least one node').describe('The nodes'),
  documents: z
    .record(z.string().regex(/^(?!AWS|aws|amazon|amzn)[A-Za-z0-9_.-]{3,128}$/, DOCUMENT), UserDocumentSchema)
    .optional()
    .describe("SSM Command documents of yours that every location has, by name: what a policy's `hooks` and `whileNoFix` name"),
  automations: z
    .record(z.string().regex(/^(?!AWS|aws|amazon|amzn)[A-Za-z0-9_.-]{3,128}$/, DOCUMENT), UserRunbookSchema)
    .optional()
    .describe('SSM Automation runbooks of yours that every location has, by name: what `whileNoFix: { automation }` names'),
  functions: z
    .record(z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, 'the name of a function is letters, digits, hyphens and underscores'), UserFunctionSchema)
    .optional()
    .describe("Lambda functions of yours in the hub's account and Region, by name: what `whileNoFix: { lambda }` names"),
  surroundings: z.array(SurroundingsSchema).optional().describe('What accounts have besides nodes, as `wavelock assess` reads it'),
  organization: OrganizationSchema.optional().describe('Further accounts of the organization: number → name'),
});

const DURATION = 'expected an ISO 8601 duration such as PT60H or P1DT12H';
const ISO_DURATION = /^P(?=.)(\d+W)?(\d+D)?(T(?=.)(\d+H)?(\d+M)?(\d+S)?)?$/;
const Duration = z.string({ error: DURATION }).regex(ISO_DURATION, { error: DURATION, abort: true });
const From = z.union([z.literal('start'), Duration], { error: `${DURATION}, or start` });
const After = Duration.describe('So long after the start of the run: PT60H');

/** Nodes that fit all of these; none of them means every node. */
const choice = {
  ids: z.array(z.string()).min(1).optional().describe('Node ids'),
  name: z.array(z.string()).min(1).optional().describe('Node names'),
  tags: Tags.optional().describe('Tags that a node must have, all of them'),
  hybrid: z.boolean().optional().describe('true: only nodes outside EC2; false: only EC2'),
};

const LOSE = 'expected all, or a number from 1';
const Lose = z.union([z.literal('all'), z.int().min(1, { error: LOSE, abort: true })], { error: LOSE });
/** One entry of a scenario's `faults`. */
export const FaultSchema = z.union([
  z.strictObject({
    breaks: z
      .strictObject({ package: PackageName, version: Version, service: Unit.describe('The service that then stays down') })
      .describe('Once this version is installed, the service does not come up again'),
  }),
  z.strictObject({
    silent: z
      .strictObject({ ...choice, from: From.describe('start, or so long after the start of the run: PT72H') })
      .describe('These nodes never answer: the agent is lost, heartbeats stop'),
  }),
  z.strictObject({
    events: z
      .strictObject({ lose: Lose.describe('all, or the first N that tell of the end of a patch command') })
      .describe('EventBridge events of Systems Manager that never arrive'),
  }),
  z.strictObject({
    'updates-itself': z
      .strictObject({ ...choice, packages: Installed.describe('Package → version'), after: After })
      .describe('Another updater was faster'),
  }),
  z.strictObject({
    repository: z
      .strictObject({
        inventory: z.string().describe("One of the fleet's inventories"),
        after: After,
        available: z.array(OfferSchema).min(1).describe('New offers; each replaces that of the same package'),
      })
      .describe('The repository moves on'),
  }),
]);

/** A scenario file. */
export const ScenarioSchema = z.strictObject({
  title: z.string().trim().min(1).describe('What the scenario shows, in one line'),
  faults: z.array(FaultSchema).describe('What goes wrong'),
  ...storyKeys,
});
