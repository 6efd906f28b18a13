/**
 * The room that a client is in: who else is, and what can be done there.
 */
import type { Member } from "../protocol/envelope.js";
import type { HostEvent } from "../protocol/events.js";
import type { Emitter } from "./emitter.js";
import type { RosterKeeper } from "./roster-keeper.js";

export interface RoomEvents {
  /** Somebody is on the list who was not; or was, and has come again on another connection. */
  join: [member: Member];
  /** Somebody is on the list no more. */
  leave: [member: Member];
  /** The list is another one. */
  members: [members: ReadonlyMap<string, Member>];
  /** A member, perhaps this one, says something to the room; objects carry its id as `from`. */
  message: [payload: unknown];
  /** A host, or a service if `by` is missing, has locked the room or unlocked it. */
  locked: [locked: boolean, by: string | undefined];
}

type Ask = (event: HostEvent | "msg" | "mute", payload: unknown) => Promise<unknown>;

export class Room {
  readonly roomId: string;
  readonly #keeper: RosterKeeper;
  readonly #events: Emitter<RoomEvents>;
  readonly #ask: Ask;

  constructor(roomId: string, keeper: RosterKeeper, events: Emitter<RoomEvents>, ask: Ask) {
    this.roomId = roomId;
    this.#keeper = keeper;
    this.#events = events;
    this.#ask = ask;
  }

  /**
   * Who is in the room, this client included, by userId. The map never changes: after a change there is another
   * one. While the connection is lost it stays as it was.
   */
  get members(): ReadonlyMap<string, Member> {
    return this.#keeper.members;
  }

  /** Grows by one with each change of the members. */
  get version(): number {
    return this.#keeper.version;
  }

  /** Whether hosts and those who are in may come in, and nobody else. */
  get locked(): boolean {
    return this.#keeper.locked;
  }

  /**
   * Says something to everyone in the room, this client included. Between nodes there is no receipt: that it
   * resolves means that the server has taken it.
   *
   * @throws SignalingError as `Signaling.send`, or reserved_type.
   */
  async say(payload: unknown): Promise<void> {
    await this.#ask("msg", payload);
  }

  /** Removes a member, for hosts; it cannot come back for a time. @throws SignalingError host_required, offline. */
  async kick(userId: string): Promise<void> {
    await this.#ask("kick", { roomId: this.roomId, targetUid: userId });
  }

  /** Locks the room to those who are in it, or unlocks it; for hosts. @throws SignalingError host_required. */
  async lock(locked: boolean): Promise<void> {
    await this.#ask("lock", { roomId: this.roomId, locked });
  }

  /** Removes everyone, this client included; for hosts. @throws SignalingError host_required. */
  async end(): Promise<void> {
    await this.#ask("end", { roomId: this.roomId });
  }

  /** Asks somebody to mute, which only hosts can. @throws SignalingError host_required, offline. */
  async mute(userId: string): Promise<void> {
    await this.#ask("mute", { targetUid: userId });
  }

  /** Returns a function that takes the listener off. */
  on<Name extends keyof RoomEvents>(event: Name, listener: (...args: RoomEvents[Name]) => void): () => void {
    return this.#events.on(event, listener);
  }
}
