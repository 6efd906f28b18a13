/**
 * What a client sent with an event: at most one payload, and its ack.
 */
import { SignalingFailure } from "../protocol/failures.js";
import { isObject } from "../protocol/objects.js";
import type { Ack } from "./reply.js";

/** Takes the ack off the arguments: Socket.IO puts it last, and only Socket.IO can put a function there. */
export function takeAck(args: unknown[]): Ack | undefined {
  if (typeof args.at(-1) !== "function") return undefined;
  return args.pop() as Ack;
}

/** [P-43] @throws SignalingFailure bad_arguments. */
export function onlyPayload(args: readonly unknown[]): unknown {
  if (args.length > 1) throw new SignalingFailure("bad_arguments");
  return args[0];
}

export function requireObject(payload: unknown): Readonly<Record<string, unknown>> {
  if (!isObject(payload)) throw new SignalingFailure("bad_payload");
  return payload;
}
