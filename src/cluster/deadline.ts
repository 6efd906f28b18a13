/**
 * Bounds the wait for Redis. A command that has been written cannot be taken back: past the deadline it may
 * still be carried out, and the caller must not assume either.
 */
import { RedisUnavailable } from "./driver.js";

/** How long a request waits for Redis before it fails, in milliseconds: within a second it is answered. */
const redisDeadlineMs = 900;

/** @throws RedisUnavailable when the promise has not settled in time. */
export function withDeadline<T>(promise: Promise<T>, ms = redisDeadlineMs): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new RedisUnavailable(`no answer within ${ms} ms`, true)), ms);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
