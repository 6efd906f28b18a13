/**
 * Rosters and notices after something has failed: who is gone is announced once, who is not is not, and
 * everybody's list is right in the end (I4, I5).
 */
import { setTimeout as delay } from "node:timers/promises";
import { expect, it, onTestFinished } from "vitest";
import { RedisUnavailable } from "../../src/cluster/driver.js";
import { leaseKey, nodesKey, reaperKey, routeKey, versionKey } from "../../src/cluster/keys.js";
import { RedisDriver } from "../../src/cluster/redis-driver.js";
import { Rooms } from "../../src/cluster/rooms.js";
import { loadConfig, startSignaler } from "../../src/index.js";
import { connect, listOf, open as openClient, type TestClient } from "../harness/client.js";
import { eventually } from "../harness/eventually.js";
import { redisStore, silentLog, startNode, startNodes, unique } from "../harness/nodes.js";
import { startProcess } from "../harness/process.js";
import { freePort, type RedisServer, redisForTest, startRedis } from "../harness/redis-server.js";

const leaseMs = 1_000;
const open = { capacity: 0, duplicates: "replace" } as const;

/** A node as a process, with a short lease. */
const startMortal = (redis: RedisServer) =>
  startProcess(["--lease-ms", String(leaseMs)], { REDIS_URL: redis.url });

/** The version of the client's list, and what it was told since it last asked. */
async function versionOf(client: TestClient, roomId: string): Promise<number> {
  return (await client.ask("join", { roomId })).data.version;
}

/** Of what came after the client itself did. */
const notices = (client: TestClient) =>
  client.rest.filter(
    ({ type, version = 0 }) => (type === "join" || type === "leave") && version > client.since,
  );

/** Makes every node compare what it holds with what Redis does, at once. */
const cutConnections = (redis: RedisServer) => redis.command("CLIENT", "KILL", "TYPE", "normal");

it("the members of a node that is killed leave, once", async () => {
  const redis = await redisForTest();
  const [first, second = first] = await startNodes(redisStore(redis), 2, { leaseMs });
  const mortal = await startMortal(redis);
  const [one, two] = [unique("room"), unique("room")];
  const alice = await connect(first.url, { userId: "alice", roomId: one });
  const bob = await connect(second.url, { userId: "bob", roomId: two });
  const carol = await connect(mortal.url, { userId: "carol", roomId: one, nickname: "C" });
  await connect(mortal.url, { userId: "dan", roomId: one });
  expect((await carol.ask("join", { roomId: two })).status).toBe(200);
  await bob.next("join");
  const version = await versionOf(alice, one);
  await eventually(() => expect(notices(alice)).toHaveLength(2));

  await mortal.stop("SIGKILL");
  const gone = [await alice.next("leave"), await alice.next("leave")];
  expect(gone.map(({ data }) => data.userId).toSorted()).toEqual(["carol", "dan"]);
  expect(gone.find(({ data }) => data.userId === "carol")?.data).toEqual({
    userId: "carol",
    roomId: one,
    nickname: "C",
  });
  expect(gone.map((notice) => notice.version)).toEqual([version + 1, version + 2]);
  expect((await bob.next("leave")).data).toEqual({ userId: "carol", roomId: two, nickname: "C" });

  expect(await listOf(alice, one)).toEqual(["alice"]);
  expect(await listOf(bob, two)).toEqual(["bob"]);
  expect(notices(alice).filter(({ type }) => type === "leave")).toEqual([]);
  // Nothing is left of it.
  await eventually(async () =>
    expect(((await redis.command("SMEMBERS", nodesKey)) as string[]).toSorted()).toEqual(
      [first, second].map(({ signaler }) => signaler.nodeId).toSorted(),
    ),
  );
  expect(await redis.command("KEYS", "meeting-node-rooms::*")).toHaveLength(2);
});

