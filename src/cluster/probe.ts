/**
 * Whether this node hears what is published to it. A subscription can look connected and be deaf, so the node
 * publishes to its own channel and listens; how long that takes is the lag of everything between nodes.
 */
import type { Driver } from "./driver.js";
import { encodeFrame } from "./frames.js";
import { inboxChannel } from "./keys.js";

const intervalMs = 1_000;
/** Intervals that a probe may take before the subscription counts as deaf. Counted, so that a frozen process blames nobody. */
const patience = 3;

export interface ProbeEvents {
  heard(lagMs: number): void;
  deaf(): void;
}

export class Probe {
  readonly #driver: Driver;
  readonly #nodeId: string;
  readonly #now: () => number;
  readonly #events: ProbeEvents;
  #timer: NodeJS.Timeout | undefined;
  #underway: { readonly id: string; readonly sentAt: number; published: boolean; waited: number } | undefined;
  #lastId = 0;
  #deaf = false;

  constructor(driver: Driver, nodeId: string, now: () => number, events: ProbeEvents) {
    this.#driver = driver;
    this.#nodeId = nodeId;
    this.#now = now;
    this.#events = events;
  }

  /** Whether the last probe was not heard. */
  get deaf(): boolean {
    return this.#deaf;
  }

  start(): void {
    this.#timer = setInterval(() => this.#look(), intervalMs);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  hear(probeId: string): void {
    if (this.#underway?.id !== probeId) return;
    this.#events.heard(this.#now() - this.#underway.sentAt);
    this.#underway = undefined;
    this.#deaf = false;
  }

  #look(): void {
    if (this.#underway === undefined) this.#send();
    // Until it is published, it is the commands that stall; the driver watches those.
    else if (this.#underway.published) this.#underway.waited += 1;
    if (this.#underway !== undefined && this.#underway.waited >= patience) {
      this.#underway = undefined;
      this.#deaf = true;
      this.#events.deaf();
    }
  }

  #send(): void {
    this.#lastId += 1;
    const probe = { id: this.#lastId.toString(36), sentAt: this.#now(), published: false, waited: 0 };
    this.#underway = probe;
    this.#driver.publish(inboxChannel(this.#nodeId), encodeFrame({ kind: "probe", probeId: probe.id })).then(
      () => {
        probe.published = true;
      },
      () => {
        if (this.#underway === probe) this.#underway = undefined;
      },
    );
  }
}
