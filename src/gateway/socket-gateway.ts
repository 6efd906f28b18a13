/**
 * The Socket.IO server: turns connections into sessions and their packets into events for the meeting.
 */
import type { Server as HttpServer } from "node:http";
import { type DefaultEventsMap, Server, type ServerOptions, type Socket } from "socket.io";
import { rosterKey } from "../cluster/keys.js";
import { Session } from "../meeting/session.js";
import type { Envelope } from "../protocol/envelope.js";
import type { SignalingFailure } from "../protocol/failures.js";
import type { Place } from "../protocol/place.js";
import { type Admitted, Gatekeeper, type GatekeeperOptions } from "./gatekeeper.js";
import { createParser, RefusedPayload } from "./packet-decoder.js";
import { SocketConnection } from "./socket-connection.js";
import { guardUpgrades } from "./upgrades.js";
import type { EngineConnection } from "./web-socket.js";
import { webSocketServer } from "./web-socket-server.js";

/** Who gets the sessions and what they send; the meeting does. */
export interface SessionHost {
  open(session: Session, roomId: string | undefined): void;
  receive(session: Session, event: unknown, args: unknown[]): void;
  /** This event of the client's is not taken in. */
  refuse(session: Session, event: unknown, args: unknown[], failure: SignalingFailure): void;
  close(session: Session): void;
}

export interface GatewayOptions extends GatekeeperOptions {
  /** Largest message that is taken in, in bytes; a frame of four times as much ends the connection. */
  readonly maxMessageBytes: number;
  /** How long a client may take from connecting to naming itself, in milliseconds [P-47]. */
  readonly handshakeMs: number;
  readonly adapter: NonNullable<ServerOptions["adapter"]>;
}

/** Where clients connect [P-1]. */
const signalingPath = "/socket.io/";

/** A frame of this many times the message limit is not even parsed [P-46]. */
const frameLimitFactor = 4;

/** Engine.IO has the query parsed by then. */
interface EngineRequest {
  readonly _query: Readonly<Record<string, unknown>>;
}

type SignalerServer = Server<DefaultEventsMap, DefaultEventsMap, DefaultEventsMap, Admitted>;
type SignalerSocket = Socket<DefaultEventsMap, DefaultEventsMap, DefaultEventsMap, Admitted>;

export class SocketGateway {
  readonly #server: HttpServer;
  readonly #io: SignalerServer;
  readonly #sessions = new Map<string, Session>();
  readonly #host: SessionHost;
  readonly #gatekeeper: Gatekeeper;
  /** What clients are told when the node has begun to close. */
  #ending: Envelope | undefined;
  #onEmpty: (() => void) | undefined;

  constructor(server: HttpServer, host: SessionHost, options: GatewayOptions) {
    this.#server = server;
    this.#host = host;
    this.#gatekeeper = new Gatekeeper(options);
    this.#io = new Server(server, {
      path: signalingPath,
      // It would leave them open, and their errors unheard, for a second.
      destroyUpgrade: false,
      adapter: options.adapter,
      parser: createParser(options),
      maxHttpBufferSize: options.maxMessageBytes * frameLimitFactor,
      wsEngine: webSocketServer((socket, request) => this.#gatekeeper.watchWebSocket(socket, request)),
      connectTimeout: options.handshakeMs,
      httpCompression: false,
      cors: { origin: options.origins.includes("*") ? "*" : [...options.origins] },
      allowRequest: (request, decide) => {
        void this.#gatekeeper
          .refusalOf(request)
          .then((refusal) => decide(refusal ?? null, refusal === undefined));
      },
    });
    guardUpgrades(server, signalingPath);
    // A page of any origin could read the answers to JSONP: they are scripts [P-1].
    this.#io.engine.use((request: EngineRequest, _response: unknown, next: (error?: Error) => void) =>
      next("j" in request._query ? new Error("JSONP is not served") : undefined),
    );
    this.#io.engine.on("connection", (conn: EngineConnection) => this.#gatekeeper.watch(conn));
    this.#io.engine.on("flush", (conn: EngineConnection) => this.#gatekeeper.flushed(conn));
    this.#io.use((socket, next) => {
      this.#gatekeeper.admit(socket).then((admitted) => {
        socket.data = admitted;
        next();
      }, next);
    });
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
   * Takes no more connections, tells every client why [P-14] and ends its connection in such a way that it comes
   * back by itself, to another node. Resolves when the last one is gone.
   */
  async endAll(reason: Envelope): Promise<void> {
    this.#ending = reason;
    this.#gatekeeper.close();
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
    this.#gatekeeper.entered(session.userId);
    this.#listen(socket, session);
    socket.on("disconnect", (reason) => {
      this.#sessions.delete(session.id);
      this.#gatekeeper.left(session.userId);
      this.#host.close(session);
      // Whoever says goodbye and stays can do nothing any more [P-47].
      if (reason === "client namespace disconnect") socket.conn.close();
      if (this.#sessions.size === 0) this.#onEmpty?.();
    });
    this.#host.open(session, handshake.roomId);
  }

  /** One listener for whatever comes, so that unknown events are answered like all others. */
  #listen(socket: SignalerSocket, session: Session): void {
    socket.onAny((event: unknown, ...args: unknown[]) => {
      const [payload] = args;
      if (!(payload instanceof RefusedPayload)) {
        this.#host.receive(session, event, args);
      } else if (!session.ended) {
        this.#host.refuse(session, event, args, payload.failure);
        if (payload.failure.code !== "flooding") return;
        this.#gatekeeper.blame(socket.conn);
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
