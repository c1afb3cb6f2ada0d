/** The RUN block: what each wave has come to, from the messages about it. A terminal shows it while it runs, a pipe afterwards. */
import { formatDuration, formatLocal } from '../../lambdas/core/calendar-text.ts';
import { limitWords, outcomeTotal, outcomeWords, timezoneOf, untouched } from './facts.ts';
import { nameWidth } from './plan.ts';
import { amount, clip, grouped, plain, wrap } from './text.ts';
import { span } from './times.ts';
import type { RunDocument, WorldMessage } from '../run/messages.ts';
import type { Plan } from '../../lambdas/core/plan.ts';
import type { Drawing } from './plan.ts';

type WaveMessage = Extract<WorldMessage, { type: 'wave' }>;

/** Cells of a bar; on a narrow terminal the virtual time stands beside it only where the bar is shorter. */
const CELLS = { wide: 20, narrow: 10 };
const WIDE = 90;
/** Two spaces and `12/12`. */
const COUNT_WIDTH = 7;
/** Widths at the right margin: the virtual time, then the verdict. */
const TIME_WIDTH = 22;
const VERDICT_WIDTH = 6;
const REASONS_SHOWN = 4;
/** A reason that only counts outcomes: the run line has them already. */
const COUNTS = /^[a-z-]+ \d+(, [a-z-]+ \d+)*$/;
const VERDICTS: Record<string, string> = { pass: 'PASS', fail: 'FAIL', inconclusive: 'HELD' };

interface WaveState {
  name: string;
  total: number;
  /** The newest message about it. */
  last: WaveMessage | undefined;
  /** Virtual instants (ms) at which its nodes' work began and was over. */
  began: number | undefined;
  over: number | undefined;
  soaked: boolean;
  notes: string[];
}

export interface Board {
  /** Takes a message in. Answers what has changed in substance: the work is `over`, the wave is `held`, it has `ended`. */
  update(message: WaveMessage): ('over' | 'held' | 'ended')[];
  /** Takes a note under a wave and answers its lines. */
  note(wave: string, text: string): string[];
  /** Everything about one wave as it stands, for a terminal. */
  waveLines(wave: string): string[];
  /** The line with the bar and the counts. */
  runLines(wave: string): string[];
  /** Verdict and reasons. */
  verdictLines(wave: string): string[];
  /** For a wave that was never run. Empty for any other. */
  notRunLines(wave: string, document: RunDocument): string[];
}

/** A board for the waves of a plan. Messages about waves that the plan does not know are an error of ours and throw. */
export function createBoard(plan: Plan, drawing: Drawing): Board {
  const waves = new Map(plan.waves.map((wave) => [wave.name, emptyState(wave.name, wave.nodes.length)]));
  const stateOf = (name: string): WaveState => {
    const state = waves.get(name);
    if (!state) throw new Error(`a message about wave ${name}, which the plan does not know`);
    return state;
  };
  const lines = new WaveLines(plan, drawing);
  return {
    update: (message) => take(stateOf(message.wave), message),
    note(wave, text) {
      const made = noteLines(text, drawing);
      stateOf(wave).notes.push(...made);
      return made;
    },
    waveLines: (name) => lines.all(stateOf(name)),
    runLines: (name) => lines.run(stateOf(name)),
    verdictLines: (name) => lines.verdict(stateOf(name)),
    notRunLines: (name, document) => lines.notRun(stateOf(name), document),
  };
}

function emptyState(name: string, total: number): WaveState {
  return { name, total, last: undefined, began: undefined, over: undefined, soaked: false, notes: [] };
}

function take(state: WaveState, message: WaveMessage): ('over' | 'held' | 'ended')[] {
  const changes: ('over' | 'held' | 'ended')[] = [];
  if (message.verdict === 'not-run') return changes;
  const before = state.last?.state;
  // Short waves are over before anybody has looked: then only their nodes tell when they were in work.
  if (message.work) state.began = Math.min(message.work.from, state.began ?? Infinity);
  else if (message.state === 'running') state.began ??= message.at;
  const begun = state.began !== undefined || message.state === 'ended';
  if (begun && state.over === undefined && message.state !== 'running' && message.state !== 'waiting') {
    state.over = message.work?.to ?? message.at;
    changes.push('over');
  }
  if (message.state === 'soaking') state.soaked = true;
  if (message.state === 'held' && before !== 'held') changes.push('held');
  if (message.state === 'ended' && before !== 'ended') changes.push('ended');
  state.total = message.total;
  state.last = message;
  return changes;
}

/** Draws a wave's state. */
class WaveLines {
  private readonly names: number;
  private readonly counts: number;
  private readonly timezone: string;

  constructor(
    private readonly plan: Plan,
    private readonly drawing: Drawing,
  ) {
    this.names = nameWidth(plan);
    this.counts = Math.max(COUNT_WIDTH, ...plan.waves.map(({ nodes }) => 2 * grouped(nodes.length).length + 3));
    this.timezone = timezoneOf(plan);
  }

  all(state: WaveState): string[] {
    if (!state.last) return [`  ${this.drawing.paint.dim(`${state.name.padEnd(this.names)}${amount(state.total, 'node')}`)}`];
    return [...this.run(state), ...state.notes, ...this.verdict(state)];
  }

