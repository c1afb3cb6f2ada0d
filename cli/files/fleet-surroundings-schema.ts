/** `surroundings` and `organization` of `fleet.yaml`: what accounts have besides nodes. Descriptions are for editors. */
import { z } from 'zod';
import { LocationText, Text, Tags } from './fleet-words.ts';

const Name = z.string().min(1).max(128);
const OPERATING_SYSTEMS = [
  'ALMA_LINUX',
  'AMAZON_LINUX_2',
  'AMAZON_LINUX_2023',
  'CENTOS',
  'DEBIAN',
  'ORACLE_LINUX',
  'REDHAT_ENTERPRISE_LINUX',
  'ROCKY_LINUX',
  'SUSE',
  'UBUNTU',
  'WINDOWS',
] as const;

const target = {
  tags: Tags.optional().describe('Nodes with all of these tags'),
  names: z.array(z.string()).min(1).optional().describe('Nodes with these names. Neither tags nor names: every node'),
};
const Schedule = z.string().regex(/^(cron|rate|at)\(.+\)$/, 'expected cron(…), rate(…) or at(…)');
const Instant = z
  .string()
  .regex(/^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{3})?)?(Z|[+-]\d\d:\d\d)?)?$/, 'expected an instant such as 2026-12-01T00:00:00+01:00');
const document = z.string().min(3).max(128).describe('Name of the SSM document: AWS-RunPatchBaseline');
const operation = z.string().optional().describe('Parameter Operation of the document: Scan or Install');

const Baseline = z.strictObject({
  name: Name.describe('Name of the patch baseline'),
  operatingSystem: z.enum(OPERATING_SYSTEMS).describe('As Patch Manager writes it: AMAZON_LINUX_2023'),
  default: z.boolean().optional().describe('true: nodes have it whose patch group has no baseline'),
  patchGroups: z.array(Name).min(1).optional().describe('Patch groups that have it'),
  approveAfterDays: z.int().min(0).max(360).optional().describe('Days that its rule waits; left out: 0'),
  approveUntil: z.iso.date().optional().describe('Instead: nothing newer than this date is approved'),
  classifications: z.array(Name).optional().describe('Left out: security updates. []: it has no rule'),
  severities: z.array(Name).min(1).optional().describe('Left out: every severity'),
  approved: z.array(Text).optional().describe('Patches that are approved in any case'),
  rejected: z.array(Text).optional().describe('Patches that are never approved: ["kernel*"]'),
});

const MaintenanceWindow = z.strictObject({
  name: Name.describe('Name of the maintenance window'),
  id: z
    .string()
    .regex(/^mw-[0-9a-f]{17}$/, 'expected an id such as mw-0123456789abcdef0')
    .optional()
    .describe(
      'Its id, which a policy names: mw-0123456789abcdef0. In one location only. Left out: made from the name and the location, always the same',
    ),
  schedule: Schedule.describe('cron(0 1 ? * SUN *), rate(7 days) or at(…)'),
  timezone: z.string().optional().describe('IANA time zone; left out: UTC'),
  offset: z.int().min(1).max(6).optional().describe('Days after the day of the cron'),
  hours: z.int().min(1).max(24).describe('How long it is open'),
  cutoff: z.int().min(0).max(23).optional().describe('In the last hours no task begins; left out: 0'),
  startDate: Instant.optional().describe('It does not open before: 2026-12-01T00:00:00+01:00'),
  endDate: Instant.optional().describe('It does not open afterwards, and is closed from then on'),
  enabled: z.boolean().optional().describe('Left out: true'),
  document,
  operation,
  ...target,
});

const Association = z.strictObject({
  name: Name.describe('Name of the State Manager association'),
  document,
  operation,
  schedule: Schedule.optional().describe('Left out: once'),
  ...target,
});

const Calendar = z.strictObject({
  name: Name.describe('Name of the Change Calendar'),
  closed: z.boolean().optional().describe('true: no changes now'),
  changesAfter: z
    .string()
    .regex(/^P(?=.)(\d+W)?(\d+D)?(T(?=.)(\d+H)?(\d+M)?(\d+S)?)?$/, 'expected an ISO 8601 duration such as PT60H')
    .optional()
    .describe('When that ends, counted from the start: PT60H'),
});

/** One entry of `surroundings`. */
export const SurroundingsSchema = z.strictObject({
  locations: z.array(LocationText).min(1).optional().describe('Where; left out: everywhere'),
  baselines: z.array(Baseline).optional().describe('Patch baselines, besides those of AWS'),
  maintenanceWindows: z.array(MaintenanceWindow).optional().describe('Maintenance windows of Systems Manager'),
  associations: z.array(Association).optional().describe('State Manager associations'),
  calendars: z.array(Calendar).optional().describe('Change Calendars'),
});

/** `organization`. */
export const OrganizationSchema = z.record(z.string().regex(/^\d{12}$/, 'expected the number of an account, in quotes'), Name);
