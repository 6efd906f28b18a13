/**
 * Whether people on one node feel it when Redis is away: the latency of messages between them before, and
 * during an outage.
 */
import { setTimeout as delay } from "node:timers/promises";
import { runLoad, warmUp } from "./load.mjs";
import { connectPairs } from "./pairs.mjs";
import { stopProcess } from "./processes.mjs";
import { startCluster } from "./systems.mjs";

const nodes = 2;
const leadMs = 500;

/** @returns the latencies `before` and `during`, in milliseconds. */
export async function measureOutageLatency({ rate, seconds, warmUpPerNode }, onProgress) {
  onProgress("latency in an outage");
  const cluster = await startCluster("signaler", nodes);
  const senders = await connectPairs(cluster, "same");
  await warmUp({ senders, acks: false, messages: warmUpPerNode * nodes });
  const load = { senders, rate: rate * nodes, leadMs, acks: false, readUsage: () => ({}) };
  const before = await runLoad({ ...load, windowMs: (seconds * 1_000) / 2 });
  await stopProcess(cluster.redis.child);
  await delay(100);
  const during = await runLoad({ ...load, windowMs: seconds * 1_000 });
  cluster.redis = undefined;
  await cluster.stop();
  return { seconds, rate, before: before.latency, during: during.latency };
}
