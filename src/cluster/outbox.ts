/**
 * Sends addressed events to the one node where the target is, and answers for each of them: every `send` ends
 * in exactly one outcome (I3), in the order in which Redis carries them (I2), at the cost of one lookup and
 * one publish that one node receives (I8).
 *
 * The target's node confirms by receipt. Receipts travel together, so they add nothing per message.
 */
import type { Place } from "../protocol/place.js";
import { type Driver, RedisUnavailable } from "./driver.js";
import { encodeFrame, type ReceiptFrame } from "./frames.js";
import { inboxChannel, leaseKey, parseAddress, routeKey } from "./keys.js";

/**
 * - `delivered`: handed to the target's socket
 * - `offline`: the target is in none of the places
 * - `unavailable`: Redis or the target's node could not be reached; nothing was delivered
 * - `unconfirmed`: sent, but no receipt came in time
 */
export type Outcome = "delivered" | "offline" | "unavailable" | "unconfirmed";

/** How long Redis may take to route a message, in milliseconds. */
const routingDeadlineMs = 850;
/** How long a published message may go without a receipt. With the sweep, senders hear within 5 s [P-44]. */
const receiptDeadlineMs = 4_000;
const sweepIntervalMs = 100;
/** Messages under way from this node at once; more are refused as unavailable, so that memory stays bounded. */
const maxPending = 100_000;

interface PendingMessage {
  readonly sentAt: number;
  published: boolean;
  readonly settle: (outcome: Outcome) => void;
}

export interface AddressedMessage {
  /** Where the target may be, most likely first. */
  readonly places: readonly Place[];
  readonly targetUid: string;
  readonly encodedEvent: string;
  /** Whether somebody waits for the outcome; otherwise its receipt may take a second to come. */
  readonly urgent: boolean;
}

export class Outbox {
  readonly #driver: Driver;
  readonly #nodeId: string;
  readonly #now: () => number;
  readonly #isMissCertain: () => Promise<boolean>;
  readonly #pending = new Map<string, PendingMessage>();
  readonly #lookups = new Map<string, Promise<string | undefined>>();
  readonly #sweeper: NodeJS.Timeout;
  #lastId = 0;

  /** @param isMissCertain - whether a route that Redis does not have is none: it may have lost all that it held. */
  constructor(driver: Driver, nodeId: string, now: () => number, isMissCertain: () => Promise<boolean>) {
    this.#driver = driver;
    this.#nodeId = nodeId;
    this.#now = now;
    this.#isMissCertain = isMissCertain;
    this.#sweeper = setInterval(() => this.#sweep(), sweepIntervalMs);
  }

  /** Calls `settle` exactly once, within 5 s. */
  send(message: AddressedMessage, settle: (outcome: Outcome) => void): void {
    if (this.#pending.size >= maxPending) {
      settle("unavailable");
      return;
    }
    this.#lastId += 1;
    const messageId = this.#lastId.toString(36);
    this.#pending.set(messageId, { sentAt: this.#now(), published: false, settle });
    // The same path whatever the number of places: equal paths keep two messages of one sender in order.
    Promise.all(message.places.map((place) => this.#locate(place, message.targetUid)))
      .then((addresses) => this.#publish(messageId, message, addresses))
      .catch((error: unknown) => this.#settle(messageId, outcomeOf(error, this.#pending.get(messageId))));
  }

  /** Takes in what the node at the other end says became of messages. */
  receive(receipt: ReceiptFrame): void {
    for (const messageId of receipt.delivered) this.#settle(messageId, "delivered");
    for (const messageId of receipt.offline) this.#settle(messageId, "offline");
  }

  /** Messages still under way are reported unconfirmed. */
  close(): void {
    clearInterval(this.#sweeper);
    for (const messageId of [...this.#pending.keys()]) this.#settle(messageId, "unconfirmed");
  }

  async #publish(
    messageId: string,
    message: AddressedMessage,
    addresses: (string | undefined)[],
  ): Promise<void> {
    const pending = this.#pending.get(messageId);
    const address = addresses.find((found) => found !== undefined);
    if (pending === undefined) return;
    if (address === undefined) {
      this.#settle(messageId, (await this.#isMissCertain()) ? "offline" : "unavailable");
      return;
    }
    const { nodeId, sessionId } = parseAddress(address);
    pending.published = true;
    const receivers = await this.#driver.publish(
      inboxChannel(nodeId),
      encodeFrame({
        kind: "deliver",
        messageId,
        fromNode: this.#nodeId,
        urgent: message.urgent,
        sessionId,
        encodedEvent: message.encodedEvent,
      }),
    );
    if (receivers > 0) return;
    // Nobody listens there: either the node is dead and its members are ghosts, or it is reconnecting.
    const alive = await this.#driver.exists(leaseKey(nodeId));
    this.#settle(messageId, alive ? "unavailable" : "offline");
  }

  /** Lookups of one target that are under way at once share one command. */
  #locate(place: Place, userId: string): Promise<string | undefined> {
    const key = routeKey(place);
    const lookup = `${key}\n${userId}`;
    let locating = this.#lookups.get(lookup);
    if (locating === undefined) {
      const forget = () => this.#lookups.delete(lookup);
      locating = this.#driver.readField(key, userId);
      this.#lookups.set(lookup, locating);
      locating.then(forget, forget);
    }
    return locating;
  }

  #settle(messageId: string, outcome: Outcome): void {
    const pending = this.#pending.get(messageId);
    if (pending === undefined) return;
    this.#pending.delete(messageId);
    pending.settle(outcome);
  }

  #sweep(): void {
    const now = this.#now();
    for (const [messageId, { sentAt, published }] of this.#pending) {
      const ageMs = now - sentAt;
      if (ageMs < routingDeadlineMs) return;
      if (!published) this.#settle(messageId, "unavailable");
      else if (ageMs >= receiptDeadlineMs) this.#settle(messageId, "unconfirmed");
    }
  }
}

/** A lookup that fails has delivered nothing; a publish that was sent may have. */
function outcomeOf(error: unknown, pending: PendingMessage | undefined): Outcome {
  const neverSent = error instanceof RedisUnavailable && !error.mayHaveHappened;
  return pending?.published && !neverSent ? "unconfirmed" : "unavailable";
}
