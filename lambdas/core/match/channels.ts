/**
 * Which builds of a package may be compared with which. A channel is where a fix comes from when not from what every node of a release has.
 * Some channels go on where the plain packages end (ESM, LTSS, extras), some are a line of their own beside them (EUS), and some are other
 * builds altogether (FIPS, ksplice, livepatch, realtime), which are never a fix of the plain package, nor the reverse.
 */
import type { Package } from '../model.ts';

/** `line`: a stream that a node follows instead of the newest minor release. `build`: another build. `more`: goes on where plain ends. */
export type ChannelKind = 'line' | 'build' | 'more';

const BUILDS: Record<string, string> = {
  ksplice: 'ksplice',
  livepatch: 'livepatch',
  fips: 'fips',
  'pro:fips': 'fips',
  'pro:fips-updates': 'fips',
  'pro:fips-preview': 'fips',
  'pro:realtime': 'realtime',
  'pro:bluefield': 'bluefield',
};

/** What kind of channel it is, by the words of `Affected.channel`. */
export function channelKind(channel: string): ChannelKind {
  if (channel in BUILDS || channel.startsWith('sig:')) return 'build';
  return /^(eus|eus-long-life|aus|tus|e4s):\d+\.\d+$/.test(channel) ? 'line' : 'more';
}

/** Name of the build that a channel carries (`ksplice`, `fips`, `sig:cloud`); empty for channels of the plain build. */
export function buildOfChannel(channel: string | undefined): string {
  if (channel === undefined) return '';
  return BUILDS[channel] ?? (channel.startsWith('sig:') ? channel : '');
}

/**
 * Which build a package is, by its name and version: Oracle's `1:1.1.1g-15.ksplice1.el8_3` and `3.6.14-8.el8_3_fips`, Ubuntu's
 * `1.1.1f-1ubuntu2.fips.22` and kernels named `…-fips`, `…-realtime`, `…-bluefield`, Amazon's and SUSE's `kernel-livepatch-…`, the cloud
 * group's `4.18.0-425.el8_7.cloud`. Empty: the plain one.
 */
export function buildOf(name: string, version: string): string {
  if (name.startsWith('kernel-livepatch-')) return 'livepatch';
  const flavour = /^linux-.*-(fips|realtime|bluefield)$/.exec(name)?.[1];
  if (flavour !== undefined) return flavour;
  if (/\.ksplice\d/.test(version)) return 'ksplice';
  if (/[-._+~]fips/i.test(version)) return 'fips';
  return /\.el\d+(_\d+)?\.cloud\b/.test(version) ? 'sig:cloud' : '';
}

/**
 * Whether the installed package itself shows that the node has a channel, whatever else is known: a version that only Ubuntu's ESM
 * publishes (`1.2.3-4ubuntu5+esm1`).
 */
export function showsChannel(item: Package, channel: string): boolean {
  return channel.startsWith('pro:esm') && /[~+]esm\d/.test(item.version);
}

/** Minor release of a line: `9.2` of `eus:9.2`. */
export function lineRelease(channel: string): string {
  return channel.slice(channel.indexOf(':') + 1);
}

/** Minor release that a node of Red Hat's family is on, by the version of its release package; `undefined` where it is not installed. */
export function minorRelease(installed: readonly Package[]): string | undefined {
  const release = installed.find(({ name }) => /^(redhat|rocky|almalinux|oraclelinux|centos)-release$/.test(name));
  return /^(?:\d+:)?(\d+\.\d+)-/.exec(release?.version ?? '')?.[1];
}

/**
 * Channels of SUSE's that a node has by its product: SLES for SAP Applications is a server with updates of its own. By what the system is
 * called (`SLES_SAP`, `SUSE Linux Enterprise Server for SAP Applications`) or its release package.
 */
export function productChannels(name: string, installed: readonly Package[]): string[] {
  const isSap = /\bsap\b/i.test(name.replaceAll('_', ' ')) || installed.some((item) => item.name === 'SLES_SAP-release');
  return isSap ? ['sap'] : [];
}

/** For people: what to call a channel. */
export function channelWords(channel: string): string {
  const [first = '', second = ''] = channel.split(/:(.*)/s);
  if (first === 'pro') return `Ubuntu Pro (${second})`;
  if (first === 'extras') return `the extras topic ${second}`;
  if (channelKind(channel) === 'line') return `${first.toUpperCase()} ${second}`;
  return second === '' ? first.toUpperCase() : `${first.toUpperCase()} (${second})`;
}
