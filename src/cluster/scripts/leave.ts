import { nextVersion, type Script } from "./script.js";

/**
 * Takes a user out of a place, but only if the route still names this session: a newer one stays (I5).
 *
 * KEYS[1] roster   KEYS[2] routes   KEYS[3] version   KEYS[4] newest
 * ARGV[1] userId   ARGV[2] address of the session that leaves
 * ARGV[3] '1' if the departure is to be announced though Redis has lost the member
 *
 * Returns {what, version}: 'left'; 'absent' if Redis has lost the member, so that nobody has announced it;
 * 'newer' if another session came after this one; 'reaped' if a reaper has announced the departure. Only the
 * first two change the room; the version of the others is 0.
 */
export const leaveScript: Script = {
  name: "leave",
  lua: `${nextVersion}
local current = redis.call('HGET', KEYS[2], ARGV[1])
local newest = redis.call('HGET', KEYS[4], ARGV[1])
if current and current ~= ARGV[2] then
  return {'newer', 0}
end
if not current and newest == '-' .. ARGV[2] then
  return {'reaped', 0}
end
if not current and newest and newest ~= ARGV[2] then
  return {'newer', 0}
end
redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('HDEL', KEYS[2], ARGV[1])
local version = 0
if current or ARGV[3] == '1' then
  version = nextVersion(KEYS[3])
end
if redis.call('HLEN', KEYS[2]) == 0 then
  redis.call('DEL', KEYS[3])
end
return {current and 'left' or 'absent', version}
`,
};
