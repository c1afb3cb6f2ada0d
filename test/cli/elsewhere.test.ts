import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';

it('the command works from any folder, not only from its own', () => {
  const folder = mkdtempSync(join(tmpdir(), 'wavelock-elsewhere-'));
  const { status, stderr } = spawnSync(process.execPath, [resolve('cli/bin.mjs'), 'why', 'web-t1'], { cwd: folder, encoding: 'utf8' });
  rmSync(folder, { recursive: true });
  expect(stderr).toContain('run `npm start` first');
  expect(status).toBe(2);
});
