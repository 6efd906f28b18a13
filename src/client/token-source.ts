/**
 * Where a client's tokens come from, and fresh ones in time, before the one in use expires [P-52], [P-53].
 */
import { BackOff } from "./back-off.js";
import { SignalingError } from "./signaling-error.js";

export type TokenOption = string | (() => string | Promise<string>) | undefined;

export class TokenSource {
  readonly #token: TokenOption;

  constructor(token: TokenOption) {
    this.#token = token;
  }

  /** Whether asking again can give another one. */
  get renewable(): boolean {
    return typeof this.#token === "function";
  }

  /** The token to connect with, if there is one. @throws SignalingError token_unavailable. */
  async get(): Promise<string | undefined> {
    if (typeof this.#token !== "function") return this.#token;
    try {
      return await this.#token();
    } catch (cause) {
      throw new SignalingError("token_unavailable", { cause });
    }
  }
}

/** Renews the token of one connection for as long as that lasts. */
export class Renewal {
  readonly #tokens: TokenSource;
  readonly #use: (token: string) => Promise<void>;
  readonly #backOff = new BackOff({ firstMs: 1_000, longestMs: 10_000, jitter: 0.5 });
  #timer: ReturnType<typeof setTimeout> | undefined;
  #stopped = false;

  /** @param use - hands a token to the server. */
  constructor(tokens: TokenSource, use: (token: string) => Promise<void>) {
    this.#tokens = tokens;
    this.#use = use;
  }

  /** The server has warned that the token is about to expire. */
  warned(): void {
    if (!this.#tokens.renewable || this.#stopped) return;
    clearTimeout(this.#timer);
    this.#backOff.reset();
    void this.#renew();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  async #renew(): Promise<void> {
    try {
      const token = await this.#tokens.get();
      if (!this.#stopped && token !== undefined) await this.#use(token);
    } catch (error) {
      // A token that the server refuses is refused again; the connection lasts until the one before expires.
      const passes = error instanceof SignalingError && error.retry;
      if (passes && !this.#stopped) this.#timer = setTimeout(() => void this.#renew(), this.#backOff.next());
    }
  }
}
