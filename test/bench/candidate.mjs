/**
 * The message that is measured: an ICE candidate as a browser trickled it, addressed, and stamped with when
 * it was sent.
 */
import { readFileSync } from "node:fs";

const recording = new URL("../fixtures/webrtc/audio-video.json", import.meta.url);
const { messages } = JSON.parse(readFileSync(recording, "utf8"));
const { payload } = messages.find(
  ({ event, payload }) => event === "candidate" && payload.candidate?.candidate,
);

const stamp = '"sentAt":';

/** The payload's JSON for one target, with a time in milliseconds. */
export function candidateFor(targetUid, sentAt) {
  const fields = JSON.stringify({ ...payload, targetUid });
  return `${fields.slice(0, -1)},${stamp}${sentAt.toFixed(3)}}`;
}

/** When the candidate in this frame was sent, found without parsing the frame; undefined if it holds none. */
export function sentAtOf(frame) {
  if (!frame.includes('"type":"candidate"')) return undefined;
  return Number.parseFloat(frame.slice(frame.indexOf(stamp) + stamp.length));
}

/** Whether a frame is the envelope that the signaler's protocol asks for: all systems do the same work. */
export function isFaithful(frame, userId, targetUid) {
  const text = frame.slice(frame.search(/[[{]/));
  const json = JSON.parse(text);
  const { type, msg, status, data } = Array.isArray(json) ? json[1] : json;
  const { sentAt, ...rest } = data;
  return (
    type === "candidate" &&
    msg === "ice candidate" &&
    status === 200 &&
    typeof sentAt === "number" &&
    JSON.stringify(sorted(rest)) === JSON.stringify(sorted({ ...payload, targetUid, userId }))
  );
}

function sorted(object) {
  return Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1));
}
