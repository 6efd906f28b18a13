/**
 * What the node tells Prometheus. Labels come from fixed lists; no room or user is ever one.
 */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { Outcome } from "../cluster/outbox.js";
import { type AddressedEvent, addressedEvents } from "../protocol/events.js";
import type { FailureCode } from "../protocol/failures.js";

const outcomes = ["delivered", "offline", "unavailable", "unconfirmed"] as const satisfies Outcome[];

/** In seconds, from a tenth of a millisecond to what counts as failed. */
const latencyBuckets = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5];

/** How often the event loop's delay is sampled. The default, 10 ms, costs a tenth of a calm node's CPU. */
const eventLoopSamplingMs = 100;

/** Read when Prometheus asks. */
export interface Gauges {
  readonly connections: () => number;
  readonly rooms: () => number;
  readonly members: () => number;
}

export class Metrics {
  readonly #registry = new Registry();
  readonly #relayed: Record<AddressedEvent, Record<Outcome, Counter.Internal>>;
  readonly #relaySeconds: Record<"local" | "remote", Histogram.Internal<"path">>;
  readonly #redisSeconds: Histogram<"command">;
  readonly #rejections: Counter<"code">;
  readonly #broadcastsDropped: Counter;
  readonly #unrecordedDepartures: Counter;
  readonly #reapedMembers: Counter;
  readonly #outdatedRosters: Counter<"whose">;
  readonly #adminRequests: Counter<"status">;
  readonly #lagSeconds: Histogram;

  constructor(gauges: Gauges) {
    const registers = [this.#registry];
    collectDefaultMetrics({
      register: this.#registry,
      eventLoopMonitoringPrecision: eventLoopSamplingMs,
    });
    const gauge = (name: string, help: string, read: () => number) =>
      new Gauge({
        name,
        help,
        registers,
        collect() {
          this.set(read());
        },
      });
    gauge("signaler_connections", "Client connections on this node.", gauges.connections);
    gauge("signaler_rooms", "Rooms with a member on this node.", gauges.rooms);
    gauge("signaler_members", "Members on this node, once for each place that they are in.", gauges.members);

    const relayed = new Counter({
      name: "signaler_addressed_messages_total",
      help: "Addressed messages sent from this node, by event and by what became of them.",
      labelNames: ["event", "outcome"],
      registers,
    });
    const byOutcome = (event: string) =>
      Object.fromEntries(outcomes.map((outcome) => [outcome, relayed.labels({ event, outcome })]));
    this.#relayed = Object.fromEntries(
      Object.keys(addressedEvents).map((event) => [event, byOutcome(event)]),
    ) as Record<AddressedEvent, Record<Outcome, Counter.Internal>>;

    const relaySeconds = new Histogram({
      name: "signaler_relay_seconds",
      help: "From an addressed message's arrival to its outcome. Across nodes that is when its receipt comes, which for messages without an ack may wait up to a second.",
      labelNames: ["path"],
      buckets: latencyBuckets,
      registers,
    });
    // A series that is absent until its first message cannot be told from a node that is not scraped.
    for (const path of ["local", "remote"] as const) relaySeconds.zero({ path });
    this.#relaySeconds = {
      local: relaySeconds.labels({ path: "local" }),
      remote: relaySeconds.labels({ path: "remote" }),
    };
    this.#redisSeconds = new Histogram({
      name: "signaler_redis_command_seconds",
      help: "From a Redis command's issue to its reply, failures included.",
      labelNames: ["command"],
      buckets: latencyBuckets,
      registers,
    });
    this.#rejections = new Counter({
      name: "signaler_rejections_total",
      help: "Failures told to clients, by code.",
      labelNames: ["code"],
      registers,
    });
    this.#broadcastsDropped = new Counter({
      name: "signaler_broadcasts_dropped_total",
      help: "Room broadcasts that could not be published to other nodes.",
      registers,
    });
    this.#unrecordedDepartures = new Counter({
      name: "signaler_unrecorded_departures_total",
      help: "Members who left while Redis could not be told.",
      registers,
    });
    this.#reapedMembers = new Counter({
      name: "signaler_reaped_members_total",
      help: "Members of dead nodes that this node took off the rosters.",
      registers,
    });
    this.#outdatedRosters = new Counter({
      name: "signaler_outdated_rosters_total",
      help: "Times that clients were told to ask for a roster again: those on this node, or everyone in the room.",
      labelNames: ["whose"],
      registers,
    });
    this.#adminRequests = new Counter({
      name: "signaler_admin_requests_total",
      help: "Requests to the admin API, by the status they were answered with.",
      labelNames: ["status"],
      registers,
    });
    this.#lagSeconds = new Histogram({
      name: "signaler_pubsub_lag_seconds",
      help: "From publishing a probe on the node's own channel to its arrival.",
      buckets: latencyBuckets,
      registers,
    });
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  render(): Promise<string> {
    return this.#registry.metrics();
  }

  relayed(event: AddressedEvent, outcome: Outcome, path: "local" | "remote", ms: number): void {
    this.#relayed[event][outcome].inc();
    this.#relaySeconds[path].observe(ms / 1_000);
  }

  redisCommand(command: string, ms: number): void {
    this.#redisSeconds.observe({ command }, ms / 1_000);
  }

  rejected(code: FailureCode): void {
    this.#rejections.inc({ code });
  }

  broadcastDropped(): void {
    this.#broadcastsDropped.inc();
  }

  departureUnrecorded(): void {
    this.#unrecordedDepartures.inc();
  }

  memberReaped(): void {
    this.#reapedMembers.inc();
  }

  rosterOutdated(whose: "ours" | "everyone's"): void {
    this.#outdatedRosters.inc({ whose: whose === "ours" ? "node" : "room" });
  }

  adminRequest(status: number): void {
    this.#adminRequests.inc({ status: String(status) });
  }

  lag(ms: number): void {
    this.#lagSeconds.observe(ms / 1_000);
  }
}
