/**
 * Gets messages to one member, however often that takes: while signaling is away they wait, and one that failed
 * is tried again until it has been delivered, is no longer needed, or can never succeed.
 */

import { isObject } from "../../protocol/objects.js";
import { BackOff } from "../back-off.js";
import type { MeshSignaling } from "./signaling.js";

const backOffRules = { firstMs: 500, longestMs: 10_000, jitter: 0.25 };

type Send = Parameters<MeshSignaling["send"]>;

export class Delivery {
  readonly #signaling: MeshSignaling;
  readonly #targetUid: string;
  readonly #onHopeless: (error: unknown) => void;
  /** What has failed last; whatever else there is waits for it, rather than fail as well. */
  #failing: object | undefined;
  /** What ends each wait, and whether anything may end it early. */
  readonly #waiting = new Map<() => void, boolean>();
  #closed = false;

  /** @param onHopeless - is told of failures that trying again cannot mend. */
  constructor(signaling: MeshSignaling, targetUid: string, onHopeless: (error: unknown) => void) {
    this.#signaling = signaling;
    this.#targetUid = targetUid;
    this.#onHopeless = onHopeless;
  }

  /**
   * @param compose - makes the payload anew for each try; undefined when there is no more need of it.
   * @returns whether it was delivered.
   */
  async deliver(event: Send[0], compose: () => Send[2] | undefined): Promise<boolean> {
    const self = {};
    const backOff = new BackOff(backOffRules);
    for (;;) {
      while (!this.#closed && !this.#mayTry(self)) await this.#pause();
      const payload = this.#closed ? undefined : compose();
      if (payload === undefined) return this.#settle(self, false);
      try {
        await this.#signaling.send(event, this.#targetUid, payload);
        return this.#settle(self, true);
      } catch (error) {
        if (this.#closed) return false;
        if (isObject(error) && error["retry"] === false) {
          this.#onHopeless(error);
          return this.#settle(self, false);
        }
        this.#failing ??= self;
        const askedMs = retryAfterMs(error);
        await this.#pause(Math.max(backOff.next(), askedMs), askedMs === 0);
      }
    }
  }

  /** Tries at once what waits, as the member or signaling is back; not what the server wants to come later. */
  wake(): void {
    for (const [go, isWakeable] of [...this.#waiting]) if (isWakeable) go();
  }

  close(): void {
    this.#closed = true;
    for (const go of [...this.#waiting.keys()]) go();
  }

  #mayTry(self: object): boolean {
    return this.#signaling.state === "connected" && (this.#failing ?? self) === self;
  }

  #settle(self: object, delivered: boolean): boolean {
    if (this.#failing === self) {
      this.#failing = undefined;
      this.wake();
    }
    return delivered;
  }

  /** Until it is woken, or for so long. */
  #pause(ms?: number, isWakeable = true): Promise<void> {
    if (this.#closed) return Promise.resolve();
    return new Promise((resolve) => {
      const go = () => {
        clearTimeout(timer);
        this.#waiting.delete(go);
        resolve();
      };
      const timer = ms === undefined ? undefined : setTimeout(go, ms);
      this.#waiting.set(go, isWakeable);
    });
  }
}

function retryAfterMs(error: unknown): number {
  return isObject(error) && typeof error["retryAfterMs"] === "number" ? error["retryAfterMs"] : 0;
}
