/**
 * Kernels stand beside one another, and one of them runs. What counts is the newest of each stream, and then whether it is the one that
 * runs. An rpm keeps its name from version to version; Debian and Ubuntu name each build (`linux-image-6.8.0-1019-aws`).
 */
import type { Package } from '../model.ts';
import { compareDeb } from '../versions/deb.ts';
import { compareRpm, rpmStream } from '../versions/rpm.ts';

/** RPMs of which several versions are installed at once, and the tools that are built with them under the same name for every stream. */
const RPM_KERNEL = /^(?!kernel-(livepatch-|firmware|macros|srpm-macros))(kernel|bpftool|perf|python3?-perf)(\d+\.\d+)?(-|$)/;
/** Those that are the kernel itself. */
const RPM_IMAGE = /^kernel(\d+\.\d+)?(-(core|uek|uek-core|rt|rt-core|64k|64k-core|default|default-base|azure))?$/;

export function isRpmKernel(name: string): boolean {
  return RPM_KERNEL.test(name);
}

/** `6.8 aws` of `linux-image-6.8.0-1019-aws`: series and flavour, within which a newer build replaces an older one. */
export function imageKey(name: string): string | undefined {
  const [, series, flavour] = /^linux-image-(?:unsigned-)?(\d+\.\d+)\.\S+?-([a-z][a-z0-9-]*?)(?:-unsigned)?$/.exec(name) ?? [];
  return series === undefined ? undefined : `${series} ${flavour}`;
}

/** Headers, modules and tools of one build of a Debian or Ubuntu kernel: leftovers of old builds are nobody's exposure. */
export function isKernelLeftover(name: string): boolean {
  return /^linux-(?!image-)[a-z][a-z-]*-\d+\.\d+\.\d+[-+]/.test(name);
}

/** Source of a kernel image in the words of advisories: `linux-aws` of `linux-signed-aws`, Debian's `linux` of `linux-signed-amd64`. */
export function imageSources(item: Package, key: string): string[] {
  if (item.source !== undefined)
    return [item.source.replace(/^linux-signed(-(amd64|arm64|i386|armhf))?$/, 'linux').replace(/^linux-signed-/, 'linux-')];
  const [series = '', flavour = ''] = key.split(' ');
  if (/^(cloud-|rt-)?(amd64|arm64|686|686-pae|armmp)$/.test(flavour)) return ['linux'];
  const own = flavour === 'generic' ? ['linux', `linux-hwe-${series}`] : [`linux-${flavour}`, `linux-${flavour}-${series}`];
  return [item.name, ...own];
}

/** Without those before which a newer one of the same stream is installed. */
export function withoutOldKernels(installed: readonly Package[]): Package[] {
  const newest = new Map<string, Package>();
  for (const item of installed) {
    const key = kernelKey(item);
    if (key === undefined) continue;
    const known = newest.get(key);
    if (known === undefined || isNewer(item, known)) newest.set(key, item);
  }
  if (newest.size === 0) return [...installed];
  return installed.filter((item) => {
    const key = kernelKey(item);
    const best = key === undefined ? undefined : newest.get(key);
    return best === undefined || best === item || !isNewer(best, item);
  });
}

/** Kernels with the same key replace one another. */
function kernelKey(item: Package): string | undefined {
  const image = imageKey(item.name);
  if (image !== undefined) return `${image} ${item.arch}`;
  return isRpmKernel(item.name) ? `${item.name} ${item.arch} ${rpmStream(item.version) ?? item.version}` : undefined;
}

function isNewer(a: Package, b: Package): boolean {
  return (imageKey(a.name) === undefined ? compareRpm(a.version, b.version) : compareDeb(a.version, b.version)) === 1;
}

/**
 * The kernel that runs, if it is an older one of the same stream than this installed package, and older than the fix: as people know it,
 * `6.1.94-99.176.amzn2023.x86_64`. `undefined`: the node runs the fix, or it cannot be told.
 */
export function runsOlder(item: Package, fixed: string, running: string | undefined, installed: readonly Package[]): string | undefined {
  if (running === undefined || running === '') return undefined;
  const key = imageKey(item.name);
  const older = key === undefined ? runsOlderRpm(item, fixed, running) : runsOlderDeb(item, { key, fixed, running }, installed);
  return older ? running : undefined;
}

/** `uname -r` is version, release and architecture; SUSE writes the flavour in place of the latter and leaves a last number out. */
function runsOlderRpm(item: Package, fixed: string, running: string): boolean {
  if (!RPM_IMAGE.test(item.name)) return false;
  const version = running.replace(/[.-](x86_64|aarch64|default|azure)(\+.*|\.64k|_64k)?$/, '');
  if (flavourOf(item.name) !== runningFlavour(running) || rpmStream(version) !== rpmStream(item.version)) return false;
  const isCutShort = /-(default|azure)$/.test(running) && fixed.startsWith(`${version}.`);
  return !isCutShort && compareRpm(version, fixed.replace(/^\d+:/, '')) === -1;
}

function flavourOf(name: string): string {
  return /-(uek|rt|64k)/.exec(name)?.[1] ?? '';
}

function runningFlavour(running: string): string {
  if (running.includes('uek')) return 'uek';
  if (/[.+]64k$/.test(running)) return '64k';
  return /\.rt\d|\+rt$/.test(running) ? 'rt' : '';
}

function runsOlderDeb(item: Package, at: { key: string; fixed: string; running: string }, installed: readonly Package[]): boolean {
  const names = [`linux-image-${at.running}`, `linux-image-unsigned-${at.running}`, `linux-image-${at.running}-unsigned`];
  if (names.includes(item.name) || imageKey(names[0] ?? '') !== at.key) return false;
  const own = installed.find(({ name }) => names.includes(name));
  // Removed while it runs: then the build in its name must do, and there is no version of its own to hold against the fix.
  if (own === undefined) return compareDeb(at.running, item.name.replace(/^linux-image-(unsigned-)?/, '')) === -1;
  return compareDeb(own.version, at.fixed) === -1;
}
