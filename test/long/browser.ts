/**
 * A real browser for the tests of pages: Chromium out of two npm packages that `npm start` never installs (80 MB). Its shared libraries and
 * its fonts come out of the package too (README of @sparticuz/chromium: al2023.tar.br, fonts.tar.br), so that it needs nothing of the
 * machine and looks the same on all of them.
 */
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const FOLDER = resolve('.build/browser');
/** What installs it, from the repository's folder; `.ci/run` does. */
export const INSTALL = 'npm install --no-save --prefix .build/browser playwright-core@1.65.1 @sparticuz/chromium@153.0.0';
/** A Chromium of the machine instead, where the package has none: it is for Linux on x86_64 only. */
const OWN = process.env.WAVELOCK_CHROMIUM;

/** The parts of Playwright's API that the tests use. */
export interface Page {
  goto(url: string): Promise<unknown>;
  evaluate<T>(expression: string): Promise<T>;
  addInitScript(script: { path: string }): Promise<unknown>;
  emulateMedia(media: { media?: 'print' | 'screen'; colorScheme?: 'light' | 'dark' }): Promise<void>;
  setViewportSize(size: Size): Promise<void>;
  screenshot(options: { path: string; fullPage?: boolean }): Promise<unknown>;
  pdf(options: { preferCSSPageSize: boolean }): Promise<Buffer>;
  click(selector: string): Promise<void>;
  fill(selector: string, text: string): Promise<void>;
  focus(selector: string): Promise<void>;
  keyboard: { press(key: string): Promise<void> };
  on(event: 'console', take: (message: { type(): string; text(): string }) => void): unknown;
  on(event: 'pageerror', take: (error: Error) => void): unknown;
  on(event: 'request', take: (request: { url(): string }) => void): unknown;
  close(): Promise<void>;
}

export interface Size {
  width: number;
  height: number;
}

export interface Browser {
  newPage(options: { viewport: Size; colorScheme?: 'light' | 'dark' }): Promise<Page>;
  close(): Promise<void>;
}

interface Playwright {
  chromium: { launch(options: { executablePath: string; args: string[]; env: Record<string, string> }): Promise<Browser> };
}

interface Chromium {
  inflate: (archive: string) => Promise<string>;
}

/** Where the packages are, or why there is no browser, with what to do about it. */
export function findBrowser(): { why?: string } {
  const suits = OWN !== undefined || (process.platform === 'linux' && process.arch === 'x64');
  if (!suits)
    return {
      why: `pages are not tested in a browser: the package has one for Linux on x86_64 only; install a Chromium and name it in WAVELOCK_CHROMIUM, then ${INSTALL}`,
    };
  if (!existsSync(join(FOLDER, 'node_modules', 'playwright-core')))
    return { why: `pages are not tested in a browser: it is not installed; ${INSTALL}` };
  return {};
}

/** Starts it. */
export async function openBrowser(): Promise<Browser> {
  const require = createRequire(join(FOLDER, 'package.json'));
  const load = async <T>(name: string): Promise<T> => (await import(pathToFileURL(require.resolve(name)).href)) as T;
  const { chromium } = (await load<{ default: Playwright }>('playwright-core')).default;
  const home = join(FOLDER, 'home');
  mkdirSync(home, { recursive: true });
  // Without its sandbox: it shows files that were made here, also as root and where a machine forbids namespaces.
  const args = ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--font-render-hinting=none'];
  if (OWN !== undefined) return chromium.launch({ executablePath: OWN, args, env: { HOME: home } });
  const unpacked = await unpack(await load<Chromium>('@sparticuz/chromium'), dirname(require.resolve('@sparticuz/chromium')));
  const env = { HOME: home, LD_LIBRARY_PATH: join(unpacked, 'al2023', 'lib'), FONTCONFIG_FILE: join(unpacked, 'fonts.conf') };
  return chromium.launch({ executablePath: join(unpacked, 'chromium'), args, env });
}

/** Unpacks once, to a folder that appears as a whole: half of one would be taken for all of it the next time. */
async function unpack({ inflate }: Chromium, code: string): Promise<string> {
  const done = join(FOLDER, 'unpacked');
  if (existsSync(done)) return done;
  const making = mkdtempSync(join(FOLDER, 'making-'));
  const before = process.env.TMPDIR;
  // The package unpacks to the machine's folder for temporary files, under names that anybody may have taken.
  process.env.TMPDIR = making;
  try {
    for (const archive of ['chromium.br', 'al2023.tar.br', 'fonts.tar.br']) await inflate(join(code, '..', 'bin', archive));
  } finally {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
  }
  writeFileSync(
    join(making, 'fonts.conf'),
    `<?xml version="1.0"?><fontconfig><dir>${done}/fonts/fonts</dir><cachedir>${done}/cache</cachedir></fontconfig>`,
  );
  if (existsSync(done)) rmSync(making, { recursive: true });
  else renameSync(making, done);
  return done;
}
