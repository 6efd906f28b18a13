/**
 * Joining and leaving: the roster in Redis, the members on this node and the notices to everyone, kept in
 * step. Whoever is newest stands (I5, [P-9]); each departure is announced once (I4).
 */

import { RedisUnavailable } from "../cluster/driver.js";
import type { Removal } from "../cluster/frames.js";
import type { Admission, AdmissionRules, Dismissal, Reaped } from "../cluster/rooms.js";
import {
  type Envelope,
  failureEnvelope,
  joinNotice,
  leaveNotice,
  type Member,
  removalNotice,
  replacedNotice,
} from "../protocol/envelope.js";
import { SignalingFailure } from "../protocol/failures.js";
import { isLobby, type Place } from "../protocol/place.js";
import type { LocalMembers } from "./local-members.js";
import { parseMember } from "./roster.js";
import type { Session } from "./session.js";

/** Where memberships are kept; `cluster/cluster.ts` is the one there is. */
interface MembershipRegister {
  admit(place: Place, member: Member, sessionId: string, rules: AdmissionRules): Promise<Admission>;
  dismiss(place: Place, userId: string, sessionId: string, announced: boolean): Promise<Dismissal>;
}

export interface MembershipPorts {
  readonly register: MembershipRegister;
  readonly local: LocalMembers;
  /** Sends to everyone in the room, on every node. */
  readonly broadcast: (place: Place, envelope: Envelope) => void;
  /** Ends the displaced session, on whichever node its address names. */
  readonly displace: (address: string, place: Place) => void;
  /** A departure could not be recorded, so that the roster still shows the member. */
  readonly onUnrecordedDeparture: (error: unknown) => void;
}

export interface MembershipRules extends AdmissionRules {
  /** Rooms that one connection may be in at once. */
  readonly maxRooms: number;
}

interface Departure {
  readonly sessionId: string;
  readonly member: Member;
  readonly place: Place;
  /** Whether the others know of the session, because its joining was announced. */
  readonly announced: boolean;
}

export class Membership {
  readonly #ports: MembershipPorts;
  readonly #rules: MembershipRules;
  /** Departures that the roster may not show yet, by session and place. */
  readonly #owed = new Map<string, Departure>();

  constructor(ports: MembershipPorts, rules: MembershipRules) {
    this.#ports = ports;
    this.#rules = rules;
  }

