/**
 * Keeps the room's list true: takes notices in, and asks for the list again when something was missed.
 */
import type { Envelope } from "../protocol/envelope.js";
import { isObject } from "../protocol/objects.js";
import { BackOff } from "./back-off.js";
import type { Emitter } from "./emitter.js";
import { asString, isMember, type Joined } from "./joined.js";
import type { RoomEvents } from "./room.js";
import { type Change, Roster } from "./roster.js";

export class RosterKeeper {
  readonly #roster = new Roster();
  readonly #roomId: string;
  readonly #events: Emitter<RoomEvents>;
  readonly #ask: () => Promise<Joined>;
  /**
   * Before asking: notices that only crossed arrive meanwhile, and of those who all missed the same one, not
   * everybody asks at once.
   */
  readonly #backOff = new BackOff({ firstMs: 200, longestMs: 5_000, jitter: 0.5 });
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Counts connections: an answer is of one of them. */
  #connection = 0;
  /** Whether the client is in the room; before that, the list is on its way by itself. */
  #present = false;
  #asking = false;
  #locked = false;
  /** Whether a notice has told of the lock since the list was asked for. */
  #lockNoticed = false;

  /** @param ask - asks the server for the list. */
  constructor(roomId: string, events: Emitter<RoomEvents>, ask: () => Promise<Joined>) {
    this.#roomId = roomId;
    this.#events = events;
    this.#ask = ask;
  }

  get members(): Roster["members"] {
    return this.#roster.members;
  }

  get version(): number {
    return this.#roster.version;
  }

  get locked(): boolean {
    return this.#locked;
  }

  /** In the room again, on another connection. */
  joined(answer: Joined): void {
    this.#present = true;
    this.#take(answer);
  }

  /** The connection is gone: what is under way will not come. */
  lost(): void {
    this.#connection += 1;
    this.#present = false;
    this.#asking = false;
    this.#lockNoticed = false;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#backOff.reset();
    this.#roster.restart();
  }

  /** Whether the envelope is about the room's list or lock. */
  told({ type, data, version }: Envelope): boolean {
    if (!isObject(data) || data["roomId"] !== this.#roomId) return false;
    if (type === "locked") {
      this.#lockNoticed = true;
      this.#setLocked(data["locked"] === true, asString(data["by"]));
      return true;
    }
    if (version === undefined) return false;
    if (type === "roster") this.#roster.expire(version);
    else if ((type === "join" || type === "leave") && isMember(data))
      this.#tell(this.#roster.apply({ type, member: data, version }));
    else return false;
    this.#heal();
    return true;
  }

  #take({ list }: Joined): void {
    if (list !== undefined) {
      const { difference, changes } = this.#roster.replace(list.members, list.version);
      for (const member of difference.left) this.#events.emit("leave", member);
      for (const member of difference.joined) this.#events.emit("join", member);
      if (difference.changed && changes.length === 0) this.#events.emit("members", this.members);
      this.#tell(changes);
      if (!this.#lockNoticed) this.#setLocked(list.locked, undefined);
      if (!this.#roster.incomplete) this.#backOff.reset();
    }
    this.#heal();
  }

  #tell(changes: readonly Change[]): void {
    for (const { type, member } of changes) this.#events.emit(type, member);
    if (changes.length > 0) this.#events.emit("members", this.members);
  }

  #setLocked(locked: boolean, by: string | undefined): void {
    if (locked === this.#locked) return;
    this.#locked = locked;
    this.#events.emit("locked", locked, by);
  }

  /** Asks for the list, a little later, if it is still needed by then. */
  #heal(): void {
    if (!this.#present || !this.#roster.incomplete) return;
    if (this.#asking || this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#roster.incomplete) void this.#askAgain();
      else this.#backOff.reset();
    }, this.#backOff.next());
  }

  async #askAgain(): Promise<void> {
    const connection = this.#connection;
    this.#asking = true;
    this.#lockNoticed = false;
    let answer: Joined | undefined;
    try {
      answer = await this.#ask();
    } catch {
      // It is asked for again, unless the connection is gone with it.
    }
    if (connection !== this.#connection) return;
    this.#asking = false;
    if (answer === undefined) this.#heal();
    else this.#take(answer);
  }
}
