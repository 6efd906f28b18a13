/**
 * Takes members out of places against their will. Redis says who was there and on which node; that node tells them, and
 * whoever asked has the others told.
 */
import type { Logger } from "pino";
import type { Member } from "../protocol/envelope.js";
import type { Place } from "../protocol/place.js";
import { type Driver, RedisUnavailable } from "./driver.js";
import type { Removal, RemovedFrame, RemovedSession } from "./frames.js";
import { formatAddress, parseAddress, rosterKey } from "./keys.js";
import type { Messenger } from "./messenger.js";
import type { Reassertion } from "./reassertion.js";
import { type Removed, RemovedMembers } from "./removed-members.js";
import type { Reaped, Rooms } from "./rooms.js";
import { mostAtOnce } from "./scripts/script.js";

/** By when a join that was under way is over, in milliseconds. */
const joinedMs = 1_000;
/** By when whoever removes a member hears that it has, or leaves it to the member's node to tell the others. */
const heardMs = 1_000;
/** By when that the others have been told can be read in Redis, unless something failed. */
const announcedMs = 2_000;

export interface RemovalsOptions {
  readonly driver: Driver;
  readonly rooms: Rooms;
  readonly nodeId: string;
  readonly reassertion: Reassertion;
  readonly messenger: Messenger;
  /** Milliseconds on a clock that never goes back. */
  readonly now: () => number;
  readonly log: Logger;
}

export interface RemovalsEvents {
  /** A session of this node is out: it is to be told. */
  removed(removal: Removal, sessionId: string): void;
  /** A member is out, on whichever node it was: the others are to be told. */
  departed(place: Place, departed: Reaped): void;
  /** Members may have been taken out of the place, and nobody knows whom. */
  unsure(place: Place): void;
}

export class Removals {
  readonly #options: RemovalsOptions;
  readonly #events: RemovalsEvents;
  readonly #removed: RemovedMembers;
  /** Departures that may have to be announced, by session and place. */
  readonly #unsettled = new Map<string, NodeJS.Timeout>();
  #stopped = false;

  constructor(options: RemovalsOptions, events: RemovalsEvents) {
    this.#options = options;
    this.#removed = new RemovedMembers(options.driver);
    this.#events = events;
  }

