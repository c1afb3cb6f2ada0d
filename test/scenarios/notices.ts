/** What notices say. */
import type { NoticeDocument, RunDocument } from '../../cli/run/messages.ts';

/** Every notice asks for something, if only for nothing. Slack's is bold. */
export const NEEDED = /\*?Needed from you:\*? \S+/;

/** Notices of one audience, as `channel event wave`. */
export function toldTo({ notices }: RunDocument, audience: string): string[] {
  return notices.filter((notice) => notice.audience === audience).map(({ channel, event, wave }) => `${channel} ${event} ${wave}`);
}

export function noticeOf({ notices }: RunDocument, channel: NoticeDocument['channel'], event: NoticeDocument['event']): NoticeDocument | undefined {
  return notices.find((notice) => notice.channel === channel && notice.event === event && notice.audience === 'linux-ops');
}
