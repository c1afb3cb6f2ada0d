/** A maintenance window of Systems Manager that tests edit while a wave goes by it. */
import { MAINTENANCE_WINDOW } from '../assembly.ts';
import { parseLocation } from '../../lambdas/core/model.ts';
import type { World } from './world.ts';

/** Open on Mondays from 22:00 to 02:00; nothing starts after 01:00. */
export const ERP = {
  id: MAINTENANCE_WINDOW.ssm,
  name: 'erp-monday',
  schedule: 'cron(0 22 ? * MON *)',
  timezone: 'Europe/Berlin',
  hours: 4,
  cutoff: 1,
  document: 'AWS-RunPatchBaseline',
};

/** What a fleet file says of it. */
export const ERP_SURROUNDINGS = [{ locations: [MAINTENANCE_WINDOW.location], maintenanceWindows: [{ ...ERP }] }];

/** As somebody with the console does it; functions keep what they have read for a minute. */
export async function editWindow(world: World, change: object): Promise<void> {
  const { account, region } = parseLocation(MAINTENANCE_WINDOW.location);
  const editor = world.cloud.administrator(account, region);
  await world.settled(world.cloud.call(editor, 'ssm', 'UpdateMaintenanceWindow', { WindowId: ERP.id, ...change }));
  await world.pass(61);
}

/** Minutes from now, on Berlin's clock in winter, as a cron for today. */
export function cronSoon(world: World, minutes: number): string {
  const at = new Date(world.clock.now() + (minutes + 60) * 60_000);
  return `cron(${at.getUTCMinutes()} ${at.getUTCHours()} ? * MON *)`;
}
