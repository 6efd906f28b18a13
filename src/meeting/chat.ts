/**
 * A client's own messages to its room: the event `msg`, anything at all, stamped with who sent it.
 */
import { serverTypes } from "../protocol/events.js";
import { SignalingFailure } from "../protocol/failures.js";
import { parseId } from "../protocol/id.js";
import { isObject } from "../protocol/objects.js";
import type { Place } from "../protocol/place.js";
import type { Session } from "./session.js";

/** The sender's room: the one that the payload names, if the sender is in it, or else the first joined [P-35]. */
export function requireChatRoom(session: Session, payload: unknown): Place {
  const { rooms } = session;
  const named = isObject(payload) ? parseId(payload["roomId"]) : undefined;
  const room = named !== undefined && rooms.includes(named) ? named : rooms[0];
  if (room === undefined) throw new SignalingFailure("not_in_room");
  return room;
}

/**
 * What the room gets: an object with `from` set to the sender's id, anything else as it is [P-34].
 *
 * @throws SignalingFailure reserved_type, if it could be taken for the server's own [P-33].
 */
export function stampChat(session: Session, payload: unknown): unknown {
  if (!isObject(payload)) return payload;
  if (isReserved(payload["type"])) throw new SignalingFailure("reserved_type");
  return { ...payload, from: session.userId };
}

/** A list of one reads as that one, where a client looks a handler up by it: `handlers[type]`. */
function isReserved(type: unknown): boolean {
  let inner = type;
  while (Array.isArray(inner) && inner.length === 1) inner = inner[0];
  return typeof inner === "string" && serverTypes.has(inner);
}
