/**
 * This node's part in the cluster, put together from its pieces: who is in which place, how messages reach
 * people on other nodes, and whether the node may take part at all.
 */
import type { Logger } from "pino";
import type { Member } from "../protocol/envelope.js";
import type { Place } from "../protocol/place.js";
import { type BroadcastAdapter, createBroadcastAdapter } from "./adapter.js";
import { withDeadline } from "./deadline.js";
import { type Driver, RedisUnavailable } from "./driver.js";
import { Inbox } from "./inbox.js";
import { nodeRoomsKey, nodesKey, parseAddress } from "./keys.js";
import { Lease } from "./lease.js";
import { Messenger } from "./messenger.js";
import { Outbox } from "./outbox.js";
import { Probe } from "./probe.js";
import { Reaper } from "./reaper.js";
import { Reassertion, type ReassertionEvents } from "./reassertion.js";
import { Removals } from "./removals.js";
import { type Admission, type AdmissionRules, type Dismissal, type Reaped, Rooms } from "./rooms.js";
import { readRoster, type VersionedRoster } from "./roster.js";

export interface ClusterOptions {
  readonly driver: Driver;
  readonly nodeId: string;
  readonly leaseMs: number;
  /** Milliseconds on a clock that never goes back. */
  readonly now: () => number;
  /** From 0 to 1, as Math.random. */
  readonly random: () => number;
  readonly log: Logger;
}

/** What the cluster asks of the node that it is part of. */
export interface ClusterEvents extends ReassertionEvents {
  /** Hands an encoded event to a session here; false if there is none of that id. */
  deliver(sessionId: string, encodedEvent: string): boolean;
  /** This node has taken a dead node's member out of the place: to be announced, by this node alone. */
  reaped(place: Place, reaped: Reaped): void;
  /** A member has been taken out of the place against its will: to be announced, by this node alone. */
  departed(place: Place, departed: Reaped): void;
  /** Redis has just answered: what it could not be told before can be told now. */
  answering(): void;
  broadcastDropped(): void;
  /** How long something published took to come back, in milliseconds. */
  lag(ms: number): void;
}

export class Cluster {
  readonly outbox: Outbox;
  /** For Socket.IO: carries what is for a room. */
  readonly adapter: BroadcastAdapter;
  readonly #options: ClusterOptions;
  readonly #events: ClusterEvents;
  readonly #messenger: Messenger;
  readonly #rooms: Rooms;
  readonly #lease: Lease;
  readonly #inbox: Inbox;
  readonly #probe: Probe;
  readonly #reaper: Reaper;
  readonly #reassertion: Reassertion;
  readonly #removals: Removals;
  /** Places out of which members may have been taken without a reply. */
  readonly #unsure = new Set<Place>();
  #joined: Promise<void> | undefined;
  #subscribed = false;