  /**
   * Makes the session a member and tells everyone in the room, the newcomer included. One that is a member
   * already stays as it is [P-36].
   *
   * @throws SignalingFailure room_forbidden, too_many_rooms, room_full, room_locked, kicked, duplicate, unavailable; RedisUnavailable.
   */
  async join(session: Session, place: Place): Promise<void> {
    if (session.places.has(place)) return;
    if (!session.mayBeIn(place)) throw new SignalingFailure("room_forbidden", { roomId: place });
    if (!isLobby(place) && session.rooms.length >= this.#rules.maxRooms)
      throw new SignalingFailure("too_many_rooms", { roomId: place });

    await this.#settleOwed(session, place);

    const member = session.memberIn(place);
    const admission = await this.#admit(session, member, place);
    if (admission.outcome !== "admitted") throw refusal(admission, place);

    this.#ports.local.add(place, session, member);
    session.connection.enter(place);
    if (admission.displaced !== undefined) this.#ports.displace(admission.displaced, place);
    if (!isLobby(place)) this.#ports.broadcast(place, joinNotice(member, admission.version));
    // The connection was lost meanwhile: whoever it displaced is gone too, so the whole story is told.
    if (session.ended) await this.leave(session, place);
  }

  /** Takes the session out of the place and tells the others. Returns false if it was not there. */
  async leave(session: Session, place: Place): Promise<boolean> {
    const member = session.places.get(place);
    if (member === undefined) return false;
    this.#ports.local.remove(place, session);
    session.connection.exit(place);
    await this.#depart({ sessionId: session.id, member, place, announced: true });
    return true;
  }

  /** Takes the session out of everywhere: its connection is gone. */
  async leaveAll(session: Session): Promise<void> {
    session.ended = true;
    await Promise.all([...session.places.keys()].map((place) => this.leave(session, place)));
  }

  /** Tells a session that a newer one has its place, and ends it. */
  replace(session: Session, place: Place): void {
    session.connection.send(replacedNotice(session.userId, isLobby(place) ? undefined : place));
    session.connection.end("final");
  }

  /** Somebody has taken the session out of the place, and tells the others; the roster does not show it any more. */
  remove(session: Session, { place, how, by }: Removal): void {
    if (!session.places.has(place)) return;
    this.#ports.local.remove(place, session);
    session.connection.exit(place);
    session.connection.send(removalNotice(how, session.userId, place, by));
    if (session.places.size === 0) session.connection.end("final");
  }

  /** A newer session came and went while this node was out of touch: whoever is still there may come again. */
  supersede(session: Session): void {
    session.connection.send(failureEnvelope(new SignalingFailure("unavailable"), "connect"));
    session.connection.end("retry");
  }

  /** Announces a member of this node again, whose departure others had announced. */
  announceReturned(place: Place, member: Member, version: number): void {
    if (!isLobby(place)) this.#ports.broadcast(place, joinNotice(member, version));
  }

  /** Announces the departure of a member of a dead node. */
  announceReaped(place: Place, { userId, json, version }: Reaped): void {
    if (!isLobby(place)) this.#ports.broadcast(place, leaveNotice(parseMember(userId, json), version));
  }

  /** Takes up the departures that Redis could not be told of when they happened. */
  retryDepartures(): void {
    const owed = [...this.#owed.values()];
    this.#owed.clear();
    for (const departure of owed) void this.#depart(departure);
  }

  async #admit(session: Session, member: Member, place: Place): Promise<Admission> {
    const capacity = isLobby(place) ? 0 : this.#rules.capacity;
    const rules = { ...this.#rules, capacity, opensLocks: session.grant.role === "host" };
    try {
      return await this.#ports.register.admit(place, member, session.id, rules);
    } catch (error) {
      const mayBeIn = !(error instanceof RedisUnavailable) || error.mayHaveHappened;
      if (mayBeIn) void this.#depart({ sessionId: session.id, member, place, announced: false });
      throw error;
    }
  }

  /** Whoever comes back before the departure is recorded must not be taken for departed afterwards. */
  async #settleOwed(session: Session, place: Place): Promise<void> {
    const key = owedKey(session.id, place);
    const departure = this.#owed.get(key);
    if (departure === undefined) return;
    this.#owed.delete(key);
    await this.#depart(departure);
    if (this.#owed.has(key)) throw new SignalingFailure("unavailable", { roomId: place });
  }

  /** Takes the session off the roster and, if nobody else has announced that, tells the others. */
  async #depart(departure: Departure): Promise<void> {
    const { sessionId, member, place, announced } = departure;
    let dismissal: Dismissal;
    try {
      dismissal = await this.#ports.register.dismiss(place, member.userId, sessionId, announced);
    } catch (error) {
      this.#owed.set(owedKey(sessionId, place), departure);
      this.#ports.onUnrecordedDeparture(error);
      return;
    }
    const { outcome, version } = dismissal;
    if (announced && (outcome === "left" || outcome === "absent") && !isLobby(place))
      this.#ports.broadcast(place, leaveNotice(member, version));
  }
}

function refusal(admission: Exclude<Admission, { outcome: "admitted" }>, roomId: Place): SignalingFailure {
  switch (admission.outcome) {
    case "full":
      return new SignalingFailure("room_full", { roomId });
    case "locked":
      return new SignalingFailure("room_locked", { roomId });
    case "removed":
      return new SignalingFailure("kicked", { roomId, retryAfterMs: admission.retryAfterMs });
    case "duplicate":
      return new SignalingFailure("duplicate", { roomId });
  }
}

function owedKey(sessionId: string, place: Place): string {
  return `${sessionId} ${place}`;
}
