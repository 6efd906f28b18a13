/**
 * Rosters and routes in Redis: who is in a place, and where in the cluster. Each change is one script. Beside
 * Redis it keeps what this node holds, so that Redis can be corrected where the two differ.
 */
import type { Member } from "../protocol/envelope.js";
import { isLobby, type Place } from "../protocol/place.js";
import { type Driver, RedisUnavailable } from "./driver.js";
import { type Held, Holdings } from "./holdings.js";
import {
  banKey,
  formatAddress,
  leaseKey,
  nodeRoomsKey,
  nodesKey,
  parseAddress,
  placeOf,
  rosterKey,
} from "./keys.js";
import { indexTtlMs } from "./lease.js";
import { joinScript } from "./scripts/join.js";
import { leaveScript } from "./scripts/leave.js";
import { lockScript } from "./scripts/lock.js";
import { raiseScript } from "./scripts/raise.js";
import { readScript } from "./scripts/read.js";
import { reapScript } from "./scripts/reap.js";
import { restoreScript } from "./scripts/restore.js";
import { mostAtOnce, newestTtlMs, roomKeys } from "./scripts/script.js";

export type Admission =
  | { readonly outcome: "admitted"; readonly displaced: string | undefined; readonly version: number }
  | { readonly outcome: "duplicate" | "full" | "locked" }
  /** `retryAfterMs`: for how much longer. */
  | { readonly outcome: "removed"; readonly retryAfterMs: number };

/**
 * - `left`: the session is out
 * - `absent`: it was out before, and nobody has announced that
 * - `newer`: another session of the user has the place
 * - `announced`: it was out before, and that is announced: by a reaper, a later session or because it was removed
 */
export interface Dismissal {
  readonly outcome: "left" | "absent" | "newer" | "announced";
  readonly version: number;
}

/** What became of a member that Redis was found to lack; `address` is that of the newer session, if there is one. */
export interface Restoration {
  readonly outcome: "held" | "restored" | "returned" | "newer" | "superseded" | "kicked" | "ended";
  readonly address: string;
  readonly version: number;
}

export interface AdmissionRules {
  /** Whether the newcomer gets into rooms that are locked. @default false */
  readonly opensLocks?: boolean;
  /** Most members of a room; 0 for no bound. The lobby has none. */
  readonly capacity: number;
  readonly duplicates: "replace" | "reject";
}

/** A place as Redis holds it. */
export interface View {
  readonly version: number;
  /** Whether only those who were in before may come in, and hosts. */
  readonly locked: boolean;
  /** userId → the member's JSON, or "" if it was not asked for. */
  readonly members: ReadonlyMap<string, string>;
  /** userId → address. */
  readonly routes: ReadonlyMap<string, string>;
}

export interface Reaped {
  readonly userId: string;
  /** As the roster held it, or else without a profile. */
  readonly json: string;
  readonly version: number;
}

/** What a script found of a member in the roster; made up for where that was "", because it held nothing. */
export function memberJson(place: Place, userId: string, held: unknown): string {
  return String(held) || JSON.stringify({ userId, ...(!isLobby(place) && { roomId: place }) });
}

export class Rooms {
  /** While there is one in a place, this node's index in Redis names the place. */
  readonly held = new Holdings((place) => {
    // A place that stays in the index is taken out of it by the next re-assertion.
    this.unindex(rosterKey(place)).catch(() => {});
  });
  readonly #driver: Driver;
  readonly #nodeId: string;

  constructor(driver: Driver, nodeId: string) {
    this.#driver = driver;
    this.#nodeId = nodeId;
  }

  /**
   * Lets a session of this node into a place. If it fails with an error that may have happened, `dismiss` must
   * follow.
   *
   * @throws RedisUnavailable
   */
  async admit(place: Place, member: Member, sessionId: string, rules: AdmissionRules): Promise<Admission> {
    const held: Held = { sessionId, member, state: "joining", since: 0 };
    try {
      const indexed = this.held.add(place, held) ? this.index(place) : undefined;
      const joined = this.#join(place, held, rules);
      let [, admission] = await Promise.all([indexed, joined]);
      if (admission.outcome === "duplicate" && !(await this.isAlive(parseAddress(admission.by).nodeId)))
        admission = await this.#join(place, held, rules, admission.by);
      if (admission.outcome === "admitted") {
        held.since = admission.version;
        if (held.state === "joining") held.state = "in";
      } else this.held.remove(place, held);
      return admission;
    } catch (error) {
      if (error instanceof RedisUnavailable && !error.mayHaveHappened) this.held.remove(place, held);
      throw error;
    }
  }

  /**
   * Takes a session of this node out of a place, unless a newer session of the user holds it. Waits for Redis
   * as long as the connection lasts, because whoever leaves does not.
   *
   * @param announced - whether the others know of the member, so that a departure is news to them.
   * @throws RedisUnavailable if it is not known whether it happened; call again when Redis is back.
   */
  async dismiss(place: Place, userId: string, sessionId: string, announced: boolean): Promise<Dismissal> {
    const held = this.held.in(place).get(sessionId);
    if (held !== undefined) held.state = "leaving";
    const dismissal = await this.#leave(place, userId, sessionId, announced);
    if (held !== undefined) this.held.remove(place, held);
    return dismissal;
  }

