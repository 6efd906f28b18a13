/**
 * Redis or a node not being there: everybody is told, nobody waits for ever, no node ends.
 */
import { createClient } from "redis";
import { expect, it, onTestFinished } from "vitest";
import { type Driver, RedisUnavailable } from "../../src/cluster/driver.js";
import { Rooms } from "../../src/cluster/rooms.js";
import { connect, open } from "../harness/client.js";
import { eventually } from "../harness/eventually.js";
import { redisStore, startNode, startNodes, unique } from "../harness/nodes.js";
import { redisForTest, startRedis } from "../harness/redis-server.js";

async function readyz(url: string): Promise<{ status: number; reasons: string[] }> {
  const response = await fetch(`${url}/readyz`);
  const { reasons } = (await response.json()) as { reasons: string[] };
  return { status: response.status, reasons };
}

it("a Redis that hangs costs requests a 503, and nothing once it goes on", async () => {
  const redis = await redisForTest();
  const [first, second = first] = await startNodes(redisStore(redis), 2);
  const roomId = unique("room");
  const alice = await connect(first.url, { userId: "alice", roomId });
  const bob = await connect(second.url, { userId: "bob", roomId });
  const carol = await connect(first.url, { userId: "carol", roomId });

  redis.signal("SIGSTOP");
  const [joined, listed, relayed, neighbour] = await Promise.all([
    carol.ask("join", { roomId: unique("room") }),
    bob.ask("roomUserList", { roomId }),
    bob.ask("offer", { targetUid: "alice" }),
    alice.ask("offer", { targetUid: "carol" }),
  ]);
  expect(joined).toMatchObject({ status: 503, data: { code: "unavailable", event: "join", retry: true } });
  expect(listed).toMatchObject({ status: 503, data: { code: "unavailable" } });
  expect(relayed).toMatchObject({ status: 503, data: { code: "unavailable", targetUid: "alice" } });
  expect(neighbour.status).toBe(200);
  const stranger = open(first.url, { userId: "stranger", roomId });
  expect((await stranger.next("error")).data.code).toBe("unavailable");
  // After this reason, stock clients try again by themselves.
  expect(await stranger.ended).toBe("transport close");

  redis.signal("SIGCONT");
  await eventually(async () =>
    expect((await bob.ask("offer", { targetUid: "alice", after: true })).status).toBe(200),
  );
  await eventually(async () => expect((await bob.ask<unknown[]>("roomUserList", { roomId })).length).toBe(3));
});

it("a leave is answered though Redis hangs, and recorded when it goes on [P-37]", async () => {
  const redis = await redisForTest();
  const { url } = await startNode(redisStore(redis));
  const roomId = unique("room");
  const alice = await connect(url, { userId: "alice", roomId });
  const bob = await connect(url, { userId: "bob", roomId });
  redis.signal("SIGSTOP");
  expect((await alice.ask("leave", { roomId })).msg).toBe("left");
  redis.signal("SIGCONT");
  expect((await bob.next("leave")).data.userId).toBe("alice");
  expect(await bob.ask("roomUserList", { roomId })).toEqual([{ userId: "bob", roomId }]);
});

it("events that wait behind a join are bounded [P-38]", async () => {
  const redis = await redisForTest();
  const { url } = await startNode(redisStore(redis));
  const roomId = unique("room");
  const alice = await connect(url, { userId: "alice", roomId });
  const bob = await connect(url, { userId: "bob", roomId });
  redis.signal("SIGSTOP");
  alice.emit("join", { roomId: unique("room") });
  for (let n = 0; n < 257; n += 1) alice.emit("candidate", { targetUid: "bob", n });
  expect((await alice.next("error")).data).toMatchObject({ code: "too_many_waiting", event: "candidate" });
  redis.signal("SIGCONT");
  for (let n = 0; n < 256; n += 1) expect((await bob.next("candidate")).data.n).toBe(n);
});

