/**
 * What came of the messages that were sent: how many arrived, when, and whether as they should. The receivers
 * are in the same process as the senders, so there is one clock.
 */
import { setTimeout as delay } from "node:timers/promises";
import { build } from "hdr-histogram-js";
import { isFaithful, sentAtOf } from "./candidate.mjs";

/** After the last message, how long the servers have for what is still under way. */
const drainMs = 3_000;

export class Tally {
  sent = 0;
  delivered = 0;
  /** Whether the window is open: only then are times recorded. */
  measuring = false;
  #acks;
  #receipts = 0;
  #refused = 0;
  #unfaithful = 0;
  /** When messages were sent whose ack has not come back, by ack id. */
  #awaited = new Map();
  #checked = new Set();
  #latency = newHistogram();
  #receiptLatency = newHistogram();

  /** Takes over what the senders and their targets receive. */
  constructor(senders, acks) {
    this.#acks = acks;
    for (const sender of senders) sender.target.onFrame = (frame) => this.#receive(sender, frame);
  }

  /** @returns the message's ack id, if it is to have one. */
  countSent(sentAt) {
    const id = this.sent;
    this.sent += 1;
    if (!this.#acks) return undefined;
    this.#awaited.set(id, sentAt);
    return id;
  }

  /** Waits for what is under way. @throws Error when messages were lost, refused or changed. */
  async settle() {
    const giveUpAt = performance.now() + drainMs;
    const isDone = () => this.delivered >= this.sent && (!this.#acks || this.#receipts >= this.sent);
    while (!isDone() && performance.now() < giveUpAt) await delay(5);
    if (this.delivered !== this.sent)
      throw new Error(`${this.sent} messages were sent, but ${this.delivered} arrived`);
    if (this.#acks && this.#receipts !== this.sent)
      throw new Error(`${this.sent} receipts were due, but ${this.#receipts} came`);
    if (this.#refused > 0) throw new Error(`${this.#refused} messages were refused`);
    if (this.#unfaithful > 0) throw new Error(`${this.#unfaithful} messages arrived changed`);
  }

  /** In milliseconds, from sending to arriving. */
  get latency() {
    return percentiles(this.#latency);
  }

  /** In milliseconds, from sending to the ack. */
  get receiptLatency() {
    return this.#acks ? percentiles(this.#receiptLatency) : undefined;
  }

  #receive(sender, frame) {
    const sentAt = sentAtOf(frame);
    if (sentAt !== undefined) {
      this.delivered += 1;
      if (this.measuring) record(this.#latency, performance.now() - sentAt);
      // Once for each sender: parsing every frame would cost the machine more than the servers get.
      if (this.#checked.has(sender)) return;
      this.#checked.add(sender);
      if (!isFaithful(frame, sender.userId, sender.targetUid)) this.#unfaithful += 1;
    } else if (frame.startsWith("43")) {
      const ackId = Number.parseInt(frame.slice(2), 10);
      if (frame.includes('"status":200')) this.#receipts += 1;
      if (this.measuring) record(this.#receiptLatency, performance.now() - this.#awaited.get(ackId));
      this.#awaited.delete(ackId);
    } else if (/"type":"(error|offline)"/.test(frame)) this.#refused += 1;
  }
}

/** Of whole microseconds, up to a minute. */
export function newHistogram() {
  return build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: 60_000_000,
    numberOfSignificantValueDigits: 3,
  });
}

export function record(histogram, ms) {
  histogram.recordValue(Math.max(1, Math.round(ms * 1_000)));
}

function percentiles(histogram) {
  const at = (percentile) => histogram.getValueAtPercentile(percentile) / 1_000;
  return { p50: at(50), p90: at(90), p99: at(99), max: histogram.maxValue / 1_000 };
}
