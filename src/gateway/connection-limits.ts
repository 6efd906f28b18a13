/**
 * How many connections an address and a user may have to this node, and how often an address may fail to get
 * in. Each node counts for itself, in memory, so none of it hangs on Redis.
 */
import { RateLimiterMemory } from "rate-limiter-flexible";
import type { FailureCode } from "../protocol/failures.js";

/** Failures are counted over this time, in seconds; so long waits whoever had too many. */
const failureWindowS = 60;

export interface ConnectionRules {
  /** 0 for no bound; so are the others. */
  readonly connectionsPerAddress: number;
  readonly connectionsPerUser: number;
  /** Handshakes in a minute that were refused or not finished. */
  readonly failedHandshakes: number;
}

export class ConnectionLimits {
  readonly #rules: ConnectionRules;
  readonly #failures: RateLimiterMemory;
  readonly #byAddress = new Map<string, number>();
  readonly #byUser = new Map<string, number>();

  constructor(rules: ConnectionRules) {
    this.#rules = rules;
    this.#failures = new RateLimiterMemory({ points: rules.failedHandshakes, duration: failureWindowS });
  }

  /** Why this address may not connect now, if so. */
  async refusalOf(address: string | undefined): Promise<FailureCode | undefined> {
    if (address === undefined) return undefined;
    const { connectionsPerAddress, failedHandshakes } = this.#rules;
    const failures = (await this.#failures.get(address))?.consumedPoints ?? 0;
    if (failedHandshakes > 0 && failures >= failedHandshakes) return "too_many_failures";
    const connections = this.#byAddress.get(address) ?? 0;
    return connectionsPerAddress > 0 && connections >= connectionsPerAddress
      ? "too_many_connections"
      : undefined;
  }

  async failed(address: string | undefined): Promise<void> {
    if (address !== undefined && this.#rules.failedHandshakes > 0) await this.#failures.penalty(address);
  }

  opened(address: string): void {
    add(this.#byAddress, address, 1);
  }

  closed(address: string): void {
    add(this.#byAddress, address, -1);
  }

  hasTooMany(address: string): boolean {
    const { connectionsPerAddress } = this.#rules;
    return connectionsPerAddress > 0 && (this.#byAddress.get(address) ?? 0) > connectionsPerAddress;
  }

  hasRoomFor(userId: string): boolean {
    const { connectionsPerUser } = this.#rules;
    return connectionsPerUser === 0 || (this.#byUser.get(userId) ?? 0) < connectionsPerUser;
  }

  entered(userId: string): void {
    add(this.#byUser, userId, 1);
  }

  left(userId: string): void {
    add(this.#byUser, userId, -1);
  }
}

function add(counts: Map<string, number>, key: string, change: number): void {
  const count = (counts.get(key) ?? 0) + change;
  if (count > 0) counts.set(key, count);
  else counts.delete(key);
}
