import { announcedMark, endIfEmpty, nextVersion, type Script, unannouncedMark } from "./script.js";

/**
 * Takes a user out of a place, but only if the route still names this session: a newer one stays (I5).
 *
 * KEYS[1] roster   KEYS[2] routes   KEYS[3] version   KEYS[4] newest   KEYS[5] lock
 * ARGV[1] userId   ARGV[2] address of the session that leaves
 * ARGV[3] '1' if the caller announces the departure, '0' if nobody knew of the session
 *
 * Returns {what, version}: 'left'; 'absent' if Redis has lost the member, or another session took the place and
 * went unannounced; 'newer' if another session has the place; 'announced' if the departure is not the caller's to
 * announce: the member was reaped or removed, or another session of the user left. The first two change the room, and
 * are to be announced; the version of the others is 0.
 */
export const leaveScript: Script = {
  name: "leave",
  lua: `${nextVersion}${endIfEmpty}
local current = redis.call('HGET', KEYS[2], ARGV[1])
if current and current ~= ARGV[2] then
  return {'newer', 0}
end
local newest = redis.call('HGET', KEYS[4], ARGV[1]) or ''
local mark = string.sub(newest, 1, 1)
local out = mark == '-' or mark == '=' or mark == '${unannouncedMark}' or mark == '${announcedMark}'
if not current and (out or mark == '~' and newest ~= '~' .. ARGV[2]) then
  return {'announced', 0}
end
redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('HDEL', KEYS[2], ARGV[1])
if ARGV[3] == '1' and newest ~= '' then
  redis.call('HSET', KEYS[4], ARGV[1], '~' .. ARGV[2])
end
local version = 0
if current or ARGV[3] == '1' then
  version = nextVersion(KEYS[3])
end
endIfEmpty()
return {current and 'left' or 'absent', version}
`,
};
