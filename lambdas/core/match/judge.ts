/** How one installed package stands to one advisory: by channel, then by version, then by what the node is held to and what it runs. */
import type { Advisory } from '../advisory.ts';
import { compareRpm } from '../versions/rpm.ts';
import { channelKind, lineRelease, showsChannel } from './channels.ts';
import type { Item } from './items.ts';
import { runsOlder } from './kernels.ts';
import type { Entry, Release, Row } from './knowledge.ts';
import { compareToRow, comparableRows, highest, sameArch, sameStream, speaksOf } from './rows.ts';
import type { Streams } from './modules.ts';
import type { Match, MatchState, NodeFacts } from './types.ts';
import * as words from './words.ts';

/** One node's view of what is known. */
export interface View {
  facts: NodeFacts;
  release: Release;
  /** Last part of the platform. */
  arch: string;
  /** Lines that the node follows: `eus:9.2`. */
  lines: readonly string[];
  /** Minor release, where known. */
  minor: string | undefined;
  streams: Omit<Streams, 'fixes'>;
  /** CVEs that advisories close for a package by rows of a kind; computed once for each. */
  closed: Map<string, ReadonlySet<string>>;
  /** Whether what is fixed is wanted as well. */
  all: boolean;
}

/** One package before one advisory. */
interface Pair {
  view: View;
  item: Item;
  advisory: Advisory;
}

interface Answer {
  row: Row;
  state: MatchState;
  why: string;
}

/** `undefined`: the advisory does not speak of this package, or it is fixed and that is not wanted. */
export function judge(view: View, item: Item, { advisory, rows }: Entry): Match | undefined {
  const pair = { view, item, advisory };
  const [first] = rows;
  // Nearly all there is to compare: one row, and nothing but versions decides.
  const isSimple = rows.length === 1 && item.plain && first?.plain === true && view.lines.length === 0 && sameStream(item, first);
  const answer = isSimple ? (sameArch(first.arch, item.arch, view.arch) ? standing(pair, rows) : undefined) : judgeRows(pair, rows);
  if (!answer) return undefined;
  return {
    advisory: advisory.id,
    source: advisory.source,
    package: item.name,
    arch: item.arch,
    installed: item.version,
    fixed: answer.row.fixedVersion,
    state: answer.state,
    why: answer.why,
  };
}

function judgeRows(pair: Pair, rows: readonly Row[]): Answer | undefined {
  const { view, item, advisory } = pair;
  const here = rows.filter((row) => sameArch(row.arch, item.arch, view.arch));
  const named = preferBinaries(here, item).filter((row) => speaksOf(item, row));
  if (named.length === 0) return undefined;
  if (advisory.versionKind !== 'rpm') return answerOf(pair, named);
  const { rows: fitting, guess } = comparableRows(item, named, advisory, { ...view.streams, fixes: (name) => fixesOf(pair, name) });
  if (fitting.length === 0) return undefined;
  return guess ? guessed(item, fitting) : answerOf(pair, fitting);
}

function fixesOf({ view: { release }, advisory }: Pair, name: string): string[] {
  const entries = [release.binaries.get(name), release.sources.get(name)].map((list) => list?.find((each) => each.advisory === advisory));
  return entries.flatMap((entry) => entry?.rows ?? []).flatMap(({ fixedVersion }) => fixedVersion ?? []);
}

/** Where an advisory names binaries, their versions are exact; its source is for those that it does not name. */
function preferBinaries(rows: Row[], item: Item): Row[] {
  const binaries = rows.filter((row) => row.kind === 'binary');
  if (binaries.length > 0) return binaries;
  // A kernel's source says nothing of kernels of other series.
  return item.image === undefined
    ? rows
    : rows.filter((row) => row.fixedVersion === null || row.fixedVersion.startsWith(`${item.image?.split(' ')[0]}.`));
}

function guessed(item: Item, rows: readonly Row[]): Answer | undefined {
  const row = highest(rows);
  if (!row || (compareToRow(item, row) ?? -1) >= 0) return undefined;
  return { row, state: 'unknown', why: words.otherStream(item, row) };
}

