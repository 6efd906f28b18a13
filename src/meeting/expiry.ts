/**
 * Watches how long those who are connected may stay: warns them before their token expires, and ends their
 * connection when it has [P-52].
 */
import type { Session } from "./session.js";

/** A client is warned this long before, in milliseconds, or when half of its time is over if that is later. */
const expiryWarningMs = 60_000;
/** The longest that a timer can wait. */
const longestTimerMs = 2 ** 31 - 1;

export interface ExpiryEvents {
  soon(session: Session): void;
  expired(session: Session): void;
}

export class Expiry {
  readonly #epochNow: () => number;
  readonly #events: ExpiryEvents;
  readonly #timers = new Map<Session, NodeJS.Timeout>();

  /** @param epochNow - milliseconds since 1970. */
  constructor(epochNow: () => number, events: ExpiryEvents) {
    this.#epochNow = epochNow;
    this.#events = events;
  }

  /** From now on, by the session's grant as it is now. */
  watch(session: Session): void {
    this.forget(session);
    const { expiresAt } = session.grant;
    if (expiresAt === Number.POSITIVE_INFINITY) return;
    const leftMs = expiresAt - this.#epochNow();
    const warnAt = expiresAt - Math.min(expiryWarningMs, leftMs / 2);
    this.#at(session, warnAt, () => {
      this.#events.soon(session);
      this.#at(session, expiresAt, () => {
        this.#timers.delete(session);
        this.#events.expired(session);
      });
    });
  }

  forget(session: Session): void {
    clearTimeout(this.#timers.get(session));
    this.#timers.delete(session);
  }

  #at(session: Session, time: number, act: () => void): void {
    const leftMs = time - this.#epochNow();
    const wait = () => (leftMs > longestTimerMs ? this.#at(session, time, act) : act());
    this.#timers.set(session, setTimeout(wait, Math.min(Math.max(0, leftMs), longestTimerMs)));
  }
}
