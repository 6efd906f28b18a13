/**
 * How long the members of a node that is killed stay on the lists of others: from SIGKILL to the last `leave`.
 */
import { setTimeout as delay } from "node:timers/promises";
import { connectAll } from "./clients.mjs";
import { stopProcess } from "./processes.mjs";
import { startCluster } from "./systems.mjs";

/** Nodes do not judge each other before they have been up for a lease, which is 10 s by default. */
const settleMs = 12_000;
const giveUpMs = 20_000;
const seats = 4;

/**
 * @param members - of the node that is killed, four to a room; in each room one observer on another node.
 * @returns one run for each repeat: when the first and the last departure was told, in milliseconds, and how many
 * departures were `missing` or told `twice`.
 */
export async function measureNodeDeath({ repeats, members }, onProgress) {
  const runs = [];
  for (let repeat = 0; repeat < repeats; repeat += 1) {
    onProgress(`node death: run ${repeat + 1}`);
    runs.push(await die(members / seats));
  }
  return runs;
}

async function die(rooms) {
  const cluster = await startCluster("signaler", 3);
  const [doomed, ...others] = cluster.nodes;
  const startedAt = performance.now();
  const numbers = Array.from({ length: rooms }, (_, room) => room);
  const user = (url, userId, room) => ({ url, query: { userId, roomId: `room-${room}` } });
  await connectAll(
    "socket.io",
    numbers.flatMap((room) =>
      Array.from({ length: seats }, (_, seat) => user(doomed.url, `${room}-${seat}`, room)),
    ),
  );
  const observers = await connectAll(
    "socket.io",
    numbers.map((room) => user(others[room % others.length].url, `observer-${room}`, room)),
  );
  const toldAt = [];
  const seen = new Set();
  for (const observer of observers)
    observer.onFrame = (frame) => {
      if (!frame.includes('"type":"leave"')) return;
      toldAt.push(performance.now());
      seen.add(frame.match(/"msg":"(\S+) leave/)[1]);
    };
  await delay(Math.max(0, startedAt + settleMs - performance.now()));

  const killedAt = performance.now();
  await stopProcess(doomed.child);
  while (seen.size < rooms * seats && performance.now() < killedAt + giveUpMs) await delay(20);
  // Whatever is told twice comes at once.
  await delay(500);
  for (const observer of observers) observer.close();
  await cluster.stop();
  return {
    members: rooms * seats,
    first: Math.min(...toldAt) - killedAt,
    last: Math.max(...toldAt) - killedAt,
    missing: rooms * seats - seen.size,
    twice: toldAt.length - seen.size,
  };
}
