/** What a run's calls tell: commands that were sent, messages that were published. Looks at calls as they pass and changes nothing. */
import { parseBatchName } from '../../lambdas/core/names.ts';
import { clientToken } from '../../lambdas/aws/client-token.ts';
import { type Audience, NoticeEvent } from '../../lambdas/core/model.ts';
import { meansWords } from '../../lambdas/core/triggers/stand-in.ts';
import type { Form } from '../../lambdas/core/pin.ts';
import type { CallContext, Faults, Input } from '../../local/types.ts';
import type { NoticeDocument } from './messages.ts';
import type { SlackPost } from './slack.ts';

export interface SentCommand {
  /** As people read it: `Wavelock-Patch-Linux`, `function waf-block`, `runbook Corp-Isolate`. */
  document: string;
  batch: string;
  nodes: string[];
  /** Of what is no command. */
  by?: Form;
  /** Of a runbook, until its batch is known. */
  token?: string;
}

interface Published {
  audience: string;
  event: NoticeEvent;
  rollout: string;
  wave: string;
  subject: string;
  email: string;
  slack: string;
}

interface Mail {
  endpoint: string;
  subject: string;
  message: string;
}

export interface Watch {
  faults: Faults;
  /** True once after each function that moves a rollout on. */
  somethingHappened(): boolean;
  /** Whether a task has run. */
  ran(task: string): boolean;
  commands: SentCommand[];
  /** One entry for each message that a channel really took: a mail for each address. `people`: who has which. */
  notices(mails: readonly Mail[], posts: readonly SlackPost[], people: Readonly<Record<string, Audience>>): NoticeDocument[];
}

/** Tasks that may be the last before nothing more happens until a person acts. */
const URGENT = /^(StartRollouts|PlanRollout|AskPeople|ParkWave|CloseRollout)$/;
/** Real milliseconds between two looks at progress: more often nobody can read. */
const LOOK_MS = 700;

/** Tasks after which a rollout looks different from before. */
const MOVING = /(CloseIntake|StartRollouts|PlanRollout|AskPeople|OpenWave|LayOutRound|ParkWave|JudgeWave|SettleBatch|CloseRollout)/;

/** Watches the calls that the embedded AWS answers. */
export function createWatch(): Watch {
  const commands: SentCommand[] = [];
  const published: Published[] = [];
  const tasks = new Set<string>();
  let happened = false;
  let urgent = false;
  let looked = 0;
  return {
    commands,
    somethingHappened() {
      if (!happened || (!urgent && performance.now() - looked < LOOK_MS)) return false;
      happened = urgent = false;
      looked = performance.now();
      return true;
    },
    ran: (task) => tasks.has(task),
    faults: {
      call(when, context, input) {
        if (when !== 'after') return undefined;
        notePassed(context, input, commands, published);
        const task = context.operation === 'Invoke' ? MOVING.exec(String(input.FunctionName))?.[1] : undefined;
        if (task !== undefined) {
          tasks.add(task);
          happened = true;
          urgent ||= URGENT.test(task);
        }
        return undefined;
      },
    },
    notices: (mails, posts, people) => [...mailNotices(published, mails, people), ...slackNotices(published, posts)],
  };
}

function notePassed({ service, operation }: CallContext, input: Input, commands: SentCommand[], published: Published[]): void {
  if (service === 'ssm' && operation === 'SendCommand')
    commands.push({ document: input.DocumentName, batch: input.Comment ?? '', nodes: input.InstanceIds ?? [] });
  if (service === 'ssm' && operation === 'StartAutomationExecution') {
    const document = meansWords({ by: 'automation', name: input.DocumentName });
    commands.push({ document, batch: '', nodes: input.Targets?.[0]?.Values ?? [], by: 'automation', token: input.ClientToken });
  }
  if (service === 'lambda' && operation === 'Invoke') noteInvoked(input, commands);
  if (service !== 'sns' || operation !== 'Publish' || input.MessageStructure !== 'json') return;
  const attribute = (name: string): string => input.MessageAttributes?.[name]?.StringValue ?? '';
  const event = NoticeEvent.safeParse(attribute('event'));
  if (!event.success) return;
  const message = JSON.parse(input.Message) as { email: string; lambda: string };
  const slack = (JSON.parse(message.lambda) as { text: string }).text;
  published.push({
    audience: attribute('audience'),
    event: event.data,
    rollout: attribute('rollout'),
    wave: attribute('wave'),
    subject: input.Subject,
    email: message.email,
    slack,
  });
}

/** A function of the user's is told its batch; a runbook's batch is known by whoever sent it. */
function noteInvoked({ FunctionName, Payload }: Input, commands: SentCommand[]): void {
  const event = JSON.parse(Buffer.from(Payload ?? []).toString() || '{}') as {
    version?: unknown;
    id?: unknown;
    action?: unknown;
    nodes?: { id: string }[];
    batch?: unknown;
  };
  if (event.version === 1 && typeof event.id === 'string' && parseBatchName(event.id) && Array.isArray(event.nodes)) {
    commands.push({
      document: meansWords({ by: 'lambda', name: String(FunctionName) }),
      batch: event.id,
      nodes: event.nodes.map(({ id }) => id),
      by: 'lambda',
    });
  }
  if (typeof event.batch !== 'string') return;
  const token = clientToken(event.batch);
  const sent = commands.find((command) => command.batch === '' && command.token === token);
  if (sent) sent.batch = event.batch;
}

/** Mails that arrived, each with what was published: the same subject and text, to an audience of that address. An address hears it once. */
function mailNotices(published: Published[], mails: readonly Mail[], people: Readonly<Record<string, Audience>>): NoticeDocument[] {
  const left = published.flatMap((one) => (people[one.audience]?.email ?? []).map((address) => ({ ...one, address })));
  return mails.flatMap((mail): NoticeDocument[] => {
    const index = left.findIndex((one) => one.address === mail.endpoint && one.subject === mail.subject && one.email === mail.message);
    const [found] = index < 0 ? [] : left.splice(index, 1);
    return found ? [{ channel: 'email', ...aboutOf(found), subject: mail.subject, body: mail.message }] : [];
  });
}

/** Posts that arrived; each audience has a webhook path of its own, which ends in its name. */
function slackNotices(published: Published[], posts: readonly SlackPost[]): NoticeDocument[] {
  const left = [...published];
  return posts.flatMap((post): NoticeDocument[] => {
    const audience = decodeURIComponent(post.path.slice(post.path.lastIndexOf('/') + 1));
    const index = left.findIndex((one) => one.audience === audience && one.slack === post.text);
    const [found] = index < 0 ? [] : left.splice(index, 1);
    const body = post.blocks.map((block) => block.text.text).join('');
    return found ? [{ channel: 'slack', ...aboutOf(found), subject: post.text, body }] : [];
  });
}

function aboutOf({ audience, event, wave, rollout }: Published): Pick<NoticeDocument, 'audience' | 'event' | 'wave' | 'rollout'> {
  return { audience, event, wave, ...(rollout === '' ? {} : { rollout }) };
}

/** The rollout, of those given, that a batch belongs to. */
export function rolloutOf(batch: string, rollouts: readonly string[]): string | undefined {
  return rollouts.find((rollout) => waveOf(batch, rollout) !== '');
}

/** The wave of a rollout that a batch belongs to; empty for scans and other rollouts. */
export function waveOf(batch: string, rollout: string): string {
  const group = parseBatchName(batch)?.group ?? '';
  return group.startsWith(`${rollout}-`) ? group.slice(rollout.length + 1) : '';
}
