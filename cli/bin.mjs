#!/usr/bin/env node
// The way in, in plain JavaScript, because on a fresh clone nothing is installed yet: installs what is missing, then hands over.
//   node cli/bin.mjs run …        the `wavelock` command (cli/main.ts)
//   node cli/bin.mjs exec TOOL …  a tool from node_modules/.bin, as npm's scripts use it
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const lockFile = join(root, 'package-lock.json');
const stamp = join(root, 'node_modules', '.wavelock-installed');

function requireNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  console.error(`wavelock needs Node.js 20.19 or later, this is ${process.version}. See https://nodejs.org`);
  process.exit(2);
}

/** npm's own check takes seconds; the lock file's hash in a stamp takes none. */
function install() {
  const wanted = createHash('sha256').update(readFileSync(lockFile)).digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  console.error('wavelock: installing its packages, once (about 30 s) …');
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  // Not `npm ci`: it wants every optional platform package in the lock file, and registries' mirrors do not carry them all. `--no-save`
  // installs what the lock file says, with its checksums, and leaves the file as it is.
  const done = spawnSync(npm, ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: root, stdio: ['ignore', 2, 2], shell: process.platform === 'win32' });
  if (done.status !== 0) {
    console.error('wavelock: npm install failed, see above. Is the npm registry reachable?');
    process.exit(1);
  }
  writeFileSync(stamp, wanted);
}

/** Runs Node.js with the same terminal, and ends as it ends. */
function hand(args) {
  // The SDK announces the end of its Node.js 20 support at each start of each client; package-lock.json pins versions that still support it.
  const env = { ...process.env, AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true', CDK_DISABLE_CLI_TELEMETRY: 'true', TZ: 'UTC' };
  const child = spawn(process.execPath, args, { stdio: 'inherit', env });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => process.exit(signal ? 128 + constants.signals[signal] : (code ?? 1)));
}

requireNode();
install();
const [command, ...rest] = process.argv.slice(2);
if (command === 'exec') {
  const [tool, ...args] = rest;
  hand([join(root, 'node_modules', '.bin', tool ?? ''), ...args]);
} else {
  // Named by its place: `--import tsx` would look for it from the folder that the command is started in.
  hand(['--import', import.meta.resolve('tsx'), join(root, 'cli', 'main.ts'), ...process.argv.slice(2)]);
}
