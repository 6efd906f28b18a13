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
  /** Reads a token; undefined where none are asked for. */
  readonly verifyToken: ((token: string) => Promise<Grant>) | undefined;
  readonly adapter: NonNullable<ServerOptions["adapter"]>;
  readonly onRefused: (failure: SignalingFailure, cause?: unknown) => void;
}

/** How long a client may take from connecting to naming itself, in milliseconds [P-47]. */
export const connectTimeoutMs = 5_000;
/** A frame of this many times the message limit is not even parsed [P-46]. */
const frameLimitFactor = 4;

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
  /** Connections that have named themselves. */
  readonly #named = new WeakSet<SignalerSocket["conn"]>();
  readonly #host: SessionHost;
  readonly #onRefused: GatewayOptions["onRefused"];
  readonly #verifyToken: GatewayOptions["verifyToken"];
  #ending = false;
  #onEmpty: (() => void) | undefined;

  constructor(server: HttpServer, host: SessionHost, options: GatewayOptions) {
    this.#server = server;
    this.#host = host;
    this.#onRefused = options.onRefused;
    this.#verifyToken = options.verifyToken;
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

  /** Who it is, and what it may do; resolves to the refusal, if it is refused [P-4]. */
  async #readHandshake(socket: SignalerSocket): Promise<Error | undefined> {
    const { conn } = socket;
    // One connection is one client: a second naming, or one after a goodbye, ends it [P-47].
    if (this.#named.has(conn)) {
      conn.close();
      return new Error("this connection has been named before");
    }
    this.#named.add(conn);
    try {
      const { query, auth } = socket.handshake;
      const grant = await this.#readGrant(query, auth);
      socket.data = { grant, handshake: parseHandshake(query, auth, grant) };
      return undefined;
    } catch (error) {
      this.#named.delete(conn);
      const failure = error instanceof SignalingFailure ? error : new SignalingFailure("internal");
      this.#onRefused(failure, failure === error ? undefined : error);
      return Object.assign(new Error(failure.message), { data: failureEnvelope(failure, "connect") });
    }
  }

  async #readGrant(query: Fields, auth: Fields): Promise<Grant> {
    if (this.#verifyToken === undefined) return openGrant;
    const token = parseToken(query, auth);
    if (token === undefined) throw new SignalingFailure("token_required");
    return this.#verifyToken(token);
  }

  #open(socket: SignalerSocket): void {
    const { handshake, grant } = socket.data;
    const session = new Session(socket.id, handshake, grant, new SocketConnection(socket));
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
