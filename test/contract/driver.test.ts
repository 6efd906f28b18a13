/**
 * What the cluster layer relies on, on either driver.
 */
import { setTimeout as delay } from "node:timers/promises";
import { expect, it, onTestFinished } from "vitest";
import type { Driver } from "../../src/index.js";
import { eventually } from "../harness/eventually.js";
import { describeOnEachStore, type Store, unique } from "../harness/nodes.js";

async function connected(store: Store): Promise<Driver> {
  const driver = await store.newDriver();
  onTestFinished(() => driver.close());
  await driver.connect();
  return driver;
}

describeOnEachStore("a driver", (store) => {
  it("is ready from when it is connected until it is closed", async () => {
    const driver = await store.newDriver();
    expect(driver.ready).toBe(false);
    await driver.connect();
    expect(driver.ready).toBe(true);
    await driver.close();
    expect(driver.ready).toBe(false);
  });

  it("keeps values until they expire or are deleted", async () => {
    const driver = await connected(store);
    const key = unique("key");
    expect(await driver.exists(key)).toBe(false);
    await driver.setWithExpiry(key, "1", 60_000);
    expect(await driver.exists(key)).toBe(true);
    expect(await driver.delete(key)).toBe(true);
    expect(await driver.exists(key)).toBe(false);
    expect(await driver.delete(key)).toBe(false);
    await driver.setWithExpiry(key, "1", 30);
    await eventually(async () => expect(await driver.exists(key)).toBe(false));
  });

  it("keeps sets, which expire as well", async () => {
    const driver = await connected(store);
    const key = unique("set");
    await driver.addToSet(key, "a");
    await driver.addToSet(key, "b");
    await driver.removeFromSet(key, "a");
    expect(await driver.readSet(key)).toEqual(["b"]);
    expect(await driver.expire(key, 30)).toBe(true);
    await eventually(async () => expect(await driver.exists(key)).toBe(false));
    expect(await driver.expire(key, 30)).toBe(false);
    expect(await driver.readSet(key)).toEqual([]);
  });

  it("holds no field of a hash that nobody has set, whatever its name", async () => {
    const driver = await connected(store);
    const key = unique("hash");
    const run = (lua: string, ...args: string[]) => driver.run({ name: "field", lua }, [key], args);
    await run("return redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])", "valueOf", "set");
    expect(await driver.readField(key, "valueOf")).toBe("set");
    for (const field of ["constructor", "toString", "hasOwnProperty"]) {
      expect(await driver.readField(key, field)).toBeUndefined();
      expect(await run("return redis.call('HGET', KEYS[1], ARGV[1]) or 'none'", field)).toBe("none");
    }
  });

  it("tells scripts the time, in microseconds that only grow", async () => {
    const driver = await connected(store);
    const script = { name: "time", lua: "return redis.call('TIME')" };
    const readTime = async () => {
      const [seconds, microseconds] = (await driver.run(script, [], [])) as [string, string];
      expect(Number(microseconds)).toBeLessThan(1_000_000);
      return Number(seconds) * 1_000_000 + Number(microseconds);
    };
    const startedAt = Date.now();
    let last = 0;
    // Over a second, so that seconds and microseconds have to go together.
    while (Date.now() - startedAt < 1_200) {
      const time = await readTime();
      expect(time).toBeGreaterThan(last);
      last = time;
    }
    expect(Math.abs(last / 1_000 - Date.now())).toBeLessThan(2_000);
  });

  it("hands a message to those subscribed, in order, and says how many they were", async () => {
    const [publisher, one, two] = [await connected(store), await connected(store), await connected(store)];
    const channel = unique("channel");
    const seen: string[] = [];
    expect(await publisher.publish(channel, "nobody hears")).toBe(0);
    await one.subscribe(channel, (message) => seen.push(message));
    await two.subscribe(channel, () => {});
    for (let n = 0; n < 100; n += 1) void publisher.publish(channel, `${n} 你好`);
    expect(await publisher.publish(channel, "last")).toBe(2);
    await eventually(() => expect(seen).toHaveLength(101));
    expect(seen.slice(0, 100)).toEqual(Array.from({ length: 100 }, (_, n) => `${n} 你好`));
  });

  it("hands binary messages to patterns, unchanged", async () => {
    const [publisher, subscriber] = [await connected(store), await connected(store)];
    const prefix = unique("pattern");
    const heard: [string, Buffer][] = [];
    await subscriber.subscribePattern(`${prefix}#*`, (message, channel) => heard.push([channel, message]));
    const bytes = Buffer.from([0x93, 0xff, 0x00, 0x0a, 0x80]);
    await publisher.publish(`${prefix}#room#`, bytes);
    await publisher.publish(`${prefix}-other`, bytes);
    await eventually(() => expect(heard).toHaveLength(1));
    await delay(20);
    expect(heard).toEqual([[`${prefix}#room#`, bytes]]);
  });
});