it("a Redis that goes away under traffic takes no node with it, and is found again", async () => {
  const redis = await startRedis();
  const config = { leaseMs: 1_000, messageRate: 0 };
  const [first, second = first] = await startNodes(redisStore(redis), 2, config);
  const roomId = unique("room");
  const alice = await connect(first.url, { userId: "alice", roomId });
  const bob = await connect(second.url, { userId: "bob", roomId });
  const carol = await connect(first.url, { userId: "carol", roomId });
  await bob.next("join");

  let traffic = true;
  const chatter = (async () => {
    for (let n = 0; traffic; n += 1) {
      for (const client of [alice, bob, carol]) client.emit("msg", { type: "chat", n });
      await alice.ask("offer", { targetUid: "carol", n });
    }
  })();
  await bob.next("chat");
  await redis.stop();
  await eventually(async () => {
    const { status, reasons } = await readyz(first.url);
    expect(status).toBe(503);
    expect(reasons).toContain("redis is not connected");
    expect(reasons).toContain("the node's lease is not held");
  });
  expect((await fetch(`${first.url}/healthz`)).status).toBe(200);
  expect((await alice.ask("call", { targetUid: "bob" })).status).toBe(503);
  // People on one node still hear each other, in the room and in person.
  alice.emit("msg", { type: "still here" });
  expect(await carol.next("still here")).toMatchObject({ from: "alice" });
  traffic = false;
  await chatter;

  const again = await startRedis({ port: redis.port });
  onTestFinished(() => again.stop());
  for (const { url } of [first, second])
    await eventually(async () => expect((await readyz(url)).status).toBe(200));
  const later = unique("room");
  const dave = await connect(first.url, { userId: "dave", roomId: later });
  const erin = await connect(second.url, { userId: "erin", roomId: later });
  await dave.next("join");
  expect((await dave.ask("offer", { targetUid: "erin" })).status).toBe(200);
  erin.emit("msg", { type: "hello" });
  expect(await dave.next("hello")).toMatchObject({ from: "erin" });
});

it("a node that is closing says so and takes no more connections, while it waits for its departures", async () => {
  const redis = await redisForTest();
  const { url, signaler } = await startNode(redisStore(redis), { drainMs: 20_000 });
  const alice = await connect(url, { userId: "alice", roomId: unique("room") });
  redis.signal("SIGSTOP");
  const closed = signaler.close();
  await alice.ended;
  expect((await readyz(url)).reasons).toContain("closing");
  for (const transport of ["websocket", "polling"]) {
    const late = open(url, { userId: "late" }, { transports: [transport] });
    await new Promise((resolve) => late.socket.once("connect_error", resolve));
  }
  redis.signal("SIGCONT");
  await closed;
  expect(await redis.command("KEYS", "*")).toEqual([]);
});

it("a departure that Redis could not be told of is recorded, and announced once, when it can", async () => {
  const redis = await redisForTest();
  const store = redisStore(redis);
  let away = false;
  const node = await startNode(
    { ...store, newDriver: async () => failing(await store.newDriver(), () => away) },
    {
      leaseMs: 1_000,
    },
  );
  const roomId = unique("room");
  const watcher = await connect((await startNode(store)).url, { userId: "watcher", roomId });
  const alice = await connect(node.url, { userId: "alice", roomId });
  await watcher.next("join");
  away = true;
  alice.close();
  await eventually(async () =>
    expect(await (await fetch(`${node.url}/metrics`)).text()).toContain(
      "signaler_unrecorded_departures_total 1",
    ),
  );
  expect(await watcher.ask("roomUserList", { roomId })).toHaveLength(2);

  away = false;
  expect((await watcher.next("leave")).data.userId).toBe("alice");
  expect(await watcher.ask("roomUserList", { roomId })).toEqual([{ userId: "watcher", roomId }]);
  expect(watcher.rest).toEqual([]);
});

