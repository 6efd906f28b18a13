/**
 * Removed and locked rooms when something has failed meanwhile: nobody comes back by a fault who could not come
 * back by asking [P-71] [P-72] [P-73].
 */
import { setTimeout as delay } from "node:timers/promises";
import { expect, it, onTestFinished } from "vitest";
import { RedisUnavailable } from "../../src/cluster/driver.js";
import { RedisDriver } from "../../src/cluster/redis-driver.js";
import { RemovedMembers } from "../../src/cluster/removed-members.js";
import { connect, listOf, type TestClient } from "../harness/client.js";
import { eventually } from "../harness/eventually.js";
import { redisStore, silentLog, startNode, startNodes, unique } from "../harness/nodes.js";
import { startProcess } from "../harness/process.js";
import { type RedisServer, redisForTest } from "../harness/redis-server.js";
import { askingForTokens, jwtSecret, tokenOf } from "../harness/tokens.js";

const leaseMs = 1_000;
const config = { ...askingForTokens, leaseMs } as const;

/** By when a departure has been announced that nobody has told of so far, in milliseconds. */
const announcedMs = 2_500;

const leavesOf = (client: TestClient, userId: string) =>
  client.rest.filter(({ type, data }) => type === "leave" && data.userId === userId).length;

const startMortal = (redis: RedisServer) =>
  startProcess(["--lease-ms", String(leaseMs)], { REDIS_URL: redis.url, SIGNALER_JWT_SECRET: jwtSecret });

async function come(url: string, userId: string, roomId: string, role: "host" | "member" = "member") {
  return connect(url, { userId, roomId }, { auth: { token: await tokenOf(userId, { role }) } });
}

/** Of a host and bob, on two nodes; resolves when the host has been told that bob is gone. */
async function freezeNodeOfBob() {
  const redis = await redisForTest();
  const node = await startNode(redisStore(redis), config);
  const frozen = await startMortal(redis);
  const roomId = unique("room");
  const host = await come(node.url, "host", roomId, "host");
  const bob = await come(frozen.url, "bob", roomId);
  frozen.kill("SIGSTOP");
  await host.next("leave");
  return { frozen, roomId, host, bob };
}

it("who is kept out while its node is frozen does not come back with it [P-72]", async () => {
  const { frozen, roomId, host, bob } = await freezeNodeOfBob();
  expect((await host.ask("kick", { targetUid: "bob" })).type).toBe("offline");
  frozen.kill("SIGCONT");
  expect((await bob.next("kicked")).data).toEqual({ userId: "bob", roomId });
  expect(await bob.ended).toBe("io server disconnect");
  expect(await listOf(host, roomId)).toEqual(["host"]);
  expect(host.rest.filter(({ type, data }) => type === "join" && data.userId === "bob")).toHaveLength(1);
});

it("a room that was locked while a node was frozen does not take those back who were not in it [P-71]", async () => {
  const { frozen, roomId, host, bob } = await freezeNodeOfBob();
  expect((await host.ask("lock", { locked: true })).msg).toBe("locked");
  frozen.kill("SIGCONT");
  expect((await bob.next("error")).data).toMatchObject({ code: "unavailable", event: "connect" });
  await bob.ended;
  expect(await listOf(host, roomId)).toEqual(["host"]);
});

it("a lock stays for those whom a node that was frozen brings back [P-71]", async () => {
  const redis = await redisForTest();
  const node = await startNode(redisStore(redis), config);
  const frozen = await startMortal(redis);
  const roomId = unique("room");
  const other = await come(node.url, "other", unique("room"));
  const host = await come(frozen.url, "host", roomId, "host");
  expect((await host.ask("lock", { locked: true })).msg).toBe("locked");
  const lockKey = `meeting-lock::{meeting-room::${roomId}}`;
  frozen.kill("SIGSTOP");
  await eventually(async () => expect(Number(await redis.command("PTTL", lockKey))).toBeGreaterThan(0));
  frozen.kill("SIGCONT");
  await eventually(async () => expect(await listOf(host, roomId)).toEqual(["host"]));
  expect(await redis.command("PTTL", lockKey)).toBe(-1);
  other.close();
});

