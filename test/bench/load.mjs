/**
 * Sends candidates at a steady rate, whatever the servers do. Senders are independent of each other, as people
 * are: the gaps are exponential and the sender is drawn, from the same seed each time.
 */
import { setTimeout as delay } from "node:timers/promises";
import { candidateFor } from "./candidate.mjs";
import { newHistogram, record, Tally } from "./tally.mjs";

const seed = 20_260_101;
/** While warming up. */
const underWayAtOnce = 128;

/**
 * @param senders - from `connectPairs`.
 * @param rate - messages per second in all.
 * @param leadMs - how long to send before the window opens.
 * @param acks - whether every message asks for a receipt.
 * @param readUsage - called when the window opens and when it closes: numbers by name.
 * @returns the window: messages `delivered` in it, what was `used` in it, `latency` and `receiptLatency`; and how
 * late messages left, in 99 of 100 cases, as `lateMs`.
 * @throws Error when messages were lost, refused or changed.
 */
export async function runLoad({ senders, rate, leadMs, windowMs, acks, readUsage }) {
  const tally = new Tally(senders, acks);
  const sending = new Sending(senders, rate, tally);
  await sending.until(sending.startedAt + leadMs);
  const opening = { delivered: tally.delivered, usage: readUsage() };
  tally.measuring = true;
  await sending.until(sending.startedAt + leadMs + windowMs);
  tally.measuring = false;
  const closing = { delivered: tally.delivered, usage: readUsage() };
  await tally.settle();

  const used = {};
  for (const name of Object.keys(closing.usage)) used[name] = closing.usage[name] - opening.usage[name];
  const { latency, receiptLatency } = tally;
  const { lateMs } = sending;
  return { delivered: closing.delivered - opening.delivered, used, latency, receiptLatency, lateMs };
}

/**
 * Sends so many messages as fast as the servers take them: their code is compiled by how often it runs, and
 * what is measured is compiled code.
 */
export async function warmUp({ senders, messages, acks }) {
  const tally = new Tally(senders, acks);
  const sending = new Sending(senders, 1, tally);
  while (tally.sent < messages) {
    while (tally.sent - tally.delivered < underWayAtOnce && tally.sent < messages) sending.sendOne();
    await delay(1);
  }
  await tally.settle();
}

class Sending {
  startedAt = performance.now();
  #senders;
  #rate;
  #tally;
  #random = seededRandom(seed);
  #dueAt = this.startedAt;
  #lateness = newHistogram();

  constructor(senders, rate, tally) {
    this.#senders = senders;
    this.#rate = rate;
    this.#tally = tally;
  }

  async until(endsAt) {
    for (let now = performance.now(); now < endsAt; now = performance.now()) {
      while (this.#dueAt <= now) this.#sendDue(now);
      await delay(1);
    }
  }

  get lateMs() {
    return this.#lateness.getValueAtPercentile(99) / 1_000;
  }

  #sendDue(now) {
    record(this.#lateness, now - this.#dueAt);
    this.sendOne();
    this.#dueAt += (-Math.log(1 - this.#random()) / this.#rate) * 1_000;
  }

  sendOne() {
    const { client, targetUid } = this.#senders[Math.floor(this.#random() * this.#senders.length)];
    const sentAt = performance.now();
    const ackId = this.#tally.countSent(sentAt);
    client.send(client.encode("candidate", candidateFor(targetUid, sentAt), ackId));
  }
}

/** Mulberry32: the same numbers from the same seed. */
function seededRandom(start) {
  let state = start;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
