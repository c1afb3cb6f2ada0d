import { readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import path from 'node:path';
import { compileFunction } from 'node:vm';

/** What a function's code sees as its world: the names below, in place of the process's own. */
export interface CodeGlobals {
  process: object;
  console: object;
  globalThis: object;
  setTimeout: unknown;
  clearTimeout: unknown;
  setInterval: unknown;
  clearInterval: unknown;
  setImmediate: unknown;
  require: (name: string) => unknown;
  /** Stands in for `import()` of Node's own modules. */
  importModule: (name: string) => Promise<unknown>;
}

/** A function's bundle, compiled once for all its environments. */
export interface Code {
  /** Evaluates the bundle anew and gives its exports. */
  evaluate(globals: CodeGlobals): Record<string, unknown>;
  /** Name of the exported handler. */
  handler: string;
}

/** A failure to load code, with the error type that Lambda gives it. */
export class LoadError extends Error {
  constructor(
    readonly errorType: string,
    message: string,
    cause?: unknown,
  ) {
    super(message, { cause });
    this.name = errorType;
  }
}

const parameters = [
  'exports',
  'require',
  'module',
  '__filename',
  '__dirname',
  'process',
  'console',
  'global',
  'globalThis',
  'setTimeout',
  'clearTimeout',
  'setInterval',
  'clearInterval',
  'setImmediate',
  '__importModule',
];

type Evaluate = (...values: unknown[]) => void;

const modules = builtinModules.filter((name) => !name.startsWith('_')).join('|');

/** `import("node:http")` in a CommonJS bundle. Node's vm can't resolve it without a flag, so it is turned into a call. */
const builtinImport = new RegExp(`\\bimport\\(\\s*(["'])((?:node:)?(?:${modules}))\\1\\s*\\)`, 'g');

/**
 * Compiles `index.js` (or `.cjs`) of a code directory. `handler` is `file.export`, as in Lambda's setting.
 *
 * @param source the file's text, where it lies in no directory
 * @throws LoadError with Lambda's `Runtime.*` types when the file is missing or no JavaScript
 */
export function compileCode(codeDirectory: string, handler: string, source?: string): Code {
  const at = handler.lastIndexOf('.');
  if (at <= 0) throw new LoadError('Runtime.MalformedHandlerName', `Bad handler ${handler}`);
  const [file, name] = [handler.slice(0, at), handler.slice(at + 1)];
  // Paths in stack traces are Lambda's: the same run gives the same traces on every machine.
  const shown = `/var/task/${file}.js`;
  const evaluate = source === undefined ? compiledOnce(codeDirectory, file, shown) : compile(source, shown);
  return {
    handler: name,
    evaluate(globals) {
      const module = { exports: {} as Record<string, unknown> };
      const { process, console, globalThis: world, setTimeout, clearTimeout, setInterval, clearInterval, setImmediate } = globals;
      evaluate(
        module.exports,
        globals.require,
        module,
        shown,
        path.dirname(shown),
        process,
        console,
        world,
        world,
        setTimeout,
        clearTimeout,
        setInterval,
        clearInterval,
        setImmediate,
        globals.importModule,
      );
      return module.exports;
    },
  };
}

/** Functions often share one bundle: a file is compiled once in a process, and its code is warm for all of them. */
const compiled = new Map<string, Evaluate>();

function compiledOnce(directory: string, file: string, shown: string): Evaluate {
  const key = path.resolve(directory, file);
  const known = compiled.get(key) ?? compile(readSource(directory, file), shown);
  compiled.set(key, known);
  return known;
}

/** The file that a handler lies in. @throws LoadError when it is missing */
export function readSource(directory: string, file: string): string {
  for (const extension of ['.js', '.cjs']) {
    try {
      return readFileSync(path.join(directory, file + extension), 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  throw new LoadError('Runtime.ImportModuleError', `Error: Cannot find module '${file}'`);
}

function compile(source: string, filename: string): Evaluate {
  try {
    return compileFunction(source.replace(builtinImport, '__importModule("$2")'), parameters, { filename }) as Evaluate;
  } catch (error) {
    throw new LoadError('Runtime.UserCodeSyntaxError', String(error), error);
  }
}
