/**
 * What becomes of addressed messages around a fault: delivered, told otherwise, or misreported. Same-node and
 * across nodes are counted apart.
 */
import { setTimeout as delay } from "node:timers/promises";
import { createClient } from "redis";
import { connectAll } from "./clients.mjs";
import { stopProcess } from "./processes.mjs";
import { startCluster } from "./systems.mjs";

const nodeCount = 3;
const everyMs = 10;
const beforeMs = 3_000;
const afterMs = 6_000;
/** Told within 5 s. */
const answerMs = 6_500;

const redisCommand =
  (...args) =>
  async ({ redis }) => {
    const client = createClient({ url: redis.url });
    await client.connect();
    await client.sendCommand(args);
    client.destroy();
  };

const forAWhile = (find, ms) => async (cluster) => {
  const { child } = find(cluster);
  child.kill("SIGSTOP");
  await delay(ms);
  child.kill("SIGCONT");
};

export const faults = [
  { title: "a node killed", ends: [0], run: ({ nodes }) => stopProcess(nodes[0].child) },
  { title: "a node frozen for 3 s", halts: [0], run: forAWhile(({ nodes }) => nodes[0], 3_000) },
  {
    title: "Redis killed, and empty 3 s later",
    async run(cluster) {
      await stopProcess(cluster.redis.child);
      await delay(3_000);
      await cluster.restartRedis();
    },
  },
  { title: "Redis frozen for 4 s", run: forAWhile(({ redis }) => redis, 4_000) },
  { title: "`CLIENT PAUSE 2500 ALL`", run: redisCommand("CLIENT", "PAUSE", "2500", "ALL") },
  { title: "`FLUSHALL`", run: redisCommand("FLUSHALL") },
  { title: "subscriptions killed", run: redisCommand("CLIENT", "KILL", "TYPE", "pubsub") },
  { title: "command connections killed", run: redisCommand("CLIENT", "KILL", "TYPE", "normal") },
];

/** @returns for each fault the counts of `same` and `across`. */
export async function measureFaultLosses(chosen, onProgress) {
  const results = [];
  for (const fault of chosen) {
    onProgress(`losses: ${fault.title}`);
    const messages = await sendThrough(fault);
    results.push({
      title: fault.title,
      same: count(messages.filter(({ from, to }) => from === to)),
      across: count(messages.filter(({ from, to }) => from !== to)),
    });
  }
  return results;
}

async function sendThrough(fault) {
  const cluster = await startCluster("signaler", nodeCount);
  const pairs = Array.from({ length: nodeCount * nodeCount }, (_, i) => ({
    from: Math.floor(i / nodeCount),
    to: i % nodeCount,
  }));
  const clients = await connectAll(
    "socket.io",
    pairs.flatMap(({ from, to }, i) =>
      [from, to].map((node, seat) => ({
        url: cluster.nodes[node].url,
        query: { userId: `user-${i}-${seat}`, roomId: `room-${i}` },
      })),
    ),
  );
  const messages = [];
  for (const client of clients)
    client.onFrame = (frame) => {
      if (frame.includes('"type":"offer"')) messages[frame.match(/"n":(\d+)/)[1]].received = true;
      else if (frame.startsWith("43"))
        messages[Number.parseInt(frame.slice(2), 10)].status = Number(frame.match(/"status":(\d+)/)[1]);
    };

  const { ends = [], halts = [] } = fault;
  const startedAt = performance.now();
  let faulted;
  for (let n = 0; ; n += 1) {
    const now = performance.now();
    if (faulted === undefined && now > startedAt + beforeMs) faulted = { run: fault.run(cluster), at: now };
    if (faulted !== undefined && now > faulted.at + afterMs) break;
    const { from, to } = pairs[n % pairs.length];
    const index = n % pairs.length;
    // Whoever was on a node that has ended is gone, and asks nobody.
    const gone = faulted !== undefined && ends.includes(from);
    const excused = ends.includes(from) || halts.includes(from);
    messages.push({ from, to, excused, targetGone: ends.includes(to), gone });
    if (!gone)
      clients[2 * index].send(
        clients[2 * index].encode("offer", `{"targetUid":"user-${index}-1","n":${n}}`, n),
      );
    await delay(everyMs);
  }
  await faulted.run;
  await delay(answerMs);
  for (const client of clients) client.close();
  await cluster.stop();
  return messages.filter(({ gone }) => !gone);
}

function count(messages) {
  const number = (test) => messages.filter(test).length;
  return {
    sent: messages.length,
    delivered: number(({ status }) => status === 200),
    offline: number(({ status }) => status === 404),
    unavailable: number(({ status }) => status === 503),
    unconfirmed: number(({ status }) => status === 504),
    unanswered: number(({ status, excused }) => status === undefined && !excused),
    misreported: number(
      ({ status, received, targetGone }) =>
        (status === 200 && !received && !targetGone) || ((status === 404 || status === 503) && received),
    ),
  };
}
