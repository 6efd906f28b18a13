/**
 * Takes the members of dead nodes off the rosters. One node at a time does it, whichever holds a lock that
 * ends by itself; that two did it at once would be waste, but no harm, for each member is taken out by one
 * script and so announced once (I4).
 */
import type { Logger } from "pino";
import type { Place } from "../protocol/place.js";
import { type Driver, RedisUnavailable } from "./driver.js";
import { inParallel } from "./in-parallel.js";
import { addressPrefix, nodeRoomsKey, nodesKey, placeOf, reaperKey } from "./keys.js";
import type { Reaped, Rooms } from "./rooms.js";
import { claimScript } from "./scripts/claim.js";

/** Between looks. A node is dead when its lease was missing at two of them: members are gone within lease + 2 s. */
const longestLookMs = 500;
const looksPerLease = 8;
/** The lock outlives its holder by this many looks. */
const looksPerLock = 3;
const placesAtOnce = 16;

export interface ReaperOptions {
  readonly driver: Driver;
  readonly rooms: Rooms;
  readonly nodeId: string;
  readonly leaseMs: number;
  /** Whether a missing lease of another node means that it is dead. */
  readonly mayJudge: () => boolean;
  readonly log: Logger;
}

export class Reaper {
  readonly #options: ReaperOptions;
  readonly #onReaped: (place: Place, reaped: Reaped) => void;
  readonly #lookMs: number;
  #timer: NodeJS.Timeout | undefined;
  #looking = false;
  #stopped = false;
  /** Nodes whose lease was missing at the last look. */
  #suspects: ReadonlySet<string> = new Set();

  /** @param onReaped - called once in the cluster for each member taken out. */
  constructor(options: ReaperOptions, onReaped: (place: Place, reaped: Reaped) => void) {
    this.#options = options;
    this.#onReaped = onReaped;
    this.#lookMs = Math.min(longestLookMs, options.leaseMs / looksPerLease);
  }

  start(): void {
    this.#timer = setInterval(() => void this.#look(), this.#lookMs);
  }

  stop(): void {
    this.#stopped = true;
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    try {
      const suspects = await this.#findSuspects();
      const dead = suspects.filter((nodeId) => this.#suspects.has(nodeId));
      this.#suspects = new Set(suspects);
      for (const nodeId of dead) await this.#reap(nodeId);
    } catch (error) {
      this.#suspects = new Set();
      this.#options.log.debug({ err: error }, "looking for dead nodes failed");
    } finally {
      this.#looking = false;
    }
  }

  /** Nodes without a lease; none if this is not the node to look, or not the time. */
  async #findSuspects(): Promise<string[]> {
    const { driver, rooms, nodeId, mayJudge } = this.#options;
    if (!mayJudge()) return [];
    const claim = [nodeId, String(this.#lookMs * looksPerLock)];
    if ((await driver.run(claimScript, [reaperKey], claim)) !== 1) return [];
    const others = (await driver.readSet(nodesKey)).filter((other) => other !== nodeId);
    const alive = await Promise.all(others.map((other) => rooms.isAlive(other)));
    return others.filter((_, i) => !alive[i]);
  }

  async #reap(nodeId: string): Promise<void> {
    const { driver, rooms, mayJudge, log } = this.#options;
    const index = nodeRoomsKey(nodeId);
    const keys = await driver.readSet(index);
    let members = 0;
    // It may have been frozen only, and come back while this goes on.
    let isDead = true;
    const reapPlace = async (place: Place): Promise<void> => {
      for (;;) {
        isDead &&= !this.#stopped && mayJudge() && !(await rooms.isAlive(nodeId));
        if (!isDead) return;
        const reaped = await rooms.reap(place, addressPrefix(nodeId));
        if (reaped.length === 0) return;
        for (const member of reaped) this.#onReaped(place, member);
        members += reaped.length;
      }
    };
    await inParallel(keys, placesAtOnce, async (key) => {
      const place = placeOf(key);
      if (place !== undefined) await reapPlace(place).catch((error: unknown) => this.#passOver(error));
    });
    if (isDead) {
      await driver.delete(index);
      await driver.removeFromSet(nodesKey, nodeId);
    }
    log.warn(
      { dead: nodeId, rooms: keys.length, members, isDead },
      "the members of a dead node were removed",
    );
  }

  /** What is wrong with one place, such as a key that something else has overwritten, is not the others' trouble. */
  #passOver(error: unknown): void {
    if (error instanceof RedisUnavailable) throw error;
    this.#options.log.warn({ err: error }, "a place could not be cleared of a dead node's members");
  }
}
