/**
 * One client connection that has said who it is: where it is a member, and how to reach it.
 */

import { admitsTo, type Grant } from "../access/grant.js";
import type { Envelope, Member } from "../protocol/envelope.js";
import { SignalingFailure } from "../protocol/failures.js";
import { asMember, type Handshake, parseProfileFields } from "../protocol/handshake.js";
import { isLobby, type Place } from "../protocol/place.js";

/** How a connection ends: `final` tells the client not to come back by itself, `retry` lets it reconnect. */
export type Ending = "final" | "retry";

/** What the meeting needs of a client's connection. A gateway implements it; the meeting knows no transport. */
export interface Connection {
  /** False from the moment the transport is gone or going. */
  readonly open: boolean;
  /** Pushes an envelope as the event `msg`. */
  send(envelope: Envelope): void;
  /** Emits an event that is not an envelope; `roomUserList` is the only one. */
  emit(event: string, ...payload: unknown[]): void;
  /** Writes an event that `encodeEvent` has encoded. */
  deliver(encodedEvent: string): void;
  /** From now on, what is broadcast to the room reaches this connection, until `exit`. */
  enter(place: Place): void;
  exit(place: Place): void;
  end(ending: Ending): void;
}

export class Session {
  /** Unique in the cluster, and new with every connection. */
  readonly id: string;
  readonly userId: string;
  readonly connection: Connection;
  /** Where this session is a member, and as which, in the order in which it came in. */
  readonly places = new Map<Place, Member>();
  /** Set once the connection is gone, so that a join still under way knows that it came too late. */
  ended = false;

  #grant: Grant;
  readonly #profile: Handshake["profile"];
  /** Messages on their way through Redis, by target: while there are any, later ones go the same way (I2, [P-24]). */
  #unconfirmed: Map<string, number> | undefined;

  constructor(id: string, handshake: Handshake, grant: Grant, connection: Connection) {
    this.id = id;
    this.#grant = grant;
    this.userId = handshake.userId;
    this.#profile = handshake.profile;
    this.connection = connection;
  }

  /** What it may do; a client can renew it. */
  get grant(): Grant {
    return this.#grant;
  }

  /** @throws SignalingFailure token_refused, if the profile would hold more than it may [P-6]. */
  renew(grant: Grant): void {
    if (parseProfileFields({ ...this.#profile, ...grant.profile }) === undefined)
      throw new SignalingFailure("token_refused", { reason: "claims" });
    this.#grant = grant;
  }

  /** The rooms, without the lobby. */
  get rooms(): Place[] {
    return [...this.places.keys()].filter((place) => !isLobby(place));
  }

  /** Anyone who has connected may be in the lobby. */
  mayBeIn(place: Place): boolean {
    return isLobby(place) || admitsTo(this.grant, place);
  }

  /** As which it would come in now. */
  memberIn(place: Place): Member {
    const profile = { ...this.#profile, ...this.grant.profile };
    return asMember({ userId: this.userId, profile }, isLobby(place) ? undefined : place);
  }

  hasUnconfirmed(targetUid: string): boolean {
    return this.#unconfirmed?.has(targetUid) ?? false;
  }

  addUnconfirmed(targetUid: string): void {
    this.#unconfirmed ??= new Map();
    this.#unconfirmed.set(targetUid, (this.#unconfirmed.get(targetUid) ?? 0) + 1);
  }

  removeUnconfirmed(targetUid: string): void {
    const left = (this.#unconfirmed?.get(targetUid) ?? 0) - 1;
    if (left > 0) this.#unconfirmed?.set(targetUid, left);
    else this.#unconfirmed?.delete(targetUid);
  }
}
