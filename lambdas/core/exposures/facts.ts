/** Facts of nodes that no scan has reached, as they are stored: what SSM Inventory says, in the form that matching takes. */
import { z } from 'zod';
import { Package } from '../model.ts';

/** `NodeFacts` of core/match/types.ts. */
export const StoredFacts = z.strictObject({
  platform: z.string(),
  certainty: z.enum(['exact', 'probable']),
  installed: z.array(Package),
  kernel: z.string().optional(),
  build: z.string().optional(),
  offered: z.array(z.string()).optional(),
  channels: z.array(z.string()).optional(),
  modules: z.array(z.string()).optional(),
  minor: z.string().optional(),
  pending: z.array(z.string()).optional(),
  releasever: z.string().optional(),
});
export type StoredFacts = z.infer<typeof StoredFacts>;
