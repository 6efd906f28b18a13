/**
 * What other nodes say to this one, on its own channel and on that of all: hands what arrives to the sessions
 * here, and sends receipts back to the nodes it came from, many to a frame.
 */
import type { Logger } from "pino";
import type { Driver } from "./driver.js";
import {
  type DeliverFrame,
  type DoubtFrame,
  decodeFrame,
  encodeFrame,
  type ProbeFrame,
  type ReceiptFrame,
  type RemovedFrame,
  type ReplacedFrame,
} from "./frames.js";
import { everyonesInboxChannel, inboxChannel } from "./keys.js";

/** Receipts that somebody waits for, and bad news, leave after this long; the others within `idleReceiptMs`. */
const urgentReceiptMs = 2;
const idleReceiptMs = 1_000;

export interface InboxHandlers {
  /** Hands the event to the session's socket; returns false if there is no such session here. */
  deliver(sessionId: string, encodedEvent: string): boolean;
  receipt(frame: ReceiptFrame): void;
  replaced(frame: ReplacedFrame): void;
  removed(frame: RemovedFrame): void;
  doubt(frame: DoubtFrame): void;
  probe(frame: ProbeFrame): void;
}

interface Receipts {
  delivered: string[];
  offline: string[];
  urgent: boolean;
}

export class Inbox {
  readonly #driver: Driver;
  readonly #nodeId: string;
  readonly #handlers: InboxHandlers;
  readonly #log: Logger;
  readonly #receipts = new Map<string, Receipts>();
  #idleTimer: NodeJS.Timeout | undefined;
  #urgentTimer: NodeJS.Timeout | undefined;

  constructor(driver: Driver, nodeId: string, handlers: InboxHandlers, log: Logger) {
    this.#driver = driver;
    this.#nodeId = nodeId;
    this.#handlers = handlers;
    this.#log = log;
  }

  async subscribe(): Promise<void> {
    const receive = (text: string) => this.#receive(text);
    await Promise.all([
      this.#driver.subscribe(inboxChannel(this.#nodeId), receive),
      this.#driver.subscribe(everyonesInboxChannel, receive),
    ]);
  }

  /** Sends the receipts that are due. */
  close(): void {
    clearTimeout(this.#idleTimer);
    clearTimeout(this.#urgentTimer);
    this.#flush(() => true);
  }

  #receive(text: string): void {
    const frame = decodeFrame(text);
    switch (frame?.kind) {
      case "deliver":
        this.#deliver(frame);
        return;
      case "receipt":
        this.#handlers.receipt(frame);
        return;
      case "replaced":
        this.#handlers.replaced(frame);
        return;
      case "removed":
        this.#handlers.removed(frame);
        return;
      case "doubt":
        this.#handlers.doubt(frame);
        return;
      case "probe":
        this.#handlers.probe(frame);
        return;
      default:
        this.#log.warn("a frame that is not of this protocol was dropped");
    }
  }

  #deliver(frame: DeliverFrame): void {
    const delivered = this.#handlers.deliver(frame.sessionId, frame.encodedEvent);
    let receipts = this.#receipts.get(frame.fromNode);
    if (receipts === undefined) {
      receipts = { delivered: [], offline: [], urgent: false };
      this.#receipts.set(frame.fromNode, receipts);
    }
    (delivered ? receipts.delivered : receipts.offline).push(frame.messageId);
    if (frame.urgent || !delivered) {
      receipts.urgent = true;
      this.#urgentTimer ??= setTimeout(() => {
        this.#urgentTimer = undefined;
        this.#flush((due) => due.urgent);
      }, urgentReceiptMs);
    }
    this.#idleTimer ??= setTimeout(() => {
      this.#idleTimer = undefined;
      this.#flush(() => true);
    }, idleReceiptMs);
  }

  #flush(isDue: (receipts: Receipts) => boolean): void {
    for (const [nodeId, receipts] of this.#receipts) {
      if (!isDue(receipts)) continue;
      this.#receipts.delete(nodeId);
      const { delivered, offline } = receipts;
      // A receipt that is lost is told to the sender as unconfirmed, by its own node.
      this.#driver
        .publish(inboxChannel(nodeId), encodeFrame({ kind: "receipt", delivered, offline }))
        .catch((error: unknown) => this.#log.debug({ err: error }, "receipts not sent"));
    }
  }
}
