/** What a function is told by its template, parsed once. Nothing here is secret: secrets stay in Secrets Manager and are read when needed. */
import { z } from 'zod';
import { Location, parseLocation } from '../core/model.ts';

const json = <T extends z.ZodType>(schema: T) => z.string().transform((text) => schema.parse(JSON.parse(text)));

const Settings = z.object({
  TABLE_NAME: z.string(),
  STORE_BUCKET: z.string(),
  /** `account/region,…`, the hub's own first. */
  LOCATIONS: z
    .string()
    .transform((text) => text.split(',').map(parseLocation))
    .pipe(z.array(Location).min(1)),
  /** Role ARN of a spoke, with `{account}` and `{region}` to fill in. */
  SPOKE_ROLE: z.string(),
  SPOKE_PARAMETER: z.string(),
  TOPICS: json(z.record(z.string(), z.string())),
  POLICY_BUCKET: z.string(),
  POLICY_KEY: z.string(),
  MODE: z.enum(['observe', 'patch', 'recover']),
  OPT_IN_TAG: z.string().transform((text) => ({ key: text.slice(0, text.indexOf('=')), value: text.slice(text.indexOf('=') + 1) })),
  /** The hub's own event bus. */
  BUS_NAME: z.string(),
  SLACK_SECRETS: json(z.record(z.string(), z.string())),
  AWS_REGION: z.string(),
  /** Whether Amazon Inspector is asked as well. */
  INSPECTOR: z.enum(['true', 'false']),
});
type AllSettings = z.infer<typeof Settings>;
export type SettingName = keyof AllSettings;

/**
 * Reads settings from a function's environment. Each function is given only what it needs, so a value is parsed when it is first
 * asked for, and a missing one is an error that names it.
 */
export function settingsFrom(environment: Record<string, string | undefined>): <K extends SettingName>(name: K) => AllSettings[K] {
  const parsed = new Map<SettingName, unknown>();
  return <K extends SettingName>(name: K): AllSettings[K] => {
    if (!parsed.has(name)) {
      const result = Settings.shape[name].safeParse(environment[name]);
      if (!result.success) throw new Error(`setting ${name}: ${result.error.issues.map((issue) => issue.message).join('; ')}`);
      parsed.set(name, result.data);
    }
    return parsed.get(name) as AllSettings[K];
  };
}

export type ReadSetting = ReturnType<typeof settingsFrom>;
