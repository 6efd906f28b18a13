/**
 * The driver for a real Redis server: one connection for commands, one for subscriptions. Both reconnect
 * for ever; a command issued while the connection is down is refused at once. A connection that falls silent
 * is made anew, whatever is still being written to it.
 */

import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "pino";
import { ClientClosedError, ClientOfflineError, createClient, ErrorReply } from "redis";
import { type Driver, RedisUnavailable } from "./driver.js";
import type { Script } from "./scripts/script.js";

/** Between attempts to reconnect: doubled from the first to the last, with jitter so that nodes do not march in step. */
const firstReconnectDelayMs = 50;
const lastReconnectDelayMs = 1_000;
const connectTimeoutMs = 2_000;
/** A connection that answers nothing for this long, pings included, is dead and is made anew. */
const silenceMs = 3_000;
const pingIntervalMs = 1_000;
/** Commands that may wait while Redis hangs; more are refused, so that memory stays bounded. */
const maxQueuedCommands = 200_000;

type Client = ReturnType<typeof createRedisClient>;

function createRedisClient(url: string) {
  return createClient({
    url,
    RESP: 2,
    disableOfflineQueue: true,
    commandsQueueMaxLength: maxQueuedCommands,
    pingInterval: pingIntervalMs,
    // The default arms a timer for every command; deadlines are the caller's, who can say what a late reply means.
    commandOptions: { timeout: 0 },
    socket: {
      connectTimeout: connectTimeoutMs,
      socketTimeout: silenceMs,
      reconnectStrategy: (retries) =>
        Math.min(firstReconnectDelayMs * 2 ** retries, lastReconnectDelayMs) * (0.5 + Math.random() / 2),
    },
  });
}

export type CommandObserver = (command: string, ms: number) => void;

/** Subscribes on a client; kept so that it can be done again on another. */
type Subscribe = (client: Client) => Promise<void>;

export class RedisDriver implements Driver {
  readonly description: string;
  readonly remote = true;
  readonly #url: string;
  readonly #log: Logger;
  readonly #observe: CommandObserver;
  readonly #wanted: Subscribe[] = [];
  #commands: Client;
  #subscriptions: Client;
  #onRestored: () => void = () => {};
  #watch: NodeJS.Timeout | undefined;
  /** Commands without a reply, and for how many looks of the watch there has been none to any. */
  #unanswered = 0;
  #silentLooks = 0;

  /** @param observe - called once for each command that has been answered or has failed. */
  constructor(url: string, log: Logger, observe: CommandObserver) {
    this.#url = url;
    this.#log = log;
    this.#observe = observe;
    this.description = describeRedisUrl(url);
    this.#commands = this.#createClient("commands");
    this.#subscriptions = this.#createClient("subscriptions");
  }

  get ready(): boolean {
    return this.#commands.isReady && this.#subscriptions.isReady;
  }

