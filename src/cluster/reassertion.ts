/**
 * Makes Redis say what this node knows for certain: which of its sessions are where. Members whom Redis has
 * lost are put back, routes to sessions that are gone are removed, and whoever shows an outdated roster is
 * told to ask again. Done at once when Redis is back or the node was taken for dead, and every now and then
 * anyway, so that whatever else went wrong mends itself (I4, I6).
 */
import type { Logger } from "pino";
import type { Member } from "../protocol/envelope.js";
import type { Place } from "../protocol/place.js";
import { type Driver, RedisUnavailable } from "./driver.js";
import type { Removal } from "./frames.js";
import type { Held } from "./holdings.js";
import { inParallel } from "./in-parallel.js";
import { formatAddress, nodeRoomsKey, parseAddress, placeOf, rosterKey } from "./keys.js";
import type { Rooms, View } from "./rooms.js";

/** Between passes when nothing is known to be wrong; a random time, so that nodes do not march in step. */
const leastIntervalMs = 15_000;
const greatestIntervalMs = 30_000;
/** After a pass that is not the last word: it failed, met another's session, or a reaper may be at work still. */
const followUpMs = 2_000;
/** Places in hand at once: few when there is no hurry, so that people's own requests do not wait behind them. */
const hurriedPlaces = 64;
const calmPlaces = 4;
const membersAtOnce = 32;

export interface ReassertionEvents {
  /** The member is in again after its departure had been announced. */
  returned(place: Place, member: Member, version: number): void;
  /** Another session of the user has the place. */
  replaced(place: Place, sessionId: string): void;
  /** The session was removed from the place; or is, because it had not heard of it. */
  removed(removal: Removal, sessionId: string): void;
  /** Another session of the user came after this one, and has left. */
  superseded(place: Place, sessionId: string): void;
  /** Rosters older than this version may be wrong: those that clients of this node show, or everyone's. */
  outdated(place: Place, version: number, whose: "ours" | "everyone's"): void;
}

export interface ReassertionOptions {
  readonly driver: Driver;
  readonly rooms: Rooms;
  readonly nodeId: string;
  /** Whether a missing lease of another node means that it is dead. */
  readonly mayJudge: () => boolean;
  /** Sees to it that the others are told of a member of this node who was removed. */
  readonly ensureAnnounced: (place: Place, member: Member, sessionId: string) => void;
  /** Has every node compare a place, this one included. */
  readonly doubt: (place: Place) => void;
  /** From 0 to 1, as Math.random. */
  readonly random: () => number;
  readonly log: Logger;
}

export class Reassertion {
  readonly #options: ReassertionOptions;
  readonly #events: ReassertionEvents;
  /** Sessions whose place another has, with its address: believed when it is still so at the next pass. */
  #contested = new Map<Held, string>();
  /** Places where a broadcast of ours may not have been heard. */
  readonly #unheard = new Set<Place>();
  /** Places being compared by themselves, and whether that was asked for again meanwhile. */
  readonly #doubted = new Map<Place, boolean>();
  #timer: NodeJS.Timeout | undefined;
  #running = false;
  #requested = false;
  #hidden = false;
  #stopped = false;

  constructor(options: ReassertionOptions, events: ReassertionEvents) {
    this.#options = options;
    this.#events = events;
  }

