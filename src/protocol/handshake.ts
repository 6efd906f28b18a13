/**
 * What a client says of itself when it connects: its ids, its token, its profile. Nothing of it becomes a Redis key, a
 * hash field, a Socket.IO room or a log line before it has passed here.
 */
import type { Member } from "./envelope.js";
import { type FailureCode, SignalingFailure } from "./failures.js";
import { parseId } from "./id.js";
import { isObject } from "./objects.js";

/** [P-6] */
export const maxProfileFields = 32;
/** Of the profile's JSON, in UTF-8 bytes [P-6]. */
export const maxProfileBytes = 4096;

/** Engine.IO's own query fields, and what is not profile. `token` must never reach a roster. */
const transportFields = new Set(["EIO", "transport", "t", "sid", "j", "b64"]);
const identityFields = new Set(["userId", "roomId", "token"]);

function requireId(value: unknown, code: FailureCode): string {
  const id = parseId(value);
  if (id === undefined) throw new SignalingFailure(code);
  return id;
}

export function requireRoomId(value: unknown): string {
  return requireId(value, "bad_room_id");
}

/** Who a client says it is in the handshake. */
export interface Handshake {
  readonly userId: string;
  /** Undefined: the client starts in the lobby. */
  readonly roomId: string | undefined;
  /** What it says of itself; what is vouched for wins over that. */
  readonly profile: Profile;
}

export type Profile = Readonly<Record<string, string | number | boolean | null>>;

/** What is known of a client beforehand, from its token, and wins over what it says. */
export interface Vouched {
  readonly userId: string | undefined;
  readonly profile: Profile;
}

type Fields = Readonly<Record<string, unknown>>;

/** A field of the handshake; `auth` wins over the query, name by name [P-3]. */
function givenIn(query: Fields, auth: Fields, name: string): unknown {
  return isAbsent(auth[name]) ? query[name] : auth[name];
}

/** The token that came with the handshake, if any [P-50]. @throws SignalingFailure token_refused. */
export function parseToken(query: Fields, auth: Fields): string | undefined {
  const token = givenIn(query, auth, "token");
  if (isAbsent(token)) return undefined;
  if (typeof token !== "string") throw new SignalingFailure("token_refused", { reason: "malformed" });
  return token;
}

/** Reads the handshake [P-3]. @throws SignalingFailure. */
export function parseHandshake(query: Fields, auth: Fields, vouched: Vouched): Handshake {
  const roomId = givenIn(query, auth, "roomId");
  return {
    userId: requireUserId(givenIn(query, auth, "userId"), vouched.userId),
    roomId: isAbsent(roomId) ? undefined : requireRoomId(roomId),
    profile: parseProfile(query, auth, vouched.profile),
  };
}

/** A client need not repeat what its token says of it, and must not contradict it [P-51]. */
function requireUserId(given: unknown, vouched: string | undefined): string {
  if (isAbsent(given)) {
    if (vouched === undefined) throw new SignalingFailure("user_id_required");
    return vouched;
  }
  const userId = requireId(given, "bad_user_id");
  if (vouched !== undefined && userId !== vouched)
    throw new SignalingFailure("token_refused", { reason: "user" });
  return userId;
}

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null || value === "";
}

function parseProfile(query: Fields, auth: Fields, vouched: Profile): Profile {
  const fields = [
    ...Object.entries(query).filter(([name]) => !transportFields.has(name) && !Object.hasOwn(auth, name)),
    ...Object.entries(auth),
  ].filter(([name]) => !identityFields.has(name));
  const profile = parseProfileFields(Object.fromEntries(fields));
  if (profile === undefined || parseProfileFields({ ...profile, ...vouched }) === undefined)
    throw new SignalingFailure("bad_profile");
  return profile;
}

/** A profile that keeps the rules [P-6]; undefined if this is none. */
export function parseProfileFields(value: unknown): Profile | undefined {
  if (!isObject(value)) return undefined;
  const fields = Object.entries(value);
  if (fields.length > maxProfileFields) return undefined;
  const profile: Record<string, string | number | boolean | null> = {};
  for (const [name, field] of fields) {
    if (parseId(name) === undefined || identityFields.has(name) || !isProfileValue(field)) return undefined;
    profile[name] = field;
  }
  return Buffer.byteLength(JSON.stringify(profile)) > maxProfileBytes ? undefined : profile;
}

function isProfileValue(value: unknown): value is string | number | boolean | null {
  return value === null || ["string", "number", "boolean"].includes(typeof value);
}

/** The member that a roster and its notices show. Lobby members have no `roomId`. */
export function asMember(handshake: Omit<Handshake, "roomId">, roomId: string | undefined): Member {
  return { userId: handshake.userId, ...(roomId !== undefined && { roomId }), ...handshake.profile };
}
