/**
 * The node's lease: a key that says "this node lives" until it expires. A node that holds no lease is not
 * ready, and others may take its members for gone.
 */
import type { Logger } from "pino";
import type { Driver } from "./driver.js";
import { leaseKey, nodeRoomsKey } from "./keys.js";

/** The index of a dead node's rooms outlives its lease by this much, so that they can be found and cleared. */
export const indexTtlMs = 3_600_000;

export class Lease {
  readonly #driver: Driver;
  readonly #nodeId: string;
  readonly #leaseMs: number;
  readonly #now: () => number;
  readonly #log: Logger;
  readonly #onRenewed: () => void;
  #renewedAt = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;

  /** @param onRenewed - called at each renewal, when Redis is known to answer. */
  constructor(
    driver: Driver,
    nodeId: string,
    leaseMs: number,
    now: () => number,
    log: Logger,
    onRenewed: () => void,
  ) {
    this.#driver = driver;
    this.#nodeId = nodeId;
    this.#leaseMs = leaseMs;
    this.#now = now;
    this.#log = log;
    this.#onRenewed = onRenewed;
  }

  /** Whether the lease cannot have expired yet. */
  get held(): boolean {
    return this.#now() - this.#renewedAt < this.#leaseMs;
  }

  /** Takes the lease, and renews it every third of its length until `release`. */
  async take(): Promise<void> {
    this.#timer = setInterval(() => void this.#renew(), this.#leaseMs / 3);
    await this.#renew();
  }

  async release(): Promise<void> {
    clearInterval(this.#timer);
    this.#renewedAt = Number.NEGATIVE_INFINITY;
    await this.#driver.delete(leaseKey(this.#nodeId));
  }

  async #renew(): Promise<void> {
    const askedAt = this.#now();
    try {
      await this.#driver.setWithExpiry(leaseKey(this.#nodeId), "1", this.#leaseMs);
      this.#renewedAt = askedAt;
      this.#onRenewed();
      await this.#driver.expire(nodeRoomsKey(this.#nodeId), indexTtlMs);
    } catch (error) {
      this.#log.debug({ err: error }, "lease not renewed");
    }
  }
}
