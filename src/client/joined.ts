/**
 * The answer to `join` [P-36], as far as it is what the protocol says.
 */
import type { Envelope, Member } from "../protocol/envelope.js";
import { isObject } from "../protocol/objects.js";

export interface Joined {
  readonly userId: string | undefined;
  readonly nodeId: string | undefined;
  /** Undefined if the server could not read the list just then. */
  readonly list:
    | { readonly members: readonly Member[]; readonly version: number; readonly locked: boolean }
    | undefined;
}

export function asJoined({ data }: Envelope): Joined {
  const { userId, node, members, version, locked } = isObject(data) ? data : {};
  const list =
    Array.isArray(members) && typeof version === "number"
      ? { members: members.filter(isMember), version, locked: locked === true }
      : undefined;
  return { userId: asString(userId), nodeId: asString(node), list };
}

export function isMember(value: unknown): value is Member {
  return isObject(value) && typeof value["userId"] === "string";
}

export function asString(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
