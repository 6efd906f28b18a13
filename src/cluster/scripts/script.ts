/**
 * The Lua scripts are one for each way in which a room changes, each in a file of its own. They compare whole
 * strings and need no JSON, so they mean the same on Redis and on the embedded driver. They run by EVAL: Redis
 * keeps the compiled form by the body's hash, and nothing can go missing that SCRIPT FLUSH or a failover
 * would have to bring back.
 */

import type { Place } from "../../protocol/place.js";
import { lockKey, newestKey, rosterKey, routeKey, versionKey } from "../keys.js";

export interface Script {
  /** For metrics and logs. */
  readonly name: string;
  readonly lua: string;
}

/** KEYS of every script that changes a room: 1 roster, 2 routes, 3 version, 4 newest, 5 lock. */
export function roomKeys(place: Place): string[] {
  return [rosterKey(place), routeKey(place), versionKey(place), newestKey(place), lockKey(place)];
}

/**
 * How long it is remembered which session of a user was the newest, in milliseconds, once it was needed: for as
 * long as an older one may come back from a node that was frozen.
 */
export const newestTtlMs = 3_600_000;

/** Before the address of a member that was removed by itself: whether its departure has been announced. */
export const unannouncedMark = "!";
export const announcedMark = "*";

/** Members that one script takes out. */
export const mostAtOnce = 500;

/**
 * How long a room stays locked when nobody is in it, in milliseconds: for as long as its members may take to come
 * back, such as when their node closes.
 */
const emptyLockTtlMs = 600_000;

/** Lua: what becomes of a room when its last member has gone. KEYS as of `roomKeys`. */
export const endIfEmpty = `
local function endIfEmpty()
  if redis.call('HLEN', KEYS[2]) == 0 then
    redis.call('DEL', KEYS[3])
    redis.call('PEXPIRE', KEYS[5], ${emptyLockTtlMs})
  end
end
`;

/**
 * Lua: raises the version of a room by one and returns it. A room's first version comes from Redis's clock, in
 * microseconds, so that versions only grow though rooms end and Redis is emptied ([P-15]).
 */
export const nextVersion = `
local function nextVersion(key)
  if redis.call('EXISTS', key) == 0 then
    local now = redis.call('TIME')
    redis.call('SET', key, now[1] .. string.sub('000000' .. now[2], -6))
  end
  return redis.call('INCR', key)
end
`;
