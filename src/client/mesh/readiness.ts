/**
 * What has to be there before the first connection is made.
 */

import { isObject } from "../../protocol/objects.js";
import { BackOff } from "../back-off.js";
import type { MeshIceServers, MeshSignaling } from "./signaling.js";

const mostTries = 3;
const tryRules = { firstMs: 500, longestMs: 2_000, jitter: 0.25 };

/** Resolves when messages get through, or `signal` is aborted. */
export function untilConnected(signaling: MeshSignaling, signal: AbortSignal): Promise<void> {
  if (signaling.state === "connected" || signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const stop = signaling.on("state", () => {
      if (signaling.state === "connected") done();
    });
    const done = () => {
      stop();
      signal.removeEventListener("abort", done);
      resolve();
    };
    signal.addEventListener("abort", done);
  });
}

/** Without servers many calls work all the same, so that a few tries are enough: undefined after those. */
export async function firstIceServers(
  signaling: MeshSignaling,
  signal: AbortSignal,
  onError: (error: unknown) => void,
): Promise<MeshIceServers | undefined> {
  const backOff = new BackOff(tryRules);
  while (!signal.aborted) {
    try {
      return await signaling.iceServers();
    } catch (error) {
      if (signal.aborted) break;
      onError(error);
      if (backOff.attempts >= mostTries || (isObject(error) && error["retry"] === false)) break;
      await pause(backOff.next(), signal);
    }
  }
  return undefined;
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener(
      "abort",
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
}
