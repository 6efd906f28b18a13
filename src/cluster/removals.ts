/**
 * Takes members out of places against their will. Redis says who was there and on which node; that node tells them, and
 * whoever asked tells the others.
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

  /** As `Cluster.remove`. */
  async remove(removal: Removal, userId: string | undefined, bannedMs: number): Promise<Reaped[]> {
    const everyone: Reaped[] = [];
    const here: RemovedSession[] = [];
    let removed: Removed[];
    try {
      do {
        removed = await this.#takeOut(removal.place, userId, bannedMs);
        here.push(...this.#tellNodes(removal, removed));
        everyone.push(...removed);
        // Whoever has come in since then has not been asked to go.
      } while (removed.length >= mostAtOnce);
    } finally {
      // Whoever asked may be among them, and is answered first.
      setImmediate(() => this.carryOut({ kind: "removed", removal, sessions: here }));
    }
    return everyone;
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