  run(state: WaveState): string[] {
    const { last } = state;
    if (!last) return [];
    const done = outcomeTotal(last.outcomes);
    const count = ` ${grouped(done)}/${grouped(state.total)}`.padStart(this.counts);
    const waits = last.state === 'waiting' && state.began === undefined;
    const bar = barOf(done, state.total, this.drawing.width < WIDE ? CELLS.narrow : CELLS.wide);
    const lead = `  ${state.name.padEnd(this.names)}${bar}${count}  `;
    const words = waits ? 'waits for its window' : outcomeWords(last.outcomes);
    const at = waits ? this.moment(last.until) : this.span(state, last.at);
    const room = this.left() - lead.length;
    const painted = `  ${state.name.padEnd(this.names)}${this.drawing.paint.cyan(bar)}${count}  `;
    if (words.length <= room) return [`${painted}${words.padEnd(room)}  ${at}`.trimEnd()];
    const [first = '', ...rest] = wrapCounts(words, this.drawing.width - lead.length);
    return [`${painted}${first}`, ...rest.map((line) => ' '.repeat(lead.length) + line), `${' '.repeat(this.left())}  ${at}`.trimEnd()];
  }

  verdict(state: WaveState): string[] {
    const { last } = state;
    if (!last) return [];
    const until = this.moment(last.until);
    if (last.state === 'soaking') return [`    soak ${this.soakOf(state.name)}${until === '' ? '' : `, until ${until}`}: then judged again`];
    if (last.state === 'verifying') return ['    asks the nodes again what they have'];
    if (last.state === 'waiting' && state.began !== undefined)
      return [`    waits for its next window${until === '' ? '' : `, which opens ${until}`}`];
    if (last.state === 'held') return this.judged(state, last, 'HELD');
    return last.state === 'ended' ? this.judged(state, last, VERDICTS[last.verdict ?? ''] ?? clip(plain(last.verdict ?? ''), 4).toUpperCase()) : [];
  }

  notRun(state: WaveState, document: RunDocument): string[] {
    if (state.last?.state === 'ended' || state.began !== undefined) return [];
    const words = untouched(document, state.name)
      ? `no command was sent to any of its ${amount(state.total, 'node')}`
      : 'commands were sent, but none that patches';
    return [`  ${state.name.padEnd(this.names)}${this.drawing.paint.bold('not run')}   ${words}`];
  }

  private judged(state: WaveState, last: WaveMessage, verdict: string): string[] {
    const { paint } = this.drawing;
    const [reason = '', ...others] = (last.reasons ?? []).map(plain);
    const soak = state.soaked ? `soak ${this.soakOf(state.name)}, judged again: ` : '';
    const words =
      COUNTS.test(reason) && verdict === 'PASS' ? limitWords(this.plan, { name: state.name, nodes: state.total, outcomes: last.outcomes }) : reason;
    const [first = '', ...rest] = wrap(`${soak}${words}`, this.left() - 4);
    const shown = others.slice(0, REASONS_SHOWN - 1).flatMap((text) => wrap(text, this.drawing.width - 6));
    const more = others.length >= REASONS_SHOWN ? [`and ${others.length - REASONS_SHOWN + 1} more reasons, in the report`] : [];
    const colour = { PASS: paint.green, FAIL: paint.red, HELD: paint.yellow }[verdict] ?? paint.bold;
    const time = formatLocal(last.at, this.timezone).padEnd(TIME_WIDTH);
    return [`    ${first.padEnd(this.left() - 4)}  ${time}  ${colour(verdict)}`, ...[...rest, ...shown, ...more].map((line) => `    ${line}`)];
  }

  private moment(at: number | undefined): string {
    return at === undefined ? '' : formatLocal(at, this.timezone);
  }

  /** When its nodes were in work, so far. */
  private span({ began, over }: WaveState, now: number): string {
    return began === undefined ? '' : span(began, over ?? now, this.timezone);
  }

  private soakOf(wave: string): string {
    return formatDuration(this.plan.policy.waves.find((rules) => rules.name === wave)?.soak ?? 0);
  }

  /** Characters left of the column with the virtual time. */
  private left(): number {
    return this.drawing.width - TIME_WIDTH - VERDICT_WIDTH - 2;
  }
}

/** `! …`: something went wrong on the way and was handled, or wants to be known. */
export function noteLines(text: string, { paint, width }: Drawing): string[] {
  return wrap(`! ${plain(text)}`, width - 6).map((line, index) => `${index === 0 ? '    ' : '      '}${paint.yellow(line)}`);
}

/** Wraps counts of outcomes so that a number stays with its word. */
function wrapCounts(words: string, width: number): string[] {
  return wrap(words.replaceAll(/ (?=\d)/g, '\u00a0'), width).map((line) => line.replaceAll('\u00a0', ' '));
}

/** The last cell fills only with the last node: a bar that looks full is. */
function barOf(done: number, total: number, cells: number): string {
  const filled = total === 0 || done >= total ? cells : Math.min(cells - 1, Math.floor((done * cells) / total));
  return '█'.repeat(filled) + '░'.repeat(cells - filled);
}