  async read(place: Place, what: "members" | "ids"): Promise<View> {
    const reply = await this.#driver.run(readScript, roomKeys(place), [what === "members" ? "1" : "0"]);
    const [version, userIds, jsons, routed, addresses, locked] = reply as [
      string,
      string[],
      string[],
      string[],
      string[],
      number,
    ];
    return {
      version: Number(version),
      locked: locked === 1,
      members: new Map(userIds.map((userId, i) => [userId, jsons[i] ?? ""])),
      routes: new Map(routed.map((userId, i) => [userId, addresses[i] ?? ""])),
    };
  }

  /** Removes a route that names a session which this node does not have. */
  async sweep(place: Place, userId: string, sessionId: string): Promise<Dismissal> {
    return this.#leave(place, userId, sessionId, false);
  }

  /** @param dead - an address to replace even so, because its node is dead. */
  async restore(place: Place, { member, sessionId }: Held, dead = ""): Promise<Restoration> {
    const keys = [...roomKeys(place), banKey(place, member.userId)];
    const [outcome, address, version] = (await this.#driver.run(restoreScript, keys, [
      member.userId,
      JSON.stringify(member),
      formatAddress(this.#nodeId, sessionId),
      dead,
      String(newestTtlMs),
    ])) as [Restoration["outcome"], string, number];
    return { outcome, address, version };
  }

  /** Takes members of a dead node out of a place; call until it returns none. */
  async reap(place: Place, addressPrefix: string): Promise<Reaped[]> {
    const reply = (await this.#driver.run(reapScript, roomKeys(place), [
      addressPrefix,
      String(mostAtOnce),
      String(newestTtlMs),
    ])) as (string | number)[];
    const reaped: Reaped[] = [];
    for (let i = 0; i + 2 < reply.length; i += 3) {
      const userId = String(reply[i]);
      const json = memberJson(place, userId, reply[i + 1]);
      reaped.push({ userId, json, version: Number(reply[i + 2]) });
    }
    return reaped;
  }

  /** Locks a place to those who are in it, or unlocks it; resolves to whether anybody is. */
  async lock(place: Place, locked: boolean): Promise<boolean> {
    return (await this.#driver.run(lockScript, roomKeys(place), [locked ? "1" : "0"])) === 1;
  }

  /** Raises a place's version above this one; returns it, or 0 if nobody is there. */
  async raise(place: Place, above: number): Promise<number> {
    return Number(await this.#driver.run(raiseScript, roomKeys(place), [String(above)]));
  }

  /** Every room with a member, on whichever node. */
  async list(): Promise<Place[]> {
    const nodeIds = await this.#driver.readSet(nodesKey);
    const keys = await Promise.all(nodeIds.map((nodeId) => this.#driver.readSet(nodeRoomsKey(nodeId))));
    const places = [...new Set(keys.flat())].map((key) => placeOf(key));
    return places.filter((place) => place !== undefined && !isLobby(place)) as Place[];
  }

  count(place: Place): Promise<number> {
    return this.#driver.countFields(rosterKey(place));
  }

  isAlive(nodeId: string): Promise<boolean> {
    return this.#driver.exists(leaseKey(nodeId));
  }

  /** Puts the place where a reaper would find it: into this node's index, and the node among those to look at. */
  async index(place: Place): Promise<void> {
    const index = nodeRoomsKey(this.#nodeId);
    await Promise.all([
      this.#driver.addToSet(nodesKey, this.#nodeId),
      this.#driver.addToSet(index, rosterKey(place)),
      this.#driver.expire(index, indexTtlMs),
    ]);
  }

  async unindex(key: string): Promise<void> {
    await this.#driver.removeFromSet(nodeRoomsKey(this.#nodeId), key);
  }

  async #join(place: Place, { member, sessionId }: Held, rules: AdmissionRules, dead = "") {
    const keys = [...roomKeys(place), banKey(place, member.userId)];
    const [outcome, address, number] = (await this.#driver.run(joinScript, keys, [
      member.userId,
      JSON.stringify(member),
      formatAddress(this.#nodeId, sessionId),
      String(rules.capacity),
      rules.duplicates,
      dead,
      String(newestTtlMs),
      rules.opensLocks === true ? "1" : "0",
    ])) as [Admission["outcome"], string, number];
    if (outcome === "admitted")
      return { outcome, displaced: address === "" ? undefined : address, version: number } as const;
    if (outcome === "removed") return { outcome, retryAfterMs: number } as const;
    return outcome === "duplicate" ? ({ outcome, by: address } as const) : ({ outcome } as const);
  }

  async #leave(place: Place, userId: string, sessionId: string, announced: boolean): Promise<Dismissal> {
    const [outcome, version] = (await this.#driver.run(leaveScript, roomKeys(place), [
      userId,
      formatAddress(this.#nodeId, sessionId),
      announced ? "1" : "0",
    ])) as [Dismissal["outcome"], number];
    return { outcome, version };
  }
}