  constructor(options: ClusterOptions, events: ClusterEvents) {
    const { driver, nodeId, leaseMs, now, log } = options;
    this.#options = options;
    this.#events = events;
    this.#messenger = new Messenger(driver, log);
    const rooms = new Rooms(driver, nodeId);
    this.#rooms = rooms;
    this.outbox = new Outbox(driver, nodeId, now, () => this.#isLossExcluded());
    const mayJudge = () => this.#lease.settled;
    const doubt = (place: Place) => this.#doubt(place);
    const ensureAnnounced = (place: Place, member: Member, sessionId: string) =>
      this.#removals.ensureAnnounced(place, member, sessionId);
    this.#reassertion = new Reassertion({ ...options, rooms, mayJudge, doubt, ensureAnnounced }, events);
    this.#removals = new Removals(
      { ...options, rooms, reassertion: this.#reassertion, messenger: this.#messenger },
      {
        removed: (removal, sessionId) => events.removed(removal, sessionId),
        departed: (place, departed) => events.departed(place, departed),
        unsure: (place) => this.#unsure.add(place),
      },
    );
    this.#lease = new Lease(driver, nodeId, leaseMs, now, log, {
      renewed: () => {
        for (const place of this.#unsure) this.#doubt(place);
        this.#unsure.clear();
        events.answering();
      },
      retaken: () => this.#reassertion.request(true),
    });
    this.#reaper = new Reaper({ ...options, rooms, mayJudge }, (place, reaped) => {
      rooms.held.note(place, reaped.version);
      events.reaped(place, reaped);
    });
    this.#probe = new Probe(driver, nodeId, now, {
      heard: (lagMs) => events.lag(lagMs),
      deaf: () => {
        log.warn("the node does not hear what is published to it: subscribing anew");
        driver.resubscribe();
      },
    });
    this.adapter = createBroadcastAdapter(driver, log, (place) => {
      if (place !== undefined) this.#reassertion.unheard(place);
      events.broadcastDropped();
    });
    this.#inbox = new Inbox(
      driver,
      nodeId,
      {
        deliver: (sessionId, encodedEvent) => events.deliver(sessionId, encodedEvent),
        receipt: (frame) => this.outbox.receive(frame),
        replaced: ({ sessionId, place }) => events.replaced(place, sessionId),
        removed: (frame) => this.#removals.carryOut(frame),
        doubt: ({ place }) => this.#reassertion.requestOne(place),
        probe: ({ probeId }) => this.#probe.hear(probeId),
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
    this.#probe.stop();
    this.#reaper.stop();
    this.#reassertion.stop();
    this.#removals.stop();
    this.#inbox.close();
    this.outbox.close();
    // Last, so that whatever was sent before it has reached Redis when it is answered.
    await withDeadline(this.#resign()).catch((error: unknown) =>
      log.debug({ err: error }, "lease not released"),
    );
    await driver.close();
  }

  /** Why the node should get no clients just now; empty when it should. */
  get impediments(): string[] {
    return [
      ...(this.#options.driver.ready ? [] : ["redis is not connected"]),
      ...(this.#subscribed ? [] : ["not subscribed to the cluster"]),
      ...(this.#probe.deaf ? ["what is published does not arrive"] : []),
      ...(this.#lease.held ? [] : ["the node's lease is not held"]),
    ];
  }

  /**
   * Lets a session of this node into a place. Nobody is let in before what is sent to them can arrive, or the
   * others could notice that this node has died.
   *
   * @throws RedisUnavailable within a second. If it may have happened, `dismiss` must follow; at once will do.
   */
  async admit(place: Place, member: Member, sessionId: string, rules: AdmissionRules): Promise<Admission> {
    if (!this.#subscribed)
      await withDeadline(this.join()).catch(() => {
        throw new RedisUnavailable("not subscribed to the cluster yet", false);
      });
    const admitting = this.#rooms.admit(place, member, sessionId, rules);
    return withDeadline(admitting).then(
      (admission) => {
        if (admission.outcome === "admitted") this.#rooms.held.note(place, admission.version);
        return admission;
      },
      (error: unknown) => {
        // Too late for the newcomer, who is turned away; but whoever was displaced must know.
        admitting.then(
          (late) => {
            if (late.outcome === "admitted" && late.displaced !== undefined)
              this.displace(late.displaced, place);
          },
          () => {},
        );
        throw error;
      },
    );
  }

  /** As `Rooms.dismiss`. */
  async dismiss(place: Place, userId: string, sessionId: string, announced: boolean): Promise<Dismissal> {
    const member = this.#rooms.held.in(place).get(sessionId)?.member;
    const dismissal = await this.#rooms.dismiss(place, userId, sessionId, announced);
    if (announced && dismissal.outcome === "announced" && member !== undefined)
      this.#removals.ensureAnnounced(place, member, sessionId);
    if (announced) this.#rooms.held.note(place, dismissal.version);
    else if (dismissal.outcome === "left") this.#doubt(place);
    return dismissal;
  }

  /**
   * Who is in a place. Members of nodes that have died are left out even before they are reaped, as soon as a
   * missing lease means that: right after an outage it may only mean that its node was slower to come back.
   *
   * @throws RedisUnavailable within a second; also when Redis has lost members that this node knows to be there.
   */
  roster(place: Place): Promise<VersionedRoster> {
    const { nodeId } = this.#options;
    return withDeadline(
      readRoster(place, {
        rooms: this.#rooms,
        nodeId,
        mayJudge: () => this.#lease.settled,
        lost: () => this.#reassertion.request(),
      }),
    );
  }

  /** Every room that anyone is in. @throws RedisUnavailable within a second. */
  rooms(): Promise<Place[]> {
    return withDeadline(this.#rooms.list());
  }

  /** As Redis holds it: members of a node that has just died are still counted. */
  countMembers(place: Place): Promise<number> {
    return withDeadline(this.#rooms.count(place));
  }

  /** Tells a session, wherever it is, that a newer one has its place. */
  displace(address: string, place: Place): void {
    const { nodeId, sessionId } = parseAddress(address);
    if (nodeId === this.#options.nodeId) this.#events.replaced(place, sessionId);
    else this.#messenger.tell(nodeId, { kind: "replaced", sessionId, place });
  }

  /**
   * Takes a member out of a place, and has everyone concerned told, however long it takes; false if the user was not
   * there.
   *
   * @param by - the host who does it; "" if it is no member.
   * @param bannedMs - for how long the user cannot come back; 0 changes nothing about that.
   * @throws RedisUnavailable
   */
  kick(place: Place, userId: string, by: string, bannedMs: number): Promise<boolean> {
    return this.#removals.kick(place, userId, by, bannedMs);
  }

  /** Lets a user back into a place who was taken out of it; false if nothing kept it out. @throws RedisUnavailable */
  liftBan(place: Place, userId: string): Promise<boolean> {
    return this.#removals.liftBan(place, userId);
  }

  /** Takes everyone out of a place, and has them told; returns how many there were. @throws RedisUnavailable */
  end(place: Place, by: string): Promise<number> {
    return this.#removals.end(place, by);
  }

  /** Locks a place to those who are in it, or unlocks it; false if nobody is. @throws RedisUnavailable */
  lock(place: Place, locked: boolean): Promise<boolean> {
    return this.#rooms.lock(place, locked);
  }

  /**
   * Has every node look at a place where somebody was a member of whom nobody was told: it was on lists, and may
   * have displaced a session that does not know.
   */
  #doubt(place: Place): void {
    this.#messenger.tellEveryone({ kind: "doubt", place });
  }

  async #takePart(): Promise<void> {
    const { driver, log } = this.#options;
    driver.onRestored(() => void this.#lease.renewAfterLoss().then(() => this.#reassertion.request()));
    await driver.connect();
    await Promise.all([this.#inbox.subscribe(), this.adapter.subscribe()]);
    await this.#lease.take();
    this.#subscribed = true;
    if (driver.remote) {
      this.#probe.start();
      this.#reaper.start();
      this.#reassertion.start();
    }
    log.info({ store: driver.description }, "ready");
  }

  /** What is left of this node in Redis, such as members who could not be dismissed, is the reaper's. */
  async #resign(): Promise<void> {
    const { driver, nodeId } = this.#options;
    const isEmpty = [...this.#rooms.held.places].length === 0 && !this.#removals.hasUnsettled;
    await Promise.all([
      ...(isEmpty ? [driver.removeFromSet(nodesKey, nodeId), driver.delete(nodeRoomsKey(nodeId))] : []),
      this.#lease.release(),
    ]);
  }

  /** Whether Redis still holds what it was told: a node whose lease is missing knows that it does not. */
  async #isLossExcluded(): Promise<boolean> {
    const { nodeId } = this.#options;
    if (!this.#lease.recovering && !(await this.#rooms.isAlive(nodeId))) await this.#lease.renew();
    return !this.#lease.recovering;
  }
}
