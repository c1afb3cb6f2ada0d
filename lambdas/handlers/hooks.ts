/** Whether the documents of a plan's hooks are there: asked before anything is sent, in every location that has nodes. */
import { hooksToSee, judgeHooks } from '../core/hooks.ts';
import type { Dependencies } from '../aws/dependencies.ts';
import type { Plan } from '../core/plan.ts';

/** Looks at them through the spokes. */
export async function lookAtHooks(plan: Plan, { commands }: Pick<Dependencies, 'commands'>): Promise<ReturnType<typeof judgeHooks>> {
  return judgeHooks(
    await Promise.all(hooksToSee(plan).map(async (wanted) => ({ ...wanted, seen: await commands.hook(wanted.location, wanted.hook) }))),
  );
}
