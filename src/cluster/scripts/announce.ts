import { announcedMark, type Script, unannouncedMark } from "./script.js";

/**
 * Notes that the departure of a removed member has been announced, unless another session of the user came after it.
 *
 * KEYS[1] roster   KEYS[2] routes   KEYS[3] version   KEYS[4] newest
 * ARGV[1] userId   ARGV[2] address of the session that was removed
 *
 * Returns 1, or 0 if there was nothing to note.
 */
export const announceScript: Script = {
  name: "announce",
  lua: `
if redis.call('HGET', KEYS[4], ARGV[1]) ~= '${unannouncedMark}' .. ARGV[2] then
  return 0
end
redis.call('HSET', KEYS[4], ARGV[1], '${announcedMark}' .. ARGV[2])
return 1
`,
};
