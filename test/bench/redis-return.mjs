/**
 * How long after Redis is back, empty, its rosters are whole again, and whether clients were told anything
 * false on the way.
 */
import { setTimeout as delay } from "node:timers/promises";
import { createClient } from "redis";
import { connectAll } from "./clients.mjs";
import { stopProcess } from "./processes.mjs";
import { startCluster } from "./systems.mjs";

const awayMs = 5_000;
const giveUpMs = 30_000;
const seats = 4;
const pollMs = 10;

/**
 * @param members - over three nodes, four to a room.
 * @returns one run for each repeat: when all hashes were whole, and when every node answered with whole lists, in
 * milliseconds; and how many joins and leaves clients were told of meanwhile, all of them false.
 */
export async function measureRedisReturn({ repeats, members }, onProgress) {
  const runs = [];
  for (let repeat = 0; repeat < repeats; repeat += 1) {
    onProgress(`Redis returns: run ${repeat + 1}`);
    runs.push(await comeBack(members / seats));
  }
  return runs;
}

async function comeBack(rooms) {
  const cluster = await startCluster("signaler", 3);
  const { nodes } = cluster;
  const clients = await connectAll(
    "socket.io",
    Array.from({ length: rooms * seats }, (_, i) => ({
      url: nodes[i % nodes.length].url,
      query: { userId: `user-${i}`, roomId: `room-${Math.floor(i / seats)}` },
    })),
  );
  // What is on its way from connecting is not counted.
  await delay(500);
  let falseNotices = 0;
  const lists = new Map();
  for (const client of clients)
    client.onFrame = (frame) => {
      if (/"type":"(join|leave)"/.test(frame)) falseNotices += 1;
      else if (frame.startsWith("43")) lists.get(client)?.(JSON.parse(frame.slice(frame.indexOf("[")))[0]);
    };

  await stopProcess(cluster.redis.child);
  await delay(awayMs);
  await cluster.restartRedis();
  const backAt = performance.now();
  const hashes = await untilHashesAreWhole(cluster.redis.url, rooms);
  const wholeHashes = hashes - backAt;
  // One of each room, and so of each node in turn.
  for (const [i, client] of clients.entries())
    if (i % seats === 0) await untilListIsWhole(client, `room-${i / seats}`, lists);
  const wholeLists = performance.now() - backAt;
  await delay(1_000);
  for (const client of clients) client.close();
  await cluster.stop();
  return { members: rooms * seats, wholeHashes, wholeLists, falseNotices };
}

async function untilHashesAreWhole(url, rooms) {
  const redis = createClient({ url });
  await redis.connect();
  const giveUpAt = performance.now() + giveUpMs;
  for (;;) {
    const lengths = await Promise.all(
      Array.from({ length: rooms }, (_, room) => redis.hLen(`meeting-room::room-${room}`)),
    );
    const now = performance.now();
    if (lengths.every((length) => length === seats)) {
      redis.destroy();
      return now;
    }
    if (now > giveUpAt) throw new Error("the rosters were not whole in time");
    await delay(pollMs);
  }
}

async function untilListIsWhole(client, roomId, lists) {
  for (;;) {
    const members = await new Promise((resolve) => {
      lists.set(client, resolve);
      client.send(client.encode("roomUserList", JSON.stringify({ roomId }), 1));
    });
    if (members.length === seats) return;
    await delay(pollMs);
  }
}
