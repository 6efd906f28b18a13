/**
 * A meeting client for tests: everything it is sent is kept in order, and taken with `await client.next(…)`.
 */
import { io, type ManagerOptions, type Socket, type SocketOptions } from "socket.io-client";
import { onTestFinished } from "vitest";
import type { Envelope } from "../../src/index.js";

type Options = Partial<ManagerOptions & SocketOptions>;

/** An envelope as tests read it. */
export interface Received extends Envelope {
  // biome-ignore lint/suspicious/noExplicitAny: tests look into whatever came
  readonly data: any;
}

export class TestClient {
  readonly socket: Socket;
  /** Resolves to the reason when the connection ends. */
  readonly ended: Promise<string>;
  /** The version of its room with which it came in; a notice that is older may still reach it, from another node. */
  since = 0;
  /** What came and has not been taken, as [event, payload]. */
  readonly #inbox: [event: string, payload: Received][] = [];
  readonly #changed = new EventTarget();

  constructor(socket: Socket) {
    this.socket = socket;
    this.ended = new Promise((resolve) => socket.once("disconnect", resolve));
    socket.onAny((event: string, payload: Received) => {
      this.#inbox.push([event, payload]);
      this.#changed.dispatchEvent(new Event("change"));
    });
  }

  /** Takes the first envelope of this type, waiting for it if need be; others stay. */
  next(type: string): Promise<Received> {
    return this.take((event, payload) => event === "msg" && payload?.type === type, `msg of type ${type}`);
  }

  /** Takes the first event of this name, whatever it carries. */
  nextEvent<T = unknown>(name: string): Promise<T> {
    return this.take((event) => event === name, `event ${name}`) as Promise<T>;
  }

  async take(wanted: (event: string, payload: Received) => boolean, what: string): Promise<Received> {
    const giveUp = AbortSignal.timeout(10_000);
    for (;;) {
      const index = this.#inbox.findIndex(([event, payload]) => wanted(event, payload));
      const [found] = index < 0 ? [] : this.#inbox.splice(index, 1);
      if (found !== undefined) return found[1];
      if (giveUp.aborted) throw new Error(`no ${what}; there is ${JSON.stringify(this.#inbox)}`);
      await new Promise<void>((resolve) => {
        this.#changed.addEventListener("change", () => resolve(), { once: true });
        giveUp.addEventListener("abort", () => resolve(), { once: true });
      });
    }
  }

  /** Every `msg` that has come and was not taken; what was sent before an answered request is in it. */
  get rest(): readonly Received[] {
    return this.#inbox.filter(([event]) => event === "msg").map(([, payload]) => payload);
  }

  /** Emits and resolves to what the ack got. */
  ask<T = Received>(event: string, ...args: unknown[]): Promise<T> {
    return this.socket.timeout(10_000).emitWithAck(event, ...args) as Promise<T>;
  }

  emit(event: string, ...args: unknown[]): void {
    this.socket.emit(event, ...args);
  }

  close(): void {
    this.socket.disconnect();
  }
}

/** Starts connecting; the client closes itself when the test ends. */
export function open(url: string, query: Record<string, string>, options: Options = {}): TestClient {
  const socket = io(url, {
    query,
    forceNew: true,
    reconnection: false,
    transports: ["websocket"],
    ...options,
  });
  const client = new TestClient(socket);
  onTestFinished(() => client.close());
  return client;
}

/** Connects, and resolves once the server has let the client in (into its room, if it names one). */
export async function connect(
  url: string,
  query: Record<string, string>,
  options: Options = {},
): Promise<TestClient> {
  const client = open(url, query, options);
  await new Promise<void>((resolve, reject) => {
    client.socket.once("connect", resolve);
    client.socket.once("connect_error", reject);
  });
  const { roomId } = query;
  if (roomId === undefined) {
    // The lobby sends no notice. An event of one's own is answered only after one is in.
    await client.ask("settle");
    await client.next("error");
  } else {
    const joined = await client.take(
      (event, p) => event === "msg" && p.type === "join" && p.data.userId === query["userId"],
      "own join",
    );
    client.since = joined.version ?? 0;
  }
  return client;
}

/** Who is in the room, as the client is told that asks; by name. */
export async function listOf(client: TestClient, roomId: string): Promise<string[]> {
  const members = await client.ask<{ userId: string }[]>("roomUserList", { roomId });
  return members.map(({ userId }) => userId).toSorted();
}

/** Connects where that is refused; resolves to the error's envelope. */
export async function refused(
  url: string,
  query: Record<string, string>,
  options: Options = {},
): Promise<Received> {
  const { socket } = open(url, query, options);
  return new Promise((resolve, reject) => {
    socket.once("connect_error", (error: Error & { data?: Received }) =>
      error.data === undefined ? reject(error) : resolve(error.data),
    );
    socket.once("connect", () => reject(new Error("connected, though it should have been refused")));
  });
}
