import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { readFleetFile } from '../../cli/files/fleet.ts';
import { ScenarioSchema } from '../../cli/files/fleet-schema.ts';
import { jsonSchemas } from '../../cli/files/json-schemas.ts';
import { readPolicyFile } from '../../cli/files/policy.ts';
import { readScenario } from '../../cli/files/scenario.ts';
import { simulatedReleases } from '../../local/fleet/platforms.ts';

const folder = mkdtempSync(join(tmpdir(), 'wavelock-docs-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** The YAML examples of a page, each in a file of its own. */
function examples(page: string): string[] {
  const blocks = [...readFileSync(page, 'utf8').matchAll(/```yaml\n([\s\S]*?)```/g)];
  return blocks.map((block, index) => {
    const file = join(folder, `example-${index}.yaml`);
    writeFileSync(file, block[1] ?? '');
    return file;
  });
}

/** Keys and their schemas, of one level of a JSON Schema. */
function propertiesOf(node: object): [string, unknown][] {
  return 'properties' in node ? Object.entries(Object(node.properties)) : [];
}

/** Every key that a JSON Schema knows, at any depth. */
function keysIn(node: unknown): string[] {
  if (typeof node !== 'object' || node === null) return [];
  return [...new Set([...propertiesOf(node).map(([key]) => key), ...Object.values(node).flatMap(keysIn)])];
}

/** Keys of a JSON Schema that editors could say nothing about. */
function undescribed(node: unknown, path: string): string[] {
  if (typeof node !== 'object' || node === null) return [];
  const bare = propertiesOf(node).filter(([, schema]) => !Object.hasOwn(Object(schema), 'description'));
  const deeper = Object.entries(node).flatMap(([key, value]) => undescribed(value, `${path}.${key}`));
  return [...bare.map(([key]) => `${path}.${key}`), ...deeper];
}

describe('the JSON Schemas in the root', () => {
  it.each(Object.entries(jsonSchemas()))('%s is what `npx tsx cli/files/write-schemas.ts` writes', (file, text) => {
    expect(readFileSync(file, 'utf8')).toBe(text);
  });

  it('describe every key for editors', () => {
    expect(Object.entries(jsonSchemas()).flatMap(([file, text]) => undescribed(JSON.parse(text), file))).toEqual([]);
  });
});

describe('the pages about the files', () => {
  const pages = [
    ['docs/policy-file.md', JSON.parse(jsonSchemas()['wavelock.schema.json'] ?? '')],
    ['docs/fleet-file.md', JSON.parse(jsonSchemas()['fleet.schema.json'] ?? '')],
    ['docs/fleet-file.md', z.toJSONSchema(ScenarioSchema, { io: 'input' })],
  ] as const;

  it.each(pages)('%s names every key', (page, schema) => {
    const text = readFileSync(page, 'utf8');
    const named = new Set([...text.matchAll(/`([^`\n]+)`/g)].flatMap((match) => (match[1] ?? '').split('.')));
    expect(keysIn(schema).filter((key) => !named.has(key))).toEqual([]);
  });

  it('docs/policy-file.md has an example that works', () => {
    const [example = ''] = examples('docs/policy-file.md');
    expect(readPolicyFile(example).policy.policies.map((policy) => policy.waves.length)).toEqual([3]);
  });

  it('docs/fleet-file.md has examples that work, together', () => {
    const [fleet = '', scenario = '', story = '', surroundings = ''] = examples('docs/fleet-file.md');
    const read = readFleetFile(fleet);
    expect(read.fleet.nodes).toHaveLength(12);
    expect(readScenario(scenario, read.fleet).scenario.faults).toHaveLength(5);
    expect(readScenario(story, read.fleet).scenario.story).toHaveLength(3);
    expect(readFleetFile(surroundings).fleet.surroundings?.[0]?.baselines?.[0]?.rejected).toEqual(['kernel*']);
  });

  it('docs/fleet-file.md names every platform', () => {
    const text = readFileSync('docs/fleet-file.md', 'utf8');
    expect(simulatedReleases.filter((release) => !text.includes(`\`${release}\``))).toEqual([]);
  });
});
