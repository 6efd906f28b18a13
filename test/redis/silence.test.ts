/**
 * Connections to Redis that look well and are dead: nothing comes back, or nothing that was published arrives.
 */
import { expect, it, onTestFinished } from "vitest";
import { RedisDriver } from "../../src/cluster/redis-driver.js";
import { connect } from "../harness/client.js";
import { eventually } from "../harness/eventually.js";
import { type Store, silentLog, startNode, unique } from "../harness/nodes.js";
import { type RedisServer, redisForTest } from "../harness/redis-server.js";
import { proxyForTest, type TcpProxy } from "../harness/tcp-proxy.js";

/** Two nodes, the second of which reaches Redis by way of a proxy. */
async function twoNodes(): Promise<{
  redis: RedisServer;
  proxy: TcpProxy;
  near: { url: string };
  far: { url: string };
}> {
  const redis = await redisForTest();
  const proxy = await proxyForTest(redis.port);
  const through = (port: number): Store => ({
    name: "redis",
    newDriver: async () => new RedisDriver(`redis://127.0.0.1:${port}`, silentLog, () => {}),
  });
  const near = await startNode(through(redis.port));
  const far = await startNode(through(proxy.port));
  return { redis, proxy, near, far };
}

async function reasonsOf({ url }: { url: string }): Promise<string[]> {
  const response = await fetch(`${url}/readyz`);
  return ((await response.json()) as { reasons: string[] }).reasons;
}

it("a node that no longer hears its subscription says so, subscribes anew, and finds out what it missed", async () => {
  const { proxy, near, far } = await twoNodes();
  const roomId = unique("room");
  const alice = await connect(near.url, { userId: "alice", roomId });
  const bob = await connect(far.url, { userId: "bob", roomId });
  const { version } = (await bob.ask("join", { roomId })).data;

  proxy.deafen();
  const carol = await connect(near.url, { userId: "carol", roomId });
  // What was missed meanwhile is found out.
  await eventually(async () => expect(await reasonsOf(far)).toContain("what is published does not arrive"));
  const told = await bob.next("roster");
  expect(told.version).toBeGreaterThan(version);
  await eventually(async () => expect((await alice.ask("offer", { targetUid: "bob" })).status).toBe(200));
  await bob.next("offer");
  await eventually(async () => expect(await reasonsOf(far)).toEqual([]));
  carol.close();
  expect((await bob.next("leave")).data.userId).toBe("carol");
});

it("a subscription that is made anew while it is being restored is there once", async () => {
  const redis = await redisForTest();
  const proxy = await proxyForTest(redis.port);
  const driver = new RedisDriver(`redis://127.0.0.1:${proxy.port}`, silentLog, () => {});
  onTestFinished(() => driver.close());
  await driver.connect();
  const channel = unique("channel");
  await driver.subscribe(channel, () => {});
  for (let n = 0; n < 5; n += 1) {
    proxy.cut();
    await eventually(() => expect(driver.ready).toBe(false));
    proxy.heal();
    // At every moment of its connecting.
    while (!driver.ready) {
      driver.resubscribe();
      await new Promise((resolve) => setImmediate(resolve));
    }
    driver.resubscribe();
    await eventually(async () => expect(await redis.command("PUBLISH", channel, "")).toBe(1));
  }
  const subscribers = (await redis.command("PUBSUB", "NUMSUB", channel)) as [string, number];
  expect(subscribers[1]).toBe(1);
});

it("a node whose commands vanish connects anew, while people on it still reach each other", async () => {
  const { proxy, near, far } = await twoNodes();
  const roomId = unique("room");
  const alice = await connect(near.url, { userId: "alice", roomId });
  const bob = await connect(far.url, { userId: "bob", roomId });
  const carol = await connect(far.url, { userId: "carol", roomId });
  onTestFinished(() => proxy.heal());

  proxy.swallow("toServer", "EVAL");
  expect((await bob.ask("offer", { targetUid: "alice" })).data.code).toBe("unavailable");
  expect((await bob.ask("offer", { targetUid: "carol" })).status).toBe(200);
  expect((await fetch(`${far.url}/healthz`)).status).toBe(200);
  await eventually(async () => expect((await bob.ask("offer", { targetUid: "alice" })).status).toBe(200));
  await alice.next("offer");
  await carol.next("offer");
  expect(await reasonsOf(far)).toEqual([]);
});

it.each(["toServer", "toClient", "both"] as const)(
  "a link that swallows %s is told by 503, and used again once it is well",
  async (direction) => {
    const { proxy, near, far } = await twoNodes();
    const roomId = unique("room");
    await connect(near.url, { userId: "alice", roomId });
    const bob = await connect(far.url, { userId: "bob", roomId });
    proxy.swallow(direction);
    const answers = await Promise.all([
      bob.ask("offer", { targetUid: "alice" }),
      bob.ask("join", { roomId: unique("room") }),
      bob.ask("roomUserList", { roomId }),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([503, 503, 503]);
    await eventually(async () => expect(await reasonsOf(far)).toContain("redis is not connected"));
    proxy.heal();
    await eventually(async () => expect((await bob.ask("offer", { targetUid: "alice" })).status).toBe(200));
    await eventually(async () => expect(await reasonsOf(far)).toEqual([]));
  },
);
