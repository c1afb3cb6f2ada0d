/** Why a package stands as it does, in one sentence for people. */
import { channelWords } from './channels.ts';
import type { Item } from './items.ts';
import type { Row } from './knowledge.ts';

function has(item: Item): string {
  return `${item.name} ${item.version} is installed`;
}

/** `openssl 3.0.13 (source)` where the fix is that of a source package. */
function fix(row: Row): string {
  return row.kind === 'source' ? `${row.fixedVersion} of source ${row.package}` : `${row.fixedVersion}`;
}

export function fixed(item: Item, row: Row): string {
  return `${has(item)}, which is at or above ${fix(row)}`;
}

export function exposed(item: Item, row: Row): string {
  return `${has(item)}, the fix is ${fix(row)}`;
}

export function probable(item: Item, row: Row): string {
  const source = row.kind === 'source' && item.guessed ? ', and the package is taken for its own source' : '';
  return `${item.name} ${item.version} is listed, the fix is ${fix(row)}; the inventory does not tell removed packages from installed ones${source}`;
}

export function awaiting(item: Item): string {
  return `${has(item)}, and the vendor has no fix yet`;
}

export function unreadable(item: Item, row: Row): string {
  const mine = row.kind === 'source' ? item.readSource : item.read;
  const text = mine === undefined ? (row.kind === 'source' ? (item.sourceVersion ?? item.version) : item.version) : `${row.fixedVersion}`;
  return `${has(item)}, the fix is ${fix(row)}: “${text}” cannot be read as a version`;
}

export function otherBuild(item: Item, row: Row): string {
  return `${has(item)}, which is a ${item.build} build; the advisory fixes the plain build in ${fix(row)}, and no advisory speaks of the ${item.build} build`;
}

export function otherStream(item: Item, row: Row): string {
  return `${has(item)}; the advisory fixes ${row.module ?? 'a stream of the module'} in ${fix(row)}, and which stream this node follows is not known`;
}

export function entitlement(item: Item, row: Row, known: boolean): string {
  return `${has(item)}; the fix ${fix(row)} is in ${channelWords(row.channel ?? '')}, which this node ${known ? 'does not have' : 'is not known to have'}`;
}

export function rebootPending(item: Item, row: Row, running: string): string {
  return `${item.name} ${item.version} has the fix ${fix(row)}, but the node still runs ${running}`;
}

export function lockedToLine(item: Item, row: Row, line: string): string {
  return `${has(item)}; a fix exists (${fix(row)}), but the node is locked to ${channelWords(line)}`;
}

export function lockedUntil(item: Item, row: Row, held: string, first: string): string {
  return `${has(item)}; a fix exists (${fix(row)}, first in ${first}), but the node is locked to ${held}`;
}

export function lockedSince(item: Item, row: Row, held: string, published: string): string {
  return `${has(item)}; a fix exists (${fix(row)}, out since ${published}), but the node is locked to ${held}`;
}
