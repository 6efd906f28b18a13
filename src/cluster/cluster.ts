/**
 * This node's part in the cluster, put together from its pieces: who is in which place, how messages reach
 * people on other nodes, and whether the node may take part at all.
 */
import type { Logger } from "pino";
import type { Member } from "../protocol/envelope.js";
import type { Place } from "../protocol/place.js";
import { type BroadcastAdapter, createBroadcastAdapter } from "./adapter.js";
import { withDeadline } from "./deadline.js";
import type { Driver } from "./driver.js";
import { encodeFrame } from "./frames.js";
import { Inbox } from "./inbox.js";
import { inboxChannel, parseAddress } from "./keys.js";
import { Lease } from "./lease.js";
import { Outbox } from "./outbox.js";
import { type Admission, type AdmissionRules, type Dismissal, Rooms } from "./rooms.js";

export interface ClusterOptions {
  readonly driver: Driver;
  readonly nodeId: string;
  readonly leaseMs: number;
  /** Milliseconds on a clock that never goes back. */
  readonly now: () => number;
  readonly log: Logger;
}

/** What the cluster asks of the node that it is part of. */
export interface ClusterEvents {
  /** Hands an encoded event to a session here; false if there is none of that id. */
  deliver(sessionId: string, encodedEvent: string): boolean;
  /** A newer session of the user has this session's place. */
  replaced(sessionId: string, place: Place): void;
  /** Redis has just answered: what it could not be told before can be told now. */
  answering(): void;
  broadcastDropped(): void;
}

export class Cluster {
  readonly outbox: Outbox;
  /** For Socket.IO: carries what is for a room. */
  readonly adapter: BroadcastAdapter;
  readonly #options: ClusterOptions;
  readonly #events: ClusterEvents;
  readonly #rooms: Rooms;
  readonly #lease: Lease;
  readonly #inbox: Inbox;
  #joined: Promise<void> | undefined;
  #subscribed = false;

  constructor(options: ClusterOptions, events: ClusterEvents) {
    const { driver, nodeId, leaseMs, now, log } = options;
    this.#options = options;
    this.#events = events;
    this.#rooms = new Rooms(driver, nodeId);
    this.#lease = new Lease(driver, nodeId, leaseMs, now, log, () => events.answering());
    this.outbox = new Outbox(driver, nodeId, now);
    this.adapter = createBroadcastAdapter(driver, log, () => events.broadcastDropped());
    this.#inbox = new Inbox(
      driver,
      nodeId,
      {
        deliver: (sessionId, encodedEvent) => events.deliver(sessionId, encodedEvent),
        receipt: (frame) => this.outbox.receive(frame),
        replaced: ({ sessionId, place }) => events.replaced(sessionId, place),
      },
      log,
    );
  }

  /** Connects, subscribes and takes the lease; goes on trying for as long as that takes. */
  join(): Promise<void> {
    this.#joined ??= this.#takePart();
    return this.#joined;
  }

  /** Sends what receipts are due, gives the lease back, and disconnects. */
  async leave(): Promise<void> {
    const { driver, log } = this.#options;
    this.#inbox.close();
    this.outbox.close();
    // Last, so that whatever was sent before it has reached Redis when it is answered.
    await withDeadline(this.#lease.release()).catch((error: unknown) =>
      log.debug({ err: error }, "lease not released"),
    );
    await driver.close();
  }

  /** Why the node should get no clients just now; empty when it should. */
  get impediments(): string[] {
    return [
      ...(this.#options.driver.ready ? [] : ["redis is not connected"]),
      ...(this.#subscribed ? [] : ["not subscribed to the cluster"]),
      ...(this.#lease.held ? [] : ["the node's lease is not held"]),
    ];
  }

  /** As `Rooms.admit`; nobody is let in before what is sent to them can arrive. */
  async admit(place: Place, member: Member, sessionId: string, rules: AdmissionRules): Promise<Admission> {
    if (!this.#subscribed) await withDeadline(this.join());
    return this.#rooms.admit(place, member, sessionId, rules);
  }

  dismiss(place: Place, userId: string, sessionId: string): Promise<Dismissal> {
    return this.#rooms.dismiss(place, userId, sessionId);
  }

  roster(place: Place): Promise<Map<string, string>> {
    return this.#rooms.roster(place);
  }

  /** Tells a session, wherever it is, that a newer one has its place. */
  displace(address: string, place: Place): void {
    const { driver, nodeId, log } = this.#options;
    const displaced = parseAddress(address);
    if (displaced.nodeId === nodeId) {
      this.#events.replaced(displaced.sessionId, place);
      return;
    }
    const frame = encodeFrame({ kind: "replaced", sessionId: displaced.sessionId, place });
    driver.publish(inboxChannel(displaced.nodeId), frame).catch((error: unknown) => {
      log.warn({ err: error, to: displaced.nodeId }, "a replaced session could not be told");
    });
  }

  async #takePart(): Promise<void> {
    const { driver, log } = this.#options;
    await driver.connect();
    await Promise.all([this.#inbox.subscribe(), this.adapter.subscribe()]);
    this.#subscribed = true;
    await this.#lease.take();
    log.info({ store: driver.description }, "ready");
  }
}