it("the members of a dead node are on no list, even before they are reaped [P-32]", async () => {
  const redis = await redisForTest();
  const { url } = await startNode(redisStore(redis), { leaseMs });
  const mortal = await startMortal(redis);
  const roomId = unique("room");
  const alice = await connect(url, { userId: "alice", roomId });
  await connect(mortal.url, { userId: "bob", roomId });
  // Somebody else has taken it on to reap, and does not.
  await redis.command("SET", reaperKey, "somebody", "PX", "600000");
  await eventually(async () => expect(await redis.command("GET", reaperKey)).toBe("somebody"));

  await mortal.stop("SIGKILL");
  await eventually(async () => expect(await listOf(alice, roomId)).toEqual(["alice"]));
  expect(await redis.command("HKEYS", `meeting-room::${roomId}`)).toEqual(
    expect.arrayContaining(["alice", "bob"]),
  );
  expect(notices(alice).map(({ type }) => type)).toEqual(["join"]);
});

it("a node that was only frozen puts its members back", async () => {
  const redis = await redisForTest();
  const { url } = await startNode(redisStore(redis), { leaseMs });
  const frozen = await startMortal(redis);
  const roomId = unique("room");
  const alice = await connect(url, { userId: "alice", roomId });
  const bob = await connect(frozen.url, { userId: "bob", roomId, nickname: "B" });
  await alice.next("join");

  frozen.kill("SIGSTOP");
  const left = await alice.next("leave");
  expect(left.data.userId).toBe("bob");
  frozen.kill("SIGCONT");
  const returned = await alice.next("join");
  expect(returned).toMatchObject({ data: { userId: "bob", roomId, nickname: "B" } });
  expect(returned.version).toBe((left.version ?? 0) + 1);
  expect(await listOf(alice, roomId)).toEqual(["alice", "bob"]);
  expect((await alice.ask("offer", { targetUid: "bob" })).status).toBe(200);
  await bob.next("offer");
  expect((await bob.ask("answer", { targetUid: "alice" })).status).toBe(200);
});

it("nobody is let in by a node that could die unnoticed: its lease is held, and others know to look for it", async () => {
  const redis = await redisForTest();
  const driver = new RedisDriver(redis.url, silentLog, () => {});
  const takeLease = driver.setWithExpiry.bind(driver);
  driver.setWithExpiry = (...lease) => delay(300).then(() => takeLease(...lease));
  const log = silentLog;
  const signaler = await startSignaler(
    { ...loadConfig([], {}), host: "127.0.0.1", port: 0 },
    { driver, log },
  );
  onTestFinished(() => signaler.close());
  await connect(signaler.url, { userId: "alice", roomId: unique("room") });
  const standing = [
    redis.command("EXISTS", leaseKey(signaler.nodeId)),
    redis.command("SISMEMBER", nodesKey, signaler.nodeId),
  ];
  expect(await Promise.all(standing)).toEqual([1, 1]);
});

it("who has come back elsewhere stays there when the frozen node returns (I5)", async () => {
  const redis = await redisForTest();
  const [first, second = first] = await startNodes(redisStore(redis), 2, { leaseMs });
  const frozen = await startMortal(redis);
  const roomId = unique("room");
  const alice = await connect(first.url, { userId: "alice", roomId });
  const old = await connect(frozen.url, { userId: "bob", roomId });
  frozen.kill("SIGSTOP");
  await alice.next("leave");
  const bob = await connect(second.url, { userId: "bob", roomId });
  frozen.kill("SIGCONT");
  expect((await old.next("replaced")).status).toBe(409);
  await old.ended;
  expect((await alice.ask("offer", { targetUid: "bob" })).status).toBe(200);
  await bob.next("offer");
  expect(await listOf(alice, roomId)).toEqual(["alice", "bob"]);
  expect(notices(alice).map(({ type }) => type)).toEqual(["join", "join"]);
});