function answerOf(pair: Pair, rows: readonly Row[]): Answer | undefined {
  const { view, item } = pair;
  const ofBuild = rows.filter((row) => row.build === item.build);
  if (item.build !== '') return ofBuild.length > 0 ? standing(pair, ownChannels(view, ofBuild)) : otherBuild(pair, rows);
  if (ofBuild.length === 0) return undefined;
  if (view.lines.length > 0) return onLine(pair, ofBuild);
  const own = ofBuild.filter((row) => isOwn(view, item, row));
  const isFixedHere = own.some((row) => row.fixedVersion !== null);
  if (own.length === ofBuild.length || isFixedHere) return standing(pair, withChannelFix(own));
  return (
    elsewhere(
      pair,
      ofBuild.filter((row) => !own.includes(row)),
    ) ?? standing(pair, own)
  );
}

/** That the plain packages have no fix says nothing to a node whose channel has one. */
function withChannelFix(rows: readonly Row[]): readonly Row[] {
  const isFixed = rows.some((row) => row.channel !== undefined && row.fixedVersion !== null);
  return isFixed ? rows.filter((row) => row.channel !== undefined || row.fixedVersion !== null) : rows;
}

/** Of another build there may be several channels (FIPS as certified, FIPS with updates): the node's own, where they are known. */
function ownChannels(view: View, rows: readonly Row[]): readonly Row[] {
  const own = rows.filter((row) => row.channel !== undefined && view.facts.channels?.includes(row.channel));
  return own.length > 0 ? own : rows;
}

/** Another build than the plain one is installed, and this advisory speaks of the plain one only. */
function otherBuild(pair: Pair, rows: readonly Row[]): Answer | undefined {
  const { item } = pair;
  const row = highest(rows.filter((each) => each.build === ''));
  if (!row || closes(pair, `build ${item.build}`, (each) => each.build === item.build)) return undefined;
  return { row, state: 'unknown', why: words.otherBuild(item, row) };
}

function isOwn(view: View, item: Item, row: Row): boolean {
  if (row.channel === undefined) return true;
  if (view.facts.channels?.includes(row.channel) || showsChannel(item, row.channel)) return true;
  return view.facts.channels === undefined && cameFromTopic(view, item, row);
}

/**
 * Where nobody knows a node's extras topics, what is installed shows where it came from: `nginx` 1.20 from `nginx1`, a kernel 5.15 from
 * `kernel-5.15`, and `docker`, which the core repository does not have, from `docker`.
 */
function cameFromTopic(view: View, item: Item, row: Row): boolean {
  const [, topic] = /^extras:(.+)$/.exec(row.channel ?? '') ?? [];
  if (topic === undefined) return false;
  const wanted = /\d+(\.\d+)*$/.exec(topic)?.[0];
  const version = item.version.replace(/^\d+:/, '');
  if (wanted !== undefined && (version.startsWith(`${wanted}.`) || version.startsWith(`${wanted}-`))) return true;
  const isInCore = view.release.binaries.get(item.name)?.some((entry) => entry.rows.some((other) => other.channel === undefined)) === true;
  return !isInCore && (wanted === undefined || isSameSeries(item, row));
}

/** A node on EUS and its like: its line's rows count. What only the newest minor release fixes is fixed where the node cannot go. */
function onLine(pair: Pair, rows: readonly Row[]): Answer | undefined {
  const { view, item } = pair;
  const own = rows.filter((row) => row.channel !== undefined && (view.lines.includes(row.channel) || view.facts.channels?.includes(row.channel)));
  if (own.length > 0) return standing(pair, own);
  const plain = rows.filter((row) => row.channel === undefined);
  const isLines = (row: Row): boolean => row.channel !== undefined && view.lines.includes(row.channel);
  if (plain.length === 0 || closes(pair, 'lines', isLines)) return undefined;
  const answer = standing(pair, plain);
  if (!answer || answer.state !== 'exposed') return answer;
  const line = view.lines[0] ?? '';
  const minor = /\.el\d+_(\d+)/.exec(answer.row.fixedVersion ?? '')?.[1];
  const isWithin = minor !== undefined && Number(minor) <= Number(lineRelease(line).split('.')[1]);
  return isWithin ? answer : { ...answer, state: 'locked', why: words.lockedToLine(item, answer.row, line) };
}

/** The fix is in a channel that the node does not have. What is closed for everybody by another advisory needs no channel. */
function elsewhere(pair: Pair, rows: readonly Row[]): Answer | undefined {
  const { view, item } = pair;
  const reachable = rows.filter((row) => isReachable(view, item, row));
  const row = highest(reachable);
  if (!row) return undefined;
  const sign = row.fixedVersion === null ? -1 : compareToRow(item, row);
  // Said even where nobody wants to hear it: without an answer the plain rows would be asked.
  if (sign !== undefined && sign >= 0) return { row, state: 'fixed', why: words.fixed(item, row) };
  if (closedPlainly(pair, row)) return undefined;
  if (sign === undefined) return { row, state: 'unknown', why: words.unreadable(item, row) };
  if (row.fixedVersion === null) return { row, state: 'awaiting-vendor', why: words.awaiting(item) };
  return { row, state: 'needs-entitlement', why: words.entitlement(item, row, view.facts.channels !== undefined) };
}

