import type { Script } from "./script.js";

/**
 * Takes or keeps a lock that ends by itself.
 *
 * KEYS[1] lock
 * ARGV[1] who claims it   ARGV[2] milliseconds until it ends
 *
 * Returns 1 if the lock is the claimant's now, otherwise 0.
 */
export const claimScript: Script = {
  name: "claim",
  lua: `
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then
  return 0
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
`,
};
