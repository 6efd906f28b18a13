/**
 * Rosters and routes in Redis: who is in a place, and where in the cluster. Each change is one script.
 */
import type { Place } from "../meeting/place.js";
import type { Member } from "../protocol/envelope.js";
import { withDeadline } from "./deadline.js";
import type { Driver } from "./driver.js";
import { formatAddress, leaseKey, nodeRoomsKey, parseAddress, rosterKey, routeKey } from "./keys.js";
import { joinScript, leaveScript } from "./scripts.js";

export type Admission =
  | { readonly outcome: "admitted"; readonly displaced: string | undefined }
  | { readonly outcome: "duplicate" }
  | { readonly outcome: "full" };

export interface AdmissionRules {
  /** Most members of a room; 0 for no bound. The lobby has none. */
  readonly capacity: number;
  readonly duplicates: "replace" | "reject";
}

export class Rooms {
  readonly #driver: Driver;
  readonly #nodeId: string;
  /** Sessions of this node that are in a place or on their way in or out: the index names it while there are any. */
  readonly #interest = new Map<Place, number>();

  constructor(driver: Driver, nodeId: string) {
    this.#driver = driver;
    this.#nodeId = nodeId;
  }

  /**
   * Lets a session of this node into a place. Whatever comes of it, `dismiss` must follow in the end, and
   * may follow at once: Redis carries both out in that order.
   *
   * @throws RedisUnavailable if Redis did not answer in time; the session may then be in or not.
   */
  async admit(place: Place, member: Member, sessionId: string, rules: AdmissionRules): Promise<Admission> {
    const count = this.#interest.get(place) ?? 0;
    this.#interest.set(place, count + 1);
    const indexed =
      count === 0 ? this.#driver.addToSet(nodeRoomsKey(this.#nodeId), rosterKey(place)) : undefined;
    const joined = this.#join(place, member, sessionId, rules);
    const [, admission] = await withDeadline(Promise.all([indexed, joined]));
    if (admission.outcome !== "duplicate" || (await this.#isHeldByLivingNode(admission.by))) return admission;
    return withDeadline(this.#join(place, member, sessionId, { ...rules, duplicates: "replace" }));
  }

  /** Takes a session of this node out of a place. Resolves to false if a newer session of the user holds it. */
  async dismiss(place: Place, userId: string, sessionId: string): Promise<boolean> {
    const address = formatAddress(this.#nodeId, sessionId);
    const left = this.#driver.run(leaveScript, [rosterKey(place), routeKey(place)], [userId, address]);
    const count = (this.#interest.get(place) ?? 1) - 1;
    if (count > 0) this.#interest.set(place, count);
    else this.#interest.delete(place);
    const unindexed =
      count > 0 ? undefined : this.#driver.removeFromSet(nodeRoomsKey(this.#nodeId), rosterKey(place));
    const [removed] = await withDeadline(Promise.all([left, unindexed]));
    return removed === 1;
  }

  /** The roster as Redis holds it: userId → the member's JSON. */
  roster(place: Place): Promise<Map<string, string>> {
    return withDeadline(this.#driver.readHash(rosterKey(place)));
  }

  async #join(place: Place, member: Member, sessionId: string, rules: AdmissionRules) {
    const [outcome, address] = (await this.#driver.run(
      joinScript,
      [rosterKey(place), routeKey(place)],
      [
        member.userId,
        JSON.stringify(member),
        formatAddress(this.#nodeId, sessionId),
        String(rules.capacity),
        rules.duplicates,
      ],
    )) as ["admitted" | "duplicate" | "full", string];
    if (outcome === "admitted") return { outcome, displaced: address === "" ? undefined : address } as const;
    return outcome === "duplicate" ? ({ outcome, by: address } as const) : ({ outcome } as const);
  }

  /** Somebody whose node has died must not keep themselves out. */
  #isHeldByLivingNode(address: string): Promise<boolean> {
    return withDeadline(this.#driver.exists(leaseKey(parseAddress(address).nodeId)));
  }
}
