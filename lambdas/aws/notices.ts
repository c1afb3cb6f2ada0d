/** Tells people, through one SNS topic an audience: e-mail gets the text, notify-slack the blocks. */
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import type { NoticeEvent } from '../core/model.ts';
import type { Notice } from '../core/notices.ts';
import type { ReadSetting } from './settings.ts';

export interface Notices {
  publish(audience: string, notice: Notice, about: { event: NoticeEvent; rollout: string; wave: string }): Promise<void>;
}

export function createNotices(setting: ReadSetting): Notices {
  const sns = new SNSClient({});
  return {
    async publish(audience, notice, about) {
      const TopicArn = setting('TOPICS')[audience];
      if (!TopicArn) return;
      const lambda = JSON.stringify({ audience, ...notice.slack });
      await sns.send(
        new PublishCommand({
          TopicArn,
          Subject: notice.subject,
          MessageStructure: 'json',
          Message: JSON.stringify({ default: notice.text, email: notice.text, lambda }),
          MessageAttributes: Object.fromEntries(
            // SNS takes no empty values: an alert has no wave, and some have no rollout.
            Object.entries({ audience, ...about })
              .filter(([, value]) => value !== '')
              .map(([key, value]) => [key, { DataType: 'String', StringValue: value }]),
          ),
        }),
      );
    },
  };
}
