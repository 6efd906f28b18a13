/**
 * The driver for a node by itself: `ioredis-mock`, which keeps the data in this process. Loaded only when
 * there is no REDIS_URL. Instances of one name share their data, which is how tests run several nodes on it.
 */
import type { Redis } from "ioredis";
import type { Driver } from "./driver.js";
import type { Script } from "./scripts/script.js";

/** Between looks at what may have expired: the mock drops that only when somebody asks for it. */
const sweepIntervalMs = 60_000;

export class EmbeddedDriver implements Driver {
  readonly description = "embedded (this process only)";
  readonly remote = false;
  readonly #commands: Redis;
  readonly #subscriptions: Redis;
  readonly #onMessage = new Map<string, (message: string) => void>();
  readonly #onPatternMessage = new Map<string, (message: Buffer, channel: string) => void>();
  /** Keys that will expire. */
  readonly #mortal = new Set<string>();
  #sweeper: NodeJS.Timeout | undefined;
  #ready = false;

  private constructor(commands: Redis, subscriptions: Redis) {
    this.#commands = commands;
    this.#subscriptions = subscriptions;
    subscriptions.on("message", (channel: string, message: string) =>
      this.#onMessage.get(channel)?.(message),
    );
    subscriptions.on("pmessageBuffer", (pattern: string, channel: Buffer, message: Buffer) =>
      this.#onPatternMessage.get(pattern)?.(message, channel.toString()),
    );
  }

  /** @param name - instances of the same name share their data. */
  static async create(name: string): Promise<EmbeddedDriver> {
    const { default: RedisMock } = await import("ioredis-mock");
    const options = { host: name };
    return new EmbeddedDriver(new RedisMock(options), new RedisMock(options));
  }

  get ready(): boolean {
    return this.#ready;
  }

  async connect(): Promise<void> {
    await Promise.all([this.#commands.ping(), this.#subscriptions.ping()]);
    this.#sweeper = setInterval(() => {
      for (const key of this.#mortal) void this.#watch(key);
    }, sweepIntervalMs);
    this.#ready = true;
  }

  async close(): Promise<void> {
    this.#ready = false;
    clearInterval(this.#sweeper);
    // Disconnecting alone leaves its listeners behind.
    await Promise.all([this.#subscriptions.unsubscribe(), this.#subscriptions.punsubscribe()]);
    this.#commands.disconnect();
    this.#subscriptions.disconnect();
  }

  /** Never: what is in this process cannot be lost apart from it. */
  onRestored(): void {}
  resubscribe(): void {}

  async run(script: Script, keys: readonly string[], args: readonly string[]): Promise<unknown> {
    const lua = corrections + script.lua;
    const reply = await this.#commands.eval(lua, keys.length, ...keys, ...args, ...readTime());
    for (const key of keys) void this.#watch(key);
    return reply;
  }

  async readField(key: string, field: string): Promise<string | undefined> {
    // For the reason that `corrections` have.
    if ((await this.#commands.hexists(key, field)) === 0) return undefined;
    return (await this.#commands.hget(key, field)) ?? undefined;
  }

  countFields(key: string): Promise<number> {
    return this.#commands.hlen(key);
  }

  async exists(key: string): Promise<boolean> {
    return (await this.#commands.exists(key)) === 1;
  }

  async setWithExpiry(key: string, value: string, ttlMs: number): Promise<void> {
    await this.#commands.set(key, value, "PX", ttlMs);
    this.#mortal.add(key);
  }

  async expire(key: string, ttlMs: number): Promise<boolean> {
    const existed = (await this.#commands.pexpire(key, ttlMs)) === 1;
    if (existed) this.#mortal.add(key);
    return existed;
  }

  async delete(key: string): Promise<boolean> {
    return (await this.#commands.del(key)) === 1;
  }

  async addToSet(key: string, member: string): Promise<void> {
    await this.#commands.sadd(key, member);
  }

  async removeFromSet(key: string, member: string): Promise<void> {
    await this.#commands.srem(key, member);
  }

  readSet(key: string): Promise<string[]> {
    return this.#commands.smembers(key);
  }

  publish(channel: string, message: string | Buffer): Promise<number> {
    return this.#commands.publish(channel, message);
  }

  async subscribe(channel: string, onMessage: (message: string) => void): Promise<void> {
    this.#onMessage.set(channel, onMessage);
    await this.#subscriptions.subscribe(channel);
  }

  async subscribePattern(
    pattern: string,
    onMessage: (message: Buffer, channel: string) => void,
  ): Promise<void> {
    this.#onPatternMessage.set(pattern, onMessage);
    await this.#subscriptions.psubscribe(pattern);
  }

  /** Has the key looked at from time to time if it will expire. Looking drops it if it has. */
  async #watch(key: string): Promise<void> {
    if ((await this.#commands.pttl(key)) >= 0) this.#mortal.add(key);
    else this.#mortal.delete(key);
  }
}

/**
 * Lua: makes commands what Redis makes them. The mock's seconds are rounded up, and its microseconds are of another
 * clock; its hashes are objects, in which it finds methods where there is no field of that name. The time comes after
 * the script's own ARGV, because the mock keeps every text that it is given to run.
 */
const corrections = `
local microseconds, seconds = table.remove(ARGV), table.remove(ARGV)
local callMock = redis.call
redis.call = function(name, ...)
  if name == 'TIME' then
    return {seconds, microseconds}
  end
  if name == 'HGET' and callMock('HEXISTS', ...) == 0 then
    return false
  end
  return callMock(name, ...)
end
`;

/** Seconds since 1970, and the microseconds since the last of them, as Redis's TIME has them. */
function readTime(): [string, string] {
  const now = Math.floor((performance.timeOrigin + performance.now()) * 1_000);
  return [String(Math.floor(now / 1_000_000)), String(now % 1_000_000)];
}
