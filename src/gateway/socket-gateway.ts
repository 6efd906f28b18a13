/**
 * The Socket.IO server: turns connections into sessions and their packets into events for the meeting.
 */
import type { Server as HttpServer, IncomingMessage } from "node:http";
import { type DefaultEventsMap, Server, type ServerOptions, type Socket } from "socket.io";
import { type Grant, openGrant } from "../access/grant.js";
import { rosterKey } from "../cluster/keys.js";
import { Session } from "../meeting/session.js";
import { type Envelope, failureEnvelope } from "../protocol/envelope.js";
import { type FailureCode, SignalingFailure } from "../protocol/failures.js";
import { type Handshake, parseHandshake, parseToken } from "../protocol/identifiers.js";
import type { Place } from "../protocol/place.js";
import { Backlog } from "./backlog.js";
import { ClientAddresses } from "./client-address.js";
import { ConnectionLimits, type ConnectionRules } from "./connection-limits.js";
import { createParser } from "./packet-decoder.js";
import { SocketConnection } from "./socket-connection.js";
import { type RateLimit, TokenBucket } from "./token-bucket.js";
import { guardUpgrades } from "./upgrades.js";
import { cut, hangUp } from "./web-socket.js";

/** Who gets the sessions and what they send; the meeting does. */
export interface SessionHost {
  open(session: Session, roomId: string | undefined): void;
  receive(session: Session, event: unknown, args: unknown[]): void;
  /** The client may not send this now. */
  refuse(session: Session, event: unknown, args: unknown[], failure: SignalingFailure): void;
  close(session: Session): void;
}

export interface GatewayOptions {
  /** Origins of pages that may connect, or `*` for any. Clients that send no Origin are no pages. */
  readonly origins: readonly string[];
  /** Largest message that is taken in, in bytes; a frame of four times as much ends the connection. */
  readonly maxMessageBytes: number;
  /** What a connection may send; undefined for no bound. */
  readonly messageRate: RateLimit | undefined;
  readonly connections: ConnectionRules;
  /** How long a client may take from connecting to naming itself, in milliseconds [P-47]. */
  readonly handshakeMs: number;
  /** What may wait for a client to read it, in bytes [P-48]. */
  readonly maxQueuedBytes: number;
  /** Whose X-Forwarded-For is believed. */
  readonly trustedProxies: readonly string[];
  /** Reads a token; undefined where none are asked for. */
  readonly verifyToken: ((token: string) => Promise<Grant>) | undefined;
  readonly adapter: NonNullable<ServerOptions["adapter"]>;
  readonly onRefused: (failure: SignalingFailure, cause?: unknown) => void;
  /** Milliseconds on a clock that never goes back. */
  readonly now: () => number;
}

/** Where clients connect [P-1]. */
const signalingPath = "/socket.io/";

/** A frame of this many times the message limit is not even parsed [P-46]. */
const frameLimitFactor = 4;

/** So many times more packets than events are taken, since events have been refused and ended before that. */
const packetsPerEvent = 4;

interface SocketData {
  readonly handshake: Handshake;
  readonly grant: Grant;
}
type SignalerServer = Server<DefaultEventsMap, DefaultEventsMap, DefaultEventsMap, SocketData>;
type SignalerSocket = Socket<DefaultEventsMap, DefaultEventsMap, DefaultEventsMap, SocketData>;
type Fields = Readonly<Record<string, unknown>>;

export class SocketGateway {
  readonly #server: HttpServer;
  readonly #io: SignalerServer;
  readonly #sessions = new Map<string, Session>();
  /** Connections that have named themselves, though they may have been refused, or were cut before. */
  readonly #settled = new WeakSet<SignalerSocket["conn"]>();
  readonly #host: SessionHost;
  readonly #options: GatewayOptions;
  readonly #addresses: ClientAddresses;
  readonly #limits: ConnectionLimits;
  readonly #backlog: Backlog;
  /** Where connections come from, as long as they last. */
  readonly #cameFrom = new WeakMap<SignalerSocket["conn"], string>();
  /** What clients are told when the node has begun to close. */
  #ending: Envelope | undefined;
  #onEmpty: (() => void) | undefined;

