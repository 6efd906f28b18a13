/**
 * The Lua scripts: one for each way in which a room changes. They compare whole strings and need no JSON, so
 * they mean the same on Redis and on the embedded driver. They run by EVAL: Redis keeps the compiled form by
 * the body's hash, and nothing can go missing that SCRIPT FLUSH or a failover would have to bring back.
 */
export interface Script {
  /** For metrics and logs. */
  readonly name: string;
  readonly lua: string;
}

/**
 * Lets a user into a place, or moves the user there to a newer session. The newest wins (I5).
 *
 * KEYS[1] roster   KEYS[2] routes
 * ARGV[1] userId   ARGV[2] member JSON   ARGV[3] address of the session
 * ARGV[4] most members, 0 for no bound   ARGV[5] 'replace' or 'reject' when the user is there already
 * ARGV[6] an address that is replaced even so, because its node is dead; or ''
 *
 * Returns {'admitted', address of the displaced session or ''}, {'duplicate', its address} or {'full', ''}.
 */
export const joinScript: Script = {
  name: "join",
  lua: `
local current = redis.call('HGET', KEYS[2], ARGV[1])
if current and current ~= ARGV[3] and current ~= ARGV[6] and ARGV[5] == 'reject' then
  return {'duplicate', current}
end
local capacity = tonumber(ARGV[4])
if not current and capacity > 0 and redis.call('HLEN', KEYS[2]) >= capacity then
  return {'full', ''}
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('HSET', KEYS[2], ARGV[1], ARGV[3])
if current and current ~= ARGV[3] then
  return {'admitted', current}
end
return {'admitted', ''}
`,
};

/**
 * Takes a user out of a place, but only if the route still names this session: a newer one stays (I5).
 *
 * KEYS[1] roster   KEYS[2] routes
 * ARGV[1] userId   ARGV[2] address of the session that leaves
 *
 * Returns 'left', 'newer' if another session of the user holds the place, or 'absent' if none does.
 */
export const leaveScript: Script = {
  name: "leave",
  lua: `
local current = redis.call('HGET', KEYS[2], ARGV[1])
if not current then
  return 'absent'
end
if current ~= ARGV[2] then
  return 'newer'
end
redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('HDEL', KEYS[2], ARGV[1])
return 'left'
`,
};
