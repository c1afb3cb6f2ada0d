/** What people see of a run while it runs: live on a terminal, line by line on a pipe. */
import { createBoard, noteLines } from './board.ts';
import { endLines, nextLines } from './end.ts';
import { HEAD_PARTS, bootLines, coverageLines, feedLines, fleetLines, introLines, pendingLines, synthLines } from './head.ts';
import { createLive } from './live.ts';
import { createPaint } from './paint.ts';
import { planLines } from './plan.ts';
import { momentLines, timelineLines } from './story.ts';
import { WIDEST, layout } from './text.ts';
import type { WorldMessage } from '../run/messages.ts';
import type { Board } from './board.ts';
import type { HeadPart } from './head.ts';
import type { Live } from './live.ts';
import type { Drawing } from './plan.ts';

/** The template is being made, or was: how long `cdk synth` took, in milliseconds. */
export type SynthInfo = { state: 'start' } | { state: 'done'; milliseconds: number };

export interface ViewOptions {
  stream: NodeJS.WriteStream;
  /** Whether `stream` is a terminal: then what runs is drawn live. */
  tty: boolean;
  color: boolean;
  /** What goes wrong on purpose. */
  scenario?: string;
  /** The policy that the run is about, and the file's others. */
  policy?: string;
  others?: string[];
  /** The folder of the report, as the user named it. */
  out?: string;
}

export interface View {
  show(message: WorldMessage): void;
  synth(info: SynthInfo): void;
  /** Says why there is nothing to show: bad input, or an error of ours. */
  fail(text: string): void;
  /** Everything is written when this is done. Must be awaited before the process writes elsewhere or exits. */
  close(): Promise<void>;
}

/** The view of one run. Messages are drawn in the order in which they come. */
export function createView(options: ViewOptions): View {
  const drawing = { paint: createPaint(options.color), width: widthOf(options) };
  const writer = options.tty ? new LiveWriter(options.stream, drawing) : new PlainWriter(options.stream);
  const story = new Story(writer, drawing, options.out ?? 'out');
  // On a terminal a block must be finished before the next may be written, and that takes a moment.
  let queue = story.begin(options);
  const then = (job: () => Promise<void>) => {
    queue = queue.then(job);
  };
  return {
    show: (message) => then(() => story.show(message)),
    synth: (info) => then(() => story.synth(info)),
    fail: (text) => then(() => story.fail(text)),
    close: () => queue.then(() => writer.close()),
  };
}

/** Where lines go. A block is a list of named parts that are open until the next static lines. */
interface Writer {
  /** Static lines, under everything so far. */
  print(lines: string[]): Promise<void>;
  /** Opens a block with what its parts look like at first. */
  open(parts: Map<string, string[]>): Promise<void>;
  /** A part as it stands now, and what is new about it: a terminal shows the first, a pipe the second. */
  part(name: string, shown: { now: string[]; news: string[]; over: boolean }): void;
  close(): Promise<void>;
}

class PlainWriter implements Writer {
  constructor(private readonly stream: NodeJS.WriteStream) {}

  async print(lines: string[]): Promise<void> {
    if (lines.length > 0) this.stream.write(`${lines.join('\n')}\n`);
  }

  async open(): Promise<void> {}

  part(_name: string, { news }: { news: string[] }): void {
    if (news.length > 0) this.stream.write(`${news.join('\n')}\n`);
  }

  async close(): Promise<void> {}
}

class LiveWriter implements Writer {
  private live: Live | undefined;
  private names: string[] = [];

  constructor(
    private readonly stream: NodeJS.WriteStream,
    private readonly drawing: Drawing,
  ) {}

  async print(lines: string[]): Promise<void> {
    await this.close();
    if (lines.length > 0) this.stream.write(`${lines.join('\n')}\n`);
  }

  async open(parts: Map<string, string[]>): Promise<void> {
    await this.close();
    this.names = [...parts.keys()];
    this.live = createLive(this.stream, this.drawing.paint, [...parts.values()]);
  }

  part(name: string, { now, over }: { now: string[]; over: boolean }): void {
    const index = this.names.indexOf(name);
    this.live?.set(index, now);
    if (over) this.live?.over(index);
  }

  async close(): Promise<void> {
    await this.live?.end();
    this.live = undefined;
  }
}

/** Turns messages into blocks: head, PLAN, RUN, end. */
class Story {
  private board: Board | undefined;
  private waves: string[] = [];
  private synthTook: number | undefined;
  private current = '';
  private ran = new Set<string>();
  private early: string[] = [];
  private begun = false;
  private kept = new Map<string, string[]>();

  constructor(
    private readonly writer: Writer,
    private readonly drawing: Drawing,
    private readonly out: string,
  ) {}

  async begin(options: ViewOptions): Promise<void> {
    await this.writer.print(introLines(options, this.drawing.width));
    await this.writer.open(new Map(HEAD_PARTS.map((part) => [part, []])));
  }

  async synth(info: SynthInfo): Promise<void> {
    if (info.state === 'start') return this.pending('synth', 'makes the templates, as `cdk deploy` would');
    this.synthTook = info.milliseconds;
    this.pending('boot', 'starts the embedded AWS with them');
  }