it("what a host does that Redis carries out late is told to whoever it concerns [P-71] [P-72]", async () => {
  const redis = await redisForTest();
  const [first, second = first] = await startNodes(redisStore(redis), 2, { ...config, leaseMs: 10_000 });
  const roomId = unique("room");
  const host = await come(first.url, "host", roomId, "host");
  const bob = await come(second.url, "bob", roomId);
  const carol = await come(second.url, "carol", roomId);
  redis.signal("SIGSTOP");
  host.emit("lock", { locked: true });
  expect((await host.ask("kick", { targetUid: "bob" })).data.code).toBe("unavailable");
  redis.signal("SIGCONT");
  expect((await bob.next("kicked")).data).toEqual({ userId: "bob", roomId, by: "host" });
  await bob.ended;
  expect((await carol.next("leave")).data.userId).toBe("bob");
  await delay(announcedMs);
  expect(leavesOf(carol, "bob")).toBe(0);
  expect((await carol.next("locked")).data).toEqual({ roomId, locked: true, by: "host" });
});

/** A node that does not hear whether it has removed somebody; `afterwards` runs when it has. */
async function startLosingReplies(redis: RedisServer, afterwards: () => Promise<unknown>) {
  const driver = new RedisDriver(redis.url, silentLog, () => {});
  const carryOut = driver.run.bind(driver);
  driver.run = async (script, keys, args) => {
    const reply = await carryOut(script, keys, args);
    if (script.name === "remove") await afterwards();
    return reply;
  };
  return startNode({ name: "losing replies", newDriver: async () => driver }, { ...config, leaseMs: 10_000 });
}

const loseConnection = () => Promise.reject(new RedisUnavailable("the connection was lost", true));

/** A node to which nothing comes of which `isLost`. */
async function startDeaf(redis: RedisServer, isLost: (message: string) => boolean) {
  const driver = new RedisDriver(redis.url, silentLog, () => {});
  const subscribe = driver.subscribe.bind(driver);
  driver.subscribe = (channel, onMessage) =>
    subscribe(channel, (message) => void (isLost(message) || onMessage(message)));
  return startNode({ name: "deaf", newDriver: async () => driver }, { ...config, leaseMs: 10_000 });
}

it("who is removed by a command whose reply is lost is out as soon as Redis answers again, and announced [P-72]", async () => {
  const redis = await redisForTest();
  const first = await startLosingReplies(redis, loseConnection);
  const second = await startNode(redisStore(redis), config);
  const roomId = unique("room");
  const host = await come(first.url, "host", roomId, "host");
  const bob = await come(second.url, "bob", roomId);
  const carol = await come(second.url, "carol", roomId);
  expect((await host.ask("kick", { targetUid: "bob" })).data.code).toBe("unavailable");
  expect((await bob.next("kicked")).data).toEqual({ userId: "bob", roomId });
  await bob.ended;
  await carol.next("roster");
  expect(await listOf(carol, roomId)).toEqual(["carol", "host"]);
  for (const client of [host, carol])
    expect((await client.next("leave")).data).toEqual({ userId: "bob", roomId, role: "member" });
  await delay(announcedMs);
  expect([leavesOf(host, "bob"), leavesOf(carol, "bob")]).toEqual([0, 0]);
});

it("who is removed by a node that dies before it can say so is announced by its own node (I4)", async () => {
  const redis = await redisForTest();
  const first = await startLosingReplies(redis, () => new Promise(() => {}));
  const second = await startNode(redisStore(redis), { ...config, leaseMs: 10_000 });
  const roomId = unique("room");
  const host = await come(first.url, "host", roomId, "host");
  const bob = await come(second.url, "bob", roomId);
  const carol = await come(second.url, "carol", roomId);
  host.emit("kick", { targetUid: "bob" });
  await eventually(async () =>
    expect(await redis.command("HKEYS", `meeting-room::${roomId}`)).not.toContain("bob"),
  );
  await redis.command("CLIENT", "KILL", "TYPE", "normal");
  await bob.next("kicked");
  expect((await carol.next("leave")).data.userId).toBe("bob");
  await delay(announcedMs);
  expect(leavesOf(carol, "bob")).toBe(0);
});

