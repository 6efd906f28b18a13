/**
 * Joining and leaving: the roster in Redis, the members on this node and the notices to everyone, kept in
 * step. Whoever is newest stands (I5); each departure is announced once (I4).
 */
import type { Admission, AdmissionRules } from "../cluster/rooms.js";
import { type Envelope, joinNotice, leaveNotice, type Member, replacedNotice } from "../protocol/envelope.js";
import { SignalingFailure } from "../protocol/failures.js";
import type { LocalMembers } from "./local-members.js";
import { isLobby, type Place } from "./place.js";
import type { Session } from "./session.js";

/** Where memberships are kept; `cluster/rooms.ts` is the one there is. */
export interface MembershipRegister {
  admit(place: Place, member: Member, sessionId: string, rules: AdmissionRules): Promise<Admission>;
  dismiss(place: Place, userId: string, sessionId: string): Promise<boolean>;
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

export class Membership {
  readonly #ports: MembershipPorts;
  readonly #rules: MembershipRules;

  constructor(ports: MembershipPorts, rules: MembershipRules) {
    this.#ports = ports;
    this.#rules = rules;
  }

  /**
   * Makes the session a member and tells everyone in the room, the newcomer included. A member already is
   * left as it is.
   *
   * @throws SignalingFailure too_many_rooms, room_full, duplicate; RedisUnavailable.
   */
  async join(session: Session, place: Place): Promise<void> {
    if (session.places.has(place)) return;
    if (!isLobby(place) && session.rooms.length >= this.#rules.maxRooms)
      throw new SignalingFailure("too_many_rooms", { roomId: place });

    const rules = isLobby(place) ? { ...this.#rules, capacity: 0 } : this.#rules;
    const member = session.memberIn(place);
    let admission: Admission;
    try {
      admission = await this.#ports.register.admit(place, member, session.id, rules);
    } catch (error) {
      void this.#dismiss(session, place);
      throw error;
    }
    if (admission.outcome !== "admitted") {
      void this.#dismiss(session, place);
      throw new SignalingFailure(admission.outcome === "full" ? "room_full" : "duplicate", { roomId: place });
    }

    this.#ports.local.add(place, session);
    session.connection.enter(place);
    if (admission.displaced !== undefined) this.#ports.displace(admission.displaced, place);
    if (!isLobby(place)) this.#ports.broadcast(place, joinNotice(member));
    // The connection was lost meanwhile: whoever it displaced is gone too, so the whole story is told.
    if (session.ended) await this.leave(session, place);
  }

  /** Takes the session out of the place and tells the others. Returns false if it was not there. */
  async leave(session: Session, place: Place): Promise<boolean> {
    if (!session.places.has(place)) return false;
    this.#ports.local.remove(place, session);
    session.connection.exit(place);
    const left = await this.#dismiss(session, place);
    if (left && !isLobby(place)) this.#ports.broadcast(place, leaveNotice(session.memberIn(place)));
    return true;
  }

  /** Takes the session out of everywhere: its connection is gone. */
  async leaveAll(session: Session): Promise<void> {
    session.ended = true;
    await Promise.all([...session.places].map((place) => this.leave(session, place)));
  }

  /** Tells a session that a newer one has its place, and ends it. */
  replace(session: Session, place: Place): void {
    session.connection.send(replacedNotice(session.userId, isLobby(place) ? undefined : place));
    session.connection.end("final");
  }

  async #dismiss(session: Session, place: Place): Promise<boolean> {
    try {
      return await this.#ports.register.dismiss(place, session.userId, session.id);
    } catch (error) {
      this.#ports.onUnrecordedDeparture(error);
      return false;
    }
  }
}