  async show(message: WorldMessage): Promise<void> {
    const { width } = this.drawing;
    switch (message.type) {
      case 'booted':
        this.head('synth', synthLines(message, this.synthTook, width));
        this.head('boot', bootLines(message, width));
        return this.pending('feeds', 'takes in what the vendors say');
      case 'fleet':
        return this.head('fleet', fleetLines(message, width));
      case 'feeds':
        this.head('feeds', feedLines(message, width));
        return this.pending('scan', 'asks every node what it has');
      case 'coverage':
        return this.head('scan', coverageLines(message, width));
      case 'plan':
        return this.plan(message);
      case 'wave':
        return this.wave(message);
      case 'note':
        return this.note(message);
      case 'moment':
        return this.moment(message);
      case 'ended':
        return this.ended(message);
      case 'broken':
        return this.fail(`the run broke, by an error of ours: this is no verdict on any patch. ${message.message}`);
    }
  }

  async fail(text: string): Promise<void> {
    const { paint, width } = this.drawing;
    await this.writer.print(['', `  ${paint.red(paint.bold('ERROR'))}`, ...layout(text, width - 2).map((line) => `  ${line}`)]);
  }

  /** On a terminal, what is under way; a pipe only hears what came of it. */
  private pending(part: HeadPart, words: string): void {
    this.writer.part(part, { now: pendingLines(part, words), news: [], over: false });
  }

  private head(part: HeadPart, lines: string[]): void {
    this.writer.part(part, { now: lines, news: lines, over: true });
  }

  private async plan({ plan, planKey }: Extract<WorldMessage, { type: 'plan' }>): Promise<void> {
    const board = createBoard(plan, this.drawing);
    this.board = board;
    this.waves = plan.waves.map((wave) => wave.name);
    this.current = this.waves[0] ?? '';
    const title = `  ${this.drawing.paint.bold('RUN')}${' '.repeat(this.drawing.width - 33)}virtual time`;
    await this.writer.print(['', ...planLines(plan, planKey, this.drawing), '', title, ...this.early]);
    await this.writer.open(new Map(this.waves.map((wave) => [wave, board.waveLines(wave)])));
  }

  private wave(message: Extract<WorldMessage, { type: 'wave' }>): void {
    const board = this.boardFor(message.wave);
    const changes = board.update(message);
    this.current = message.wave;
    const news = changes.flatMap((change) =>
      change === 'over' ? [...board.runLines(message.wave), ...this.release(message.wave)] : board.verdictLines(message.wave),
    );
    if (changes.length > 0) this.ran.add(message.wave);
    this.writer.part(message.wave, { now: board.waveLines(message.wave), news, over: changes.includes('ended') });
  }

  /** What leads to a plan is told as it happens; from then on the waves tell it, and the timeline at the end tells all of it. */
  private async moment(message: Extract<WorldMessage, { type: 'moment' }>): Promise<void> {
    if (this.board) return;
    const title = this.begun ? [] : ['', `  ${this.drawing.paint.bold('STORY')}${' '.repeat(this.drawing.width - 19)}virtual UTC`];
    this.begun = true;
    await this.writer.print([...title, ...momentLines(message, this.drawing)]);
  }

  /** A note that names no wave of the plan stands under the wave that ran last; one before the plan stands above the waves. */
  private note(message: Extract<WorldMessage, { type: 'note' }>): void {
    const { board } = this;
    if (!board) {
      this.early.push(...noteLines(message.text, this.drawing));
      return;
    }
    const wave = this.waves.includes(message.wave) ? message.wave : this.current;
    const lines = board.note(wave, message.text);
    const told = this.ran.has(wave);
    if (!told) this.kept.set(wave, [...(this.kept.get(wave) ?? []), ...lines]);
    this.writer.part(wave, { now: board.waveLines(wave), news: told ? lines : [], over: false });
  }

  /** Notes that came before their wave had a line on the pipe. */
  private release(wave: string): string[] {
    const lines = this.kept.get(wave) ?? [];
    this.kept.delete(wave);
    return lines;
  }

  private async ended(message: Extract<WorldMessage, { type: 'ended' }>): Promise<void> {
    const { board } = this;
    for (const wave of this.waves.filter((name) => !this.ran.has(name))) {
      const lines = board?.notRunLines(wave, message.document) ?? [];
      const notes = this.release(wave);
      if (lines.length + notes.length > 0) this.writer.part(wave, { now: [...lines, ...notes], news: [...lines, ...notes], over: true });
    }
    const timeline = timelineLines(message.document, this.drawing);
    if (timeline.length > 0) await this.writer.print(['', ...timeline]);
    await this.writer.print(['', ...endLines(message, this.drawing), '', ...nextLines(message, this.out, this.drawing)]);
  }

  private boardFor(wave: string): Board {
    if (!this.board) throw new Error(`a message about wave ${wave} before the plan`);
    return this.board;
  }
}

/** Lines fit the terminal: listr2 breaks them at two characters less than `process.stdout` has, also where it draws on standard error. */
function widthOf({ stream, tty }: ViewOptions): number {
  if (!tty) return WIDEST;
  return Math.max(60, Math.min(WIDEST, (stream.columns ?? 80) - 2, (process.stdout.columns ?? 80) - 2));
}
