/**
 * Says things to other nodes without waiting for them to be heard. What is lost, a node finds out when it next compares
 * what it holds with what Redis does.
 */
import type { Logger } from "pino";
import type { Driver } from "./driver.js";
import { encodeFrame, type Frame } from "./frames.js";
import { everyonesInboxChannel, inboxChannel } from "./keys.js";

export class Messenger {
  readonly #driver: Driver;
  readonly #log: Logger;

  constructor(driver: Driver, log: Logger) {
    this.#driver = driver;
    this.#log = log;
  }

  /** Tells one node. */
  tell(nodeId: string, frame: Frame): void {
    this.#publish(inboxChannel(nodeId), frame);
  }

  /** Tells every node, this one included. */
  tellEveryone(frame: Frame): void {
    this.#publish(everyonesInboxChannel, frame);
  }

  #publish(channel: string, frame: Frame): void {
    this.#driver
      .publish(channel, encodeFrame(frame))
      .catch((error: unknown) =>
        this.#log.warn({ err: error, channel, frame: frame.kind }, "other nodes could not be told"),
      );
  }
}
