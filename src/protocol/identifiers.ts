/**
 * What may be a user's or a room's id, and what may be a profile. Nothing that a client sends becomes a
 * Redis key, a hash field, a Socket.IO room or a log line before it has passed here.
 */
import type { Member } from "./envelope.js";
import { type FailureCode, SignalingFailure } from "./failures.js";

/** In UTF-16 code units, as JavaScript counts [P-5]. */
export const maxIdLength = 128;
/** [P-6] */
export const maxProfileFields = 32;
/** Of the profile's JSON, in UTF-8 bytes [P-6]. */
export const maxProfileBytes = 4096;

/** Control, format (bidi, zero-width), lone surrogates, line separators; braces, which are Redis hash tags. */
const forbidden = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}{}]/u;

/** Engine.IO's own query fields, and what is not profile. `token` must never reach a roster. */
const transportFields = new Set(["EIO", "transport", "t", "sid", "j", "b64"]);
const identityFields = new Set(["userId", "roomId", "token"]);

/** Ids are strings; a whole number is taken as its decimal string, as clients with numeric ids send it. */
export function parseId(value: unknown): string | undefined {
  const id = Number.isSafeInteger(value) ? String(value) : value;
  if (typeof id !== "string" || id.length === 0 || id.length > maxIdLength) return undefined;
  return forbidden.test(id) || id === "__proto__" ? undefined : id;
}

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
  readonly profile: Readonly<Record<string, string | number | boolean | null>>;
}

type Fields = Readonly<Record<string, unknown>>;

/** Reads the handshake; `auth` wins over the query, name by name [P-3]. Throws a SignalingFailure. */
export function parseHandshake(query: Fields, auth: Fields): Handshake {
  const given = (name: string) => (isAbsent(auth[name]) ? query[name] : auth[name]);
  const userId = given("userId");
  if (isAbsent(userId)) throw new SignalingFailure("user_id_required");
  const roomId = given("roomId");
  return {
    userId: requireId(userId, "bad_user_id"),
    roomId: isAbsent(roomId) ? undefined : requireRoomId(roomId),
    profile: parseProfile(query, auth),
  };
}

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null || value === "";
}

function parseProfile(query: Fields, auth: Fields): Handshake["profile"] {
  const fields = [
    ...Object.entries(query).filter(([name]) => !transportFields.has(name) && !Object.hasOwn(auth, name)),
    ...Object.entries(auth),
  ].filter(([name]) => !identityFields.has(name));
  if (fields.length > maxProfileFields) throw new SignalingFailure("bad_profile");

  const profile: Record<string, string | number | boolean | null> = {};
  for (const [name, value] of fields) {
    if (parseId(name) === undefined || !isProfileValue(value)) throw new SignalingFailure("bad_profile");
    profile[name] = value;
  }
  if (Buffer.byteLength(JSON.stringify(profile)) > maxProfileBytes) throw new SignalingFailure("bad_profile");
  return profile;
}

function isProfileValue(value: unknown): value is string | number | boolean | null {
  return value === null || ["string", "number", "boolean"].includes(typeof value);
}

/** The member that a roster and its notices show. Lobby members have no `roomId`. */
export function asMember(handshake: Omit<Handshake, "roomId">, roomId: string | undefined): Member {
  return { userId: handshake.userId, ...(roomId !== undefined && { roomId }), ...handshake.profile };
}
