/**
 * What the cluster layer asks of Redis. Two drivers keep this contract, and one suite runs on both:
 * `redis-driver.ts` for a real server, `embedded-driver.ts` for a node by itself.
 *
 * Commands of one driver reach Redis in the order in which they were called, and their replies come in that
 * order, as long as the connection lasts. One that was sent on a lost connection may still be carried out, even
 * after later ones. A command rejects at once while Redis is away, with `RedisUnavailable`, rather than wait.
 */
import type { Script } from "./scripts/script.js";

export interface Driver {
  /** For people: where the state is. Holds no secret. */
  readonly description: string;
  /** Whether commands and subscriptions work now. */
  readonly ready: boolean;
  /** Whether the store is outside this process, and so can fail, stall or lose what it holds. */
  readonly remote: boolean;
  /** Starts connecting, and goes on trying until `close`. Resolves once connected for the first time. */
  connect(): Promise<void>;
  close(): Promise<void>;
  /** Calls back whenever commands or subscriptions work again after their connection was lost. */
  onRestored(listener: () => void): void;
  /** Makes the subscriptions anew, on a new connection. */
  resubscribe(): void;

  run(script: Script, keys: readonly string[], args: readonly string[]): Promise<unknown>;
  readField(key: string, field: string): Promise<string | undefined>;
  /** Resolves to the number of fields of a hash. */
  countFields(key: string): Promise<number>;
  exists(key: string): Promise<boolean>;
  setWithExpiry(key: string, value: string, ttlMs: number): Promise<void>;
  /** Resolves to whether the key existed. */
  expire(key: string, ttlMs: number): Promise<boolean>;
  /** Resolves to whether the key existed. */
  delete(key: string): Promise<boolean>;
  addToSet(key: string, member: string): Promise<void>;
  removeFromSet(key: string, member: string): Promise<void>;
  readSet(key: string): Promise<string[]>;

  /** Resolves to the number of subscribers that Redis handed the message to. */
  publish(channel: string, message: string | Buffer): Promise<number>;
  /** Tries until subscribed, and then resolves. Restored by the driver after every reconnection. */
  subscribe(channel: string, onMessage: (message: string) => void): Promise<void>;
  subscribePattern(pattern: string, onMessage: (message: Buffer, channel: string) => void): Promise<void>;
}

/** Redis did not answer. */
export class RedisUnavailable extends Error {
  override readonly name = "RedisUnavailable";
  /** Whether the command may have been carried out all the same; false: it was never sent. */
  readonly mayHaveHappened: boolean;

  constructor(reason: string, mayHaveHappened: boolean) {
    super(reason);
    this.mayHaveHappened = mayHaveHappened;
  }
}