it("a member whose node is dead is offline, and one whose node does not listen is unavailable", async () => {
  const redis = await redisForTest();
  const { url, signaler } = await startNode(redisStore(redis));
  const roomId = unique("room");
  const alice = await connect(url, { userId: "alice", roomId });
  const route = `meeting-route::{meeting-room::${roomId}}`;
  await redis.command(
    "HSET",
    route,
    "ghost",
    "dead/session",
    "mute",
    "deaf/session",
    "gone",
    `${signaler.nodeId}/ended`,
  );
  await redis.command("SET", "meeting-node::deaf", "1");

  expect(await alice.ask("call", { targetUid: "ghost" })).toMatchObject({ type: "offline", status: 404 });
  // The route is still there, the session is not: the node that it names says so.
  expect(await alice.ask("call", { targetUid: "gone" })).toMatchObject({ type: "offline", status: 404 });
  expect(await alice.ask("call", { targetUid: "mute" })).toMatchObject({
    type: "error",
    status: 503,
    data: { code: "unavailable", event: "call", targetUid: "mute" },
  });
});

it("a dead node's member does not keep the user out where duplicates are rejected [P-9]", async () => {
  const redis = await redisForTest();
  const { url, driver } = await startNode(redisStore(redis), { duplicates: "reject" });
  const roomId = unique("room");
  const dead = new Rooms(driver, "dead");
  await dead.admit(roomId, { userId: "alice", roomId }, "session", { capacity: 0, duplicates: "reject" });
  const alice = await connect(url, { userId: "alice", roomId });
  expect(await alice.ask("roomUserList", { roomId })).toEqual([{ userId: "alice", roomId }]);
});

it("a message that nobody confirms is told as such within five seconds [P-44]", async () => {
  const redis = await redisForTest();
  const { url } = await startNode(redisStore(redis));
  const roomId = unique("room");
  const alice = await connect(url, { userId: "alice", roomId });
  const frozen = createClient({ url: redis.url });
  onTestFinished(() => frozen.destroy());
  await frozen.connect();
  await frozen.subscribe("meeting-inbox::frozen", () => {});
  await redis.command("HSET", `meeting-route::{meeting-room::${roomId}}`, "bob", "frozen/session");

  const answers = await Promise.all([
    alice.ask("offer", { targetUid: "bob" }),
    alice.ask("candidate", { targetUid: "bob" }),
  ]);
  for (const answer of answers) expect(answer).toMatchObject({ status: 504, data: { code: "unconfirmed" } });
});

it("what is not of the protocol, on the nodes' own channels, is dropped", async () => {
  const redis = await redisForTest();
  const [first, second = first] = await startNodes(redisStore(redis), 2);
  const roomId = unique("room");
  const alice = await connect(first.url, { userId: "alice", roomId });
  const bob = await connect(second.url, { userId: "bob", roomId });
  const junk = [
    "",
    "D",
    "D 1 x 1 y",
    "D 1 x 1 y\n",
    "R",
    "R x",
    "X",
    "X a",
    "\n\n",
    "{}",
    "Z 1 2 3\n4",
    "D a b c d\nnot json",
  ];
  for (const message of junk) {
    await redis.command("PUBLISH", `meeting-inbox::${second.signaler.nodeId}`, message);
    await redis.command("PUBLISH", `meeting-broadcast#/#meeting-room::${roomId}#`, message);
  }
  expect((await alice.ask("offer", { targetUid: "bob" })).status).toBe(200);
  expect((await bob.next("offer")).data.userId).toBe("alice");
  alice.emit("msg", { type: "chat" });
  await bob.next("chat");
});

/** A driver that fails to run scripts while `away` says so. */
function failing(driver: Driver, away: () => boolean): Driver {
  return new Proxy(driver, {
    get(target, name) {
      if (name === "run" && away()) return () => Promise.reject(new RedisUnavailable("away", true));
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
