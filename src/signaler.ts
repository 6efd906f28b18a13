/**
 * One node, put together: the meeting in the middle, Redis behind it, Socket.IO and HTTP in front. Everything
 * that a part needs from outside comes in here.
 */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { performance } from "node:perf_hooks";
import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "pino";
import { createBroadcastAdapter } from "./cluster/adapter.js";
import { withDeadline } from "./cluster/deadline.js";
import type { Driver } from "./cluster/driver.js";
import { encodeFrame } from "./cluster/frames.js";
import { Inbox } from "./cluster/inbox.js";
import { inboxChannel, parseAddress } from "./cluster/keys.js";
import { Lease } from "./cluster/lease.js";
import { Outbox } from "./cluster/outbox.js";
import { Rooms } from "./cluster/rooms.js";
import type { Config } from "./config/settings.js";
import { SocketGateway } from "./gateway/socket-gateway.js";
import { LocalMembers } from "./meeting/local-members.js";
import { Meeting } from "./meeting/meeting.js";
import { Membership } from "./meeting/membership.js";
import { Relay } from "./meeting/relay.js";
import { createLog } from "./operations/log.js";
import { Metrics } from "./operations/metrics.js";
import { createOperationsServer, type Readiness } from "./operations/operations-server.js";
import { failureEnvelope } from "./protocol/envelope.js";
import { type FailureCode, SignalingFailure } from "./protocol/failures.js";
import type { Place } from "./protocol/place.js";

export interface Signaler {
  readonly nodeId: string;
  readonly log: Logger;
  /** Where it listens, as somebody on this machine would write it. */
  readonly url: string;
  /** Where its state is, for people; holds no secret. */
  readonly store: string;
  /** Resolves when the node is ready for the first time: connected, subscribed and with its lease. */
  readonly ready: Promise<void>;
  /** Sends the clients away to other nodes, tells the rooms, and stops. Safe to call again. */
  close(): Promise<void>;
}

/** What a node takes from its surroundings; the defaults are the real ones. */
export interface Surroundings {
  /** Made with the configuration's `redisUrl` by default. */
  readonly driver?: Driver;
  readonly log?: Logger;
  /** Milliseconds on a clock that never goes back. @default performance.now */
  readonly now?: () => number;
  /** @default ten random characters */
  readonly nodeId?: string;
}

/**
 * Starts a node and resolves once it listens. Redis need not be there yet: until it is, `/readyz` says so and
 * clients are told to come again.
 *
 * @throws the listen error (such as EADDRINUSE).
 */
