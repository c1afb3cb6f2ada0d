/** The messages that a run sent, for reading in a terminal. */
import { WIDEST, amount, layout, plain, wrap } from './text.ts';
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
  const subject = first.subject === '' ? [] : [...wrap(`Subject: ${plain(first.subject)}`, WIDEST - 4), ''];
  const text = [...subject, ...layout(first.body, WIDEST - 4)].map((line) => `    ${line}`.trimEnd());
  return [`== ${first.event}, ${by} to ${audiences}${about}`, ...text];
}