  constructor(server: HttpServer, host: SessionHost, options: GatewayOptions) {
    this.#server = server;
    this.#host = host;
    this.#options = options;
    this.#addresses = new ClientAddresses(options.trustedProxies);
    this.#limits = new ConnectionLimits(options.connections);
    this.#backlog = new Backlog(options.maxQueuedBytes, () => this.#refused("slow_reader"));
    const anyOrigin = options.origins.includes("*");
    this.#io = new Server(server, {
      path: signalingPath,
      // It would leave them open, and their errors unheard, for a second.
      destroyUpgrade: false,
      adapter: options.adapter,
      parser: createParser(options.maxMessageBytes),
      maxHttpBufferSize: options.maxMessageBytes * frameLimitFactor,
      connectTimeout: options.handshakeMs,
      httpCompression: false,
      cors: { origin: anyOrigin ? "*" : [...options.origins] },
      // CORS does not apply to WebSocket: the server has to look for itself [P-2].
      allowRequest: (request, decide) => {
        void this.#refusalOf(request, anyOrigin ? undefined : options.origins).then((refusal) => {
          if (refusal !== undefined) this.#refused(refusal);
          decide(refusal ?? null, refusal === undefined);
        });
      },
    });
    guardUpgrades(server, signalingPath);
    this.#io.engine.on("connection", (conn: SignalerSocket["conn"]) => this.#accept(conn));
    this.#io.engine.on("flush", (conn: SignalerSocket["conn"]) => this.#backlog.flushed(conn));
    this.#io.use((socket, next) => void this.#readHandshake(socket).then(next));
    this.#io.on("connection", (socket) => this.#open(socket));
  }

  get connectionCount(): number {
    return this.#io.engine.clientsCount;
  }

  session(sessionId: string): Session | undefined {
    return this.#sessions.get(sessionId);
  }

  /** Emits the event `msg` with this payload to everyone in the room, on every node. */
  broadcast(place: Place, payload: Envelope | unknown): void {
    this.#io.to(rosterKey(place)).emit("msg", payload);
  }

  /** As `broadcast`, to those on this node alone. */
  broadcastHere(place: Place, envelope: Envelope): void {
    this.#io.local.to(rosterKey(place)).emit("msg", envelope);
  }

  /**
   * Takes no more connections, tells every client why [P-14] and ends its connection in such a way that it comes back by itself, to another
   * node. Resolves when the last one is gone.
   */
  async endAll(reason: Envelope): Promise<void> {
    this.#ending = reason;
    for (const session of this.#sessions.values()) {
      session.connection.send(reason);
      session.connection.end("retry");
    }
    if (this.#sessions.size > 0) await new Promise<void>((resolve) => (this.#onEmpty = resolve));
  }

  /** Cuts what is left. The HTTP server closes with it. */
  async close(): Promise<void> {
    const closed = this.#io.close();
    this.#server.closeAllConnections();
    await closed;
  }

  /** Decides on every handshake request, before anything is kept of it. */
  async #refusalOf(
    request: IncomingMessage,
    origins: readonly string[] | undefined,
  ): Promise<FailureCode | undefined> {
    if (this.#ending !== undefined) return "shutting_down";
    const address = this.#addresses.of(request);
    const { origin } = request.headers;
    if (origin !== undefined && origins !== undefined && !origins.includes(origin)) {
      await this.#limits.failed(address);
      return "origin_refused";
    }
    return this.#limits.refusalOf(address);
  }

  /** Watches a connection from its first moment, before it has said who it is. */
  #accept(conn: SignalerSocket["conn"]): void {
    const address = this.#addresses.of(conn.request);
    if (address !== undefined) {
      this.#cameFrom.set(conn, address);
      this.#limits.opened(address);
    }
    this.#backlog.watch(conn);
    this.#guard(conn);
    conn.once("close", (reason: string) => {
      hangUp(conn);
      if (address !== undefined) this.#limits.closed(address);
      const tooLate = reason === "forced close" && !this.#settled.has(conn) && this.#ending === undefined;
      if (tooLate) this.#failed(conn, new SignalingFailure("handshake_timeout"));
    });
    // Those that were decided on side by side did not see each other.
    if (address !== undefined && this.#limits.hasTooMany(address)) {
      this.#refused("too_many_connections");
      this.#settled.add(conn);
      cut(conn);
    }
  }

  /** Cuts who floods with packets that are no events: events are counted by themselves, and answered. */
  #guard(conn: SignalerSocket["conn"]): void {
    const { messageRate, now } = this.#options;
    if (messageRate === undefined) return;
    const { rate, burst } = messageRate;
    const packets = new TokenBucket({ rate: packetsPerEvent * rate, burst: packetsPerEvent * burst }, now());
    conn.on("packet", () => {
      if (packets.take(now()) === "allowed" || conn.readyState !== "open") return;
      this.#failed(conn, new SignalingFailure("flooding"));
      this.#settled.add(conn);
      cut(conn);
    });
  }

  #refused(code: FailureCode): void {
    this.#options.onRefused(new SignalingFailure(code));
  }

  /** Also counts against the address, if the client is to blame: whoever fails too often has to wait. */
  #failed(conn: SignalerSocket["conn"], failure: SignalingFailure, cause?: unknown): void {
    this.#options.onRefused(failure, cause);
    if (failure.meaning.status >= 500) return;
    void this.#limits.failed(this.#cameFrom.get(conn));
  }

  /** Who it is, and what it may do; resolves to the refusal, if it is refused [P-4]. */
  async #readHandshake(socket: SignalerSocket): Promise<Error | undefined> {
    const { conn } = socket;
    // One connection is one client: a second naming, or one after a goodbye, ends it [P-47].
    if (this.#settled.has(conn)) {
      conn.close();
      return new Error("this connection has been named before");
    }
    this.#settled.add(conn);
    try {
      const { query, auth } = socket.handshake;
      const grant = await this.#readGrant(query, auth);
      const handshake = parseHandshake(query, auth, grant);
      if (!this.#limits.hasRoomFor(handshake.userId))
        throw new SignalingFailure("too_many_connections", { limit: "user" });
      socket.data = { grant, handshake };
      return undefined;
    } catch (error) {
      const failure = error instanceof SignalingFailure ? error : new SignalingFailure("internal");
      this.#failed(conn, failure, failure === error ? undefined : error);
      return Object.assign(new Error(failure.message), { data: failureEnvelope(failure, "connect") });
    }
  }

  async #readGrant(query: Fields, auth: Fields): Promise<Grant> {
    const { verifyToken } = this.#options;
    if (verifyToken === undefined) return openGrant;
    const token = parseToken(query, auth);
    if (token === undefined) throw new SignalingFailure("token_required");
    return verifyToken(token);
  }

  #open(socket: SignalerSocket): void {
    const { handshake, grant } = socket.data;
    const session = new Session(socket.id, handshake, grant, new SocketConnection(socket));
    releaseHandshake(socket);
    if (this.#ending !== undefined) {
      // Its token was being checked when the others were sent away.
      session.connection.send(this.#ending);
      session.connection.end("retry");
      return;
    }
    this.#sessions.set(session.id, session);
    this.#limits.entered(session.userId);
    this.#listen(socket, session);
    socket.on("disconnect", (reason) => {
      this.#sessions.delete(session.id);
      this.#limits.left(session.userId);
      this.#host.close(session);
      // Whoever says goodbye and stays can do nothing any more [P-47].
      if (reason === "client namespace disconnect") socket.conn.close();
      if (this.#sessions.size === 0) this.#onEmpty?.();
    });
    this.#host.open(session, handshake.roomId);
  }

  /** One listener for whatever comes, so that unknown events are answered like all others. */
  #listen(socket: SignalerSocket, session: Session): void {
    const { messageRate, now } = this.#options;
    const events = messageRate && new TokenBucket(messageRate, now());
    socket.onAny((event: unknown, ...args: unknown[]) => {
      const verdict = events?.take(now()) ?? "allowed";
      if (verdict === "allowed") {
        this.#host.receive(session, event, args);
      } else if (verdict === "refused") {
        const retryAfterMs = events?.waitMs ?? 0;
        this.#host.refuse(session, event, args, new SignalingFailure("rate_limited", { retryAfterMs }));
      } else if (!session.ended) {
        this.#host.refuse(session, event, args, new SignalingFailure("flooding"));
        void this.#limits.failed(this.#cameFrom.get(socket.conn));
        session.connection.end("final");
      }
    });
  }
}

/** Socket.IO keeps the HTTP request and its headers with each connection for as long as it lasts: kilobytes. */
function releaseHandshake(socket: SignalerSocket): void {
  const released = socket as { data: unknown; handshake: unknown };
  released.data = {};
  released.handshake = {};
  if (socket.conn.transport.name === "websocket") (socket.conn as { request: unknown }).request = null;
}
