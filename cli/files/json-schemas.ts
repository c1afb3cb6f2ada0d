/** The JSON Schemas that editors use for the files that people write, made from the very schemas that the readers check with. */
import { z } from 'zod';
import { WrittenPolicyFile } from '../../lambdas/core/policy/file.ts';
import { FleetSchema } from './fleet-schema.ts';

const SCHEMAS: Record<string, { schema: z.ZodType; title: string }> = {
  'wavelock.schema.json': { schema: WrittenPolicyFile, title: 'Wavelock policy file' },
  'fleet.schema.json': { schema: FleetSchema, title: 'Wavelock fleet file (simulation only)' },
};

/** File name → text, ending in a newline. Draft 7, which every YAML language server reads. */
export function jsonSchemas(): Record<string, string> {
  return Object.fromEntries(Object.entries(SCHEMAS).map(([file, { schema, title }]) => [file, textOf(schema, title)]));
}

function textOf(schema: z.ZodType, title: string): string {
  const { $schema, ...rest } = z.toJSONSchema(schema, { io: 'input', target: 'draft-7', unrepresentable: 'any' });
  return `${JSON.stringify({ $schema, title, ...rest }, null, 2)}\n`;
}
