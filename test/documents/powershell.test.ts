import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { beforeAll, describe, expect, it } from 'vitest';
import { Language, Parser } from 'web-tree-sitter';
import type { Node } from 'web-tree-sitter';
import { assembleDocument, documentNames, documents } from '../../statemachines/documents/assemble.ts';

const folder = new URL('../../statemachines/documents/windows/', import.meta.url);
const scripts = readdirSync(folder);
let parser: Parser;

beforeAll(async () => {
  await Parser.init();
  parser = new Parser();
  const grammar = createRequire(import.meta.url).resolve('tree-sitter-powershell/tree-sitter-powershell.wasm');
  parser.setLanguage(await Language.load(readFileSync(grammar)));
});

/** `line: text` of everything in a script that is not PowerShell. */
function errorsIn(text: string): string[] {
  const tree = parser.parse(text);
  if (tree === null) return ['not parsed'];
  const found: string[] = [];
  const visit = (node: Node): void => {
    if (node.isError || node.isMissing) found.push(`${node.startPosition.row + 1}: ${node.text.slice(0, 60)}`);
    else if (node.hasError) node.children.forEach((child) => child !== null && visit(child));
  };
  visit(tree.rootNode);
  return found;
}

describe('PowerShell scripts', () => {
  it('sees an error where there is one', () => {
    expect(errorsIn('if ($a { Write-Output 1 }')).not.toEqual([]);
  });

  it.each(scripts)('%s is PowerShell', (name) => {
    expect(errorsIn(readFileSync(new URL(name, folder), 'utf8'))).toEqual([]);
  });

  it.each(documentNames.filter((name) => documents[name].os === 'windows'))('every step of %s is PowerShell as it is sent', (name) => {
    const scripted = assembleDocument(name).mainSteps.flatMap(({ inputs }) => (inputs.runCommand ? [inputs.runCommand.join('\n')] : []));
    expect(scripted.flatMap(errorsIn)).toEqual([]);
  });

  it.each(scripts)('%s writes and reads times the same way in every language', (name) => {
    const text = readFileSync(new URL(name, folder), 'utf8');
    // In a format of one's own `:` stands for the language's separator and the year for its calendar's (.NET, "Custom date and time format strings").
    expect(text.match(/\.ToString\((?!'s'\)|\))[^)]*\)/gu) ?? []).toEqual([]);
    expect(text.match(/\[DateTime\]::Parse\(.*/gu)?.filter((call) => !call.includes('InvariantCulture')) ?? []).toEqual([]);
  });

  it.each(scripts)('%s says that it has not yet run on Windows', (name) => {
    expect(readFileSync(new URL(name, folder), 'utf8')).toMatch(/^# Not yet run on Windows/u);
  });

  it.each(scripts)('%s is plain ASCII, since Windows PowerShell would guess another encoding', (name) => {
    expect(readFileSync(new URL(name, folder), 'utf8')).toMatch(/^[\t\n\x20-\x7e]*$/u);
  });
});
