/**
 * Whether people in calls feel it when somebody else attacks their node: the latency of their messages before and
 * during, and the node's memory. What it is compared with shows what of that is not the attack's doing: the same on
 * another node shows what is the machine's, and a room of people who do read what any room of that size costs.
 */
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { runLoad, warmUp } from "./load.mjs";
import { connectPairs } from "./pairs.mjs";
import { startProcess, stopProcess } from "./processes.mjs";
import { startCluster } from "./systems.mjs";

export const attacks = [
  { id: "flood", title: "20,000 frames/s from one client", ready: ({ frames }) => frames > 0 },
  {
    id: "stalled-readers",
    title: "200 readers who do not read",
    ready: ({ readers }) => readers === 200,
    harmless: "read",
  },
  { id: "half-open", title: "2,000 handshakes that end nowhere", ready: ({ opened }) => opened >= 2_000 },
];

/** As the nodes are by default, but that this machine's own addresses count, as an attacker's from outside would. */
const env = {
  SIGNALER_MESSAGE_RATE: "50",
  SIGNALER_MESSAGE_BURST: "500",
  SIGNALER_TRUSTED_PROXIES: "192.0.2.1",
};
const leadMs = 500;
const giveUpMs = 60_000;
/** What an attack leaves behind has gone by then: handshakes may take 5 s. */
const restMs = 8_000;
const memoryEveryMs = 100;

/**
 * @returns for each run the latencies `before`, with what is `compared` and `during` the attack, in milliseconds; the
 * node's memory in bytes, `memory.before`, `memory.greatest` and `memory.after`; what the attacker did, by name, as
 * `done`; and how many people were `cut`.
 */
export async function measureAttack(attack, { repeats, ...load }, onProgress) {
  const { id, title } = attack;
  const runs = [];
  for (let repeat = 0; repeat < repeats; repeat += 1) {
    onProgress(`${title}: run ${repeat + 1}`);
    runs.push(await attackOnce(attack, load));
  }
  return { id, title, runs };
}

async function attackOnce({ id, ready, harmless }, { rate, seconds, warmUpPerNode }) {
  const cluster = await startCluster("signaler", 2, env);
  const [node, other] = cluster.nodes;
  const senders = await connectPairs({ ...cluster, nodes: [node] }, "same");
  await warmUp({ senders, acks: false, messages: warmUpPerNode });
  const load = { senders, rate, leadMs, windowMs: seconds * 1_000, acks: false, readUsage: () => ({}) };
  const before = await runLoad(load);

  const comparison =
    harmless === undefined
      ? await startAttack([id], other, ready)
      : await startAttack([id, harmless], node, ready);
  const compared = await runLoad(load);
  await comparison.stop();
  await delay(restMs);

  const memory = { before: residentBytes(node.pid), greatest: 0 };
  const watch = setInterval(() => {
    memory.greatest = Math.max(memory.greatest, residentBytes(node.pid));
  }, memoryEveryMs);
  const attack = await startAttack([id], node, ready);
  const during = await runLoad(load);
  await attack.stop();
  await delay(restMs);
  clearInterval(watch);
  memory.after = residentBytes(node.pid);

  const cut = senders.filter(({ client }) => !client.isOpen()).length;
  await cluster.stop();
  return {
    before: before.latency,
    compared: compared.latency,
    during: during.latency,
    memory,
    done: attack.done(),
    cut,
  };
}

/** In a process of its own; resolves once the attack has begun to tell. */
async function startAttack([id, ...how], { url }, ready) {
  const script = fileURLToPath(new URL(`attackers/${id}.mjs`, import.meta.url));
  const child = startProcess(process.execPath, [script, url, ...how]);
  let counts = {};
  createInterface({ input: child.stdout }).on("line", (line) => {
    counts = JSON.parse(line);
  });
  const giveUpAt = performance.now() + giveUpMs;
  while (!ready(counts)) {
    if (performance.now() > giveUpAt) throw new Error(`${id} did not begin: ${JSON.stringify(counts)}`);
    await delay(20);
  }
  return { stop: () => stopProcess(child), done: () => counts };
}

function residentBytes(pid) {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))[1]) * 1_024;
}
