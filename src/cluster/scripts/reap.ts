import { announcedMark, endIfEmpty, nextVersion, type Script, unannouncedMark } from "./script.js";

/**
 * Takes the members of a dead node out of a place. Whom it returns, nobody else will return: the caller
 * announces each departure (I4). A member who has a newer session elsewhere is not touched (I5). One that was removed
 * before, which nobody has said to be announced, is returned as well, without its JSON.
 *
 * KEYS[1] roster   KEYS[2] routes   KEYS[3] version   KEYS[4] newest   KEYS[5] lock
 * ARGV[1] what the addresses of the dead node begin with   ARGV[2] most members to take out
 * ARGV[3] milliseconds for which it is remembered that they were reaped
 *
 * Made into one table at the end because the embedded driver takes no table that has grown for a list.
 *
 * Returns {userId, member JSON, version, userId, …}; at most ARGV[2] members, so ask until there are none.
 */
export const reapScript: Script = {
  name: "reap",
  lua: `${nextVersion}${endIfEmpty}
local reaped = {}
local function reap(key, beginning, mark)
  local users, addresses = redis.call('HKEYS', key), redis.call('HVALS', key)
  for i = 1, #users do
    if string.sub(addresses[i], 1, #beginning) == beginning and #reaped < 3 * tonumber(ARGV[2]) then
      reaped[#reaped + 1] = users[i]
      reaped[#reaped + 1] = redis.call('HGET', KEYS[1], users[i]) or ''
      reaped[#reaped + 1] = nextVersion(KEYS[3])
      redis.call('HDEL', KEYS[1], users[i])
      redis.call('HDEL', KEYS[2], users[i])
      redis.call('HSET', KEYS[4], users[i], mark .. string.sub(addresses[i], #beginning - #ARGV[1] + 1))
    end
  end
end
reap(KEYS[2], ARGV[1], '-')
reap(KEYS[4], '${unannouncedMark}' .. ARGV[1], '${announcedMark}')
if #reaped > 0 then
  redis.call('PEXPIRE', KEYS[4], ARGV[3])
  endIfEmpty()
end
return {(unpack or table.unpack)(reaped)}
`,
};
