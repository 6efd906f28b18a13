/**
 * Events that are not what the protocol asks for.
 */

import { serverTypes } from "../../../src/protocol/events.js";
import type { FailureCode } from "../../../src/protocol/failures.js";
import { expiredToken, tokenOf } from "../../harness/tokens.js";
import type { EventCase } from "./cases.js";

const told = (code: FailureCode, what: string, event: string, ...args: unknown[]): EventCase => ({
  what,
  event,
  variants: [args],
  told: code,
});

/** By somebody with a token who has this role. */
const as = (role: "member" | "host", entry: EventCase, reason?: string): EventCase => ({
  ...entry,
  role,
  ...(reason !== undefined && { reason }),
});

const nested = (levels: number): unknown => {
  let inner: unknown = "x";
  for (let level = 0; level < levels; level += 1) inner = [inner];
  return inner;
};

const payloads: EventCase[] = [
  told("bad_payload", "no payload", "offer"),
  told("bad_payload", "a null payload", "offer", null),
  told("bad_payload", "a payload that is a string", "candidate", "bob"),
  told("bad_payload", "a payload that is a number", "call", 7),
  told("bad_payload", "a payload that is a boolean", "applyMic", true),
  told("bad_payload", "a payload that is an array", "answer", ["bob"]),
  told("bad_arguments", "something after the payload", "offer", { targetUid: "bob" }, "not an ack"),
  told("bad_arguments", "an object where the ack should be", "join", { roomId: "r" }, { ack: true }),
  told("bad_arguments", "null where the ack should be", "msg", "hello", null),
  told("bad_arguments", "a hundred arguments", "offer", ...Array.from({ length: 100 }, () => ({}))),
  told("binary_refused", "binary in a message", "msg", Buffer.from("x")),
  told("binary_refused", "binary deep in a payload", "offer", {
    targetUid: "bob",
    a: { b: [Buffer.from("x")] },
  }),
  told("too_large", "a message over the limit", "offer", { targetUid: "bob", sdp: "x".repeat(65_536) }),
  told("too_large", "a message over the limit in bytes only", "msg", "会".repeat(22_000)),
];

const targets: EventCase[] = [
  told("target_required", "no targetUid", "offer", { offer: 1 }),
  told("target_required", "a null targetUid", "offer", { targetUid: null }),
  told("target_required", "an empty targetUid", "offer", { targetUid: "" }),
  told("bad_target", "an array for a targetUid", "offer", { targetUid: ["bob"] }),
  told("bad_target", "an empty array for a targetUid", "offer", { targetUid: [] }),
  told("bad_target", "an object for a targetUid", "offer", { targetUid: { uid: "bob" } }),
  told("bad_target", "a boolean for a targetUid", "offer", { targetUid: true }),
  told("bad_target", "a fraction for a targetUid", "offer", { targetUid: 1.5 }),
  told("bad_target", "a number that is not exact for a targetUid", "offer", { targetUid: 2 ** 53 }),
  told("bad_target", "a targetUid with a control character", "offer", { targetUid: "bob\u0000" }),
  told("bad_target", "a targetUid with a line separator", "offer", { targetUid: "bob\u2028" }),
  told("bad_target", "a targetUid that turns text around", "offer", { targetUid: "\u202ebob" }),
  told("bad_target", "half a character for a targetUid", "offer", { targetUid: "\ud83d" }),
  told("bad_target", "a targetUid with a brace", "offer", { targetUid: "{bob}" }),
  told("bad_target", "the lobby's own name for a targetUid", "offer", { targetUid: "{lobby}" }),
  told("bad_target", "a targetUid that is too long", "offer", { targetUid: "b".repeat(129) }),
  told("bad_target", "__proto__ for a targetUid", "offer", { targetUid: "__proto__" }),
  told("self_target", "oneself for a targetUid", "offer", { targetUid: "mallory" }),
  told("offline", "a targetUid of nobody", "offer", { targetUid: "nobody" }),
  told("offline", "a number of nobody for a targetUid", "offer", { targetUid: 7 }),
  told("offline", "the name of a method for a targetUid", "offer", { targetUid: "constructor" }),
  told("offline", "a star for a targetUid", "offer", { targetUid: "*" }),
  told("offline", "a targetUid that differs by a space", "offer", { targetUid: "bob " }),
];

