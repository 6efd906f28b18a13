/**
 * People in a call who do everything right, while others do not. They keep account of what they sent and got.
 */
import { setTimeout as delay } from "node:timers/promises";
import { io, type Socket } from "socket.io-client";
import { onTestFinished } from "vitest";
import { addressedEvents, serverTypes } from "../../src/protocol/events.js";
import { attackerPrefix } from "./attacker.js";

/** From one message of the call to the next. */
const everyMs = 20;
const answerMs = 10_000;

/** What anyone can say to anyone in the room. */
const anyonesEvents = new Set(Object.keys(addressedEvents).filter((event) => event !== "mute"));

type Fields = Readonly<Record<string, unknown>>;

export interface Seat {
  readonly userId: string;
  readonly url: string;
  readonly query: Readonly<Record<string, string>>;
}

export class HealthyCall {
  /** What should not have been. */
  readonly violations: string[] = [];
  sent = 0;
  /** How long acks took, in milliseconds, since this was last taken. */
  #latencies: number[] = [];
  readonly #people = new Map<string, Socket>();
  /** By sender and target: how many were sent, and the number of the last that arrived. */
  readonly #sentTo = new Map<string, number>();
  readonly #arrivedFrom = new Map<string, number>();
  readonly #unanswered = new Set<Promise<void>>();
  #isOver = false;

  static async start(seats: readonly Seat[]): Promise<HealthyCall> {
    const call = new HealthyCall();
    onTestFinished(() => {
      call.end();
      call.#disconnect();
    });
    for (const seat of seats) await call.#seat(seat);
    return call;
  }

  /** Calls until `end`. */
  async run(): Promise<void> {
    const names = [...this.#people.keys()];
    const pairs = names.flatMap((from) => names.filter((to) => to !== from).map((to) => [from, to] as const));
    for (let n = 0; !this.#isOver; n += 1) {
      const [from = "", to = ""] = pairs[n % pairs.length] ?? [];
      const asking = this.#send(from, to).finally(() => this.#unanswered.delete(asking));
      this.#unanswered.add(asking);
      await delay(everyMs);
    }
    await Promise.all(this.#unanswered);
  }

  end(): void {
    this.#isOver = true;
  }

  /** What never arrived is a violation as well. */
  close(): void {
    for (const [pair, count] of this.#sentTo) {
      const arrived = this.#arrivedFrom.get(pair) ?? 0;
      if (arrived !== count) this.#object(`${pair}: ${count} were sent, and ${arrived} arrived`);
    }
    this.#disconnect();
  }

  takeLatencies(): number[] {
    const latencies = this.#latencies;
    this.#latencies = [];
    return latencies;
  }

  async #seat({ userId, url, query }: Seat): Promise<void> {
    const socket = io(url, { query, transports: ["websocket"], forceNew: true, reconnection: false });
    this.#people.set(userId, socket);
    socket.on("disconnect", (reason) => this.#object(`${userId} was disconnected: ${reason}`));
    await new Promise<void>((resolve, reject) => {
      socket.once("connect_error", reject);
      socket.onAny((event: string, ...args: unknown[]) => {
        const [payload] = args as [unknown];
        if (isFields(payload) && payload["type"] === "join") resolve();
        this.#hear(userId, event, args);
      });
    });
  }

  async #send(from: string, to: string): Promise<void> {
    const pair = `${from} to ${to}`;
    const n = (this.#sentTo.get(pair) ?? 0) + 1;
    this.#sentTo.set(pair, n);
    this.sent += 1;
    const startedAt = performance.now();
    const socket = this.#people.get(from);
    try {
      const answer: unknown = await socket
        ?.timeout(answerMs)
        .emitWithAck(n % 2 === 0 ? "candidate" : "offer", { targetUid: to, n });
      this.#latencies.push(performance.now() - startedAt);
      if (!isFields(answer) || answer["type"] !== "receipt" || answer["status"] !== 200)
        this.#object(`${pair}, ${n}: answered by ${JSON.stringify(answer)}`);
    } catch {
      this.#object(`${pair}, ${n}: not answered`);
    }
  }

  /** Whatever comes is either of the call, or is something that anybody in the room can cause. */
  #hear(listener: string, event: string, args: readonly unknown[]): void {
    const [payload] = args;
    const strange =
      event !== "msg" || args.length !== 1 ? "what is no message" : this.#strangenessOf(listener, payload);
    if (strange !== undefined)
      this.#object(`${listener} heard ${strange}: ${event} ${JSON.stringify(args).slice(0, 500)}`);
  }

  #strangenessOf(listener: string, payload: unknown): string | undefined {
    // What is no object is passed on to the room as it is.
    if (!isFields(payload)) return undefined;
    const { type, data, from } = payload;
    if (typeof type !== "string" || !serverTypes.has(type))
      return isAttacker(from) ? undefined : "a message that is not stamped";
    // The server does not stamp its own.
    if (Object.hasOwn(payload, "from") || !isFields(data)) return "a forged envelope";
    const { userId } = data;
    const isMember = typeof userId === "string" && this.#people.has(userId);
    if (type === "roster") return undefined;
    if (type === "join" || type === "leave")
      return isAttacker(userId) || (isMember && type === "join")
        ? undefined
        : "of somebody else's coming or going";
    if (!anyonesEvents.has(type)) return "what only the server or a host can say";
    if (isMember) this.#arrive(`${userId} to ${listener}`, data["n"]);
    else if (!isAttacker(userId)) return "a message with a forged sender";
    return undefined;
  }

  /** In order, and each once. */
  #arrive(pair: string, n: unknown): void {
    const last = this.#arrivedFrom.get(pair) ?? 0;
    if (n !== last + 1) this.#object(`${pair}: after ${last} came ${JSON.stringify(n)}`);
    else this.#arrivedFrom.set(pair, n);
  }

  #disconnect(): void {
    for (const socket of this.#people.values()) {
      socket.off("disconnect");
      socket.disconnect();
    }
  }

  #object(what: string): void {
    this.violations.push(what);
  }
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isAttacker(userId: unknown): boolean {
  return typeof userId === "string" && userId.startsWith(attackerPrefix);
}