/** As by a node that dies before it can tell anyone. */
async function removeBob(redis: RedisServer, roomId: string): Promise<void> {
  const driver = new RedisDriver(redis.url, silentLog, () => {});
  onTestFinished(() => driver.close());
  await driver.connect();
  expect(await new RemovedMembers(driver).remove(roomId, "bob", 0)).toHaveLength(1);
}

it("who is removed from a node that dies before anyone has said so is announced by a reaper (I4)", async () => {
  const redis = await redisForTest();
  const node = await startNode(redisStore(redis), config);
  const mortal = await startMortal(redis);
  const roomId = unique("room");
  const bob = await come(mortal.url, "bob", roomId);
  const carol = await come(node.url, "carol", roomId);
  await removeBob(redis, roomId);
  await mortal.stop("SIGKILL");
  expect((await carol.next("leave")).data).toEqual({ userId: "bob", roomId });
  await bob.ended;
  await delay(announcedMs);
  expect(leavesOf(carol, "bob")).toBe(0);
});

it("who leaves after being removed, and before anyone has said so, is announced once (I4)", async () => {
  const redis = await redisForTest();
  const second = await startNode(redisStore(redis), { ...config, leaseMs: 10_000 });
  const roomId = unique("room");
  const bob = await come(second.url, "bob", roomId);
  const first = await startLosingReplies(redis, async () => {
    expect((await bob.ask("leave", { roomId })).msg).toBe("left");
    await loseConnection();
  });
  const host = await come(first.url, "host", roomId, "host");
  expect((await host.ask("kick", { targetUid: "bob" })).data.code).toBe("unavailable");
  expect((await host.next("leave")).data.userId).toBe("bob");
  await delay(announcedMs);
  expect(leavesOf(host, "bob")).toBe(0);
});

it("who is removed from a node that closes before anyone has said so is announced by a reaper (I4)", async () => {
  const redis = await redisForTest();
  const node = await startNode(redisStore(redis), config);
  const closing = await startNode(redisStore(redis), config);
  const roomId = unique("room");
  const bob = await come(closing.url, "bob", roomId);
  const carol = await come(node.url, "carol", roomId);
  await removeBob(redis, roomId);
  // So that its node finds out.
  expect((await bob.ask("leave", { roomId })).msg).toBe("left");
  await closing.signaler.close();
  expect((await carol.next("leave")).data).toEqual({ userId: "bob", roomId });
  await delay(announcedMs);
  expect(leavesOf(carol, "bob")).toBe(0);
});

it("who misses the word of being removed is not announced again when that is found out (I4)", async () => {
  const redis = await redisForTest();
  const first = await startNode(redisStore(redis), { ...config, leaseMs: 10_000 });
  const second = await startDeaf(redis, (message) => message.startsWith("K "));
  const roomId = unique("room");
  const host = await come(first.url, "host", roomId, "host");
  const bob = await come(second.url, "bob", roomId);
  expect((await host.ask("kick", { targetUid: "bob" })).msg).toBe("kicked");
  await host.next("leave");
  await redis.command("CLIENT", "KILL", "TYPE", "normal");
  await bob.next("kicked");
  await delay(announcedMs);
  expect(leavesOf(host, "bob")).toBe(0);
});

it("who is kept out when Redis has just lost that they are in is announced as having left (I4)", async () => {
  const redis = await redisForTest();
  const [first, second = first] = await startNodes(redisStore(redis), 2, { ...config, leaseMs: 10_000 });
  const roomId = unique("room");
  const host = await come(first.url, "host", roomId, "host");
  const bob = await come(second.url, "bob", roomId);
  await redis.command("FLUSHALL");
  expect((await host.ask("kick", { targetUid: "bob" })).type).toBe("offline");
  await bob.next("kicked");
  expect((await host.next("leave")).data.userId).toBe("bob");
});

