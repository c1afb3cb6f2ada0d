/** Synthesises the CDK app for a fleet's locations, as `cdk deploy` would: the same app, without the CDK's command. */
import { spawn } from 'node:child_process';
import { resolve as absolute } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Days pass in seconds here: the feeds are read four times a day, the whole look at the fleet at five being one of them. */
const FEEDS_SCHEDULE = 'cron(0 11/6 * * ? *)';

export interface SynthRequest {
  /** `account/region`, the hub's first. */
  locations: string[];
  policy: string;
  directory: string;
  /** How often feeds are read between two whole looks at the fleet. */
  feedsSchedule?: string;
  /** Whether Amazon Inspector is asked. */
  inspector?: boolean;
}

/** Writes the cloud assembly into `directory`. Throws with the app's own words when it fails. */
export async function synthesise({ locations, policy, directory, feedsSchedule = FEEDS_SCHEDULE, inspector = false }: SynthRequest): Promise<void> {
  const [hub = '', ...spokes] = locations;
  const [account, region] = hub.split('/');
  // The app works in its own folder, which need not be the one that the policy was named in.
  const context = {
    mode: 'patch',
    account,
    region,
    policy: absolute(policy),
    feedsSchedule,
    inspector,
    ...(spokes.length > 0 ? { locations: spokes.join(',') } : {}),
  };
  const env = { ...process.env, CDK_OUTDIR: absolute(directory), CDK_CONTEXT_JSON: JSON.stringify(context) };
  const child = spawn(process.execPath, ['--import', 'tsx', 'infra/app.ts'], { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const end = (): void => void child.kill('SIGKILL');
  // First of all: whoever removes the folder must not race with what writes into it.
  process.prependOnceListener('exit', end);
  let said = '';
  child.stdout.on('data', (chunk) => (said += String(chunk)));
  child.stderr.on('data', (chunk) => (said += String(chunk)));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  process.off('exit', end);
  if (code !== 0) throw new Error(`the CDK app could not be synthesised:\n${said.slice(-4000)}`);
}
