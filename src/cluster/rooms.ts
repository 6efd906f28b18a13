/**
 * Rosters and routes in Redis: who is in a place, and where in the cluster. Each change is one script.
 */

import type { Member } from "../protocol/envelope.js";
import type { Place } from "../protocol/place.js";
import { withDeadline } from "./deadline.js";
import type { Driver } from "./driver.js";
import { formatAddress, leaseKey, nodeRoomsKey, parseAddress, rosterKey, routeKey } from "./keys.js";
import { indexTtlMs } from "./lease.js";
import { joinScript, leaveScript } from "./scripts.js";

export type Admission =
  | { readonly outcome: "admitted"; readonly displaced: string | undefined }
  | { readonly outcome: "duplicate" }
  | { readonly outcome: "full" };

/** `newer`: another session of the user holds the place. `absent`: none does. */
export type Dismissal = "left" | "newer" | "absent";

export interface AdmissionRules {
  /** Most members of a room; 0 for no bound. The lobby has none. */
  readonly capacity: number;
  readonly duplicates: "replace" | "reject";
}

export class Rooms {
  readonly #driver: Driver;
  readonly #nodeId: string;
  /** Admissions without a dismissal yet: while a place has any, the node's index names it. */
  readonly #interest = new Map<Place, number>();

  constructor(driver: Driver, nodeId: string) {
    this.#driver = driver;
    this.#nodeId = nodeId;
  }

  /**
   * Lets a session of this node into a place. Whatever comes of it, a `dismiss` that succeeds must follow in
   * the end, and may follow at once: Redis carries both out in that order.
   *
   * @throws RedisUnavailable if Redis did not answer in time; the session may then be in or not.
   */
  async admit(place: Place, member: Member, sessionId: string, rules: AdmissionRules): Promise<Admission> {
    const indexed = this.#gainInterest(place);
    const joined = this.#join(place, member, sessionId, rules);
    const [, admission] = await withDeadline(Promise.all([indexed, joined]));
    if (admission.outcome !== "duplicate" || (await this.#isHeldByLivingNode(admission.by))) return admission;
    return withDeadline(this.#join(place, member, sessionId, rules, admission.by));
  }

  /**
   * Takes a session of this node out of a place, unless a newer session of the user holds it. Waits for Redis
   * as long as the connection lasts, because whoever leaves does not.
   *
   * @throws RedisUnavailable if it is not known whether it happened; call again when Redis is back.
   */
  async dismiss(place: Place, userId: string, sessionId: string): Promise<Dismissal> {
    const address = formatAddress(this.#nodeId, sessionId);
    const dismissal = await this.#driver.run(
      leaveScript,
      [rosterKey(place), routeKey(place)],
      [userId, address],
    );
    await this.#loseInterest(place);
    return dismissal as Dismissal;
  }

  /** The roster as Redis holds it: userId → the member's JSON. */
  roster(place: Place): Promise<Map<string, string>> {
    return withDeadline(this.#driver.readHash(rosterKey(place)));
  }

  async #join(place: Place, member: Member, sessionId: string, rules: AdmissionRules, dead = "") {
    const [outcome, address] = (await this.#driver.run(
      joinScript,
      [rosterKey(place), routeKey(place)],
      [
        member.userId,
        JSON.stringify(member),
        formatAddress(this.#nodeId, sessionId),
        String(rules.capacity),
        rules.duplicates,
        dead,
      ],
    )) as ["admitted" | "duplicate" | "full", string];
    if (outcome === "admitted") return { outcome, displaced: address === "" ? undefined : address } as const;
    return outcome === "duplicate" ? ({ outcome, by: address } as const) : ({ outcome } as const);
  }

  async #gainInterest(place: Place): Promise<void> {
    const count = (this.#interest.get(place) ?? 0) + 1;
    this.#interest.set(place, count);
    if (count > 1) return;
    const index = nodeRoomsKey(this.#nodeId);
    await Promise.all([
      this.#driver.addToSet(index, rosterKey(place)),
      this.#driver.expire(index, indexTtlMs),
    ]);
  }

  async #loseInterest(place: Place): Promise<void> {
    const count = (this.#interest.get(place) ?? 1) - 1;
    if (count > 0) {
      this.#interest.set(place, count);
      return;
    }
    this.#interest.delete(place);
    await this.#driver.removeFromSet(nodeRoomsKey(this.#nodeId), rosterKey(place));
  }

  /** Somebody whose node has died must not keep themselves out. */
  #isHeldByLivingNode(address: string): Promise<boolean> {
    return withDeadline(this.#driver.exists(leaseKey(parseAddress(address).nodeId)));
  }
}
