/**
 * Reads who is in a place, so that nobody is missing whom this node knows to be there, and nobody is shown whose node
 * has died.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { Place } from "../protocol/place.js";
import { RedisUnavailable } from "./driver.js";
import type { Held } from "./holdings.js";
import { parseAddress } from "./keys.js";
import type { Rooms } from "./rooms.js";

/** By when this node hears of a removal that Redis shows already, in milliseconds. */
const hearsayMs = 50;

/** A place's roster, and the version as of which it is true. */
export interface VersionedRoster {
  /** userId → the member's JSON. */
  readonly members: ReadonlyMap<string, string>;
  readonly version: number;
  readonly locked: boolean;
}

export interface RosterOptions {
  readonly rooms: Rooms;
  readonly nodeId: string;
  /** Whether a missing lease of another node means that it is dead. */
  readonly mayJudge: () => boolean;
  /** Redis has lost members that this node knows to be there. */
  readonly lost: () => void;
}

/** @throws RedisUnavailable; also when Redis has lost members. */
export async function readRoster(
  place: Place,
  { rooms, nodeId, mayJudge, lost }: RosterOptions,
): Promise<VersionedRoster> {
  const ours = [...rooms.held.in(place).values()].filter(({ state }) => state === "in");
  const { members, routes, version, locked } = await rooms.read(place, "members");
  const isMissed = ({ state, member }: Held) => state === "in" && !routes.has(member.userId);
  if (ours.some(isMissed)) await delay(hearsayMs);
  if (ours.some(isMissed)) {
    lost();
    throw new RedisUnavailable("Redis has lost members of this place", true);
  }
  if (!mayJudge()) return { members, version, locked };

  const others = new Set([...routes.values()].map((address) => parseAddress(address).nodeId));
  others.delete(nodeId);
  const dead = new Set<string>();
  await Promise.all(
    [...others].map(async (other) => {
      if (!(await rooms.isAlive(other))) dead.add(other);
    }),
  );
  if (dead.size === 0) return { members, version, locked };
  const isAlive = (userId: string) => {
    const address = routes.get(userId);
    return address === undefined || !dead.has(parseAddress(address).nodeId);
  };
  return { members: new Map([...members].filter(([userId]) => isAlive(userId))), version, locked };
}