it.each([
  ["emptied", (redis: RedisServer) => redis.command("FLUSHALL")],
  [
    "emptied, scripts and all",
    (redis: RedisServer) => redis.command("FLUSHALL").then(() => redis.command("SCRIPT", "FLUSH")),
  ],
  [
    "cut off and emptied",
    (redis: RedisServer) => redis.command("FLUSHALL").then(() => cutConnections(redis)),
  ],
])(
  "a Redis that is %s gets its rosters back, and nobody is told that anyone came or went",
  async (_, lose) => {
    const redis = await redisForTest();
    const [first, second = first] = await startNodes(redisStore(redis), 2, { leaseMs });
    const roomId = unique("room");
    const alice = await connect(first.url, { userId: "alice", roomId, nickname: "A" });
    const bob = await connect(second.url, { userId: "bob", roomId });
    await alice.next("join");
    const version = await versionOf(alice, roomId);

    await lose(redis);
    const told = await bob.take(
      (event, payload) => event === "msg" && payload?.type === "roster" && (payload.version ?? 0) > version,
      "a roster notice [P-16]",
    );
    expect(told).toEqual({
      type: "roster",
      msg: expect.any(String),
      status: 200,
      data: { roomId },
      version: expect.any(Number),
    });
    await eventually(async () => expect(await listOf(bob, roomId)).toEqual(["alice", "bob"]));
    expect((await alice.ask("offer", { targetUid: "bob" })).status).toBe(200);
    expect(await redis.command("HGET", `meeting-room::${roomId}`, "alice")).toBe(
      JSON.stringify({ userId: "alice", roomId, nickname: "A" }),
    );
    // A node that dies after this is found all the same.
    for (const { signaler } of [first, second]) {
      await eventually(async () =>
        expect(await redis.command("SMEMBERS", `meeting-node-rooms::${signaler.nodeId}`)).toEqual([
          `meeting-room::${roomId}`,
        ]),
      );
      expect(await redis.command("SISMEMBER", nodesKey, signaler.nodeId)).toBe(1);
    }
    expect([...notices(alice), ...notices(bob)]).toEqual([]);
  },
);

it("until a Redis that was emptied has its rosters back, nobody is told that somebody is not there", async () => {
  const redis = await redisForTest();
  const [first, second = first] = await startNodes(redisStore(redis), 2, { messageRate: 0 });
  const roomId = unique("room");
  const alice = await connect(first.url, { userId: "alice", roomId });
  const bob = await connect(second.url, { userId: "bob", roomId });
  for (let n = 0; n < 3; n += 1) {
    await redis.command("FLUSHALL");
    const lists: unknown[] = [];
    const statuses: number[] = [];
    while (statuses.at(-1) !== 200) {
      lists.push(await bob.ask("roomUserList", { roomId }));
      statuses.push((await bob.ask("offer", { targetUid: "alice" })).status);
    }
    expect(new Set(statuses)).toEqual(new Set([503, 200]));
    // Partly put back it may be seen; without the one who asks, never.
    for (const list of lists)
      if (Array.isArray(list)) expect(list).toContainEqual({ userId: "bob", roomId });
      else expect(list).toMatchObject({ status: 503 });
    await eventually(async () => expect(await listOf(alice, roomId)).toEqual(["alice", "bob"]));
  }
});

it("a Redis that is started anew, empty, gets its rosters back", async () => {
  const port = await freePort();
  const redis = await startRedis({ port });
  const [first, second = first] = await startNodes(redisStore(redis), 2, { leaseMs });
  const roomId = unique("room");
  const alice = await connect(first.url, { userId: "alice", roomId });
  const bob = await connect(second.url, { userId: "bob", roomId });
  await alice.next("join");
  await redis.stop();
  await eventually(async () => expect((await bob.ask("offer", { targetUid: "alice" })).status).toBe(503));
  const again = await startRedis({ port });
  onTestFinished(() => again.stop());
  await eventually(async () => expect(await listOf(alice, roomId)).toEqual(["alice", "bob"]));
  await eventually(async () => expect((await bob.ask("offer", { targetUid: "alice" })).status).toBe(200));
  expect([...notices(alice), ...notices(bob)]).toEqual([]);
});

