/**
 * The order of Debian versions, `[epoch:]upstream[-revision]`, written from Debian Policy 5.6.12.
 * A missing epoch is 0, a missing revision equals `0`. What dpkg only warns about (an upstream version that starts with a letter, odd
 * characters) is compared; what dpkg refuses is no version.
 */
import { compareDigits } from './sign.ts';
import type { Sign } from './sign.ts';

const LIMIT = 256;
/** dpkg keeps an epoch in a C int. */
const MAX_EPOCH = 2_147_483_647;

interface DebVersion {
  epoch: number;
  upstream: string;
  revision: string;
}

/** Compares two versions as dpkg 1.21 does. `undefined` if one of them is no version. */
export function compareDeb(a: string, b: string): Sign | undefined {
  const left = parseDeb(a);
  const right = parseDeb(b);
  if (!left || !right) return undefined;
  if (left.epoch !== right.epoch) return left.epoch < right.epoch ? -1 : 1;
  return compareParts(left.upstream, right.upstream) || compareParts(left.revision, right.revision);
}

function parseDeb(padded: string): DebVersion | undefined {
  const text = padded.trim();
  if (text.length > LIMIT || !/^[!-~]+$/.test(text)) return undefined;
  const colon = text.indexOf(':');
  const epochText = colon < 0 ? '0' : text.slice(0, colon);
  if (!/^\d+$/.test(epochText) || Number(epochText) > MAX_EPOCH) return undefined;
  const rest = text.slice(colon + 1);
  const dash = rest.lastIndexOf('-');
  const upstream = dash < 0 ? rest : rest.slice(0, dash);
  const revision = dash < 0 ? '0' : rest.slice(dash + 1);
  return upstream === '' || revision === '' ? undefined : { epoch: Number(epochText), upstream, revision };
}

/** Pieces take turns: what is not a digit (character by character), then a number (by value; none counts as 0), and so on. */
function compareParts(a: string, b: string): Sign {
  const left = turns(a);
  const right = turns(b);
  for (let index = 0; index < Math.max(left.length, right.length); index += 1) {
    const [leftText, leftNumber] = left[index] ?? ['', ''];
    const [rightText, rightNumber] = right[index] ?? ['', ''];
    const sign = compareText(leftText, rightText) || compareDigits(leftNumber, rightNumber);
    if (sign !== 0) return sign;
  }
  return 0;
}

function turns(part: string): [string, string][] {
  return [...part.matchAll(/(\D*)(\d*)/g)].map(([, text = '', digits = '']) => [text, digits]);
}

function compareText(a: string, b: string): Sign {
  for (let index = 0; index < Math.max(a.length, b.length); index += 1) {
    const difference = weight(a[index]) - weight(b[index]);
    if (difference !== 0) return difference < 0 ? -1 : 1;
  }
  return 0;
}

/** `~` before the end, letters before everything else. */
function weight(character: string | undefined): number {
  if (character === undefined) return 0;
  if (character === '~') return -1;
  return character.charCodeAt(0) + (/[A-Za-z]/.test(character) ? 0 : 256);
}
