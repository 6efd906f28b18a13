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
import { issueIceServers } from "./access/ice-servers.js";
import { TokenVerifier } from "./access/token-verifier.js";
import { Cluster } from "./cluster/cluster.js";
import type { Driver } from "./cluster/driver.js";
import type { Config } from "./config/settings.js";
import { SocketGateway } from "./gateway/socket-gateway.js";
import { LocalMembers } from "./meeting/local-members.js";
import { Meeting } from "./meeting/meeting.js";
import { Membership } from "./meeting/membership.js";
import { Moderation } from "./meeting/moderation.js";
import { Relay } from "./meeting/relay.js";
import { asList } from "./meeting/roster.js";
import { AdminApi } from "./operations/admin-api.js";
import { createLog } from "./operations/log.js";
import { Metrics } from "./operations/metrics.js";
import { createOperationsServer } from "./operations/operations-server.js";
import { builtPage, Page } from "./operations/page.js";
import { failureEnvelope, rosterNotice } from "./protocol/envelope.js";
import { SignalingFailure } from "./protocol/failures.js";
import { isLobby, type Place } from "./protocol/place.js";

export interface Signaler {
  readonly nodeId: string;
  readonly log: Logger;
  /** Where it listens, as somebody on this machine would write it. */
  readonly url: string;
  /** Where its state is, for people; holds no secret. */
  readonly store: string;
  /** Whether anyone may connect, or those with a token. */
  readonly auth: Config["auth"];
  /** Whether it has the meeting page, at `url`. */
  readonly hasPage: boolean;
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
  /** Milliseconds since 1970. @default Date.now */
  readonly epochNow?: () => number;
  /** From 0 to 1. @default Math.random */
  readonly random?: () => number;
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
  const epochNow = surroundings.epochNow ?? (() => Date.now());
  const random = surroundings.random ?? Math.random;
  const log = surroundings.log ?? createLog(config.logLevel, nodeId);
  let closing: Promise<void> | undefined;

  const { jwtSecret: secret, jwksUrl, jwtIssuer: issuer, jwtAudience: audience } = config;
  const onKeys = (error: unknown) =>
    error === undefined
      ? log.warn("the keys that tokens are checked with can be fetched again")
      : log.warn({ err: error }, "the keys that tokens are checked with cannot be fetched");
  const verifier =
    config.auth === "token"
      ? new TokenVerifier({ secret, jwksUrl, issuer, audience }, { onKeys, now, epochNow })
      : undefined;
  const verifyToken = verifier && ((token: string) => verifier.verify(token));

  const local = new LocalMembers();
  const metrics = new Metrics({
    connections: () => gateway.connectionCount,
    rooms: () => local.roomCount,
    members: () => local.memberCount,
  });
  const driver =
    surroundings.driver ??
    (await createDriver(config.redisUrl, nodeId, log, (command, ms) => metrics.redisCommand(command, ms)));

  const cluster = new Cluster(
    { driver, nodeId, leaseMs: config.leaseMs, now, random, log },
    {
      deliver(sessionId, encodedEvent) {
        const connection = gateway.session(sessionId)?.connection;
        if (!connection?.open) return false;
        connection.deliver(encodedEvent);
        return true;
      },
      replaced(place, sessionId) {
        const session = gateway.session(sessionId);
        if (session !== undefined) membership.replace(session, place);
      },
      superseded(_place, sessionId) {
        const session = gateway.session(sessionId);
        if (session !== undefined) membership.supersede(session);
      },
      removed(removal, sessionId) {
        const session = gateway.session(sessionId);
        if (session !== undefined) membership.remove(session, removal);
      },
      returned: (place, member, version) => membership.announceReturned(place, member, version),
      reaped(place, reaped) {
        metrics.memberReaped();
        membership.announceReaped(place, reaped);
      },
      departed: (place, departed) => moderation.announceRemoved(place, departed),
      outdated(place, version, whose) {
        metrics.rosterOutdated(whose);
        if (isLobby(place)) return;
        const notice = rosterNotice(place, version);
        if (whose === "ours") gateway.broadcastHere(place, notice);
        else gateway.broadcast(place, notice);
      },
      answering: () => membership.retryDepartures(),
      broadcastDropped: () => metrics.broadcastDropped(),
      lag: (ms) => metrics.lag(ms),
    },
  );