  /** As `Cluster.kick`. */
  async kick(place: Place, userId: string, by: string, bannedMs: number): Promise<boolean> {
    const { now } = this.#options;
    const removal = { place, how: "kicked", by } as const;
    const askedAt = now();
    const removed = await this.#takeOut(place, userId, bannedMs);
    // First whoever is out, so that the others' notice does not reach it any more [P-12].
    this.carryOut({ kind: "removed", removal, sessions: this.#tellNodes(removal, removed) });
    // Later than that its own node sees to it; both would be once too often.
    if (now() - askedAt < heardMs) for (const member of removed) this.#announce(place, member);
    return removed.length > 0;
  }

  /** As `Cluster.end`. */
  async end(place: Place, by: string): Promise<number> {
    const removal = { place, how: "ended", by } as const;
    const here: RemovedSession[] = [];
    let removed: Removed[];
    let count = 0;
    try {
      do {
        removed = await this.#takeOut(place, undefined, 0);
        here.push(...this.#tellNodes(removal, removed));
        count += removed.length;
        // Whoever has come in since then has not been asked to go.
      } while (removed.length >= mostAtOnce);
    } finally {
      // Whoever asked is among them, and is answered first.
      setImmediate(() => this.carryOut({ kind: "removed", removal, sessions: here }));
    }
    return count;
  }

  /** As `Cluster.liftBan`. */
  liftBan(place: Place, userId: string): Promise<boolean> {
    return this.#removed.liftBan(place, userId);
  }

  /** Has sessions of this node told that they are out. */
  carryOut({ removal, sessions }: RemovedFrame): void {
    for (const session of sessions) this.#carryOut(removal, session);
  }

  /**
   * Has the others told of a member of this node who was removed, if nobody has when it is time: whoever removed it may
   * not know that it did, or may have died. Until then the place stays where a reaper looks, should this node die.
   */
  ensureAnnounced(place: Place, member: Member, sessionId: string): void {
    const key = `${sessionId} ${place}`;
    if (this.#stopped || this.#unsettled.has(key)) return;
    const { driver, rooms, log } = this.#options;
    const settle = () =>
      this.#announceIfNew(place, member, sessionId)
        .finally(() => this.#unsettled.delete(key))
        .then(
          () => this.#unindex(place),
          (error: unknown) => {
            if (error instanceof RedisUnavailable) this.ensureAnnounced(place, member, sessionId);
            else log.warn({ err: error }, "whether a departure was announced is not known");
          },
        );
    this.#unsettled.set(key, setTimeout(settle, announcedMs));
    // It may have been the last of this node there.
    if (driver.remote) rooms.index(place).catch((error: unknown) => this.#passOver(error));
  }

  /** Whether it may be this node's to announce a departure: if it does not any more, a reaper has to. */
  get hasUnsettled(): boolean {
    return this.#unsettled.size > 0;
  }

  stop(): void {
    this.#stopped = true;
    for (const timer of this.#unsettled.values()) clearTimeout(timer);
  }

  async #announceIfNew(place: Place, member: Member, sessionId: string): Promise<void> {
    const { rooms, nodeId } = this.#options;
    const { userId } = member;
    // As a change of its own: those who know of the removal's have asked for the list, and it is news to the others.
    const version = await this.#removed.claimAnnouncement(place, userId, formatAddress(nodeId, sessionId));
    if (version === 0) return;
    rooms.held.note(place, version);
    this.#events.departed(place, { userId, json: JSON.stringify(member), version });
  }

  #unindex(place: Place): void {
    const { driver, rooms } = this.#options;
    if (!driver.remote || rooms.held.in(place).size > 0) return;
    rooms.unindex(rosterKey(place)).catch((error: unknown) => this.#passOver(error));
  }

  /** The next re-assertion puts right what is in the index. */
  #passOver(error: unknown): void {
    this.#options.log.debug({ err: error }, "a place with a departure to announce was not indexed");
  }

  #announce(place: Place, removed: Removed): void {
    this.#events.departed(place, removed);
    this.#removed.noteAnnounced(place, removed.userId, removed.address).catch((error: unknown) => {
      // Redis is away again, so that few have heard of it: it is announced once more.
      this.#options.log.debug({ err: error }, "that a departure was announced is not recorded");
    });
  }

  async #takeOut(place: Place, userId: string | undefined, bannedMs: number): Promise<Removed[]> {
    try {
      return await this.#removed.remove(place, userId, bannedMs);
    } catch (error) {
      if (!(error instanceof RedisUnavailable) || error.mayHaveHappened) this.#events.unsure(place);
      throw error;
    }
  }

  /** Returns the sessions of this node. */
  #tellNodes(removal: Removal, removed: readonly Removed[]): readonly RemovedSession[] {
    const { rooms, nodeId, messenger } = this.#options;
    const byNode = new Map<string, RemovedSession[]>();
    for (const { address, version } of removed) {
      const there = parseAddress(address);
      byNode.set(there.nodeId, [
        ...(byNode.get(there.nodeId) ?? []),
        { sessionId: there.sessionId, version },
      ]);
      rooms.held.note(removal.place, version);
    }
    const here = byNode.get(nodeId) ?? [];
    byNode.delete(nodeId);
    for (const [to, sessions] of byNode) messenger.tell(to, { kind: "removed", removal, sessions });
    return here;
  }

  #carryOut(removal: Removal, { sessionId, version }: RemovedSession): void {
    const { place } = removal;
    const { rooms, reassertion } = this.#options;
    const held = rooms.held.in(place).get(sessionId);
    if (held !== undefined && held.since > version) {
      // It has come in again since, as far as this node knows.
      reassertion.requestOne(place);
      return;
    }
    if (held?.state === "joining") {
      // It does not know yet that it is in. When it does, it will be found out that it is not.
      setTimeout(() => reassertion.requestOne(place), joinedMs).unref();
      return;
    }
    rooms.held.forget(place, sessionId);
    if (removal.how === "kicked" && held !== undefined) this.ensureAnnounced(place, held.member, sessionId);
    this.#events.removed(removal, sessionId);
  }
}