export async function startSignaler(config: Config, surroundings: Surroundings = {}): Promise<Signaler> {
  const nodeId = surroundings.nodeId ?? randomBytes(5).toString("hex");
  const now = surroundings.now ?? (() => performance.now());
  const log = surroundings.log ?? createLog(config.logLevel, nodeId);
  let subscribed = false;
  let closing: Promise<void> | undefined;

  const local = new LocalMembers();
  const metrics = new Metrics({
    connections: () => gateway.connectionCount,
    rooms: () => local.roomCount,
    members: () => local.memberCount,
  });
  const driver =
    surroundings.driver ??
    (await createDriver(config.redisUrl, nodeId, log, (command, ms) => metrics.redisCommand(command, ms)));

  const rooms = new Rooms(driver, nodeId);
  const lease = new Lease(driver, nodeId, config.leaseMs, now, log, () => membership.retryDepartures());
  const outbox = new Outbox(driver, nodeId, now);
  const adapter = createBroadcastAdapter(driver, log, () => metrics.broadcastDropped());
  const broadcast = (place: Place, payload: unknown) => gateway.broadcast(place, payload);

  const membership = new Membership(
    {
      register: {
        // Nobody is let in before what is sent to them can arrive.
        admit: async (...admission) => {
          if (!subscribed) await withDeadline(ready);
          return rooms.admit(...admission);
        },
        dismiss: (...dismissal) => rooms.dismiss(...dismissal),
      },
      local,
      broadcast,
      displace,
      onUnrecordedDeparture: (error) => {
        metrics.departureUnrecorded();
        log.debug({ err: error }, "departure not recorded");
      },
    },
    { capacity: config.roomCapacity, duplicates: config.duplicates, maxRooms: config.maxRooms },
  );

  const rejected = (failure: { code: FailureCode }, cause?: unknown) => {
    metrics.rejected(failure.code);
    if (failure.code === "internal") log.error({ err: cause }, "unexpected failure");
  };
  const meeting = new Meeting(
    {
      membership,
      relay: new Relay({ local, outbox }, config.scope),
      readRoster: (place) => rooms.roster(place),
      broadcast,
      onFailure: rejected,
      onRelayed: (event, outcome, path, ms) => metrics.relayed(event, outcome, path, ms),
      now,
    },
    { scope: config.scope, rosterEvent: config.rosterEvent },
  );

  const server = createOperationsServer(readiness, metrics);
  const gateway = new SocketGateway(server, meeting, {
    origins: config.origins,
    maxMessageBytes: config.maxMessageBytes,
    adapter: adapter.constructor,
    onRefused: rejected,
  });

  const inbox = new Inbox(
    driver,
    nodeId,
    {
      deliver(sessionId, encodedEvent) {
        const connection = gateway.session(sessionId)?.connection;
        if (!connection?.open) return false;
        connection.deliver(encodedEvent);
        return true;
      },
      receipt: (frame) => outbox.receive(frame),
      replaced: ({ sessionId, place }) => replaceHere(sessionId, place),
    },
    log,
  );

  function displace(address: string, place: Place): void {
    const displaced = parseAddress(address);
    if (displaced.nodeId === nodeId) {
      replaceHere(displaced.sessionId, place);
      return;
    }
    const frame = encodeFrame({ kind: "replaced", sessionId: displaced.sessionId, place });
    driver.publish(inboxChannel(displaced.nodeId), frame).catch((error: unknown) => {
      log.warn({ err: error, to: displaced.nodeId }, "a replaced session could not be told");
    });
  }

  function replaceHere(sessionId: string, place: Place): void {
    const session = gateway.session(sessionId);
    if (session !== undefined) membership.replace(session, place);
  }

  function readiness(): Readiness {
    const reasons = [
      ...(closing === undefined ? [] : ["closing"]),
      ...(driver.ready ? [] : ["redis is not connected"]),
      ...(subscribed ? [] : ["not subscribed to the cluster"]),
      ...(lease.held ? [] : ["the node's lease is not held"]),
    ];
    return {
      ready: reasons.length === 0,
      reasons,
      about: { node: nodeId, store: driver.description, auth: "open" },
    };
  }

  async function join(): Promise<void> {
    await driver.connect();
    await Promise.all([inbox.subscribe(), adapter.subscribe()]);
    subscribed = true;
    await lease.take();
    log.info({ store: driver.description }, "ready");
  }

  async function close(): Promise<void> {
    log.info({ connections: gateway.connectionCount }, "closing");
    const drained = gateway.endAll(failureEnvelope(new SignalingFailure("shutting_down"), "connect"));
    await Promise.race([
      drained.then(() => meeting.departed()),
      delay(config.drainMs, undefined, { ref: false }),
    ]);
    await lease.release().catch((error: unknown) => log.debug({ err: error }, "lease not released"));
    inbox.close();
    outbox.close();
    await gateway.close();
    await driver.close();
    log.info("closed");
  }

  server.listen(config.port, config.host);
  await once(server, "listening");
  const url = urlOf(config.host, (server.address() as AddressInfo).port);
  const ready = join();
  ready.catch((error: unknown) => {
    if (closing === undefined) log.error({ err: error }, "the node could not join its cluster");
  });

  return { nodeId, log, url, store: driver.description, ready, close: () => (closing ??= close()) };
}

function urlOf(host: string | undefined, port: number): string {
  const name = host === undefined || host === "0.0.0.0" || host === "::" ? "localhost" : host;
  return `http://${name.includes(":") ? `[${name}]` : name}:${port}`;
}

/** Loads only the driver that is asked for. An embedded node is called by its own id, so that it shares with none. */
async function createDriver(
  redisUrl: string | undefined,
  nodeId: string,
  log: Logger,
  observe: (command: string, ms: number) => void,
): Promise<Driver> {
  if (redisUrl === undefined) {
    const { EmbeddedDriver } = await import("./cluster/embedded-driver.js");
    return EmbeddedDriver.create(nodeId);
  }
  const { RedisDriver } = await import("./cluster/redis-driver.js");
  return new RedisDriver(redisUrl, log, observe);
}
