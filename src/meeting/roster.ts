/**
 * Answers `roomUserList`: the room's hash as Redis holds it, in the two forms that clients know.
 */
import type { Member } from "../protocol/envelope.js";
import { SignalingFailure } from "../protocol/failures.js";
import { requireRoomId } from "../protocol/handshake.js";
import type { Place } from "../protocol/place.js";
import type { Scope } from "./relay.js";
import type { Session } from "./session.js";

/** userId → the member's JSON. */
type Roster = ReadonlyMap<string, string>;

/** The room asked for; without a `roomId`, the only room that the session is in [P-30]. */
export function requireListedRoom(session: Session, scope: Scope, roomId: unknown): Place {
  const { rooms } = session;
  const asked = roomId === undefined && rooms.length === 1 ? rooms[0] : requireRoomId(roomId);
  if (asked === undefined || (scope === "room" && !session.places.has(asked)) || !session.mayBeIn(asked))
    throw new SignalingFailure("not_in_room");
  return asked;
}

/** userId → JSON string, as the event `roomUserList` carries it by default [P-31]. */
export function asObject(roster: Roster): Record<string, string> {
  // fromEntries defines own properties: no member's id can reach the prototype.
  return Object.fromEntries(roster);
}

/** The members as objects, as the ack carries them [P-32]. */
export function asList(roster: Roster): Member[] {
  return [...roster].map(([userId, json]) => parseMember(userId, json));
}

/** Another service may have written the field: that there is somebody is still true, whatever it holds. */
export function parseMember(userId: string, json: string): Member {
  try {
    const member = JSON.parse(json) as unknown;
    return typeof member === "object" && member !== null ? { userId, ...member } : { userId };
  } catch {
    return { userId };
  }
}