it("an outage longer than the leases makes nobody leave", async () => {
  const redis = await redisForTest();
  const nodes = await startNodes(redisStore(redis), 3, { leaseMs });
  const roomId = unique("room");
  const clients: TestClient[] = [];
  for (const [n, { url }] of nodes.entries())
    clients.push(await connect(url, { userId: `user-${n}`, roomId }));
  await eventually(() => expect(notices(clients[0] as TestClient)).toHaveLength(2));
  // Long enough to have been ready to judge the others, had this been their death.
  await eventually(async () => expect(await redis.command("EXISTS", reaperKey)).toBe(1));

  redis.signal("SIGSTOP");
  await eventually(async () => {
    for (const { url } of nodes) {
      const { reasons } = (await (await fetch(`${url}/readyz`)).json()) as { reasons: string[] };
      expect(reasons).toContain("the node's lease is not held");
    }
  });
  redis.signal("SIGCONT");
  for (const client of clients)
    await eventually(async () =>
      expect(await listOf(client, roomId)).toEqual(["user-0", "user-1", "user-2"]),
    );
  // By now whoever would have been taken for dead would have been reaped.
  await eventually(async () => expect(await redis.command("EXISTS", reaperKey)).toBe(1));
  for (const client of clients) expect(notices(client).filter(({ type }) => type === "leave")).toEqual([]);
  expect(await redis.command("HLEN", routeKey(roomId))).toBe(3);
});

it("a room whose key something else has overwritten does not keep the others from being mended", async () => {
  const redis = await redisForTest();
  const { url } = await startNode(redisStore(redis), { leaseMs });
  const mortal = await startMortal(redis);
  const rooms = [unique("room"), unique("room"), unique("room")];
  const [first = "", spoilt = "", last = ""] = rooms;
  const alice = await connect(url, { userId: "alice", roomId: first });
  const bob = await connect(mortal.url, { userId: "bob", roomId: first });
  for (const roomId of [spoilt, last])
    for (const client of [alice, bob]) expect((await client.ask("join", { roomId })).status).toBe(200);
  await redis.command("SET", `meeting-room::${spoilt}`, "not a hash");
  expect((await alice.ask("roomUserList", { roomId: spoilt })).data.code).toBe("internal");

  for (const roomId of [first, last]) await redis.command("HDEL", routeKey(roomId), "alice");
  await cutConnections(redis);
  for (const roomId of [first, last])
    await eventually(async () => expect(await listOf(alice, roomId)).toEqual(["alice", "bob"]));
  await mortal.stop("SIGKILL");
  for (const roomId of [first, last])
    await eventually(async () => expect(await listOf(alice, roomId)).toEqual(["alice"]));
});

it("a route to a session that its node does not have is removed", async () => {
  const redis = await redisForTest();
  const { url, signaler, driver } = await startNode(redisStore(redis), { leaseMs });
  const [roomId, empty] = [unique("room"), unique("room")];
  const alice = await connect(url, { userId: "alice", roomId });
  await versionOf(alice, roomId);
  // As a join leaves it that reaches Redis after the departure that followed it.
  const late = new Rooms(driver, signaler.nodeId);
  for (const room of [roomId, empty]) await late.admit(room, { userId: "ghost", roomId: room }, "late", open);
  expect(await listOf(alice, roomId)).toEqual(["alice", "ghost"]);

  await cutConnections(redis);
  await alice.next("roster");
  await eventually(async () => expect(await listOf(alice, roomId)).toEqual(["alice"]));
  await eventually(async () => expect(await redis.command("KEYS", `*${empty}*`)).toEqual([]));
  expect(notices(alice)).toEqual([]);
});