  async connect(): Promise<void> {
    this.#watch = setInterval(() => this.#look(), silenceMs / 3);
    await Promise.all([this.#commands.connect(), this.#subscriptions.connect()]);
  }

  async close(): Promise<void> {
    clearInterval(this.#watch);
    for (const client of [this.#commands, this.#subscriptions]) if (client.isOpen) client.destroy();
  }

  onRestored(listener: () => void): void {
    this.#onRestored = listener;
  }

  resubscribe(): void {
    // A client that is connecting already is left to it: destroyed in the middle, it would connect all the same.
    if (!this.#subscriptions.isReady) return;
    this.#subscriptions.destroy();
    const client = this.#createClient("subscriptions");
    this.#subscriptions = client;
    const subscribed = client
      .connect()
      .then(() => Promise.all(this.#wanted.map((subscribe) => untilSubscribed(client, subscribe))));
    subscribed.then(
      () => this.#onRestored(),
      // Only closing ends the attempts.
      (error: unknown) => this.#log.debug({ err: error }, "not subscribed anew"),
    );
  }

  run(script: Script, keys: readonly string[], args: readonly string[]): Promise<unknown> {
    return this.#send(["EVAL", script.lua, String(keys.length), ...keys, ...args], script.name);
  }

  readField(key: string, field: string): Promise<string | undefined> {
    return this.#send(["HGET", key, field]).then((value) => (value === null ? undefined : (value as string)));
  }

  countFields(key: string): Promise<number> {
    return this.#send(["HLEN", key]) as Promise<number>;
  }

  async exists(key: string): Promise<boolean> {
    return (await this.#send(["EXISTS", key])) === 1;
  }

  async setWithExpiry(key: string, value: string, ttlMs: number): Promise<void> {
    await this.#send(["SET", key, value, "PX", String(ttlMs)]);
  }

  async expire(key: string, ttlMs: number): Promise<boolean> {
    return (await this.#send(["PEXPIRE", key, String(ttlMs)])) === 1;
  }

  async delete(key: string): Promise<boolean> {
    return (await this.#send(["DEL", key])) === 1;
  }

  async addToSet(key: string, member: string): Promise<void> {
    await this.#send(["SADD", key, member]);
  }

  async removeFromSet(key: string, member: string): Promise<void> {
    await this.#send(["SREM", key, member]);
  }

  readSet(key: string): Promise<string[]> {
    return this.#send(["SMEMBERS", key]) as Promise<string[]>;
  }

  publish(channel: string, message: string | Buffer): Promise<number> {
    return this.#send(["PUBLISH", channel, message]) as Promise<number>;
  }

  subscribe(channel: string, onMessage: (message: string) => void): Promise<void> {
    return this.#subscribe((client) => client.subscribe(channel, onMessage));
  }

  subscribePattern(pattern: string, onMessage: (message: Buffer, channel: string) => void): Promise<void> {
    const listener = (message: Buffer, channel: Buffer | string) => onMessage(message, channel.toString());
    return this.#subscribe((client) => client.pSubscribe(pattern, listener, true));
  }

  async #subscribe(subscribe: Subscribe): Promise<void> {
    this.#wanted.push(subscribe);
    await untilSubscribed(this.#subscriptions, subscribe);
  }

  #send(args: (string | Buffer)[], name = (args[0] as string).toLowerCase()): Promise<unknown> {
    const sentAt = performance.now();
    this.#unanswered += 1;
    const observe = () => {
      this.#unanswered -= 1;
      this.#silentLooks = 0;
      this.#observe(name, performance.now() - sentAt);
    };
    const reply = this.#commands.sendCommand(args);
    reply.then(observe, observe);
    return reply.catch(rethrow);
  }

  /**
   * Gives up a command connection on which nothing comes back. The client's own socketTimeout does not: writing
   * restarts it. Looks are counted, not time, so that a process that was frozen does not blame Redis.
   */
  #look(): void {
    const isWaiting = this.#unanswered > 0 && this.#commands.isReady;
    this.#silentLooks = isWaiting ? this.#silentLooks + 1 : 0;
    if (this.#silentLooks <= 3) return;
    this.#silentLooks = 0;
    this.#log.warn({ redis: this.description }, "redis does not answer: connecting anew");
    this.#commands.destroy();
    this.#commands = this.#createClient("commands");
    this.#commands.connect().then(
      () => this.#onRestored(),
      (error: unknown) => this.#log.debug({ err: error }, "not connected anew"),
    );
  }

  /** Logs each loss and each recovery once, not every failed attempt between them. */
  #createClient(purpose: "commands" | "subscriptions"): Client {
    const client = createRedisClient(this.#url);
    let lost = false;
    client.on("error", (error: Error) => {
      if (!lost)
        this.#log.warn({ redis: this.description, purpose, reason: error.message }, "redis connection lost");
      lost = true;
    });
    client.on("ready", () => {
      this.#log[lost ? "warn" : "debug"]({ redis: this.description, purpose }, "redis connection ready");
      if (lost) this.#onRestored();
      lost = false;
    });
    return client;
  }
}

/** The client restores what it has subscribed, but forgets an attempt that the connection did not survive. */
async function untilSubscribed(client: Client, subscribe: Subscribe): Promise<void> {
  for (;;) {
    try {
      return await subscribe(client);
    } catch (error) {
      if (!client.isOpen) throw error;
      await delay(firstReconnectDelayMs);
    }
  }
}

/** Errors that Redis itself replied with are ours to mend; anything else means that it cannot be reached. */
function rethrow(error: unknown): never {
  if (error instanceof ErrorReply) {
    if (!transientReply.test(error.message)) throw error;
    throw new RedisUnavailable(error.message, false);
  }
  const neverSent = error instanceof ClientOfflineError || error instanceof ClientClosedError;
  throw new RedisUnavailable(error instanceof Error ? error.message : String(error), !neverSent);
}

/** Replies by which Redis says that it cannot serve just now. */
const transientReply = /^(LOADING|READONLY|MASTERDOWN|BUSY|OOM|CLUSTERDOWN|TRYAGAIN|NOREPLICAS|MISCONF) /;

/** Host, port and database; never the credentials. */
function describeRedisUrl(url: string): string {
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname === "/" ? "" : pathname}`;
}