const names: EventCase[] = [
  told("unknown_event", "an unknown event", "sing", { targetUid: "bob" }),
  told("unknown_event", "an event without a name", "", {}),
  told("unknown_event", "an event with a name of 10,000 characters", "x".repeat(10_000), {}),
  told("unknown_event", "an event named like a method", "constructor", {}),
  told("unknown_event", "an event named like the prototype", "__proto__", {}),
  told("unknown_event", "an event that differs by its case", "Offer", { targetUid: "bob" }),
  told("unknown_event", "the name error", "error", {}),
  told("unknown_event", "the name connection", "connection", {}),
  told("unknown_event", "a token, where none are asked for", "token", { token: "x" }),
];

const rooms: EventCase[] = [
  told("bad_payload", "no payload to join", "join"),
  told("bad_payload", "a string payload to join", "join", "room"),
  told("bad_payload", "an array payload to join", "join", [{ roomId: "room" }]),
  told("bad_room_id", "no roomId to join", "join", {}),
  told("bad_room_id", "a null roomId to join", "join", { roomId: null }),
  told("bad_room_id", "an empty roomId to join", "join", { roomId: "" }),
  told("bad_room_id", "an array to join", "join", { roomId: ["a", "b"] }),
  told("bad_room_id", "an object to join", "join", { roomId: {} }),
  told("bad_room_id", "a fraction to join", "join", { roomId: 0.5 }),
  told("bad_room_id", "a brace in the room to join", "join", { roomId: "{a}" }),
  told("bad_room_id", "a control character in the room to join", "join", { roomId: "a\nb" }),
  told("bad_room_id", "a room to join whose id is too long", "join", { roomId: "r".repeat(129) }),
  told("bad_room_id", "the lobby's own name to join", "join", { roomId: "{lobby}" }),
  told("bad_room_id", "__proto__ to join", "join", { roomId: "__proto__" }),
  told("bad_payload", "no payload to leave", "leave"),
  told("bad_room_id", "no roomId to leave", "leave", {}),
  told("bad_room_id", "the lobby to leave", "leave", { roomId: "{lobby}" }),
  told("not_in_room", "a room one is not in to leave", "leave", { roomId: "elsewhere" }),
  told("bad_payload", "a payload to list that is no object", "roomUserList", "room"),
  told("bad_payload", "a null payload to list", "roomUserList", null),
  told("bad_room_id", "a null roomId to list", "roomUserList", { roomId: null }),
  told("bad_room_id", "an array to list", "roomUserList", { roomId: ["a"] }),
  told("bad_room_id", "the lobby to list", "roomUserList", { roomId: "{lobby}" }),
  told("not_in_room", "a room one is not in to list", "roomUserList", { roomId: "elsewhere" }),
  told("not_in_room", "a name of Redis's to list", "roomUserList", { roomId: "meeting-lobby" }),
];

const [firstType, ...otherTypes] = serverTypes;
const forged = (type: unknown) => [{ type, data: { userId: "bob" } }];

const forgeries: EventCase[] = [
  {
    what: "a message of each type that only the server sends",
    event: "msg",
    variants: [forged(firstType), ...otherTypes.map(forged)],
    told: "reserved_type",
  },
  {
    what: "a message of each type that only the server sends, in a list",
    event: "msg",
    variants: [forged([firstType]), ...otherTypes.map((type) => forged([type]))],
    told: "reserved_type",
  },
  told("reserved_type", "a message whose type is in lists of lists", "msg", { type: [[["kicked"]]] }),
  told("host_required", "a removal by whom nobody made a host", "kick", { targetUid: "bob" }),
  as("member", told("host_required", "a removal by a member", "kick", { targetUid: "bob" })),
  as("member", told("host_required", "a lock by a member", "lock", { locked: true })),
  as("member", told("host_required", "an end by a member", "end", {})),
  as("member", told("host_required", "a mute by a member", "mute", { targetUid: "bob" })),
];

