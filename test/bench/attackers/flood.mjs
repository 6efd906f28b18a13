/**
 * One client that sends 20,000 candidates a second to somebody in its room, and comes again at once when it is
 * cut.
 */
import { join, tell, textFrame } from "./connection.mjs";

const framesPerSecond = 20_000;
const tickMs = 5;

const counts = { frames: 0, cuts: 0 };
const candidate = '42["candidate",{"targetUid":"victim","candidate":{"candidate":"candidate:1 1 udp 1"}}]';
const batch = (framesPerSecond * tickMs) / 1_000;
const frames = Buffer.concat(Array.from({ length: batch }, () => textFrame(candidate)));
let socket;
let isIn = false;

function come() {
  isIn = false;
  socket = join({ userId: "flooder", roomId: "flooded" }, () => {
    isIn = true;
  });
  socket.on("close", () => {
    counts.cuts += 1;
    come();
  });
}

join({ userId: "victim", roomId: "flooded" }, come);
let dueAt = performance.now();
setInterval(() => {
  // What the node does not take is not piled up here.
  for (; dueAt < performance.now(); dueAt += tickMs) {
    if (!isIn || socket.writableLength > frames.length) continue;
    socket.write(frames);
    counts.frames += batch;
  }
}, tickMs);
tell(counts);
