/**
 * What attackers send: values that fast-check makes up, and what is known to be wrong, changed a little. The same
 * seed makes the same garbage.
 */
import fc from "fast-check";
import { addressedEvents, hostEvents, roomEvents, serverTypes } from "../../src/protocol/events.js";
import { frameCases } from "../contract/bad-input/frames.js";
import { packetCases } from "../contract/bad-input/packets.js";
import { requestCases } from "../contract/bad-input/requests.js";
import type { Random } from "../faults/random.js";

const poolSize = 1_000;
const packets = packetCases.flatMap((entry) => entry.packets);
const events = [...Object.keys(addressedEvents), ...hostEvents, ...roomEvents];
const oddNames = ["__proto__", "constructor", "prototype", "toString", "toJSON", "hasOwnProperty", "length"];
const characters = '{}[]":,\\0123456789-/_\u001e\u0000é会\u202e\ud83d';

/** Values to choose from; they take a while to make up. */
export interface Pools {
  readonly payloads: readonly unknown[];
  readonly args: readonly (readonly unknown[])[];
  /** What connections are named with. */
  readonly namings: readonly unknown[];
}

/**
 * @param names - of people and rooms that there are.
 * @param taken - those of them that nobody may name himself.
 */
export function makePools(seed: number, names: readonly string[], taken: readonly string[]): Pools {
  const sample = <T>(arbitrary: fc.Arbitrary<T>) => fc.sample(arbitrary, { seed, numRuns: poolSize });
  const payload = payloadOf(idOf(names));
  const naming = payloadOf(idOf(names.filter((name) => !taken.includes(name))));
  return {
    payloads: sample(payload),
    args: sample(fc.array(fc.oneof({ weight: 4, arbitrary: payload }, value), { maxLength: 3 })),
    namings: sample(naming),
  };
}

export class Garbage {
  readonly #random: Random;
  readonly #pools: Pools;

  constructor(random: Random, pools: Pools) {
    this.#random = random;
    this.#pools = pools;
  }

  event(): string {
    return this.#random.pick(this.#random.chance(0.85) ? events : [...oddNames, "", "x"]);
  }

  /** Mostly one payload, as events have. */
  args(): readonly unknown[] {
    return this.#random.chance(0.7)
      ? [this.#random.pick(this.#pools.payloads)]
      : this.#random.pick(this.#pools.args);
  }

  naming(): unknown {
    return this.#random.pick(this.#pools.namings);
  }

  /** An Engine.IO packet, or something like one. */
  packet(): string | Buffer {
    const random = this.#random;
    if (random.chance(0.02)) return this.#deep();
    if (random.chance(0.02)) return `42["msg","${"x".repeat(random.between(1, 400_000))}"]`;
    if (random.chance(0.5)) return this.mutated(this.#event());
    const packet = random.pick(packets);
    return typeof packet === "string" ? this.mutated(packet) : packet;
  }

  frame(): Buffer {
    return this.#changed(this.#random.pick(frameCases).bytes);
  }

  request(sid: string): string {
    return this.mutated(this.#random.pick(requestCases).request(sid));
  }

  /** The text with a few characters changed, put in, taken out or repeated; or as it is. */
  mutated(text: string): string {
    const random = this.#random;
    if (random.chance(0.3)) return text;
    let mutant = text.slice(0, 500_000);
    for (let n = random.between(1, 4); n > 0; n -= 1) {
      const at = random.between(0, mutant.length);
      const to = random.chance(0.7) ? at + 1 : random.between(at, mutant.length);
      const inserted = random.pick([
        "",
        characters[random.between(0, characters.length - 1)] ?? "",
        mutant.slice(at, to),
        random.pick(oddNames),
      ]);
      mutant = mutant.slice(0, at) + inserted + mutant.slice(random.chance(0.5) ? at : to);
    }
    return mutant;
  }

  #changed(bytes: Buffer): Buffer {
    const random = this.#random;
    const mutant = Buffer.from(bytes);
    for (let n = random.between(0, 4); n > 0 && mutant.length > 0; n -= 1)
      mutant[random.between(0, mutant.length - 1)] = random.between(0, 255);
    return random.chance(0.3) ? mutant.subarray(0, random.between(0, mutant.length)) : mutant;
  }

  #event(): string {
    const ack = this.#random.chance(0.5) ? String(this.#random.between(0, 2 ** 31)) : "";
    return `42${ack}${JSON.stringify([this.event(), ...this.args()])}`;
  }

  /** Nested as deeply as can be parsed, or almost, or not any more. */
  #deep(): string {
    const levels = this.#random.pick([100, 1_000, 3_000, 5_000, 7_000, 10_000, 30_000]);
    const event = this.#random.pick(events);
    return `42["${event}",{"targetUid":"ben","deep":${"[".repeat(levels)}${"]".repeat(levels)}}]`;
  }
}

const value: fc.Arbitrary<unknown> = fc.oneof(
  fc.jsonValue({ maxDepth: 4 }),
  fc.constantFrom(null, "", 0, -1, 2 ** 53, 1e308, true, [], {}, [[]], Buffer.from("x")),
  fc.integer({ min: 60_000, max: 70_000 }).map((length) => "x".repeat(length)),
);

const idOf = (names: readonly string[]): fc.Arbitrary<unknown> =>
  fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...names) },
    fc.constantFrom(...oddNames, "{lobby}", "*", "", "meeting-lobby"),
    fc.string({ unit: "binary", maxLength: 140 }),
    fc.oneof(fc.integer(), fc.double(), fc.boolean(), fc.constant(null)),
    fc.array(fc.constantFrom(...names), { maxLength: 3 }),
    fc.record({ targetUid: fc.constantFrom(...names) }),
  );

/** An object with the fields that events have, some of them wrong, and others that nobody asked for. */
const payloadOf = (id: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
  fc
    .tuple(
      fc.record(
        {
          targetUid: id,
          roomId: id,
          userId: id,
          from: id,
          type: fc.oneof(fc.constantFrom(...serverTypes), fc.string(), fc.jsonValue()),
          status: fc.oneof(fc.constantFrom(200, 403, "200"), fc.jsonValue()),
          data: fc.oneof(fc.record({ userId: id, roomId: id }), fc.jsonValue()),
          locked: fc.oneof(fc.boolean(), fc.jsonValue()),
          token: fc.oneof(fc.string(), fc.jsonValue()),
          version: fc.oneof(fc.integer(), fc.jsonValue()),
        },
        { requiredKeys: [] },
      ),
      fc.dictionary(fc.oneof(fc.constantFrom(...oddNames), fc.string()), fc.jsonValue(), { maxKeys: 3 }),
    )
    // Parsed, so that `__proto__` is a field.
    .map(([fields, odd]) => JSON.parse(`${JSON.stringify({ ...odd, ...fields })}`) as unknown);
