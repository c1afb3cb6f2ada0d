/** Parts of a terminal's screen that change while work goes on, drawn by listr2. */
import { EOL } from 'node:os';
import { Listr, ListrDefaultRendererLogLevels as Level, ListrLogger, ProcessOutput } from 'listr2';
import type { Paint } from './paint.ts';

export interface Live {
  /** New lines of a part; each begins with two spaces. */
  set(part: number, lines: string[]): void;
  /** A part that will not change any more. Only the first part that is not over has the spinner. */
  over(part: number): void;
  /** Leaves everything on the screen as it stands. */
  end(): Promise<void>;
}

/**
 * listr2 would keep back whatever else the process writes, and hide the cursor in a way that an interrupt does not undo. Neither is
 * wanted here: log-update below it hides the cursor, and brings it back on any exit.
 */
class OpenOutput extends ProcessOutput {
  override hijack(): void {}
  override release(): void {}
}

/** Icons take the place of the two spaces that every line begins with; only work under way has a moving one. */
const ICONS = { [Level.COMPLETED]: ' ', [Level.WAITING]: ' ', [Level.FAILED]: ' ', [Level.PENDING]: ' ' };

const same = (icon = '') => icon;
const NO_COLOURS = { [Level.COMPLETED]: same, [Level.WAITING]: same, [Level.FAILED]: same };

/** Begins to draw `parts` under each other on `stream`, which must be a terminal. */
export function createLive(stream: NodeJS.WriteStream, paint: Paint, parts: string[][]): Live {
  const finish: (() => void)[] = [];
  const gates = parts.map((_part, index) => new Promise<void>((resolve) => (finish[index] = resolve)));
  const logger = new ListrLogger<Level>({ useIcons: true, toStderr: [], processOutput: new OpenOutput(stream, stream) });
  const options = {
    logger,
    icon: ICONS,
    color: { ...NO_COLOURS, [Level.PENDING]: (icon = '') => paint.cyan(icon) },
    formatOutput: 'wrap' as const,
  };
  const listr = new Listr(
    parts.map((lines, index) => ({ title: titleOf(lines), task: () => gates[index] })),
    // listr2 asks `process.stdout` whether it is a terminal; ours may be standard error.
    {
      renderer: 'default',
      rendererOptions: options,
      fallbackRenderer: 'default',
      fallbackRendererOptions: options,
      registerSignalListeners: false,
    },
  );
  const done = listr.run();
  return {
    set(part, lines) {
      const task = listr.tasks[part];
      if (task) task.title$ = titleOf(lines);
    },
    over: (part) => finish[part]?.(),
    async end() {
      for (const resolve of finish) resolve();
      await done;
    },
  };
}

function titleOf(lines: string[]): string {
  return lines.map((line) => line.slice(2)).join(EOL) || ' ';
}
