/** Which nodes: `nodes:` as people write it, read into the model's `Selector`. */
import { z } from 'zod';
import { NodeId, Os } from '../model.ts';
import type { Selector } from '../model.ts';
import { CountPerPlatform, Share } from './words.ts';

const EMPTY = 'selects nothing: name at least one of os, tags, ids';
const FORMS = 'expected everything-else, or keys such as os, tags, ids';
const EVERYTHING_ELSE_ELSEWHERE = 'everything-else is for the last wave; here say which nodes: os, tags, ids';
const ID = 'expected the id of a managed node: i- or mi- and 17 (or 8) hexadecimal digits';

/** The model's own pattern, with words for people. */
const WrittenId = z
  .string({ error: ID })
  .refine((id) => NodeId.safeParse(id).success, ID)
  .meta({ pattern: '^m?i-[0-9a-f]{8,17}$' });

const filters = {
  os: Os.optional().describe('linux or windows'),
  tags: z
    .record(z.string().min(1).max(128), z.string({ error: 'expected a text; write numbers, true and false in quotes' }).max(256))
    .refine((tags) => Object.keys(tags).length > 0, 'is empty; name at least one tag')
    .optional()
    .describe('Tags that a node must have, all of them, with exactly these values. EC2 tags, or Systems Manager tags of hybrid nodes'),
  ids: z
    .array(WrittenId)
    .min(1)
    .superRefine((ids, context) => {
      for (const [index, id] of ids.entries()) {
        if (ids.indexOf(id) < index) context.addIssue({ code: 'custom', path: [index], message: `${id} is named twice` });
      }
    })
    .optional()
    .describe('Node ids: [i-0123456789abcdef0, mi-0123456789abcdef0]'),
};

/** Nodes by what they are: for `leaveOut`, where a share or a limit would hit nodes by chance. */
export const WrittenFilter = z.strictObject(filters).superRefine((nodes, context) => {
  if (Object.values(nodes).every((filter) => filter === undefined)) context.addIssue(EMPTY);
});

const selection = {
  ...filters,
  share: Share.optional().describe("Share of the policy's nodes, rounded down, the same nodes each month: 5%"),
  atLeast: CountPerPlatform.optional().describe('With `share`: but at least so many. 3, or 1 per platform'),
  atMost: CountPerPlatform.optional().describe('Of the nodes that fit, at most so many: 5, or 2 per platform'),
};
const wording = {
  error: ({ input }: { input?: unknown }) => (input === 'everything-else' ? EVERYTHING_ELSE_ELSEWHERE : undefined),
};
const NARROW = z.strictObject(selection, wording);
const WIDE = z.strictObject(
  { ...selection, exposed: z.literal(true).optional().describe('true: only nodes that are exposed to what started the policy') },
  wording,
);

function checkSelection(nodes: z.output<typeof WIDE>, context: z.RefinementCtx): void {
  if (Object.values(nodes).every((filter) => filter === undefined)) context.addIssue(`${EMPTY}, share, atMost`);
  if (nodes.atLeast === undefined || nodes.share !== undefined) return;
  context.addIssue({ code: 'custom', path: ['atLeast'], message: 'stands only beside `share`' });
}

function toSelector({ share, atLeast, ...rest }: z.output<typeof WIDE>): Selector {
  if (share === undefined) return rest;
  return { ...rest, share: { percent: share, ...(atLeast && { atLeast }) } };
}

/** A policy's `nodes`. */
export const WrittenPolicyNodes = WIDE.superRefine(checkSelection).transform(toSelector);

/** One of the two forms of a wave's `nodes`. */
const WrittenSelector = NARROW.superRefine(checkSelection).transform(toSelector);

/** A wave's `nodes`. */
export const WrittenWaveNodes = z.union([z.literal('everything-else').transform((): Selector => ({ everythingElse: true })), WrittenSelector], {
  error: ({ input }) => (typeof input === 'object' || typeof input === 'string' ? undefined : FORMS),
});
