/**
 * How much somebody may do: a burst at once, and then as fast as the bucket fills. As much again is refused;
 * whoever does even more floods.
 */

export interface RateLimit {
  /** Per second, over time. */
  readonly rate: number;
  readonly burst: number;
}

export type Verdict = "allowed" | "refused" | "flooding";

export class TokenBucket {
  readonly #limit: RateLimit;
  #tokens: number;
  #refusals: number;
  #filledAt: number;

  /** @param now - in milliseconds, on a clock that never goes back; so is every later one. */
  constructor(limit: RateLimit, now: number) {
    this.#limit = limit;
    this.#tokens = limit.burst;
    this.#refusals = limit.burst;
    this.#filledAt = now;
  }

  /** @param cost - in tokens; what costs more than a burst takes all of one. */
  take(now: number, cost = 1): Verdict {
    const { rate, burst } = this.#limit;
    const filled = ((now - this.#filledAt) / 1_000) * rate;
    this.#filledAt = now;
    this.#tokens = Math.min(burst, this.#tokens + filled);
    this.#refusals = Math.min(burst, this.#refusals + filled);
    const price = Math.min(cost, burst);
    if (this.#tokens >= price) {
      this.#tokens -= price;
      return "allowed";
    }
    if (this.#refusals < price) return "flooding";
    this.#refusals -= price;
    return "refused";
  }

  /** Milliseconds until so much is allowed. */
  waitMs(cost = 1): number {
    const { rate, burst } = this.#limit;
    return Math.max(0, Math.ceil(((Math.min(cost, burst) - this.#tokens) / rate) * 1_000));
  }
}
