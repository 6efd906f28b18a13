/**
 * The node's lease: a key that says "this node lives" until it expires. A node that holds no lease is not
 * ready, and others may take its members for gone.
 */
import type { Logger } from "pino";
import type { Driver } from "./driver.js";
import { leaseKey, nodeRoomsKey, nodesKey } from "./keys.js";

/** The index of a dead node's rooms outlives its lease by this much, so that they can be found and cleared. */
export const indexTtlMs = 3_600_000;

/** However long the lease: a Redis that was emptied is found out by renewing, within this. */
const longestRenewalMs = 1_000;
/** After Redis was lost or emptied, every node has connected anew and put its members back within this. */
const recoveryMs = 3_000;

export interface LeaseEvents {
  /** At each renewal, when Redis is known to answer. */
  renewed(): void;
  /** The lease had expired or was wiped out, and has been taken again: the others may think that the node died. */
  retaken(): void;
}

export class Lease {
  readonly #driver: Driver;
  readonly #nodeId: string;
  readonly #leaseMs: number;
  readonly #renewalMs: number;
  readonly #now: () => number;
  readonly #log: Logger;
  readonly #events: LeaseEvents;
  #renewedAt = Number.NEGATIVE_INFINITY;
  /** Since when it has been renewed in time, on one connection. */
  #settledFrom = Number.POSITIVE_INFINITY;
  #lostAt = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    driver: Driver,
    nodeId: string,
    leaseMs: number,
    now: () => number,
    log: Logger,
    events: LeaseEvents,
  ) {
    this.#driver = driver;
    this.#nodeId = nodeId;
    this.#leaseMs = leaseMs;
    this.#renewalMs = Math.min(leaseMs / 3, longestRenewalMs);
    this.#now = now;
    this.#log = log;
    this.#events = events;
  }

  /** Whether the lease cannot have expired yet. */
  get held(): boolean {
    return this.#now() - this.#renewedAt < this.#leaseMs;
  }

  /**
   * Whether Redis has answered this node without a break for as long as any other may go without renewing. Only
   * then does a missing lease mean that its node is gone: after an outage all are missing for a moment.
   */
  get settled(): boolean {
    const now = this.#now();
    return now - this.#renewedAt < 2 * this.#renewalMs && now - this.#settledFrom >= this.#leaseMs;
  }

  /** Whether Redis may not have been told again yet what it held before it was lost. */
  get recovering(): boolean {
    return this.#now() - this.#lostAt < recoveryMs;
  }

  /** Takes the lease, and renews it until `release`: every third of its length, or more often. */
  async take(): Promise<void> {
    this.#timer = setInterval(() => void this.renew(), this.#renewalMs);
    await this.renew();
  }

  async release(): Promise<void> {
    clearInterval(this.#timer);
    this.#renewedAt = Number.NEGATIVE_INFINITY;
    await this.#driver.delete(leaseKey(this.#nodeId));
  }

  /** The connection was lost meanwhile, and others' may have been. */
  async renewAfterLoss(): Promise<void> {
    this.#settledFrom = Number.POSITIVE_INFINITY;
    this.#lostAt = this.#now();
    await this.renew();
  }

  async renew(): Promise<void> {
    const askedAt = this.#now();
    const key = leaseKey(this.#nodeId);
    try {
      const extended = await this.#driver.expire(key, this.#leaseMs);
      if (!extended) await this.#driver.setWithExpiry(key, "1", this.#leaseMs);
      const retaken = !extended && this.#renewedAt !== Number.NEGATIVE_INFINITY;
      const late = this.#now() - this.#renewedAt > 2 * this.#renewalMs;
      if (!extended || late || this.#settledFrom === Number.POSITIVE_INFINITY)
        this.#settledFrom = this.#now();
      if (retaken) this.#lostAt = this.#now();
      this.#renewedAt = askedAt;
      await Promise.all([
        this.#driver.addToSet(nodesKey, this.#nodeId),
        this.#driver.expire(nodeRoomsKey(this.#nodeId), indexTtlMs),
      ]);
      if (retaken) {
        this.#log.warn("the node's lease was lost and has been taken again");
        this.#events.retaken();
      }
      this.#events.renewed();
    } catch (error) {
      this.#log.debug({ err: error }, "lease not renewed");
    }
  }
}
