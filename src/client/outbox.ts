/**
 * Requests made while there is no connection: they wait for one, in their order, each for a bounded time.
 */
import type { Envelope } from "../protocol/envelope.js";
import type { ClientEvent } from "../protocol/events.js";
import type { Connection } from "./connection.js";
import { SignalingError } from "./signaling-error.js";

interface Waiting {
  send(connection: Connection): void;
  fail(error: SignalingError): void;
}

export class Outbox {
  readonly #timeoutMs: number;
  readonly #waiting = new Set<Waiting>();

  /** @param timeoutMs - how long a request waits for a connection, and then for its answer. */
  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  /** Resolves to the receipt. @throws SignalingError as the server says, `disconnected` or `unconfirmed`. */
  ask(connection: Connection | undefined, event: ClientEvent, payload: unknown): Promise<Envelope> {
    if (connection !== undefined) return connection.ask(event, payload, this.#timeoutMs);
    return new Promise((resolve, reject) => {
      const leave = () => {
        clearTimeout(timer);
        this.#waiting.delete(waiting);
      };
      const waiting: Waiting = {
        send: (to) => {
          leave();
          to.ask(event, payload, this.#timeoutMs).then(resolve, reject);
        },
        fail: (error) => {
          leave();
          reject(error);
        },
      };
      const timer = setTimeout(
        () => waiting.fail(new SignalingError("disconnected", { detail: { event } })),
        this.#timeoutMs,
      );
      this.#waiting.add(waiting);
    });
  }

  /** There is a connection: sends what waits. */
  flush(connection: Connection): void {
    for (const waiting of [...this.#waiting]) waiting.send(connection);
  }

  /** There will be none. */
  fail(error: SignalingError): void {
    for (const waiting of [...this.#waiting]) waiting.fail(error);
  }
}
