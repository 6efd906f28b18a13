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

  take(now: number): Verdict {
    const { rate, burst } = this.#limit;
    const filled = ((now - this.#filledAt) / 1_000) * rate;
    this.#filledAt = now;
    this.#tokens = Math.min(burst, this.#tokens + filled);
    this.#refusals = Math.min(burst, this.#refusals + filled);
    if (this.#tokens >= 1) {
      this.#tokens -= 1;
      return "allowed";
    }
    if (this.#refusals < 1) return "flooding";
    this.#refusals -= 1;
    return "refused";
  }

  /** Milliseconds until one more is allowed. */
  get waitMs(): number {
    return Math.max(0, Math.ceil(((1 - this.#tokens) / this.#limit.rate) * 1_000));
  }
}
