/**
 * Somebody who sends garbage, life after life: each is a connection that lasts until it is cut, or until the
 * attacker has had enough of it.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { Random } from "../faults/random.js";
import type { Garbage } from "./garbage.js";

/** Whoever attacks is called so, and nobody else. */
export const attackerPrefix = "attacker-";

const traceLength = 60;
const traceWidth = 200;

export interface Surroundings {
  readonly url: string;
  readonly random: Random;
  readonly garbage: Garbage;
  /** What this attacker connects with: to the room of those who must notice nothing, more often than not. */
  query(): Record<string, string>;
  /** Remembers what was sent. */
  note(what: string, sent: unknown): void;
  /** Lets others have their turn; true as long as this life may go on. */
  pause(): Promise<boolean>;
}

export type Life = (surroundings: Surroundings) => Promise<void>;

export interface AttackerOptions {
  readonly url: string;
  readonly random: Random;
  readonly garbage: Garbage;
  readonly query: () => Record<string, string>;
  readonly isOver: () => boolean;
}

export class Attacker {
  readonly name: string;
  /** What it did last. */
  readonly trace: string[] = [];
  sent = 0;
  lives = 0;
  readonly #life: Life;
  readonly #options: AttackerOptions;

  constructor(name: string, life: Life, options: AttackerOptions) {
    this.name = name;
    this.#life = life;
    this.#options = options;
  }

  async run(): Promise<void> {
    const { isOver } = this.#options;
    while (!isOver()) {
      this.lives += 1;
      await this.#life(this.#surroundings());
      await delay(5);
    }
  }

  #surroundings(): Surroundings {
    const { url, random, garbage, query, isOver } = this.#options;
    // Some go on until they are cut for it.
    let left = random.between(1, random.chance(0.1) ? 5_000 : 300);
    return {
      url,
      random,
      garbage,
      query,
      note: (what, sent) => {
        this.sent += 1;
        const text =
          typeof sent === "string" ? sent : Buffer.isBuffer(sent) ? sent.toString("hex") : toJson(sent);
        this.trace.push(`${what} ${text.slice(0, traceWidth)}`);
        if (this.trace.length > traceLength) this.trace.shift();
      },
      async pause() {
        left -= 1;
        // Now and then many at once.
        if (random.chance(0.2)) await delay(random.between(2, 25));
        return left > 0 && !isOver();
      },
    };
  }
}

function toJson(value: unknown): string {
  return JSON.stringify(value) ?? String(value);
}
