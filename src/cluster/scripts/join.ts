import { nextVersion, type Script } from "./script.js";

/**
 * Lets a user into a place, or moves the user there to a newer session. The newest wins (I5).
 *
 * KEYS[1] roster   KEYS[2] routes   KEYS[3] version   KEYS[4] newest   KEYS[5] lock   KEYS[6] the user's ban
 * ARGV[1] userId   ARGV[2] member JSON   ARGV[3] address of the session
 * ARGV[4] most members, 0 for no bound   ARGV[5] 'replace' or 'reject' when the user is there already
 * ARGV[6] an address that is replaced even so, because its node is dead; or ''
 * ARGV[7] milliseconds for which the newest session is remembered   ARGV[8] '1' if locks do not keep the user out
 *
 * Returns {'admitted', address of the displaced session or '', version}, {'duplicate', its address, 0},
 * {'full', '', 0}, {'locked', '', 0}, or {'removed', '', milliseconds for which the user is kept out}.
 */
export const joinScript: Script = {
  name: "join",
  lua: `${nextVersion}
local bannedMs = redis.call('PTTL', KEYS[6])
if bannedMs > 0 then
  return {'removed', '', bannedMs}
end
local current = redis.call('HGET', KEYS[2], ARGV[1])
local displaced = current and current ~= ARGV[3]
if displaced and current ~= ARGV[6] and ARGV[5] == 'reject' then
  return {'duplicate', current, 0}
end
local locked = redis.call('EXISTS', KEYS[5]) == 1
if locked and not current and ARGV[8] ~= '1' and redis.call('SISMEMBER', KEYS[5], ARGV[1]) == 0 then
  return {'locked', '', 0}
end
local capacity = tonumber(ARGV[4])
if not current and capacity > 0 and redis.call('HLEN', KEYS[2]) >= capacity then
  return {'full', '', 0}
end
if locked then
  redis.call('SADD', KEYS[5], ARGV[1])
  redis.call('PERSIST', KEYS[5])
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('HSET', KEYS[2], ARGV[1], ARGV[3])
if displaced or redis.call('HEXISTS', KEYS[4], ARGV[1]) == 1 then
  redis.call('HSET', KEYS[4], ARGV[1], '+' .. ARGV[3])
  redis.call('PEXPIRE', KEYS[4], ARGV[7])
end
return {'admitted', displaced and current or '', nextVersion(KEYS[3])}
`,
};
