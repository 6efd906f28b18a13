/**
 * Joining and leaving: the roster in Redis, the members on this node and the notices to everyone, kept in
 * step. Whoever is newest stands (I5, [P-9]); each departure is announced once (I4).
 */
import type { Admission, AdmissionRules, Dismissal } from "../cluster/rooms.js";
import { type Envelope, joinNotice, leaveNotice, type Member, replacedNotice } from "../protocol/envelope.js";
import { SignalingFailure } from "../protocol/failures.js";
import { isLobby, type Place } from "../protocol/place.js";
import type { LocalMembers } from "./local-members.js";
import type { Session } from "./session.js";

/** Where memberships are kept; `cluster/rooms.ts` is the one there is. */
interface MembershipRegister {
  admit(place: Place, member: Member, sessionId: string, rules: AdmissionRules): Promise<Admission>;
  dismiss(place: Place, userId: string, sessionId: string): Promise<Dismissal>;
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
  readonly session: Session;
  readonly place: Place;
  /** Whether the others know of the session, because its joining was announced. */
  readonly announce: boolean;
  readonly again: boolean;
}

export class Membership {
  readonly #ports: MembershipPorts;
  readonly #rules: MembershipRules;
  /** Departures that the roster does not show yet, by session and place. */
  readonly #owed = new Map<string, Departure>();

  constructor(ports: MembershipPorts, rules: MembershipRules) {
    this.#ports = ports;
    this.#rules = rules;
  }

  /**
   * Makes the session a member and tells everyone in the room, the newcomer included. One that is a member
   * already stays as it is [P-36].
   *
   * @throws SignalingFailure too_many_rooms, room_full, duplicate, unavailable; RedisUnavailable.
   */
  async join(session: Session, place: Place): Promise<void> {
    if (session.places.has(place)) return;
    if (!isLobby(place) && session.rooms.length >= this.#rules.maxRooms)
      throw new SignalingFailure("too_many_rooms", { roomId: place });

    await this.#settleOwed(session, place);

    const rules = isLobby(place) ? { ...this.#rules, capacity: 0 } : this.#rules;
    const member = session.memberIn(place);
    let admission: Admission;
    try {
      admission = await this.#ports.register.admit(place, member, session.id, rules);
    } catch (error) {
      void this.#depart({ session, place, announce: false, again: false });
      throw error;
    }
    if (admission.outcome !== "admitted") {
      void this.#depart({ session, place, announce: false, again: false });
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
    await this.#depart({ session, place, announce: true, again: false });
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

  /** Takes up the departures that Redis could not be told of when they happened. */
  retryDepartures(): void {
    const owed = [...this.#owed.values()];
    this.#owed.clear();
    for (const departure of owed) void this.#depart({ ...departure, again: true });
  }

  /** Whoever comes back before the departure is recorded must not be taken for departed afterwards. */
  async #settleOwed(session: Session, place: Place): Promise<void> {
    const key = owedKey(session, place);
    const departure = this.#owed.get(key);
    if (departure === undefined) return;
    this.#owed.delete(key);
    await this.#depart({ ...departure, again: true });
    if (this.#owed.has(key)) throw new SignalingFailure("unavailable", { roomId: place });
  }

  /** Takes the session off the roster and, if that ended the user's membership, tells the others. */
  async #depart(departure: Departure): Promise<void> {
    const { session, place, announce, again } = departure;
    let dismissal: Dismissal;
    try {
      dismissal = await this.#ports.register.dismiss(place, session.userId, session.id);
    } catch (error) {
      this.#owed.set(owedKey(session, place), departure);
      this.#ports.onUnrecordedDeparture(error);
      return;
    }
    // The second time, `absent` means that the first was carried out and its answer lost.
    const left = dismissal === "left" || (again && dismissal === "absent");
    if (left && announce && !isLobby(place))
      this.#ports.broadcast(place, leaveNotice(session.memberIn(place)));
  }
}

function owedKey(session: Session, place: Place): string {
  return `${session.id} ${place}`;
}
