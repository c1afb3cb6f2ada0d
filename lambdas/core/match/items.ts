/** What is installed on a node, made ready for comparison. */
import type { Package } from '../model.ts';
import { rpmStream, splitRpm } from '../versions/rpm.ts';
import type { Version, VersionKind } from '../versions/compare.ts';
import { buildOf } from './channels.ts';
import { imageKey, imageSources, isKernelLeftover, isRpmKernel, withoutOldKernels } from './kernels.ts';
import type { ReadVersion } from './knowledge.ts';
import { moduleFamily } from './modules.ts';
import type { NodeFacts } from './types.ts';

/** One installed package. */
export interface Item extends Package {
  /** `undefined`: it cannot be read. */
  read: Version | undefined;
  /** Of an rpm whose release nobody tells: what is known of its version. */
  partial: Version | undefined;
  /** Version of its source package; `undefined`: it is not known, or cannot be read. */
  readSource: Version | undefined;
  /** Whether that version lacks its epoch. */
  epochless: boolean;
  /** Names under which advisories may speak of its source. */
  sources: string[];
  /** Whether the source is only guessed from the package's own name. */
  guessed: boolean;
  /** Which build it is: empty for the plain one. */
  build: string;
  /** Of a modular build. */
  family: string | undefined;
  /** Of a kernel whose build is in its name: series and flavour. */
  image: string | undefined;
  /** Of a kernel that is an rpm: `6.1`. */
  stream: string | undefined;
  isKernel: boolean;
  /** No module and no other build; a kernel may be. */
  plain: boolean;
}

/** Stands where SSM cut a field off (`inventory.ts`): half a version is none. */
export const CUT = '…';
/** A whole version after which the release is missing. What SSM cut off itself has 100 characters (amazon-ssm-agent, maxSummaryLength). */
const WITHOUT_RELEASE = new RegExp(`^([^-${CUT}]{1,99})${CUT}$`);

/** The packages of a node that are compared at all: of kernels only the newest of each stream. */
export function countedPackages(facts: NodeFacts, kind: VersionKind): Package[] {
  return withoutOldKernels(facts.installed).filter((item) => kind === 'rpm' || !isKernelLeftover(item.name));
}

/** Makes one package ready. */
export function itemOf(item: Package, { certainty }: NodeFacts, kind: VersionKind, read: ReadVersion): Item {
  const image = kind === 'deb' ? imageKey(item.name) : undefined;
  const guessed = kind === 'deb' && certainty === 'probable';
  const source = sourceVersion(item, { kind, guessed, image: image !== undefined });
  const version = source?.text;
  const build = buildOf(item.name, item.version);
  const family = kind === 'rpm' ? moduleFamily(item.version) : undefined;
  const isKernel = kind === 'rpm' && isRpmKernel(item.name);
  return {
    ...item,
    read: readWhole(item.version, kind, read),
    partial: kind === 'rpm' ? readPartial(item.version, read) : undefined,
    readSource: version === undefined ? undefined : readWhole(version, kind, read),
    epochless: source?.epochless === true,
    sources: image === undefined ? [item.source ?? item.name] : imageSources(item, image),
    guessed,
    build,
    family,
    image,
    stream: isKernel ? rpmStream(item.version) : undefined,
    isKernel: isKernel || image !== undefined,
    plain: build === '' && family === undefined && image === undefined,
  };
}

function readWhole(text: string, kind: VersionKind, read: ReadVersion): Version | undefined {
  return text.includes(CUT) ? undefined : read(kind, text);
}

function readPartial(text: string, read: ReadVersion): Version | undefined {
  const [, version] = WITHOUT_RELEASE.exec(text) ?? [];
  return version === undefined ? undefined : read('rpm', version);
}

/**
 * A binary of dpkg has its source's version where nothing else is said, and a rebuild of the same source (`+b1`) adds to it. Signed kernels
 * are built from a source of their own and keep the version of the one that advisories speak of. The file name of an rpm's source has no
 * epoch; a binary of the same version has the source's (rpm-spec(5): subpackages take over what they don't say).
 */
function sourceVersion(
  item: Package,
  { kind, guessed, image }: { kind: VersionKind; guessed: boolean; image: boolean },
): { text: string; epochless: boolean } | undefined {
  const { version, sourceVersion: own } = item;
  if (image) return { text: version, epochless: false };
  if (kind === 'deb') return { text: own ?? (guessed ? version.replace(/\+b\d+$/, '') : version), epochless: false };
  const evr = splitRpm(version);
  const plain = evr && `${evr.version}${evr.release === undefined ? '' : `-${evr.release}`}`;
  if (own !== undefined && own !== plain) return { text: own, epochless: true };
  return evr && { text: version, epochless: false };
}
