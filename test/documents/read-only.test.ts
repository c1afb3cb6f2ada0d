import { describe, expect, it } from 'vitest';
import { assembleDocument, documentNames, documents } from '../../statemachines/documents/assemble.ts';
import type { DocumentName } from '../../statemachines/documents/assemble.ts';

/** Lines of all scripts of a document. */
function linesOf(name: DocumentName): string[] {
  return assembleDocument(name).mainSteps.flatMap((step) => (step.inputs.runCommand ?? []).flatMap((text) => text.split('\n')));
}
const readers = documentNames.filter((name) => documents[name].purpose !== 'patch');
const onLinux = readers.filter((name) => documents[name].os === 'linux');
const onWindows = readers.filter((name) => documents[name].os === 'windows');

/** Words that change a node; package managers have rules of their own below. */
const changesLinux = [
  /\b(shutdown|reboot|halt|poweroff|kexec|init 6)\s*$/u,
  /exit (194|168|169)\b/u,
  /systemctl (start|stop|restart|reload|enable|disable|mask|unmask|kill|isolate|daemon-reload)/u,
  /\b(systemd-run|setsid|nohup|at|crontab|useradd|usermod|passwd|chown|mount|umount|sysctl|modprobe|iptables|kill|pkill)\s+[-"$/a-z]/u,
  /\brpm (-[eiUFV]|--(import|rebuilddb|initdb|erase|install|upgrade))/u,
  /\bdpkg (-[irP]|--(configure|install|remove|purge|unpack))/u,
  /\bapt-mark (auto|manual|hold|unhold)/u,
  /\b(curl|wget|nc)\s/u,
];

/** A call of a package manager is one of these or it is a finding. */
const askingCalls = [
  /wl_dnf -q -y --refresh makecache/u,
  /wl_dnf -C upgrade --nobest --assumeno/u,
  /wl_dnf -q -C (repoquery|repolist|updateinfo list)/u,
  /dnf -q -C --setopt=\S+ --setopt=\S+ needs-restarting -r/u,
  /wl_apt update/u,
  /wl_apt -s upgrade/u,
  /apt-get check -q -o Debug::NoLocking=1/u,
  /wl_zypper refresh/u,
  /wl_zypper --no-refresh update --dry-run/u,
  /zypper --non-interactive needs-rebooting/u,
  /command -v dnf/u,
];
const wrappers = [
  /^dnf --setopt=cachedir="\$wl_cache/u,
  /^apt-get -q -c "\$wl_dir\/apt\.conf" "\$@"$/u,
  /--xmlout --cache-dir "\$wl_cache\/zypp" "\$@"$/u,
];
/** A package manager as a command; and lines in which its name is only a word. */
const call = /(^|[;&|({ ])(wl_dnf|wl_apt|wl_zypper|dnf|apt-get|zypper|yum) (?!\))/u;
const word = /^(\*|wl_log|printf)|echo (dnf|zypper)|= dnf \]/u;
/** The file behind a `>`, where it is a variable, a path or a descriptor. */
const target = /(?:^|[^0-9<>=&|"'] ?|\d)>>?\s*((?:["']?\$|\/\w|&)[^\s;)]*)/gu;
const fileCommand = /\b(New-Item|Remove-Item|Move-Item|Copy-Item|WriteAllText|AppendAllText|File\]::Open)\b/u;

describe.each(onLinux)('%s changes nothing', (name) => {
  const lines = linesOf(name);

  it('has no command that does', () => {
    const messages = /^(echo|wl_end_as) /u;
    expect(lines.filter((line) => !messages.test(line) && changesLinux.some((pattern) => pattern.test(line)))).toEqual([]);
  });

  it('asks package managers in dry runs only, with its own cache', () => {
    const calls = lines.filter((line) => call.test(line) && !word.test(line));
    const allowed = [...askingCalls, ...wrappers];
    expect(calls.filter((line) => !allowed.some((pattern) => pattern.test(line)))).toEqual([]);
    expect(calls.length).toBeGreaterThan(documents[name].purpose === 'scan' ? 8 : 1);
  });

  it('writes, moves and removes only below its own directory', () => {
    const own = /^(["']?\$(wl_(dir|work|home|cache|old)|1|2)\b|"\$\{?wl_\w+|\/dev\/null|&\d|"?\$1"?$)/u;
    const targets = lines.flatMap((line) => [...line.matchAll(target)].map((match) => match[1] ?? ''));
    expect(targets.filter((path) => !own.test(path))).toEqual([]);
    const commands = lines.filter((line) => /(^|[;&|{(] *)(rm|mv|cp|mkdir|chmod|touch|ln|tee|mktemp) /u.test(line));
    expect(commands.filter((line) => !/\$(wl_(dir|work|home|cache|old|batch)|[13])\b|\/run\/wavelock\.XXXXXX/u.test(line))).toEqual([]);
  });
});

const changesWindows = [
  /exit (3010|168|169)\b/u,
  /\.(Install|Uninstall|Download|AcceptEula|BeginInstall)\(/u,
  /\b(Restart|Stop|Start|Suspend|Resume|Set)-(Computer|Service|Process|ScheduledTask)\b/u,
  /\b(Register|Unregister|Enable|Disable)-\w+/u,
  /\b(Set|New|Remove|Clear|Rename)-(ItemProperty|Item)\b.*(HKLM|HKCU|Registry)/u,
  /\b(Invoke-Expression|Invoke-WebRequest|Start-Process|msiexec|wusa|dism|shutdown)\b/iu,
];

describe.each(onWindows)('%s changes nothing', (name) => {
  const lines = linesOf(name);

  it('has no command that does', () => {
    expect(lines.filter((line) => changesWindows.some((pattern) => pattern.test(line)))).toEqual([]);
  });

  it('writes and removes only below its own directory', () => {
    const commands = lines.filter((line) => fileCommand.test(line));
    expect(commands.length).toBeGreaterThan(3);
    expect(commands.filter((line) => !/\$(wlDir|wlHome|file|old|directory)\b/u.test(line))).toEqual([]);
  });
});

describe('the lists above', () => {
  it('find what Wavelock-Patch does', () => {
    const linux = linesOf('Wavelock-Patch-Linux');
    expect(changesLinux.filter((pattern) => linux.some((line) => pattern.test(line))).length).toBeGreaterThan(2);
    const windows = linesOf('Wavelock-Patch-Windows');
    expect(changesWindows.filter((pattern) => windows.some((line) => pattern.test(line))).length).toBeGreaterThan(2);
  });
});
