/**
 * How long to wait before the next attempt: twice as long each time, and never the same for everybody, so that
 * those whom one node's end has sent away do not come back all at once.
 */

export interface BackOffRules {
  /** Before the first attempt, in milliseconds. */
  readonly firstMs: number;
  /** At most, in milliseconds. */
  readonly longestMs: number;
  /** By what part of itself a wait may be shorter or longer, from 0 to 1. */
  readonly jitter: number;
}

export class BackOff {
  readonly #rules: BackOffRules;
  #attempts = 0;

  constructor(rules: BackOffRules) {
    this.#rules = rules;
  }

  /** Waits that were asked for since the last `reset`. */
  get attempts(): number {
    return this.#attempts;
  }

  /** The next wait, in milliseconds. */
  next(): number {
    const { firstMs, longestMs, jitter } = this.#rules;
    const waitMs = Math.min(firstMs * 2 ** this.#attempts, longestMs);
    this.#attempts += 1;
    return Math.min(waitMs * (1 - jitter + 2 * jitter * Math.random()), longestMs);
  }

  reset(): void {
    this.#attempts = 0;
  }
}
