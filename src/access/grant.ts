/**
 * What somebody may do who has connected: as whom, in which rooms, in which role, for how long. A token gives it;
 * where the signaler runs open, everyone has everything under whatever name they give.
 */
import type { Profile } from "../protocol/handshake.js";

export const roles = ["member", "host"] as const;

export type Role = (typeof roles)[number];

export interface Grant {
  /** Undefined: whoever the client says it is. */
  readonly userId: string | undefined;
  /** Rooms by name or by pattern, in which `*` stands for any characters. */
  readonly rooms: readonly string[];
  readonly role: Role;
  /** Fields that win over those that the client gives. */
  readonly profile: Profile;
  /** In milliseconds since 1970; infinite if it never does. */
  readonly expiresAt: number;
}

/** Everyone's, where no tokens are asked for. */
export const openGrant: Grant = {
  userId: undefined,
  rooms: ["*"],
  role: "member",
  profile: {},
  expiresAt: Number.POSITIVE_INFINITY,
};

export function admitsTo(grant: Grant, roomId: string): boolean {
  return grant.rooms.some((pattern) => matches(pattern, roomId));
}

/** Step by step, without a regular expression: patterns come from outside, and none may take long (I7). */
function matches(pattern: string, text: string): boolean {
  const [start = "", ...rest] = pattern.split("*");
  if (rest.length === 0) return text === pattern;
  const end = rest.pop() ?? "";
  if (!text.startsWith(start) || !text.endsWith(end) || text.length < start.length + end.length) return false;
  let from = start.length;
  for (const part of rest) {
    const found = text.indexOf(part, from);
    if (found < 0) return false;
    from = found + part.length;
  }
  return from <= text.length - end.length;
}
