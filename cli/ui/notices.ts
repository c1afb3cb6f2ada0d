/** The messages that a run sent, for reading in a terminal. */
import { WIDEST, amount, plain, wrap } from './text.ts';
import type { NoticeDocument } from '../run/messages.ts';

/** One block a message: whom it went to, its subject, its text. The same text to several audiences is one block. */
export function noticeLines(notices: NoticeDocument[]): string[] {
  if (notices.length === 0) return ['No message went out.'];
  const blocks = [...groupSame(notices)].flatMap((group, index) => [...(index === 0 ? [] : ['']), ...blockLines(group)]);
  return [`${amount(notices.length, 'message')} went out.`, '', ...blocks];
}

/** Messages that say the same through the same channel, in the order in which the first of each went out. */
function groupSame(notices: NoticeDocument[]): Iterable<NoticeDocument[]> {
  const groups = new Map<string, NoticeDocument[]>();
  for (const notice of notices) {
    const key = JSON.stringify([notice.channel, notice.event, notice.wave, notice.subject, notice.body]);
    groups.set(key, [...(groups.get(key) ?? []), notice]);
  }
  return groups.values();
}

function blockLines(group: NoticeDocument[]): string[] {
  const [first] = group;
  if (!first) return [];
  const audiences = group.map((notice) => plain(notice.audience)).join(', ');
  const by = first.channel === 'email' ? 'e-mail' : 'Slack';
  const about = first.wave === '' ? '' : `, about wave ${plain(first.wave)}`;
  // Mail lines keep their own layout; only what is wider than the terminal is broken.
  const body = first.body.split('\n').flatMap((line) => {
    const text = line.replace(/^ */, '');
    const indent = ' '.repeat(line.length - text.length);
    return line.length <= WIDEST - 4 ? [indent + keepSpaces(text)] : wrap(plain(text), WIDEST - 4 - indent.length).map((part) => indent + part);
  });
  return [`== ${first.event}, ${by} to ${audiences}${about}`, ...wrap(`Subject: ${plain(first.subject)}`, WIDEST - 4), '', ...body].map((line, index) => (index === 0 ? line : `    ${line}`.trimEnd()));
}

/** Like `plain`, but columns made of spaces stay columns. */
function keepSpaces(text: string): string {
  return text.split(/( +)/).map((part) => (part.startsWith(' ') ? part : plain(part))).join('');
}
