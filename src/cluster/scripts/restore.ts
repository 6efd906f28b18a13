import { announcedMark, nextVersion, type Script, unannouncedMark } from "./script.js";

/**
 * Puts back a member whom Redis has lost: because it was emptied, or because this node was taken for dead.
 * Never against a newer session (I5).
 *
 * KEYS[1] roster   KEYS[2] routes   KEYS[3] version   KEYS[4] newest   KEYS[5] lock   KEYS[6] the user's ban
 * ARGV[1] userId   ARGV[2] member JSON   ARGV[3] address of the session
 * ARGV[4] an address that is replaced, because its node is dead; or ''
 * ARGV[5] milliseconds for which it is remembered that the member was removed
 *
 * Returns {'held', '', version}: nothing was lost; {'restored', '', version}; {'returned', '', version}: put
 * back after a reaper had announced the departure; {'newer', address, version}: another session has the place;
 * {'superseded', '', version}: another session had the place after this one, and has gone, or the room was locked
 * after this one had been announced to have left, so that it has to ask again; {'kicked', '', version}: it was
 * removed from the room, or its user was meanwhile; {'ended', '', version}: everyone was. The version of those that
 * change nothing is 0.
 */
export const restoreScript: Script = {
  name: "restore",
  lua: `${nextVersion}
local current = redis.call('HGET', KEYS[2], ARGV[1])
if current == ARGV[3] then
  if redis.call('HSETNX', KEYS[1], ARGV[1], ARGV[2]) == 1 then
    return {'restored', '', nextVersion(KEYS[3])}
  end
  return {'held', '', 0}
end
if current and current ~= ARGV[4] then
  return {'newer', current, 0}
end
local newest = redis.call('HGET', KEYS[4], ARGV[1])
local reaped = newest == '-' .. ARGV[3]
if not current and newest and string.sub(newest, 2) ~= ARGV[3] then
  return {'superseded', '', 0}
end
local banned = redis.call('EXISTS', KEYS[6]) == 1
if banned and not current and not newest then
  newest = '${unannouncedMark}' .. ARGV[3]
  redis.call('HSET', KEYS[4], ARGV[1], newest)
  redis.call('PEXPIRE', KEYS[4], ARGV[5])
end
local removed = newest == '${unannouncedMark}' .. ARGV[3] or newest == '${announcedMark}' .. ARGV[3]
if not current and removed or banned then
  return {'kicked', '', 0}
end
if not current and newest == '=' .. ARGV[3] then
  return {'ended', '', 0}
end
if reaped and redis.call('EXISTS', KEYS[5]) == 1 and redis.call('SISMEMBER', KEYS[5], ARGV[1]) == 0 then
  return {'superseded', '', 0}
end
redis.call('PERSIST', KEYS[5])
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('HSET', KEYS[2], ARGV[1], ARGV[3])
if reaped then
  redis.call('HSET', KEYS[4], ARGV[1], '+' .. ARGV[3])
end
return {reaped and 'returned' or 'restored', '', nextVersion(KEYS[3])}
`,
};
