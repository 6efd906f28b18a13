/**
 * Attackers of every kind, at one node. The same seed makes the same ones.
 */
import { onTestFinished } from "vitest";
import { Random } from "../faults/random.js";
import { Attacker, attackerPrefix, type Life } from "./attacker.js";
import { Garbage, type Pools } from "./garbage.js";
import { lives } from "./lives.js";

const attackersOfAKind = 2;

const kinds: readonly (readonly [name: string, life: Life])[] = Object.entries(lives).flatMap(
  ([kind, life]) =>
    Array.from({ length: attackersOfAKind }, (_, n) => [`${attackerPrefix}${kind}-${n}`, life] as const),
);

export const attackerNames: readonly string[] = kinds.map(([name]) => name);

export interface AttackOptions {
  readonly url: string;
  readonly seed: number;
  readonly pools: Pools;
  /** The room of those who must notice nothing, and another. */
  readonly roomIds: readonly [theirs: string, another: string];
  /** What somebody connects with, besides a room. */
  readonly admission: (userId: string) => Promise<Readonly<Record<string, string>>>;
}

export class Attack {
  readonly #attackers: readonly Attacker[];
  readonly #attacking: Promise<unknown>;
  #isOver = false;

  static async start(options: AttackOptions): Promise<Attack> {
    const admissions = await Promise.all(attackerNames.map((name) => options.admission(name)));
    const attack = new Attack(options, admissions);
    onTestFinished(() => attack.end());
    return attack;
  }

  private constructor({ url, seed, pools, roomIds }: AttackOptions, admissions: readonly object[]) {
    const [theirs, another] = roomIds;
    this.#attackers = kinds.map(([name, life], n) => {
      const random = new Random(seed * 100 + n);
      const query = () => ({ roomId: random.chance(0.8) ? theirs : another, ...admissions[n] });
      const garbage = new Garbage(random, pools);
      return new Attacker(name, life, { url, random, garbage, query, isOver: () => this.#isOver });
    });
    this.#attacking = Promise.all(this.#attackers.map((attacker) => attacker.run()));
  }

  async end(): Promise<void> {
    this.#isOver = true;
    await this.#attacking;
  }

  get garbage(): number {
    return this.#attackers.reduce((sum, { sent }) => sum + sent, 0);
  }

  get lives(): number {
    return this.#attackers.reduce((sum, attacker) => sum + attacker.lives, 0);
  }

  /** What the attackers did last. */
  get traces(): Record<string, readonly string[]> {
    return Object.fromEntries(this.#attackers.map(({ name, trace }) => [name, trace]));
  }
}
