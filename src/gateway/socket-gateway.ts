/**
 * The Socket.IO server: turns connections into sessions and their packets into events for the meeting.
 */
import type { Server as HttpServer, IncomingMessage } from "node:http";
import { type DefaultEventsMap, Server, type ServerOptions, type Socket } from "socket.io";
import { rosterKey } from "../cluster/keys.js";
import { Session } from "../meeting/session.js";
import { type Envelope, failureEnvelope } from "../protocol/envelope.js";
import { type FailureCode, SignalingFailure } from "../protocol/failures.js";
import { type Handshake, parseHandshake } from "../protocol/identifiers.js";
import type { Place } from "../protocol/place.js";
import { createParser } from "./packet-decoder.js";
import { SocketConnection } from "./socket-connection.js";

/** Who gets the sessions and what they send; the meeting does. */
export interface SessionHost {
  open(session: Session, roomId: string | undefined): void;
  receive(session: Session, event: unknown, args: unknown[]): void;
  close(session: Session): void;
}

export interface GatewayOptions {
  /** Origins of pages that may connect, or `*` for any. Clients that send no Origin are no pages. */
  readonly origins: readonly string[];
  /** Largest message that is taken in, in bytes; a frame of four times as much ends the connection. */
  readonly maxMessageBytes: number;
  readonly adapter: NonNullable<ServerOptions["adapter"]>;
  readonly onRefused: (failure: SignalingFailure) => void;
}

/** How long a client may take from connecting to naming itself, in milliseconds [P-47]. */
export const connectTimeoutMs = 5_000;
/** A frame of this many times the message limit is not even parsed [P-46]. */
const frameLimitFactor = 4;

type SignalerServer = Server<DefaultEventsMap, DefaultEventsMap, DefaultEventsMap, { handshake: Handshake }>;
type SignalerSocket = Socket<DefaultEventsMap, DefaultEventsMap, DefaultEventsMap, { handshake: Handshake }>;

export class SocketGateway {
  readonly #server: HttpServer;
  readonly #io: SignalerServer;
  readonly #sessions = new Map<string, Session>();
  /** Connections that have named themselves. */
  readonly #named = new WeakSet<SignalerSocket["conn"]>();
  readonly #host: SessionHost;
  readonly #onRefused: GatewayOptions["onRefused"];
  #ending = false;
  #onEmpty: (() => void) | undefined;

  constructor(server: HttpServer, host: SessionHost, options: GatewayOptions) {
    this.#server = server;
    this.#host = host;
    this.#onRefused = options.onRefused;
    const anyOrigin = options.origins.includes("*");
    this.#io = new Server(server, {
      adapter: options.adapter,
      parser: createParser(options.maxMessageBytes),
      maxHttpBufferSize: options.maxMessageBytes * frameLimitFactor,
      connectTimeout: connectTimeoutMs,
      httpCompression: false,
      cors: { origin: anyOrigin ? "*" : [...options.origins] },
      // CORS does not apply to WebSocket: the server has to look for itself [P-2].
      allowRequest: (request, decide) => {
        const refusal = this.#refusalOf(request, anyOrigin ? undefined : options.origins);
        if (refusal !== undefined) this.#onRefused(new SignalingFailure(refusal));
        decide(refusal ?? null, refusal === undefined);
      },
    });
    this.#io.use((socket, next) => next(this.#readHandshake(socket)));
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
    this.#ending = true;
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
  #refusalOf(request: IncomingMessage, origins: readonly string[] | undefined): FailureCode | undefined {
    if (this.#ending) return "shutting_down";
    const { origin } = request.headers;
    return origin === undefined || origins === undefined || origins.includes(origin)
      ? undefined
      : "origin_refused";
  }

  /** [P-4] */
  #readHandshake(socket: SignalerSocket): Error | undefined {
    // One connection is one client: a second naming, or one after a goodbye, ends it [P-47].
    if (this.#named.has(socket.conn)) {
      socket.conn.close();
      return new Error("this connection has been named before");
    }
    try {
      socket.data.handshake = parseHandshake(socket.handshake.query, socket.handshake.auth);
      this.#named.add(socket.conn);
      return undefined;
    } catch (error) {
      if (!(error instanceof SignalingFailure)) throw error;
      this.#onRefused(error);
      return Object.assign(new Error(error.message), { data: failureEnvelope(error, "connect") });
    }
  }

  #open(socket: SignalerSocket): void {
    const { handshake } = socket.data;
    const session = new Session(socket.id, handshake, new SocketConnection(socket));
    releaseHandshake(socket);
    this.#sessions.set(session.id, session);
    // One listener for whatever comes, so that unknown events are answered like all others.
    socket.onAny((event: unknown, ...args: unknown[]) => this.#host.receive(session, event, args));
    socket.on("disconnect", () => {
      this.#sessions.delete(session.id);
      this.#host.close(session);
      if (this.#sessions.size === 0) this.#onEmpty?.();
    });
    this.#host.open(session, handshake.roomId);
  }
}

/** Socket.IO keeps the HTTP request and its headers with each connection for as long as it lasts: kilobytes. */
function releaseHandshake(socket: SignalerSocket): void {
  const released = socket as { data: unknown; handshake: unknown };
  released.data = {};
  released.handshake = {};
  if (socket.conn.transport.name === "websocket") (socket.conn as { request: unknown }).request = null;
}
