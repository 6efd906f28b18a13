/**
 * 2,000 connections that never come to anything: half of them have sent half a request, half have opened a session
 * and do not say who they are. Those who are cut come again.
 */
import { openTcp, tell, upgradeRequest } from "./connection.mjs";

const connections = 2_000;
/** So many that all of them are open at any time, where the node cuts them after 5 s. */
const openedPerTick = 4;
const tickMs = 10;

const counts = { open: 0, opened: 0, cuts: 0 };
const wanted = Array.from({ length: connections }, (_, n) =>
  n % 2 === 0 ? "GET /socket.io/?EIO=4 HTTP/1.1\r\nHost: x\r\n" : upgradeRequest({ userId: `half-${n}` }),
);

function open(request) {
  const socket = openTcp();
  socket.write(request);
  socket.resume();
  counts.open += 1;
  counts.opened += 1;
  socket.on("close", () => {
    counts.open -= 1;
    counts.cuts += 1;
    wanted.push(request);
  });
}

setInterval(() => {
  for (const request of wanted.splice(0, openedPerTick)) open(request);
}, tickMs);
tell(counts);
