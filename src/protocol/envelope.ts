/**
 * The one envelope in which the server pushes everything, as the event `msg` [P-10], and its builders.
 */
import { type AddressedEvent, addressedEvents } from "./events.js";
import type { FailureCode, SignalingFailure } from "./failures.js";
import { failures } from "./failures.js";

export interface Envelope {
  readonly type: string;
  readonly msg: string;
  readonly status: number;
  readonly data: unknown;
  /** Of the room's roster, in envelopes that are about it [P-15]. */
  readonly version?: number;
}

/** A member as the roster holds it and as notices carry it: identity, and whatever profile the client gave. */
export interface Member {
  readonly userId: string;
  readonly roomId?: string;
  readonly [field: string]: string | number | boolean | null | undefined;
}

/** [P-11] */
export function joinNotice(member: Member, version: number): Envelope {
  return { type: "join", msg: `${member.userId} join then room`, status: 200, data: member, version };
}

/** [P-12] The text ends in a space: clients have always been sent it so. */
export function leaveNotice(member: Member, version: number): Envelope {
  return { type: "leave", msg: `${member.userId} leave the room `, status: 200, data: member, version };
}

/** [P-16] Rosters older than this version may lack changes that were not announced. */
export function rosterNotice(roomId: string, version: number): Envelope {
  return {
    type: "roster",
    msg: "the roster may have changed: ask for it again if yours is older",
    status: 200,
    data: { roomId },
    version,
  };
}

/** [P-13] `roomId` is absent when the connection was replaced in the lobby. */
export function replacedNotice(userId: string, roomId: string | undefined): Envelope {
  const { status, message } = failures.replaced;
  return {
    type: "replaced",
    msg: message,
    status,
    data: { userId, ...(roomId !== undefined && { roomId }) },
  };
}

/** [P-72] [P-73] What somebody gets who has been taken out of a room; `by` is absent if no member did it. */
export function removalNotice(how: "kicked" | "ended", userId: string, roomId: string, by: string): Envelope {
  const about = { roomId, ...(by !== "" && { by }) };
  if (how === "ended")
    return { type: "ended", msg: "the meeting has been ended for all", status: 410, data: about };
  const { status } = failures.kicked;
  return { type: "kicked", msg: "you have been removed from the room", status, data: { userId, ...about } };
}

/** [P-71] */
export function lockNotice(roomId: string, locked: boolean, by: string): Envelope {
  const msg = locked ? "the room is locked" : "the room is unlocked";
  return { type: "locked", msg, status: 200, data: { roomId, locked, ...(by !== "" && { by }) } };
}

/** [P-75] A word from a service to everyone in the room. */
export function serviceNotice(roomId: string, msg: string, data: unknown): Envelope {
  return { type: "notice", msg, status: 200, data: { roomId, ...(data !== undefined && { notice: data }) } };
}

/** [P-52] */
export function tokenNotice(expiresAt: number): Envelope {
  return {
    type: "token",
    msg: "the token expires soon: emit token with a new one",
    status: 200,
    data: { expiresAt },
  };
}

/** As `RTCPeerConnection` takes them in its configuration. */
export interface IceServer {
  readonly urls: readonly string[];
  readonly username?: string;
  readonly credential?: string;
}

export interface IceServers {
  readonly iceServers: readonly IceServer[];
  /** In milliseconds since 1970; absent if nothing in them expires [P-61]. */
  readonly expiresAt?: number;
}

/** [P-60] */
export function iceServersNotice(servers: IceServers): Envelope {
  return { type: "iceServers", msg: "ice servers", status: 200, data: servers };
}

/** [P-20] What the target of an addressed event gets. */
export function addressedEnvelope(event: AddressedEvent, data: unknown): Envelope {
  return { type: event, msg: addressedEvents[event], status: 200, data };
}

/** [P-40] The success half of an ack. */
export function receipt(msg: string, data: Readonly<Record<string, unknown>>): Envelope {
  return { type: "receipt", msg, status: 200, data };
}

/** [P-41] An addressed event whose target is not there. */
function offlineNotice(event: string, targetUid: string): Envelope {
  const { status, message } = failures.offline;
  return { type: "offline", msg: message, status, data: { targetUid, event } };
}

/** [P-42] Any other failure; its type is never that of a request. */
export function failureEnvelope(failure: SignalingFailure, event: string): Envelope {
  if (failure.code === "offline") return offlineNotice(event, String(failure.detail["targetUid"]));
  const { status, retry } = failure.meaning;
  return {
    type: "error",
    msg: failure.message,
    status,
    data: { code: failure.code satisfies FailureCode, event, retry, ...failure.detail },
  };
}

/** The Socket.IO event `msg` with this envelope, as the JSON array that stands in its packet. */
export function encodeEvent(envelope: Envelope): string {
  return `["msg",${JSON.stringify(envelope)}]`;
}
