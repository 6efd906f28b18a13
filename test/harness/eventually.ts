/**
 * Waits for something to become true, where a sleep would guess.
 */
import { setTimeout as delay } from "node:timers/promises";

/** Repeats `check` until it stops throwing; throws its last error after `ms`. */
export async function eventually<T>(check: () => T | Promise<T>, ms = 10_000): Promise<T> {
  const giveUpAt = performance.now() + ms;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (performance.now() > giveUpAt) throw error;
      await delay(10);
    }
  }
}
