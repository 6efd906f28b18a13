/**
 * Gives ICE servers to those who ask, and fresh ones to whoever has asked before theirs expire [P-62].
 */
import { type IceServers, iceServersNotice, receipt } from "../protocol/envelope.js";
import type { Reply } from "./reply.js";
import type { Session } from "./session.js";

/** Of their life, how much is over when credentials are followed by fresh ones. */
const refreshAfter = 0.75;

export class Ice {
  readonly #issue: (userId: string, until: number) => IceServers;
  readonly #epochNow: () => number;
  readonly #timers = new Map<Session, NodeJS.Timeout>();
  /** Those whose credentials end with their token: only another token gets them any that last longer. */
  readonly #boundByToken = new Set<Session>();

  /** @param epochNow - milliseconds since 1970. */
  constructor(issue: (userId: string, until: number) => IceServers, epochNow: () => number) {
    this.#issue = issue;
    this.#epochNow = epochNow;
  }

  /** [P-60] */
  ask(session: Session, reply: Reply): void {
    const servers = this.#give(session);
    if (reply.ack === undefined) session.connection.send(iceServersNotice(servers));
    else reply.ok(receipt("ice servers", { event: "iceServers", ...servers }));
  }

  /** The session's grant is another one from now on. */
  renewed(session: Session): void {
    if (this.#boundByToken.has(session)) this.#refresh(session);
  }

  forget(session: Session): void {
    clearTimeout(this.#timers.get(session));
    this.#timers.delete(session);
    this.#boundByToken.delete(session);
  }

  #refresh(session: Session): void {
    session.connection.send(iceServersNotice(this.#give(session)));
  }

  #give(session: Session): IceServers {
    this.forget(session);
    const until = session.grant.expiresAt;
    const servers = this.#issue(session.userId, until);
    const { expiresAt } = servers;
    if (expiresAt === undefined) return servers;
    // Credentials end at a whole second. Those that could not end later are not worth sending again, and asking
    // for them over and over would never come to an end.
    if (until - expiresAt < 1_000) this.#boundByToken.add(session);
    else {
      const lifeMs = expiresAt - this.#epochNow();
      this.#timers.set(
        session,
        setTimeout(() => this.#refresh(session), lifeMs * refreshAfter),
      );
    }
    return servers;
  }
}
