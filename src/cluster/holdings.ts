/**
 * What this node holds: each of its memberships, from when it is asked for until its end has been recorded in Redis.
 */
import type { Member } from "../protocol/envelope.js";
import type { Place } from "../protocol/place.js";

export interface Held {
  readonly sessionId: string;
  readonly member: Member;
  state: "joining" | "in" | "leaving";
  /** The place's version by which it came in; 0 until that is known. */
  since: number;
}

const none: ReadonlyMap<string, Held> = new Map();

export class Holdings {
  readonly #held = new Map<Place, Map<string, Held>>();
  readonly #onEmpty: (place: Place) => void;

  /** @param onEmpty - the last membership in the place has ended. */
  constructor(onEmpty: (place: Place) => void) {
    this.#onEmpty = onEmpty;
  }

  /** Those with a membership. */
  get places(): Iterable<Place> {
    return this.#held.keys();
  }

  /** By sessionId. */
  in(place: Place): ReadonlyMap<string, Held> {
    return this.#held.get(place) ?? none;
  }

  /** Returns whether it is the first in the place. */
  add(place: Place, held: Held): boolean {
    const there = this.#held.get(place);
    if (there === undefined) this.#held.set(place, new Map([[held.sessionId, held]]));
    else there.set(held.sessionId, held);
    return there === undefined;
  }

  /** The session may have come in again meanwhile: that is another membership. */
  remove(place: Place, held: Held): void {
    const there = this.#held.get(place);
    if (there?.get(held.sessionId) !== held) return;
    there.delete(held.sessionId);
    if (there.size > 0) return;
    this.#held.delete(place);
    this.#onEmpty(place);
  }

  /** The session has been taken out, and that is recorded: it is not put back. */
  forget(place: Place, sessionId: string): void {
    const held = this.#held.get(place)?.get(sessionId);
    if (held === undefined) return;
    held.state = "leaving";
    this.remove(place, held);
  }
}
