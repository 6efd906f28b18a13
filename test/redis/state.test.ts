/**
 * What stands in Redis, for those who read it there; and what a message costs.
 */
import { createClient } from "redis";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { rosterKey, routeKey } from "../../src/cluster/keys.js";
import { lobby } from "../../src/protocol/place.js";
import { connect } from "../harness/client.js";
import { eventually } from "../harness/eventually.js";
import { redisStore, startNode, startNodes, type TestNode, unique } from "../harness/nodes.js";
import { freePort, type RedisServer, startRedis } from "../harness/redis-server.js";

let redis: RedisServer;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());

describe("redis", () => {
  it("holds rosters, routes, leases and each node's rooms under their names", async () => {
    const [first, second = first] = await startNodes(redisStore(redis), 2);
    const roomId = unique("room");
    const alice = await connect(first.url, { userId: "alice", roomId, nickname: "A" });
    const bob = await connect(second.url, { userId: "bob", roomId });
    const hash = async (key: string) => pairs(await redis.command("HGETALL", key));
    const nodeOf = ({ signaler }: TestNode) => signaler.nodeId;

    expect(await hash(`meeting-room::${roomId}`)).toEqual({
      alice: `{"userId":"alice","roomId":"${roomId}","nickname":"A"}`,
      bob: `{"userId":"bob","roomId":"${roomId}"}`,
    });
    expect(await hash(`meeting-route::{meeting-room::${roomId}}`)).toEqual({
      alice: `${nodeOf(first)}/${alice.socket.id}`,
      bob: `${nodeOf(second)}/${bob.socket.id}`,
    });
    for (const node of [first, second]) {
      expect(await redis.command("SMEMBERS", `meeting-node-rooms::${nodeOf(node)}`)).toEqual([
        `meeting-room::${roomId}`,
      ]);
      const left = (await redis.command("PTTL", `meeting-node::${nodeOf(node)}`)) as number;
      expect(left).toBeGreaterThan(0);
      expect(left).toBeLessThanOrEqual(10_000);
    }

    bob.close();
    await alice.next("leave");
    alice.close();
    await eventually(async () => {
      const keys = (await redis.command("KEYS", `*${roomId}*`)) as string[];
      expect(keys).toEqual([]);
      expect(await redis.command("EXISTS", `meeting-node-rooms::${nodeOf(first)}`)).toBe(0);
    });
  });

  it("keeps a room's route in its roster's slot on Redis Cluster, whatever the room is called", async () => {
    const busPort = String(await freePort());
    const clustered = await startRedis({ args: ["--cluster-enabled", "yes", "--cluster-port", busPort] });
    onTestFinished(() => clustered.stop());
    const slot = (key: string) => clustered.command("CLUSTER", "KEYSLOT", key);
    for (const place of ["room", "a::b", "会议", lobby])
      expect(await slot(routeKey(place))).toBe(await slot(rosterKey(place)));
    expect(await slot(rosterKey("one"))).not.toBe(await slot(rosterKey("another")));
  });

  it("holds a lobby whose members are no room's", async () => {
    const { url, signaler } = await startNode(redisStore(redis));
    const userId = unique("alice");
    const alice = await connect(url, { userId, nickname: "A" });
    expect(await redis.command("HGET", "meeting-lobby", userId)).toBe(
      `{"userId":"${userId}","nickname":"A"}`,
    );
    expect(await redis.command("HGET", "meeting-route::{meeting-lobby}", userId)).toBe(
      `${signaler.nodeId}/${alice.socket.id}`,
    );
  });

  it("is left with nothing of a node that has closed", async () => {
    const node = await startNode(redisStore(redis));
    const other = await startNode(redisStore(redis));
    const roomId = unique("room");
    const watcher = await connect(other.url, { userId: "watcher", roomId });
    const members = await Promise.all(
      Array.from({ length: 20 }, (_, n) => connect(node.url, { userId: `member-${n}`, roomId })),
    );
    await node.signaler.close();
    for (const member of members) {
      expect((await member.next("error")).data.code).toBe("shutting_down");
      // A stock client comes back by itself after this reason, and not after "io server disconnect".
      expect(await member.ended).toBe("transport close");
    }
    for (let n = 0; n < 20; n += 1) await watcher.next("leave");
    expect(await redis.command("HKEYS", `meeting-room::${roomId}`)).toEqual(["watcher"]);
    expect(await redis.command("KEYS", `*${node.signaler.nodeId}*`)).toEqual([]);
  });
});

