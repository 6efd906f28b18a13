/**
 * Takes members out of places against their will. Redis says who was there and on which node; that node tells them, and
 * whoever asked has the others told.
 */
import type { Place } from "../protocol/place.js";
import { RedisUnavailable } from "./driver.js";
import type { Removal, RemovedFrame, RemovedSession } from "./frames.js";
import { parseAddress } from "./keys.js";
import type { Messenger } from "./messenger.js";
import type { Reassertion } from "./reassertion.js";
import { mostAtOnce, type Reaped, type Removed, type Rooms } from "./rooms.js";

/** By when a join that was under way is over, in milliseconds. */
const joinedMs = 1_000;

export interface RemovalsOptions {
  readonly rooms: Rooms;
  readonly nodeId: string;
  readonly reassertion: Reassertion;
  readonly messenger: Messenger;
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

  constructor(options: RemovalsOptions, events: RemovalsEvents) {
    this.#options = options;
    this.#events = events;
  }

  /** As `Cluster.kick`. */
  async kick(place: Place, userId: string, by: string, bannedMs: number): Promise<boolean> {
    const removal = { place, how: "kicked", by } as const;
    const removed = await this.#takeOut(place, userId, bannedMs);
    // First whoever is out, so that the others' notice does not reach it any more [P-12].
    this.carryOut({ kind: "removed", removal, sessions: this.#tellNodes(removal, removed) });
    for (const departed of removed) this.#events.departed(place, departed);
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

  /** Has sessions of this node told that they are out. */
  carryOut({ removal, sessions }: RemovedFrame): void {
    for (const session of sessions) this.#carryOut(removal, session);
  }

  async #takeOut(place: Place, userId: string | undefined, bannedMs: number): Promise<Removed[]> {
    try {
      return await this.#options.rooms.remove(place, userId, bannedMs);
    } catch (error) {
      if (!(error instanceof RedisUnavailable) || error.mayHaveHappened) this.#events.unsure(place);
      throw error;
    }
  }

  /** Returns the sessions of this node. */
  #tellNodes(removal: Removal, removed: readonly Removed[]): readonly RemovedSession[] {
    const { nodeId, reassertion, messenger } = this.#options;
    const byNode = new Map<string, RemovedSession[]>();
    for (const { address, version } of removed) {
      const there = parseAddress(address);
      byNode.set(there.nodeId, [
        ...(byNode.get(there.nodeId) ?? []),
        { sessionId: there.sessionId, version },
      ]);
      reassertion.note(removal.place, version);
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
    this.#events.removed(removal, sessionId);
  }
}
