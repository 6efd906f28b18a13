/**
 * The driver for a real Redis server: one connection for commands, one for subscriptions. Both reconnect
 * for ever; a command issued while the connection is down is refused at once.
 */

import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "pino";
import { ClientClosedError, ClientOfflineError, createClient, ErrorReply } from "redis";
import { type Driver, RedisUnavailable } from "./driver.js";
import type { Script } from "./scripts.js";

/** Between attempts to reconnect: doubled from the first to the last, with jitter so that nodes do not march in step. */
const firstReconnectDelayMs = 50;
const lastReconnectDelayMs = 1_000;
const connectTimeoutMs = 2_000;
/** A connection that answers nothing for this long, pings included, is dead and is made anew. */
const socketTimeoutMs = 6_000;
const pingIntervalMs = 2_000;
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
      socketTimeout: socketTimeoutMs,
      reconnectStrategy: (retries) =>
        Math.min(firstReconnectDelayMs * 2 ** retries, lastReconnectDelayMs) * (0.5 + Math.random() / 2),
    },
  });
}

export type CommandObserver = (command: string, ms: number) => void;

export class RedisDriver implements Driver {
  readonly description: string;
  readonly #commands: Client;
  readonly #subscriptions: Client;

  readonly #observe: CommandObserver;

  /** @param observe - called once for each command that has been answered or has failed. */
  constructor(url: string, log: Logger, observe: CommandObserver) {
    this.#observe = observe;
    this.description = describeRedisUrl(url);
    this.#commands = createRedisClient(url);
    this.#subscriptions = createRedisClient(url);
    watch(this.#commands, "commands", this.description, log);
    watch(this.#subscriptions, "subscriptions", this.description, log);
  }

  get ready(): boolean {
    return this.#commands.isReady && this.#subscriptions.isReady;
  }

  async connect(): Promise<void> {
    await Promise.all([this.#commands.connect(), this.#subscriptions.connect()]);
  }

  async close(): Promise<void> {
    for (const client of [this.#commands, this.#subscriptions]) if (client.isOpen) client.destroy();
  }

  run(script: Script, keys: readonly string[], args: readonly string[]): Promise<unknown> {
    return this.#send(["EVAL", script.lua, String(keys.length), ...keys, ...args], script.name);
  }

  async readHash(key: string): Promise<Map<string, string>> {
    // Read as the flat list that Redis sends: as a plain object, a field called __proto__ would disappear.
    const reply = (await this.#send(["HGETALL", key])) as string[];
    const hash = new Map<string, string>();
    for (let i = 0; i + 1 < reply.length; i += 2) hash.set(reply[i] as string, reply[i + 1] as string);
    return hash;
  }

  readField(key: string, field: string): Promise<string | undefined> {
    return this.#send(["HGET", key, field]).then((value) => (value === null ? undefined : (value as string)));
  }

  async exists(key: string): Promise<boolean> {
    return (await this.#send(["EXISTS", key])) === 1;
  }

  async setWithExpiry(key: string, value: string, ttlMs: number): Promise<void> {
    await this.#send(["SET", key, value, "PX", String(ttlMs)]);
  }

  async expire(key: string, ttlMs: number): Promise<void> {
    await this.#send(["PEXPIRE", key, String(ttlMs)]);
  }

  async delete(key: string): Promise<void> {
    await this.#send(["DEL", key]);
  }

  async addToSet(key: string, member: string): Promise<void> {
    await this.#send(["SADD", key, member]);
  }

  async removeFromSet(key: string, member: string): Promise<void> {
    await this.#send(["SREM", key, member]);
  }

  publish(channel: string, message: string | Buffer): Promise<number> {
    return this.#send(["PUBLISH", channel, message]) as Promise<number>;
  }

  async subscribe(channel: string, onMessage: (message: string) => void): Promise<void> {
    await this.#untilSubscribed(() => this.#subscriptions.subscribe(channel, onMessage));
  }

  async subscribePattern(
    pattern: string,
    onMessage: (message: Buffer, channel: string) => void,
  ): Promise<void> {
    const listener = (message: Buffer, channel: Buffer | string) => onMessage(message, channel.toString());
    await this.#untilSubscribed(() => this.#subscriptions.pSubscribe(pattern, listener, true));
  }

  /** The client restores what it has subscribed, but forgets an attempt that the connection did not survive. */
  async #untilSubscribed(subscribe: () => Promise<void>): Promise<void> {
    for (;;) {
      try {
        return await subscribe();
      } catch (error) {
        if (!this.#subscriptions.isOpen) throw error;
        await delay(firstReconnectDelayMs);
      }
    }
  }

  #send(args: (string | Buffer)[], name = (args[0] as string).toLowerCase()): Promise<unknown> {
    const sentAt = performance.now();
    const observe = () => this.#observe(name, performance.now() - sentAt);
    const reply = this.#commands.sendCommand(args);
    reply.then(observe, observe);
    return reply.catch(rethrow);
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

/** Logs each loss and each recovery once, not every failed attempt between them. */
function watch(client: Client, purpose: string, description: string, log: Logger): void {
  let lost = false;
  client.on("error", (error: Error) => {
    if (!lost) log.warn({ redis: description, purpose, reason: error.message }, "redis connection lost");
    lost = true;
  });
  client.on("ready", () => {
    log[lost ? "warn" : "debug"]({ redis: description, purpose }, "redis connection ready");
    lost = false;
  });
}

/** Host, port and database; never the credentials. */
function describeRedisUrl(url: string): string {
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname === "/" ? "" : pathname}`;
}
