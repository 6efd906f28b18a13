/**
 * `@socket.io/redis-adapter` for room broadcasts, on a driver. The adapter neither awaits nor catches what it
 * publishes, and decodes whatever arrives; so it is given clients that cannot reject and listeners that
 * cannot throw: Redis going away under traffic must not end the process (I6).
 */
import { createAdapter } from "@socket.io/redis-adapter";
import type { Logger } from "pino";
import type { Place } from "../protocol/place.js";
import type { Driver } from "./driver.js";
import { broadcastPrefix, placeOfBroadcast } from "./keys.js";

/** What clients send is JSON, and arrives as it was; the adapter's own encoding changes numbers and text. */
const json = {
  encode: (message: unknown) => Buffer.from(JSON.stringify(message)),
  decode: (message: Buffer) => JSON.parse(message.toString()) as unknown,
};

export interface BroadcastAdapter {
  /** For Socket.IO's `adapter` option. */
  readonly create: ReturnType<typeof createAdapter>;
  /** Subscribes; broadcasts of other nodes arrive from when it resolves. */
  subscribe(): Promise<void>;
}

/** @param onDropped - a broadcast for this place may not have reached the other nodes. */
export function createBroadcastAdapter(
  driver: Driver,
  log: Logger,
  onDropped: (place: Place | undefined) => void,
): BroadcastAdapter {
  const patterns: [pattern: string, listener: (message: Buffer, channel: string) => void][] = [];

  // In the shape of a node-redis client, as far as the adapter uses one. The adapter also wants channels for
  // requests between nodes (fetchSockets and its like): they ask every node and wait for all, and nothing here
  // uses them, so `subscribe` leaves them out.
  const client = {
    publish(channel: string, message: string | Buffer): Promise<number> {
      return driver.publish(channel, message).catch(() => {
        onDropped(placeOfBroadcast(channel));
        return 0;
      });
    },
    pSubscribe(pattern: string, listener: (message: Buffer, channel: string) => void) {
      patterns.push([pattern, listener]);
    },
    subscribe() {},
    pUnsubscribe() {},
    unsubscribe() {},
    on() {},
    off() {},
  };

  return {
    create: createAdapter(client, client, { key: broadcastPrefix, parser: json }),
    async subscribe() {
      for (const [pattern, listener] of patterns) {
        await driver.subscribePattern(pattern, (message, channel) => {
          try {
            listener(message, channel);
          } catch (error) {
            log.warn({ err: error }, "a broadcast that is not of this protocol was dropped");
          }
        });
      }
    },
  };
}
