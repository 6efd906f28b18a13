/**
 * How often each member may have this client do what costs something: make a connection, offer, or answer. More
 * than anybody needs is done later, so that nobody can use up this client's own allowance with the server, or
 * the connections that a browser gives, which are needed for the others.
 */

/** At once; then one more in each of these times, in milliseconds. */
const mostAtOnce = 10;
const everyMs = 2_000;
const mostRemembered = 500;

interface Turns {
  left: number;
  countedAt: number;
  /** What is to be done next, and the timer for it. */
  waiting?: (() => void) | undefined;
  timer?: ReturnType<typeof setTimeout>;
}

export class Pace {
  readonly #members = new Map<string, Turns>();

  /** Does it now, or in a while; of what waits for that, the latest alone. */
  run(userId: string, act: () => void): void {
    const turns = this.#turnsOf(userId);
    const now = performance.now();
    turns.left = Math.min(mostAtOnce, turns.left + (now - turns.countedAt) / everyMs);
    turns.countedAt = now;
    if (turns.waiting !== undefined) turns.waiting = act;
    else if (turns.left >= 1) {
      turns.left -= 1;
      act();
    } else {
      turns.waiting = act;
      turns.timer = setTimeout(() => {
        const { waiting } = turns;
        turns.waiting = undefined;
        if (waiting !== undefined) this.run(userId, waiting);
      }, everyMs);
    }
  }

  /** What waits is not done any more. */
  stop(): void {
    for (const { timer } of this.#members.values()) clearTimeout(timer);
    this.#members.clear();
  }

  #turnsOf(userId: string): Turns {
    const turns = this.#members.get(userId) ?? { left: mostAtOnce, countedAt: performance.now() };
    this.#members.set(userId, turns);
    for (const [oldest, { timer }] of this.#members) {
      if (this.#members.size <= mostRemembered) break;
      clearTimeout(timer);
      this.#members.delete(oldest);
    }
    return turns;
  }
}
