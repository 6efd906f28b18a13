/**
 * What an idle connection keeps: the growth of one node's private memory over many of them, before and after
 * garbage has been collected, and how much of it is live on V8's heap.
 */
import { setTimeout as delay } from "node:timers/promises";
import { connectAll } from "./clients.mjs";
import { Inspector } from "./inspector.mjs";
import { privateBytes } from "./process-usage.mjs";
import { lineOf, stopProcess } from "./processes.mjs";
import { nodeIn, spawnNode, startRedis, systems } from "./systems.mjs";

const roomSize = 4;
/** These come and go first, so that what is only there once (code, buffers) is not counted. */
const firstConnections = 400;
const settleMs = 1_500;

const subjects = [
  { title: "signaler, rooms of 4", system: systems.signaler, rooms: true },
  { title: "signaler, in the lobby", system: systems.signaler, rooms: false },
  { title: "stock Socket.IO, rooms of 4", system: systems.stock, rooms: true },
  { title: "bare `ws`", system: systems.ws, rooms: false },
];

/** @returns for each subject bytes per connection: `settled`, `collected` and `heap`. */
export async function measureIdleMemory(connections, onProgress) {
  const results = [];
  for (const subject of subjects) {
    onProgress(`idle memory: ${subject.title}`);
    results.push({ title: subject.title, ...(await measure(subject, connections)) });
  }
  return results;
}

async function measure({ system, rooms }, connections) {
  const redis = system.redis ? await startRedis() : undefined;
  const { node, inspector } = await startInspectedNode(system, redis);
  const connectIdle = (count, name) => {
    const users = Array.from({ length: count }, (_, i) => ({
      url: node.url,
      query: { userId: `${name}-${i}`, ...(rooms && { roomId: `${name}-${Math.floor(i / roomSize)}` }) },
    }));
    return connectAll(system.protocol, users);
  };

  for (const client of await connectIdle(firstConnections, "first")) client.close();
  await delay(settleMs);
  const before = await collected(node, inspector);
  const clients = await connectIdle(connections, "idle");
  await delay(settleMs);
  const settled = privateBytes(node.pid);
  const after = await collected(node, inspector);
  for (const client of clients) client.close();
  inspector.close();
  await stopProcess(node.child);
  if (redis !== undefined) await stopProcess(redis.child);
  return {
    settled: (settled - before.memory) / connections,
    collected: (after.memory - before.memory) / connections,
    heap: (after.heap - before.heap) / connections,
  };
}

async function startInspectedNode(system, redis) {
  const child = spawnNode(system, redis, { flags: ["--inspect=127.0.0.1:0"], stderr: "pipe" });
  const inspectorUrl = lineOf(child.stderr, (line) => line.match(/^Debugger listening on (ws:.*)$/)?.[1]);
  const node = await nodeIn(child, system);
  return { node, inspector: await Inspector.connect(await inspectorUrl) };
}

async function collected(node, inspector) {
  await inspector.collectGarbage();
  await delay(settleMs);
  await inspector.collectGarbage();
  return { memory: privateBytes(node.pid), heap: await inspector.heapUsed() };
}
