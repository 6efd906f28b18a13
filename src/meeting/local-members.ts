/**
 * The members that are connected to this node. What it answers needs no Redis: it is how people on one node
 * reach each other whatever happens to the rest (I6).
 */
import type { Member } from "../protocol/envelope.js";
import { isLobby, type Place } from "../protocol/place.js";
import type { Session } from "./session.js";

export class LocalMembers {
  readonly #places = new Map<Place, Map<string, Session>>();
  #members = 0;

  /**
   * Makes this session the one that stands for its user in the place, whoever stood there before (I5).
   *
   * @param member - as which it came in.
   */
  add(place: Place, session: Session, member: Member): void {
    let members = this.#places.get(place);
    if (members === undefined) {
      members = new Map();
      this.#places.set(place, members);
    }
    if (!members.has(session.userId)) this.#members += 1;
    members.set(session.userId, session);
    session.places.set(place, member);
  }

  /** Takes the session out, unless a newer one of the same user stands in its place. */
  remove(place: Place, session: Session): void {
    session.places.delete(place);
    const members = this.#places.get(place);
    if (members?.get(session.userId) !== session) return;
    members.delete(session.userId);
    this.#members -= 1;
    if (members.size === 0) this.#places.delete(place);
  }

  find(place: Place, userId: string): Session | undefined {
    return this.#places.get(place)?.get(userId);
  }

  /** Rooms with a member here; the lobby is none. */
  get roomCount(): number {
    let rooms = this.#places.size;
    for (const place of this.#places.keys()) if (isLobby(place)) rooms -= 1;
    return rooms;
  }

  /** Members here, counted once for each place that they are in. */
  get memberCount(): number {
    return this.#members;
  }
}
