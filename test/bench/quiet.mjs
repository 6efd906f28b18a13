/**
 * Sees to it that the machine has time for the measurement: a window that others disturbed is measured again
 * when they are done, as long as there is patience left.
 */
import { setTimeout as delay } from "node:timers/promises";
import { machineCpuMicroseconds } from "./process-usage.mjs";

/** Of one core, in use by others. */
const disturbance = 0.15;
/** Waiting and repeating may take this long in all, in milliseconds. */
const patienceMs = 120_000;
/** Messages may leave this late; beyond, the load was not the one that was asked for. */
const tolerableLatenessMs = 25;
const glanceMs = 1_000;

export class Quiet {
  /** Windows that count although others disturbed them. */
  disturbed = 0;
  #seconds;
  #patienceMs = patienceMs;

  /** @param seconds - length of a window. */
  constructor(seconds) {
    this.#seconds = seconds;
  }

  /** @throws Error when the load could not be kept up. */
  async measure(measureWindow) {
    let window = await measureWindow();
    while (this.#isDisturbed(window) && this.#patienceMs > 0) {
      const startedAt = performance.now();
      await this.#untilQuiet();
      const again = await measureWindow();
      if (again.used.others < window.used.others) window = again;
      this.#patienceMs -= performance.now() - startedAt;
    }
    if (this.#isDisturbed(window)) this.disturbed += 1;
    if (window.lateMs > tolerableLatenessMs)
      throw new Error(
        `messages left ${window.lateMs.toFixed(0)} ms late: the machine cannot keep up this rate`,
      );
    return window;
  }

  #isDisturbed({ used }) {
    return used.others / (this.#seconds * 1_000_000) > disturbance;
  }

  async #untilQuiet() {
    const giveUpAt = performance.now() + this.#patienceMs;
    for (let busy = true; busy && performance.now() < giveUpAt; ) {
      const before = machineCpuMicroseconds();
      await delay(glanceMs);
      busy = (machineCpuMicroseconds() - before) / (glanceMs * 1_000) > disturbance;
    }
  }
}
