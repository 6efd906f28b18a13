import type { Script } from "./script.js";

/**
 * Reads a place in one piece: who is in it, where, as of which version, and whether it is locked.
 *
 * KEYS[1] roster   KEYS[2] routes   KEYS[3] version   KEYS[4] newest   KEYS[5] lock
 * ARGV[1] '1' to read the members' JSON too
 *
 * Returns {version or '0', userIds, their JSON or nothing, userIds with a route, their addresses, 1 if
 * locked}.
 */
export const readScript: Script = {
  name: "read",
  lua: `
return {
  redis.call('GET', KEYS[3]) or '0',
  redis.call('HKEYS', KEYS[1]),
  ARGV[1] == '1' and redis.call('HVALS', KEYS[1]) or {},
  redis.call('HKEYS', KEYS[2]),
  redis.call('HVALS', KEYS[2]),
  redis.call('EXISTS', KEYS[5]),
}
`,
};
