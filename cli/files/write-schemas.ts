/** Writes the JSON Schemas into the root of the repository: `npx tsx cli/files/write-schemas.ts`. */
import { writeFileSync } from 'node:fs';
import { jsonSchemas } from './json-schemas.ts';

for (const [file, text] of Object.entries(jsonSchemas())) writeFileSync(new URL(`../../${file}`, import.meta.url), text);