/** The core repository's own version of what an extras topic carries too (php 5.4 beside 8.0) closes nothing of the topic's. */
function closedPlainly(pair: Pair, { channel = '' }: Row): boolean {
  if (!channel.startsWith('extras:')) return closes(pair, 'plain', isPlain);
  return closes(pair, `plain ${series(pair.item.version)}`, (each) => isPlain(each) && isSameSeries(pair.item, each));
}

function isPlain({ channel, build }: Row): boolean {
  return channel === undefined && build === '';
}

/**
 * A line of another minor release is nothing for this node. An extras topic that is not enabled carries other versions under the same
 * names: only what is of its series can have come from it.
 */
function isReachable(view: View, item: Item, row: Row): boolean {
  const channel = row.channel ?? '';
  if (channelKind(channel) === 'line') return view.minor === undefined || lineRelease(channel) === view.minor;
  if (!channel.startsWith('extras:')) return true;
  return isSameSeries(item, row);
}

function isSameSeries(item: Item, row: Row): boolean {
  return row.fixedVersion !== null && series(row.fixedVersion) === series(item.version);
}

function series(version: string): string {
  return /^(?:\d+:)?(\d+(?:\.\d+)?)/.exec(version)?.[1] ?? version;
}

/** Whether advisories close all CVEs of this one for the package by fixes of a kind. Without CVEs nothing can be said. */
function closes({ view, item, advisory }: Pair, kind: string, isOfKind: (row: Row) => boolean): boolean {
  const key = `${kind} ${item.name} ${item.sources.join(' ')}`;
  let cves = view.closed.get(key);
  if (!cves) {
    const entries = [view.release.binaries.get(item.name), ...item.sources.map((name) => view.release.sources.get(name))].flatMap(
      (list) => list ?? [],
    );
    cves = new Set(
      entries.filter((entry) => entry.rows.some((row) => row.fixedVersion !== null && isOfKind(row))).flatMap((entry) => entry.advisory.cves),
    );
    view.closed.set(key, cves);
  }
  return advisory.cves.length > 0 && advisory.cves.every((cve) => cves.has(cve));
}

/** By version, against the highest of the rows that count. */
function standing(pair: Pair, rows: readonly Row[]): Answer | undefined {
  const { view, item } = pair;
  const row = highest(rows);
  if (!row) return undefined;
  if (row.fixedVersion === null) return { row, state: 'awaiting-vendor', why: words.awaiting(item) };
  const sign = compareToRow(item, row);
  if (sign === undefined) return { row, state: 'unknown', why: words.unreadable(item, row) };
  if (sign >= 0) {
    const running = runsOlder(item, row.fixedVersion, view.facts.kernel, view.facts.installed);
    if (running !== undefined) return { row, state: 'reboot-pending', why: words.rebootPending(item, row, running) };
    return view.all ? { row, state: 'fixed', why: words.fixed(item, row) } : undefined;
  }
  const held = lockedWhy(pair, row);
  if (held !== undefined) return { row, state: 'locked', why: held };
  return view.facts.certainty === 'exact'
    ? { row, state: 'exposed', why: words.exposed(item, row) }
    : { row, state: 'probable', why: words.probable(item, row) };
}

/**
 * Amazon Linux 2023 gives a node what was in its dated release and nothing later. Where the advisory does not say in which release its fix
 * first came, its date does: releases never change (docs.aws.amazon.com/linux/al2023/ug/deterministic-upgrades.html).
 */
function lockedWhy({ view: { facts }, item, advisory }: Pair, row: Row): string | undefined {
  const held = facts.releasever;
  if (held === undefined) return undefined;
  if (row.releasever !== undefined) return compareRpm(held, row.releasever) === -1 ? words.lockedUntil(item, row, held, row.releasever) : undefined;
  const [, year, month, day] = /^\d{4}\.\d+\.(\d{4})(\d\d)(\d\d)$/.exec(held) ?? [];
  if (year === undefined || advisory.published.slice(0, 10) <= `${year}-${month}-${day}`) return undefined;
  return words.lockedSince(item, row, held, advisory.published.slice(0, 10));
}
