import { nextVersion, type Script } from "./script.js";

/**
 * Raises the version of a place above one that clients may have seen, so that they ask for the roster again.
 *
 * KEYS[1] roster   KEYS[2] routes   KEYS[3] version
 * ARGV[1] the version that must be surpassed
 *
 * Returns the new version, or 0 if nobody is there to have one.
 */
export const raiseScript: Script = {
  name: "raise",
  lua: `${nextVersion}
if redis.call('EXISTS', KEYS[2]) == 0 then
  return 0
end
if tonumber(redis.call('GET', KEYS[3]) or '0') < tonumber(ARGV[1]) then
  redis.call('SET', KEYS[3], ARGV[1])
end
return nextVersion(KEYS[3])
`,
};
