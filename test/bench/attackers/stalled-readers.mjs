/**
 * 200 clients of a room who do not read what they are sent, while ten in the room speak on, as much as they may. With
 * `read` they do, as a room of that size would.
 */
import { join, tell, textFrame } from "./connection.mjs";

const places = 200;
const speakers = 10;
/** Of each: less than a node allows for messages of that size. */
const messagesPerSecond = 2;
/** Whoever does not read only notices when writing that the other side is gone. */
const sign = textFrame("3");
const signEveryMs = 500;
const message = textFrame(`42["msg",{"type":"chat","filler":"${"x".repeat(30_000)}"}]`);

const reads = process.argv[3] === "read";
const counts = { messages: 0, cuts: 0, readers: 0 };

function come(n) {
  const reader = join({ userId: `reader-${n}`, roomId: "stalled" }, () => {
    counts.readers += 1;
    if (!reads) reader.pause();
  });
  const signing = setInterval(() => reader.write(sign), signEveryMs);
  reader.on("close", () => {
    clearInterval(signing);
    counts.cuts += 1;
    counts.readers -= 1;
  });
}

for (let n = 0; n < places; n += 1) come(n);
for (let n = 0; n < speakers; n += 1)
  join({ userId: `speaker-${n}`, roomId: "stalled" }, (speaker) => {
    const speak = () => {
      speaker.write(message);
      counts.messages += 1;
    };
    // One after the other, as people do.
    setTimeout(
      () => setInterval(speak, 1_000 / messagesPerSecond),
      (1_000 / messagesPerSecond / speakers) * n,
    );
  });
tell(counts);
