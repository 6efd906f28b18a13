/**
 * What becomes of a client whose connection has ended or was refused: whether it tries again by itself.
 */
import type { SignalingError } from "./signaling-error.js";

/** Somebody has decided that this client should be out. */
const decided = new Set(["kicked", "ended", "left"]);

/**
 * The catalogue says what can succeed later. Of that, the server's own trouble (5xx, and too much at once: 408,
 * 429) passes by itself, and is always waited for. A full or locked room, or another connection of the user,
 * is waited for only by those who have been in and want back: others are told, and decide themselves.
 */
export function isFinal({ code, retry, status }: SignalingError, wasIn: boolean): boolean {
  if (!retry || decided.has(code)) return true;
  return !wasIn && status < 500 && status !== 408 && status !== 429;
}

/** Whether only the token's time was over. */
export function isTokenOver({ code, detail }: SignalingError): boolean {
  return code === "token_expired" || (code === "token_refused" && detail["reason"] === "expired");
}
