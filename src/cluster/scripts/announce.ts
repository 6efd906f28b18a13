import { announcedMark, nextVersion, type Script, unannouncedMark } from "./script.js";

/**
 * Notes that the departure of a removed member has been announced, or is about to be, unless that is noted already or
 * another session of the user came after it.
 *
 * KEYS[1] roster   KEYS[2] routes   KEYS[3] version   KEYS[4] newest
 * ARGV[1] userId   ARGV[2] address of the session that was removed
 * ARGV[3] '1' if the caller is about to announce it, and needs a version to do so as of; '0' if it has
 *
 * Returns the version for that, or 0 if there is nothing to announce or nobody to hear it.
 */
export const announceScript: Script = {
  name: "announce",
  lua: `${nextVersion}
if redis.call('HGET', KEYS[4], ARGV[1]) ~= '${unannouncedMark}' .. ARGV[2] then
  return 0
end
redis.call('HSET', KEYS[4], ARGV[1], '${announcedMark}' .. ARGV[2])
if ARGV[3] == '0' or redis.call('EXISTS', KEYS[2]) == 0 then
  return 0
end
return nextVersion(KEYS[3])
`,
};
