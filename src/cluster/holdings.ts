/**
 * What this node holds: each of its memberships, from when it is asked for until its end has been recorded in Redis;
 * and of each place that it has any in, the version when it last knew it.
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

/** What is held in one place. */
interface Holding {
  /** By sessionId. */
  readonly members: Map<string, Held>;
  version: number | undefined;
}

const none: ReadonlyMap<string, Held> = new Map();

export class Holdings {
  readonly #held = new Map<Place, Holding>();
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
    return this.#held.get(place)?.members ?? none;
  }

  /** The greatest version of the place that was noted since there is a membership in it. */
  version(place: Place): number | undefined {
    return this.#held.get(place)?.version;
  }

  /** A change that this node made, and announces. Where there is no membership, no version is kept. */
  note(place: Place, version: number): void {
    const there = this.#held.get(place);
    if (there !== undefined && version > (there.version ?? 0)) there.version = version;
  }

  /** Returns whether it is the first in the place. */
  add(place: Place, held: Held): boolean {
    const there = this.#held.get(place);
    if (there === undefined)
      this.#held.set(place, { members: new Map([[held.sessionId, held]]), version: undefined });
    else there.members.set(held.sessionId, held);
    return there === undefined;
  }

  /** The session may have come in again meanwhile: that is another membership. */
  remove(place: Place, held: Held): void {
    const there = this.#held.get(place)?.members;
    if (there?.get(held.sessionId) !== held) return;
    there.delete(held.sessionId);
    if (there.size > 0) return;
    this.#held.delete(place);
    this.#onEmpty(place);
  }

  /** The session has been taken out, and that is recorded: it is not put back. */
  forget(place: Place, sessionId: string): void {
    const held = this.in(place).get(sessionId);
    if (held === undefined) return;
    held.state = "leaving";
    this.remove(place, held);
  }
}