it("a word of a removal that comes late does not take out who has come in again since", async () => {
  const redis = await redisForTest();
  const first = await startNode(redisStore(redis), { ...config, leaseMs: 10_000 });
  const driver = new RedisDriver(redis.url, silentLog, () => {});
  const subscribe = driver.subscribe.bind(driver);
  const held: (() => void)[] = [];
  driver.subscribe = (channel, onMessage) =>
    subscribe(channel, (message) => {
      if (message.startsWith("K ")) held.push(() => onMessage(message));
      else onMessage(message);
    });
  const second = await startNode(
    { name: "late", newDriver: async () => driver },
    { ...config, leaseMs: 10_000 },
  );
  const [roomId, other] = [unique("room"), unique("room")];
  const host = await come(first.url, "host", roomId, "host");
  const bob = await come(second.url, "bob", other);
  await bob.ask("join", { roomId });
  expect((await host.ask("end", { roomId })).msg).toBe("ended");
  expect((await bob.ask("leave", { roomId })).status).toBe(200);
  expect((await bob.ask("join", { roomId })).status).toBe(200);
  await eventually(() => expect(held).toHaveLength(1));
  for (const release of held) release();
  expect(await bob.ask("roomUserList", { roomId })).toMatchObject([{ userId: "bob" }]);
  expect(bob.rest.filter(({ type }) => ["kicked", "ended"].includes(type))).toEqual([]);
  bob.close();
  await eventually(
    async () => expect(await redis.command("HKEYS", `meeting-room::${roomId}`)).toEqual([]),
    3_000,
  );
});

it("who missed that the meeting was ended is told that, and not that it was removed [P-73]", async () => {
  const redis = await redisForTest();
  const first = await startNode(redisStore(redis), { ...config, leaseMs: 10_000 });
  const second = await startDeaf(redis, (message) => message.startsWith("K "));
  const roomId = unique("room");
  const host = await come(first.url, "host", roomId, "host");
  const bob = await come(second.url, "bob", roomId);
  expect((await host.ask("end", { roomId })).msg).toBe("ended");
  const carol = await come(first.url, "carol", roomId);
  await redis.command("CLIENT", "KILL", "TYPE", "normal");
  const told = await bob.take(
    (event, p) => event === "msg" && ["kicked", "ended"].includes(p.type),
    "either",
  );
  expect([told.type, told.status, told.data]).toEqual(["ended", 410, { roomId }]);
  // Nobody is sent the others' leaving, newcomers neither.
  await delay(announcedMs);
  expect(leavesOf(carol, "bob")).toBe(0);
});

it("the end of a meeting takes those who are in it, and is over even if others go on coming [P-73]", async () => {
  const redis = await redisForTest();
  const driver = new RedisDriver(redis.url, silentLog, () => {});
  const run = driver.run.bind(driver);
  let removals = 0;
  driver.run = async (script, keys, args) => {
    const reply = await run(script, keys, args);
    if (script.name !== "remove" || removals > 100) return reply;
    removals += 1;
    // Somebody comes in again and again.
    await redis.command("HSET", keys[1] as string, "eager", `elsewhere/${removals}`);
    return reply;
  };
  const node = await startNode(
    { name: "crowded", newDriver: async () => driver },
    { ...config, leaseMs: 10_000 },
  );
  const roomId = unique("room");
  const host = await come(node.url, "host", roomId, "host");
  expect((await host.ask("end", { roomId })).msg).toBe("ended");
  expect(removals).toBe(1);
});

it("the list is there as soon as somebody has been removed", async () => {
  const redis = await redisForTest();
  const node = await startNode(redisStore(redis), { ...config, leaseMs: 10_000 });
  const roomId = unique("room");
  const host = await come(node.url, "host", roomId, "host");
  await come(node.url, "bob", roomId);
  host.emit("kick", { targetUid: "bob" });
  expect(await host.ask("roomUserList", { roomId })).toMatchObject([{ userId: "host" }]);
});
