import type { Script } from "./script.js";

/**
 * Locks a room to those who are in it, or unlocks it.
 *
 * KEYS[1] roster   KEYS[2] routes   KEYS[3] version   KEYS[4] newest   KEYS[5] lock
 * ARGV[1] '1' to lock, '0' to unlock
 *
 * The set also holds {}, which is no user's id, because Redis has no empty sets.
 *
 * Locked once more, it stays open to those who were in it when it was first.
 *
 * Returns 1, or 0 if nobody is in the room.
 */
export const lockScript: Script = {
  name: "lock",
  lua: `
local users = redis.call('HKEYS', KEYS[2])
if ARGV[1] == '0' then
  redis.call('DEL', KEYS[5])
elseif #users > 0 then
  redis.call('SADD', KEYS[5], '{}')
  for i = 1, #users do
    redis.call('SADD', KEYS[5], users[i])
  end
end
return #users > 0 and 1 or 0
`,
};