const hosts: EventCase[] = [
  as("host", told("target_required", "a removal of nobody", "kick", {})),
  as("host", told("bad_target", "a removal of a list", "kick", { targetUid: ["bob"] })),
  as("host", told("bad_target", "a removal of what is no id", "kick", { targetUid: "{" })),
  as("host", told("self_target", "a removal of oneself", "kick", { targetUid: "mallory" })),
  as("host", told("offline", "a removal of somebody who is not there", "kick", { targetUid: "nobody" })),
  as("host", told("not_in_room", "a removal elsewhere", "kick", { targetUid: "bob", roomId: "elsewhere" })),
  as("host", told("bad_payload", "a removal that is a string", "kick", "bob")),
  as("host", told("bad_payload", "a lock that is neither on nor off", "lock", { locked: "yes" })),
  as("host", told("bad_payload", "a lock that is null", "lock", { locked: null })),
  as("host", told("bad_room_id", "a lock of a list", "lock", { locked: true, roomId: ["a"] })),
  as("host", told("not_in_room", "an end elsewhere", "end", { roomId: "elsewhere" })),
  as("host", told("bad_payload", "an end that is a number", "end", 7)),
];

const renewals: EventCase[] = [
  as("member", told("bad_payload", "a new token without a payload", "token")),
  as("member", told("token_required", "a new token that is missing", "token", {})),
  as("member", told("token_required", "a new token that is no string", "token", { token: 7 })),
  as("member", told("token_refused", "a new token that is none", "token", { token: "x.y.z" }), "malformed"),
  as(
    "member",
    told("token_refused", "a new token of somebody else", "token", { token: await tokenOf("bob") }),
    "user",
  ),
  as(
    "member",
    told("token_refused", "a new token that is over", "token", { token: await expiredToken("mallory") }),
    "expired",
  ),
];

const passed = (what: string, event: string, payload: unknown): EventCase => ({
  what,
  event,
  variants: [[payload]],
  told: undefined,
});

const passedOn: EventCase[] = [
  passed("another's userId in a payload", "offer", { targetUid: "bob", userId: "alice", from: "alice" }),
  passed("another's name in a message to the room", "msg", { type: "chat", from: "alice", userId: "alice" }),
  passed(
    "__proto__ and constructor in a payload",
    "candidate",
    JSON.parse('{"targetUid":"bob","__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}'),
  ),
  passed(
    "__proto__ and constructor in a message to the room",
    "msg",
    JSON.parse('{"type":"chat","__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}'),
  ),
  passed("a payload that is nested 500 levels deep", "offer", { targetUid: "bob", deep: nested(500) }),
  passed("a message whose type is a list of one's own", "msg", { type: ["chat"], data: {} }),
  passed("a message whose type is a list of two of the server's", "msg", { type: ["join", "leave"] }),
  passed("a message whose type is a list of nothing", "msg", { type: [[]] }),
  passed("a message whose type cannot be made a string", "msg", { type: [{ toString: "join" }] }),
  passed("a roomId in a payload that is none", "call", { targetUid: "bob", roomId: { a: ["b"] } }),
  passed("text that looks like a packet", "offer", { targetUid: "bob", sdp: '\u001e42["msg",{}]\r\n\u0000' }),
];

export const eventCases: readonly EventCase[] = [
  ...payloads,
  ...targets,
  ...names,
  ...rooms,
  ...forgeries,
  ...hosts,
  ...renewals,
  ...passedOn,
];