  const broadcast = (place: Place, payload: unknown) => gateway.broadcast(place, payload);
  const membership = new Membership(
    {
      register: cluster,
      local,
      broadcast,
      displace: (address, place) => cluster.displace(address, place),
      onUnrecordedDeparture: (error) => {
        metrics.departureUnrecorded();
        log.debug({ err: error }, "departure not recorded");
      },
    },
    { capacity: config.roomCapacity, duplicates: config.duplicates, maxRooms: config.maxRooms },
  );
  const moderation = new Moderation({ cluster, broadcast }, config.kickMs);
  const onFailure = (failure: SignalingFailure, cause?: unknown) => {
    metrics.rejected(failure.code);
    if (failure.code === "internal") log.error({ err: cause }, "unexpected failure");
  };
  const meeting = new Meeting(
    {
      membership,
      moderation,
      relay: new Relay({ local, outbox: cluster.outbox }, config.scope),
      verifyToken,
      issueIceServers: (userId, until) => issueIceServers(config, userId, epochNow(), until),
      readRoster: (place) => cluster.roster(place),
      broadcast,
      onFailure,
      onRelayed: (event, outcome, path, ms) => metrics.relayed(event, outcome, path, ms),
      now,
      epochNow,
    },
    { nodeId, scope: config.scope, rosterEvent: config.rosterEvent },
  );

  const admin =
    config.adminSecret === undefined
      ? undefined
      : new AdminApi(
          {
            rooms: () => cluster.rooms(),
            countMembers: (place) => cluster.countMembers(place),
            roster: (place) => cluster.roster(place),
            asList,
            moderation,
            onAnswered: (status) => metrics.adminRequest(status),
            onError: (error) => log.error({ err: error }, "unexpected failure of the admin API"),
          },
          config.adminSecret,
        );
  const readiness = () => {
    const reasons = [...(closing === undefined ? [] : ["closing"]), ...cluster.impediments];
    return { reasons, about: { node: nodeId, store: driver.description, auth: config.auth } };
  };
  const page = config.page === "on" ? await Page.load(builtPage) : undefined;
  const server = createOperationsServer({ readiness, metrics, admin, page, headersMs: config.handshakeMs });
  const gateway = new SocketGateway(server, meeting, {
    origins: config.origins,
    maxMessageBytes: config.maxMessageBytes,
    messageRate:
      config.messageRate === 0 ? undefined : { rate: config.messageRate, burst: config.messageBurst },
    connections: config,
    handshakeMs: config.handshakeMs,
    maxQueuedBytes: config.maxQueuedBytes,
    trustedProxies: config.trustedProxies,
    verifyToken,
    adapter: cluster.adapter.create,
    onRefused: onFailure,
    now,
  });

  async function close(): Promise<void> {
    log.info({ connections: gateway.connectionCount }, "closing");
    const drained = gateway.endAll(failureEnvelope(new SignalingFailure("shutting_down"), "connect"));
    await Promise.race([
      drained.then(() => meeting.departed()),
      delay(config.drainMs, undefined, { ref: false }),
    ]);
    await gateway.close();
    await cluster.leave();
    log.info("closed");
  }

  try {
    server.listen(config.port, config.host);
    await once(server, "listening");
  } catch (error) {
    cluster.outbox.close();
    throw error;
  }
  const url = urlOf(config.host, (server.address() as AddressInfo).port);
  const ready = cluster.join();
  ready.catch((error: unknown) => {
    if (closing === undefined) log.error({ err: error }, "the node could not join its cluster");
  });

  const { auth } = config;
  const hasPage = page !== undefined;
  const store = driver.description;
  return { nodeId, log, url, store, auth, hasPage, ready, close: () => (closing ??= close()) };
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
