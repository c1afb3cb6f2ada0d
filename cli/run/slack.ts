/** Slack, as far as a laptop has it: a webhook on loopback that keeps what was posted to it. */
import { createServer } from 'node:http';

export interface SlackPost {
  path: string;
  text: string;
  blocks: { text: { text: string } }[];
}

export interface SlackRecorder {
  url: string;
  posts: SlackPost[];
  close(): Promise<void>;
}

/** Starts it. Posts are answered `ok`, as Slack does (Slack API, "Incoming webhooks"). */
export async function createSlackRecorder(): Promise<SlackRecorder> {
  const posts: SlackPost[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { text, blocks } = JSON.parse(Buffer.concat(chunks).toString('utf8')) as Omit<SlackPost, 'path'>;
      posts.push({ path: request.url ?? '', text, blocks });
      response.end('ok');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  return {
    url: `http://127.0.0.1:${port}`,
    posts,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
