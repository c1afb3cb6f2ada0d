/** The scripts as text, and on the shells and awks that nodes have: dash, busybox, mawk, gawk. */
import { deepStrictEqual, equal } from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { assembleDocument, documentNames } from '../../../statemachines/documents/assemble.ts';
import type { Step } from '../../../statemachines/documents/assemble.ts';
import { unpackFrom } from '../cases.ts';
import { invoke } from './agent.ts';
import type { Checks } from './checks.ts';
import type { Root } from './root.ts';
import { lockOf, prepare, reportOf, scan } from './rpm-node.ts';

const app = (version: string) => ({ name: 'app', arch: 'x86_64', version });
const repository = fileURLToPath(new URL('../../../', import.meta.url));

export async function runTextCases(checks: Checks): Promise<void> {
  for (const path of shellScripts()) {
    await checks.check(`shellcheck is content with ${path}`, async () => {
      execFileSync('shellcheck', [join(repository, path)], { encoding: 'utf8' });
    });
  }
  await checks.check('shellcheck is content with every step as it is sent', async () => {
    for (const name of documentNames) {
      const { mainSteps } = assembleDocument(name);
      const library = libraryOf(mainSteps);
      for (const { action, inputs } of mainSteps) {
        if (action !== 'aws:runShellScript') continue;
        // What passes between spliced files is seen now; comments that switch single remarks off are gone.
        const input = `${(inputs.runCommand ?? []).map((text) => (isLoad(text) ? library : text)).join('\n')}\n`;
        execFileSync('shellcheck', ['--severity=warning', '--exclude=SC1090,SC2034,SC2046', '-'], { input, encoding: 'utf8' });
      }
    }
  });
}

/** What Claim leaves on the node for the steps after it. */
function libraryOf(steps: Step[]): string {
  const lines = steps.find(({ name }) => name === 'Claim')?.inputs.runCommand ?? [];
  const begin = lines.findIndex((line) => line.includes("<<'WAVELOCK_LIBRARY'"));
  return lines.slice(begin + 1, lines.indexOf('WAVELOCK_LIBRARY')).join('\n');
}

function isLoad(text: string): boolean {
  return text.startsWith('[ -f "$wl_home/$wl_batch/library.sh" ]');
}

function shellScripts(): string[] {
  return ['.ci', 'statemachines/documents'].flatMap((folder) =>
    readdirSync(join(repository, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.sh'))
      .map((name) => `${folder}/${name}`),
  );
}

export async function runShellCases(checks: Checks, root: Root): Promise<void> {
  await checks.check('rpm and our awk agree on which version is newer, in every awk', async () => {
    const pairs = versionPairs();
    const lua = pairs.map(([a, b]) => `print(rpm.vercmp("${a}", "${b}"), " ")`).join(' ');
    root.write('var/tmp/pairs', pairs.map(([a, b]) => `${a}\t${b}\n`).join(''));
    root.write('var/tmp/versions.sh', readFileSync(join(repository, 'statemachines/documents/linux/lib/versions.sh'), 'utf8'));
    root.write('var/tmp/vercmp.lua', lua.replaceAll('print(', 'io.write('));
    const expected = (await root.shell('rpm --eval \'%{lua:dofile("/var/tmp/vercmp.lua")}\'')).trim().split(/\s+/u);
    equal(expected.length, pairs.length);
    for (const awk of ['mawk', 'gawk', 'busybox awk']) {
      const compare = `${awk} -F '\\t' "$wl_awk_evr"'{ print evr($1, $2) }' /var/tmp/pairs`;
      const answers = await root.shell(`LC_ALL=C; export LC_ALL; . /var/tmp/versions.sh; ${compare}`);
      deepStrictEqual([awk, answers.split('\n')], [awk, expected]);
    }
  });

  for (const [tools, { setup, proof }] of Object.entries(toolboxes)) {
    await checks.check(`a scan and a patch work with the tools of ${tools}`, async () => {
      const library = { name: 'libfoo', arch: 'x86_64', version: '1.0-1' };
      await prepare(root, [app('1.0-1')], [{ ...app('2.0-1'), needs: ['libfoo'] }, library]);
      await root.shell(setup);
      equal(await root.shell(proof), 'ok');
      try {
        const { facts } = await scan(root, 'scan-00001');
        deepStrictEqual([facts.available.map(({ name }) => name), facts.dependencies.map(({ name }) => name)], [['app'], ['libfoo']]);
        const lock = lockOf('dnf', ['update app x86_64 2.0-1', 'dependency libfoo x86_64 1.0-1']);
        const report = reportOf(await invoke(root, { document: 'Wavelock-Patch-Linux', batch: 'batch-0001', lock }));
        deepStrictEqual({ end: report.end, n: report.n, from: unpackFrom(report.from) }, { end: 'ok', n: 2, from: ['1.0-1', '+'] });
        equal(reportOf(await invoke(root, { document: 'Wavelock-Verify-Linux', batch: 'verify-001', lock })).end, 'ok');
      } finally {
        await root.shell('rm -rf /usr/local/sbin/*; ln -sf dash /bin/sh');
      }
    });
  }
}

const link = 'if busybox --list | grep -qx "$tool"; then ln -s /usr/bin/busybox "/usr/local/sbin/$tool"; fi';
/** Other tools ahead of Debian's on the path, and a proof that they are in use. busybox here has no flock; nodes have util-linux's. */
const toolboxes: Record<string, { setup: string; proof: string }> = {
  'gawk, and bash as sh, as Red Hat has it': {
    setup: 'ln -s /usr/bin/gawk /usr/local/sbin/awk; ln -sf bash /bin/sh',
    proof: '[ -n "$BASH_VERSION" ] && awk --version | grep -q "GNU Awk" && echo ok',
  },
  busybox: {
    setup: `ln -sf /usr/bin/busybox /bin/sh
      for tool in sh awk sed grep sort cut tr head tail find stat df date gzip base64 paste xargs mktemp sha256sum wc; do ${link}; done
      for tool in cp mv rm mkdir chmod cat readlink uname dirname basename; do ${link}; done`,
    proof: 'awk 2>&1 | grep -q BusyBox && readlink /bin/sh | grep -q busybox && echo ok',
  },
};

/** Versions that differ in the ways in which vendors' versions do; always the same ones. */
function versionPairs(): [string, string][] {
  const parts = ['1', '01', '1.0', '1.0.1', '1.10', '1.9', '1.0~rc1', '1.0~rc2', '1.0^git1', '1.0a', '1.0b', '2.0', '1_0', 'a.1'];
  parts.push('1.0.el9_2', '20241010', '1.0+b1', '7.76.1');
  const releases = ['1', '2', '10', '1.amzn2023.0.5', '1.amzn2023.0.12', '150400.4.1', '26.el9_3.2', '26.el9'];
  const release = (index: number) => releases[index % releases.length];
  const versions = parts.flatMap((part, index) => [`${part}-${release(index)}`, `1:${part}-${release(index * 3)}`]);
  return versions.flatMap((a) => versions.map((b): [string, string] => [a, b]));
}
