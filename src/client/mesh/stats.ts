/**
 * How well a connection does, from what the browser counts.
 */
import { isObject } from "../../protocol/objects.js";
import type { MediaRole } from "./media-role.js";
import type { MediaRoles } from "./messages.js";

export interface VideoStats {
  readonly framesDecoded: number;
  /** In pixels; 0 before the first frame. */
  readonly width: number;
  readonly height: number;
}

export interface PeerStats {
  /** In bits per second, since `stats` was last called; 0 the first time. */
  readonly bitrateIn: number;
  readonly bitrateOut: number;
  /** The part of the packets for this client that were lost, from 0 to 1, since `stats` was last called. */
  readonly lossIn: number;
  /** The part of this client's packets that were lost, from 0 to 1, as the other side last reported. */
  readonly lossOut: number;
  /** There and back, in milliseconds; undefined until it was measured. */
  readonly roundTripMs: number | undefined;
  /** Of all video together, since the connection began. */
  readonly framesDecoded: number;
  /** Of each video that has come over the connection. */
  readonly video: Readonly<Partial<Record<MediaRole, VideoStats>>>;
  /** Whether the media go through a TURN server. */
  readonly relayed: boolean;
}

/** What only grows, so that the difference of two readings says something about the time between. */
export interface Totals {
  /** In milliseconds. */
  readonly at: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly packetsIn: number;
  readonly packetsLost: number;
}

type Entry = Readonly<Record<string, unknown>>;

/** @param roles - what each section of the description has; `before` - the reading before this one. */
export function readStats(
  report: Iterable<readonly [string, unknown]>,
  roles: MediaRoles,
  before: Totals | undefined,
): { stats: PeerStats; totals: Totals } {
  const entries = new Map([...report].filter((entry): entry is [string, Entry] => isObject(entry[1])));
  const all = [...entries.values()];
  const inbound = all.filter(({ type }) => type === "inbound-rtp");
  const pair = selectedPair(entries, all);
  const totals: Totals = {
    at: Math.max(0, ...all.map((entry) => number(entry, "timestamp"))),
    bytesIn: number(pair, "bytesReceived"),
    bytesOut: number(pair, "bytesSent"),
    packetsIn: sum(inbound, "packetsReceived"),
    packetsLost: sum(inbound, "packetsLost"),
  };
  const since = before ?? totals;
  const [lost, got] = [totals.packetsLost - since.packetsLost, totals.packetsIn - since.packetsIn];
  const roundTripS = pair?.["currentRoundTripTime"];
  const reports = all.filter(({ type }) => type === "remote-inbound-rtp");
  return {
    totals,
    stats: {
      bitrateIn: rate(totals.bytesIn - since.bytesIn, totals.at - since.at),
      bitrateOut: rate(totals.bytesOut - since.bytesOut, totals.at - since.at),
      lossIn: part(lost, lost + got),
      lossOut: Math.max(0, ...reports.map((entry) => number(entry, "fractionLost"))),
      roundTripMs: typeof roundTripS === "number" ? roundTripS * 1_000 : undefined,
      framesDecoded: sum(inbound, "framesDecoded"),
      video: videoStats(inbound, roles),
      relayed: isRelayed(entries, pair),
    },
  };
}

function videoStats(inbound: readonly Entry[], roles: MediaRoles): Partial<Record<MediaRole, VideoStats>> {
  const video: Partial<Record<MediaRole, VideoStats>> = {};
  for (const entry of inbound) {
    const role = roles.get(String(entry["mid"]));
    if (role === undefined || entry["kind"] !== "video") continue;
    video[role] = {
      framesDecoded: number(entry, "framesDecoded"),
      width: number(entry, "frameWidth"),
      height: number(entry, "frameHeight"),
    };
  }
  return video;
}

/** Firefox marks the pair itself; elsewhere the transport names it. */
function selectedPair(entries: ReadonlyMap<string, Entry>, all: readonly Entry[]): Entry | undefined {
  const transport = all.find(({ type }) => type === "transport");
  const named = entries.get(String(transport?.["selectedCandidatePairId"]));
  return named ?? all.find((entry) => entry["type"] === "candidate-pair" && entry["selected"] === true);
}

function isRelayed(entries: ReadonlyMap<string, Entry>, pair: Entry | undefined): boolean {
  return ["localCandidateId", "remoteCandidateId"].some(
    (end) => entries.get(String(pair?.[end]))?.["candidateType"] === "relay",
  );
}

function number(entry: Entry | undefined, field: string): number {
  const value = entry?.[field];
  return typeof value === "number" ? value : 0;
}

function sum(entries: readonly Entry[], field: string): number {
  return entries.reduce((total, entry) => total + number(entry, field), 0);
}

function rate(bytes: number, ms: number): number {
  return ms > 0 ? Math.max(0, (bytes * 8 * 1_000) / ms) : 0;
}

function part(some: number, all: number): number {
  return all > 0 ? Math.min(1, Math.max(0, some / all)) : 0;
}