it("a session whose place another has taken unheard is told, and ends (I5)", async () => {
  const redis = await redisForTest();
  const { url, driver } = await startNode(redisStore(redis), { leaseMs });
  const roomId = unique("room");
  const alice = await connect(url, { userId: "alice", roomId });
  await redis.command("SET", "meeting-node::elsewhere", "1");
  const elsewhere = new Rooms(driver, "elsewhere");
  await elsewhere.admit(roomId, { userId: "alice", roomId }, "newer", open);

  await cutConnections(redis);
  expect((await alice.next("replaced")).data).toEqual({ userId: "alice", roomId });
  expect(await alice.ended).toBe("io server disconnect");
  expect(await redis.command("HGET", routeKey(roomId), "alice")).toBe("elsewhere/newer");
});

it("a session that missed how another came and went after it may come again (I5)", async () => {
  const redis = await redisForTest();
  const { url, driver } = await startNode(redisStore(redis), { leaseMs });
  const roomId = unique("room");
  const alice = await connect(url, { userId: "alice", roomId });
  const elsewhere = new Rooms(driver, "elsewhere");
  await elsewhere.admit(roomId, { userId: "alice", roomId }, "newer", open);
  await elsewhere.dismiss(roomId, "alice", "newer", true);

  await cutConnections(redis);
  expect((await alice.next("error")).data).toMatchObject({ code: "unavailable", event: "connect" });
  expect(await alice.ended).toBe("transport close");
});

it("a version that went back, as after a failover, is raised above what clients have seen [P-15]", async () => {
  const redis = await redisForTest();
  const { url } = await startNode(redisStore(redis), { leaseMs });
  const roomId = unique("room");
  const alice = await connect(url, { userId: "alice", roomId });
  const version = await versionOf(alice, roomId);
  await redis.command("SET", versionKey(roomId), String(version - 10));
  await cutConnections(redis);
  expect((await alice.next("roster")).version).toBeGreaterThan(version);
  expect(await versionOf(alice, roomId)).toBeGreaterThan(version);
});

it("whoever is displaced by a join whose reply is lost is told, and lists forget who was never let in", async () => {
  const redis = await redisForTest();
  const first = await startNode(redisStore(redis));
  const driver = new RedisDriver(redis.url, silentLog, () => {});
  const carryOut = driver.run.bind(driver);
  let listedMeanwhile: string[] = [];
  driver.run = async (script, keys, args) => {
    const result = await carryOut(script, keys, args);
    if (script.name !== "join" || args[0] !== "alice") return result;
    listedMeanwhile = await listOf(bob, roomId);
    throw new RedisUnavailable("the connection was lost", true);
  };
  const second = await startNode({ name: "losing replies", newDriver: async () => driver });
  const roomId = unique("room");
  const older = await connect(first.url, { userId: "alice", roomId });
  const bob = await connect(second.url, { userId: "bob", roomId });

  const newer = openClient(second.url, { userId: "alice", roomId });
  expect((await newer.next("error")).data.code).toBe("unavailable");
  expect(listedMeanwhile).toEqual(["alice", "bob"]);
  // It was displaced by one that never came in, so it is to come again.
  expect((await older.next("error")).data).toMatchObject({ code: "unavailable", retry: true });
  await older.ended;
  expect((await bob.next("leave")).data.userId).toBe("alice");
  expect(await listOf(bob, roomId)).toEqual(["bob"]);
});

it("whoever is displaced by a join that Redis carries out late is told", async () => {
  const redis = await redisForTest();
  const [first, second = first] = await startNodes(redisStore(redis), 2);
  const roomId = unique("room");
  const older = await connect(first.url, { userId: "alice", roomId });
  const bob = await connect(second.url, { userId: "bob", roomId });
  redis.signal("SIGSTOP");
  const newer = openClient(second.url, { userId: "alice", roomId });
  expect((await newer.next("error")).data.code).toBe("unavailable");
  redis.signal("SIGCONT");
  await older.next("replaced");
  await older.ended;
  expect((await bob.next("leave")).data.userId).toBe("alice");
  expect(await listOf(bob, roomId)).toEqual(["bob"]);
});
