/**
 * Nodes inside the test's process, and the two drivers that they run on.
 */
import { randomUUID } from "node:crypto";
import { pino } from "pino";
import { afterAll, beforeAll, describe, onTestFinished } from "vitest";
import { EmbeddedDriver } from "../../src/cluster/embedded-driver.js";
import { RedisDriver } from "../../src/cluster/redis-driver.js";
import { type Config, type Driver, loadConfig, type Signaler, startSignaler } from "../../src/index.js";
import { type RedisServer, startRedis } from "./redis-server.js";

export const silentLog = pino({ level: "silent" });

/** A store that several nodes share, and how to look into it from outside. */
export interface Store {
  readonly name: string;
  newDriver(): Promise<Driver>;
}

export interface TestNode {
  readonly url: string;
  readonly signaler: Signaler;
  readonly driver: Driver;
}

/** Starts nodes on the store for the running test; they are closed when it ends. */
export async function startNodes(
  store: Store,
  count: number,
  config: Partial<Config> = {},
): Promise<[TestNode, ...TestNode[]]> {
  const others = Array.from({ length: count - 1 }, () => startNode(store, config));
  return [await startNode(store, config), ...(await Promise.all(others))];
}

export async function startNode(store: Store, config: Partial<Config> = {}): Promise<TestNode> {
  const driver = await store.newDriver();
  const signaler = await startSignaler(
    { ...loadConfig([], {}), host: "127.0.0.1", port: 0, drainMs: 500, ...config },
    { driver, log: silentLog },
  );
  onTestFinished(() => signaler.close());
  await signaler.ready;
  return { url: signaler.url, signaler, driver };
}

/** Runs the suite twice: on a real Redis, and on the embedded store. */
export function describeOnEachStore(name: string, suite: (store: Store) => void): void {
  describe(`${name} (redis)`, () => {
    let redis: RedisServer;
    beforeAll(async () => {
      redis = await startRedis();
    });
    afterAll(() => redis.stop());
    suite({ name: "redis", newDriver: async () => new RedisDriver(redis.url, silentLog, () => {}) });
  });
  describe(`${name} (embedded)`, () => {
    const shared = randomUUID();
    suite({ name: "embedded", newDriver: () => EmbeddedDriver.create(shared) });
  });
}

export function redisStore(redis: RedisServer): Store {
  return { name: "redis", newDriver: async () => new RedisDriver(redis.url, silentLog, () => {}) };
}

let serial = 0;

/** A room or user id that no other test uses. */
export function unique(prefix: string): string {
  serial += 1;
  return `${prefix}-${process.pid}-${serial}`;
}
