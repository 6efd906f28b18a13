/**
 * The public keys that tokens are checked with, as they are published at a URL: fetched when they are needed, kept,
 * and fetched again when they may have been exchanged. While they cannot be fetched, the last ones do for a day.
 */
import { setTimeout as delay } from "node:timers/promises";
import {
  type CryptoKey,
  createRemoteJWKSet,
  errors,
  type FlattenedJWSInput,
  type JWSHeaderParameters,
} from "jose";

/** All in milliseconds. */
const timeoutMs = 3_000;
/** Older keys are fetched again before a token is checked with them. */
const freshMs = 600_000;
/** Where they cannot be fetched, keys hold for so long, from when they last were. */
const lastingMs = 86_400_000;
/** Nobody makes a node fetch more often: neither with keys that nobody knows, nor while fetching fails. */
const pauseMs = 2_000;
const pauseAfterFailureMs = 5_000;

export interface PublishedKeysPorts {
  /** Told when keys cannot be fetched or used, and, with undefined, when they have been fetched again. */
  readonly onKeys: (error: unknown) => void;
  /** Milliseconds on a clock that never goes back. */
  readonly now: () => number;
  /** @default a timer that keeps no process alive */
  readonly wait?: (ms: number) => Promise<void>;
}

export class PublishedKeys {
  readonly #ports: Required<PublishedKeysPorts>;
  readonly #keys: ReturnType<typeof createRemoteJWKSet>;
  #fetching: Promise<void> | undefined;
  /** Fetches, counted as they begin, and the last one of them that brought keys. */
  #begun = 0;
  #brought = 0;
  #triedAt = Number.NEGATIVE_INFINITY;
  #fetchedAt = Number.NEGATIVE_INFINITY;
  /** Why the last fetch failed, if it did. */
  #failure: { readonly error: unknown } | undefined;
  #foundUseless = false;

  constructor(url: URL, ports: PublishedKeysPorts) {
    this.#ports = { wait: (ms) => delay(ms, undefined, { ref: false }), ...ports };
    // When to fetch is decided here: left to itself, it would forget keys that it cannot fetch again.
    const never = Number.POSITIVE_INFINITY;
    this.#keys = createRemoteJWKSet(url, {
      timeoutDuration: timeoutMs,
      cooldownDuration: never,
      cacheMaxAge: never,
    });
  }

  /**
   * Finds the key that a token says it is signed with.
   *
   * @throws errors of jose if there is none; whatever a fetch failed with, if keys are missing because of that.
   */
  async find(header: JWSHeaderParameters, token: FlattenedJWSInput): Promise<CryptoKey> {
    const before = this.#begun;
    await this.#freshen();
    for (;;) {
      try {
        return await this.#keys(header, token);
      } catch (error) {
        // It may have been published since: only what is fetched from now on can say that it was not.
        if (!(error instanceof errors.JWKSNoMatchingKey) || this.#brought > before) throw error;
      }
      await this.#fetch();
    }
  }

  /** Tells the operator that keys came which are of no use: once, until they are fetched again. */
  reportUseless(error: unknown): void {
    if (this.#failure !== undefined || this.#foundUseless) return;
    this.#foundUseless = true;
    this.#ports.onKeys(error);
  }

  /** Sees to it that there are keys, and that they are not older than need be. */
  async #freshen(): Promise<void> {
    const now = this.#ports.now();
    if (now - this.#fetchedAt < freshMs) return;
    const isUsable = now - this.#fetchedAt < lastingMs;
    const fetched = isUsable ? this.#fetch().catch(() => {}) : this.#fetch();
    // One that has failed a moment ago is not waited for.
    if (!isUsable || now - this.#triedAt >= freshMs) await fetched;
  }

  /** One at a time, for everyone who asks meanwhile. */
  #fetch(): Promise<void> {
    const sinceMs = this.#ports.now() - this.#triedAt;
    if (this.#fetching === undefined && this.#failure !== undefined && sinceMs < pauseAfterFailureMs)
      return Promise.reject(this.#failure.error);
    this.#fetching ??= this.#fetchAfter(pauseMs - sinceMs).finally(() => {
      this.#fetching = undefined;
    });
    return this.#fetching;
  }

  async #fetchAfter(ms: number): Promise<void> {
    const { now, wait, onKeys } = this.#ports;
    if (ms > 0) await wait(ms);
    const fetch = ++this.#begun;
    const startedAt = now();
    try {
      await this.#keys.reload();
    } catch (error) {
      if (this.#failure === undefined) onKeys(error);
      this.#failure = { error };
      throw error;
    } finally {
      this.#triedAt = now();
    }
    this.#brought = fetch;
    this.#fetchedAt = startedAt;
    if (this.#failure !== undefined || this.#foundUseless) onKeys(undefined);
    this.#failure = undefined;
    this.#foundUseless = false;
  }
}
