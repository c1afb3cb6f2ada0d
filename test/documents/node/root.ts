/**
 * A Linux system in a directory, with process ids, mounts, boot id and boot time of its own: enough of a node for real package managers.
 * Needs root. Nothing in it runs systemd.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Ran {
  /** Exit status; 137 where it was killed. */
  code: number;
  stdout: string;
  stderr: string;
}

export interface Running {
  done: Promise<Ran>;
  /** As the agent ends a step on time-out or cancel: SIGKILL for the process group (amazon-ssm-agent, executers_unix.go). */
  kill(): void;
}

export class Root {
  private constructor(
    readonly directory: string,
    private readonly fakes: string,
    private readonly holder: ChildProcess,
    private readonly inside: string,
  ) {}

  /** Copies `base` to `directory` and starts its namespaces. */
  static async open(base: string, directory: string): Promise<Root> {
    execFileSync('cp', ['-a', '--reflink=auto', base, directory]);
    writeFileSync(join(directory, 'etc/resolv.conf'), readFileSync('/etc/resolv.conf'));
    const fakes = `${directory}.proc`;
    mkdirSync(fakes);
    writeFileSync(join(fakes, 'boot_id'), `${randomUUID()}\n`);
    writeFileSync(join(fakes, 'stat'), statText());
    const script = `
      mount -t proc proc "$1/proc" && mount -t devtmpfs dev "$1/dev" &&
      mount --bind "$2/boot_id" "$1/proc/sys/kernel/random/boot_id" && mount --bind "$2/stat" "$1/proc/stat" && echo ready
      while :; do sleep 1; done`;
    const holder = spawn('unshare', ['--mount', '--pid', '--fork', '--kill-child', 'sh', '-c', script, 'sh', directory, fakes], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await new Promise<void>((resolve, reject) => {
      holder.stdout?.once('data', () => resolve());
      holder.once('exit', (code) => reject(new Error(`the namespaces of ${directory} ended with ${code}`)));
    });
    const inside = readFileSync(`/proc/${holder.pid}/task/${holder.pid}/children`, 'utf8').trim();
    return new Root(directory, fakes, holder, inside);
  }

  /** Starts a command in the root. */
  start(command: string[]): Running {
    const child = spawn('nsenter', ['--target', this.inside, '--mount', '--pid', 'chroot', this.directory, ...command], {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: '/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin', TERM: 'dumb' },
    });
    const text = { stdout: '', stderr: '' };
    child.stdout.on('data', (data: Buffer) => (text.stdout += data.toString()));
    child.stderr.on('data', (data: Buffer) => (text.stderr += data.toString()));
    // `exit`, not `close`: what a step leaves running must not be waited for.
    const done = new Promise<Ran>((resolve) => child.once('exit', (code) => setTimeout(() => resolve({ code: code ?? 137, ...text }), 20)));
    return { done, kill: () => void (child.pid !== undefined && process.kill(-child.pid, 'SIGKILL')) };
  }

  run(command: string[]): Promise<Ran> {
    return this.start(command).done;
  }

  /** Runs a line of shell and gives its output; throws where it fails. */
  async shell(line: string): Promise<string> {
    const ran = await this.run(['sh', '-c', line]);
    if (ran.code !== 0) throw new Error(`${line.slice(0, 200)} ended with ${ran.code}: ${ran.stderr.slice(-600)}`);
    return ran.stdout.trimEnd();
  }

  write(path: string, text: string): void {
    mkdirSync(join(this.directory, path, '..'), { recursive: true });
    writeFileSync(join(this.directory, path), text);
  }

  read(path: string): string {
    return readFileSync(join(this.directory, path), 'utf8');
  }

  /** What a reboot changes that the scripts can see: the boot id and the time of the boot. Processes end with it. */
  async reboot(): Promise<void> {
    writeFileSync(join(this.fakes, 'boot_id'), `${randomUUID()}\n`);
    writeFileSync(join(this.fakes, 'stat'), statText());
    await this.run(['sh', '-c', 'rm -f /run/reboot-required']);
  }

  close(): void {
    this.holder.kill('SIGKILL');
    // Processes in it end with its namespace, but not at once.
    for (const path of [this.directory, this.fakes]) rmSync(path, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  }
}

/** A /proc/stat with a boot that is just over: nothing was installed since. */
function statText(): string {
  return `cpu  0 0 0 0 0 0 0 0 0 0\nbtime ${Math.ceil(Date.now() / 1000)}\n`;
}