  start(): void {
    this.#schedule(leastIntervalMs + this.#options.random() * (greatestIntervalMs - leastIntervalMs));
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  /** A broadcast to the place may not have been heard. */
  unheard(place: Place): void {
    this.#unheard.add(place);
  }

  /**
   * Starts a pass, or another after the one that runs.
   *
   * @param hidden - the others may have taken this node for dead, and have left its members out of rosters.
   */
  request(hidden = false): void {
    if (this.#stopped) return;
    this.#requested = true;
    this.#hidden ||= hidden;
    if (!this.#running) void this.#run(hurriedPlaces);
  }

  /** Compares one place, if this node has members there. */
  requestOne(place: Place): void {
    if (this.#stopped || this.#options.rooms.held.in(place).size === 0) return;
    const underWay = this.#doubted.has(place);
    this.#doubted.set(place, underWay);
    if (!underWay) void this.#settleDoubted(place);
  }

  async #settleDoubted(place: Place): Promise<void> {
    const contested = new Map<Held, string>();
    try {
      do {
        this.#doubted.set(place, false);
        await this.#settle(place, false, contested);
      } while (this.#doubted.get(place) === true);
      if (contested.size > 0) this.request();
    } catch (error) {
      this.#options.log.debug({ err: error }, "a place in doubt was not compared");
    } finally {
      this.#doubted.delete(place);
    }
  }

  async #run(placesAtOnce: number): Promise<void> {
    clearTimeout(this.#timer);
    this.#running = true;
    let followUp = false;
    do {
      this.#requested = false;
      const hidden = this.#hidden;
      this.#hidden = false;
      try {
        await this.#pass(hidden, placesAtOnce);
        followUp = hidden || this.#contested.size > 0;
      } catch (error) {
        this.#options.log.debug({ err: error }, "re-assertion not finished");
        this.#hidden ||= hidden;
        followUp = true;
        break;
      }
    } while (this.#requested && !this.#stopped);
    this.#running = false;
    if (followUp) this.#schedule(followUpMs);
    else this.start();
  }

  #schedule(ms: number): void {
    clearTimeout(this.#timer);
    if (!this.#stopped) this.#timer = setTimeout(() => void this.#run(calmPlaces), ms);
  }

  async #pass(hidden: boolean, placesAtOnce: number): Promise<void> {
    const { driver, rooms, nodeId } = this.#options;
    const indexed = new Set(await driver.readSet(nodeRoomsKey(nodeId)));
    const contested = new Map<Held, string>();

    for (const place of this.#unheard) {
      this.#tell(place, await rooms.raise(place, 0), "everyone's");
      this.#unheard.delete(place);
    }
    await inParallel([...rooms.held.places], placesAtOnce, async (place) => {
      if (!indexed.delete(rosterKey(place))) await rooms.index(place);
      await this.#settle(place, hidden, contested).catch((error: unknown) => this.#passOver(error));
    });
    await inParallel(indexed, placesAtOnce, async (key) => {
      const place = placeOf(key);
      if (place !== undefined)
        await this.#settle(place, false, contested).catch((error: unknown) => this.#passOver(error));
      if (place === undefined || rooms.held.in(place).size === 0) await rooms.unindex(key);
    });
    this.#contested = contested;
  }

  /** What is wrong with one place, such as a key that something else has overwritten, is not the others' trouble. */
  #passOver(error: unknown): void {
    if (error instanceof RedisUnavailable) throw error;
    this.#options.log.warn({ err: error }, "a place could not be compared with what Redis holds");
  }

  /** Compares one place with what this node holds there, and mends the differences. */
  async #settle(place: Place, hidden: boolean, contested: Map<Held, string>): Promise<void> {
    const { rooms, nodeId, doubt } = this.#options;
    const known = rooms.held.version(place);
    const view = await rooms.read(place, "ids");
    const held = rooms.held.in(place);
    let changedTo = 0;

    await inParallel(view.routes, membersAtOnce, async ([userId, address]) => {
      const there = parseAddress(address);
      if (there.nodeId !== nodeId || held.has(there.sessionId)) return;
      const { version } = await rooms.sweep(place, userId, there.sessionId);
      changedTo = Math.max(changedTo, version);
      // Whom it displaced may not know.
      if (version > 0) doubt(place);
    });
    await inParallel([...held.values()], membersAtOnce, async (member) => {
      if (member.state === "in" && !this.#isShown(view, member))
        changedTo = Math.max(changedTo, await this.#restore(place, member, contested));
    });

    // Only where others have members is there anyone who may have been shown a list without ours.
    const mayBeMissed = hidden && [...view.routes.values()].some((at) => parseAddress(at).nodeId !== nodeId);
    if (changedTo > 0) this.#tell(place, changedTo, "everyone's");
    else if (held.size === 0) return;
    else if (mayBeMissed || view.version < (known ?? 0))
      this.#tell(place, await rooms.raise(place, Math.max(known ?? 0, view.version)), "everyone's");
    else if (view.version !== known) this.#tell(place, view.version, "ours");
  }

  #isShown(view: View, { member, sessionId }: Held): boolean {
    const address = formatAddress(this.#options.nodeId, sessionId);
    return view.routes.get(member.userId) === address && view.members.has(member.userId);
  }

  /** Returns the version that this made, or 0 if nothing was changed. */
  async #restore(place: Place, held: Held, contested: Map<Held, string>): Promise<number> {
    const { rooms, mayJudge, ensureAnnounced } = this.#options;
    let { outcome, address, version } = await rooms.restore(place, held);
    if (outcome === "newer" && mayJudge() && !(await rooms.isAlive(parseAddress(address).nodeId)))
      ({ outcome, address, version } = await rooms.restore(place, held, address));
    // The session may have left while this was asked; then its own departure says what there is to say.
    if (held.state !== "in") return version;
    switch (outcome) {
      case "returned":
        this.#events.returned(place, held.member, version);
        break;
      case "kicked":
      case "ended":
        rooms.held.forget(place, held.sessionId);
        if (outcome === "kicked") ensureAnnounced(place, held.member, held.sessionId);
        this.#events.removed({ place, how: outcome, by: "" }, held.sessionId);
        break;
      case "superseded":
        this.#events.superseded(place, held.sessionId);
        break;
      case "newer":
        // What Redis held before it lost its newest writes looks the same, until its node has corrected it.
        if (this.#contested.get(held) === address) this.#events.replaced(place, held.sessionId);
        else contested.set(held, address);
        break;
      default:
    }
    return version;
  }

  #tell(place: Place, version: number, whose: "ours" | "everyone's"): void {
    if (version === 0) return;
    this.#options.rooms.held.note(place, version);
    this.#events.outdated(place, version, whose);
  }
}
