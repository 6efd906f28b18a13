import { endIfEmpty, nextVersion, type Script, unannouncedMark } from "./script.js";

/**
 * Takes one member, or all, out of a room against their will. Whom it returns, nobody else will return: the
 * caller tells them and, of one, the others, which it then notes by `announce`.
 *
 * KEYS[1] roster   KEYS[2] routes   KEYS[3] version   KEYS[4] newest   KEYS[5] lock   KEYS[6] the user's ban
 * ARGV[1] userId; or '' for all   ARGV[2] most members to take out
 * ARGV[3] milliseconds for which it is remembered that they were removed
 * ARGV[4] milliseconds for which the user is kept out; 0 leaves that as it is
 *
 * Made into one table at the end because the embedded driver takes no table that has grown for a list.
 *
 * Returns {userId, member JSON, address, version, userId, …}; at most ARGV[2] members, so ask until there are none.
 */
export const removeScript: Script = {
  name: "remove",
  lua: `${nextVersion}${endIfEmpty}
if tonumber(ARGV[4]) > 0 then
  redis.call('SET', KEYS[6], '1', 'PX', ARGV[4])
end
local users, mark = {ARGV[1]}, '${unannouncedMark}'
if ARGV[1] == '' then
  users, mark = redis.call('HKEYS', KEYS[2]), '='
  redis.call('DEL', KEYS[5])
else
  redis.call('SREM', KEYS[5], ARGV[1])
end
local removed = {}
for i = 1, #users do
  local address = redis.call('HGET', KEYS[2], users[i])
  if address and #removed < 4 * tonumber(ARGV[2]) then
    removed[#removed + 1] = users[i]
    removed[#removed + 1] = redis.call('HGET', KEYS[1], users[i]) or ''
    removed[#removed + 1] = address
    removed[#removed + 1] = nextVersion(KEYS[3])
    redis.call('HDEL', KEYS[1], users[i])
    redis.call('HDEL', KEYS[2], users[i])
    redis.call('HSET', KEYS[4], users[i], mark .. address)
    redis.call('PEXPIRE', KEYS[4], ARGV[3])
  end
end
if #removed > 0 then
  endIfEmpty()
end
return {(unpack or table.unpack)(removed)}
`,
};