describe("an addressed message", () => {
  it("is one delivery by Redis, whatever the size of the cluster (I8)", async () => {
    for (const size of [2, 3, 6]) {
      const nodes = await startNodes(redisStore(redis), size);
      const [first, second = first] = nodes;
      const roomId = unique("room");
      const alice = await connect(first.url, { userId: "alice", roomId });
      const bob = await connect(second.url, { userId: "bob", roomId });
      const deliveries = await countDeliveries(redis, async () => {
        for (let n = 0; n < 100; n += 1) alice.emit("candidate", { targetUid: "bob", n });
        for (let n = 0; n < 100; n += 1) await bob.next("candidate");
      });
      expect(deliveries.filter((message) => message.startsWith("D "))).toHaveLength(100);
      // Receipts travel together: nothing else was delivered for these hundred but at most one of them a second.
      expect(deliveries.length).toBeLessThan(105);
      await Promise.all(nodes.map(({ signaler }) => signaler.close()));
    }
  });

  it("between two people on one node costs Redis nothing, and works without it (I6)", async () => {
    const own = await startRedis();
    onTestFinished(() => own.stop());
    const { url } = await startNode(redisStore(own));
    const roomId = unique("room");
    const alice = await connect(url, { userId: "alice", roomId });
    const bob = await connect(url, { userId: "bob", roomId });
    const commands = async () =>
      /total_commands_processed:(\d+)/.exec(String(await own.command("INFO", "stats")))?.[1];

    const before = Number(await commands());
    for (let n = 0; n < 500; n += 1) alice.emit("candidate", { targetUid: "bob", n });
    for (let n = 0; n < 500; n += 1) await bob.next("candidate");
    // What remains are leases, pings and this look itself.
    expect(Number(await commands()) - before).toBeLessThan(30);

    await own.stop();
    expect((await alice.ask("offer", { targetUid: "bob" })).status).toBe(200);
    expect((await bob.next("offer")).data.userId).toBe("alice");
  });
});

/** What Redis hands to subscribers of nodes' inboxes while `act` runs: each PUBLISH times its receivers. */
async function countDeliveries(server: RedisServer, act: () => Promise<void>): Promise<string[]> {
  const monitor = createClient({ url: server.url, RESP: 2 });
  const reader = createClient({ url: server.url, RESP: 2 });
  for (const client of [monitor, reader]) client.on("error", () => {});
  await Promise.all([monitor.connect(), reader.connect()]);
  onTestFinished(() => {
    monitor.destroy();
    reader.destroy();
  });
  const deliveries: string[] = [];
  const published: [channel: string, message: string][] = [];
  await monitor.monitor((line) => {
    const match = /"(?:PUBLISH|publish)" "(meeting-[^"]*)" "((?:[^"\\]|\\.)*)"/.exec(String(line));
    if (match !== null) published.push([match[1] ?? "", match[2] ?? ""]);
  });
  await act();
  for (const [channel, message] of published) {
    // Whoever is subscribed to the channel, or to a pattern over it, was handed the message.
    const [, direct] = (await reader.sendCommand(["PUBSUB", "NUMSUB", channel])) as [string, number];
    const patterns = channel.startsWith("meeting-broadcast")
      ? ((await reader.sendCommand(["PUBSUB", "NUMPAT"])) as number)
      : 0;
    for (let n = 0; n < direct + patterns; n += 1) deliveries.push(message);
  }
  return deliveries;
}

function pairs(reply: unknown): Record<string, string> {
  const flat = reply as string[];
  return Object.fromEntries(flat.flatMap((value, n) => (n % 2 === 0 ? [[value, flat[n + 1] ?? ""]] : [])));
}
