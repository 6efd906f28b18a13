/**
 * Who gets in, and who is cut: decides on every handshake, and watches every connection from its first moment to its
 * last.
 */
import type { IncomingMessage } from "node:http";
import type { Socket } from "socket.io";
import type { RawData, WebSocket } from "ws";
import { type Grant, openGrant } from "../access/grant.js";
import { failureEnvelope } from "../protocol/envelope.js";
import { type FailureCode, SignalingFailure } from "../protocol/failures.js";
import { type Handshake, parseHandshake, parseToken } from "../protocol/handshake.js";
import { Backlog } from "./backlog.js";
import { ClientAddresses } from "./client-address.js";
import { ConnectionLimits, type ConnectionRules } from "./connection-limits.js";
import { type RateLimit, TokenBucket } from "./token-bucket.js";
import { cut, type EngineConnection, hangUp } from "./web-socket.js";

export interface GatekeeperOptions {
  /** Origins of pages that may connect, or `*` for any. Clients that send no Origin are no pages. */
  readonly origins: readonly string[];
  /** What a connection may send; undefined for no bound. */
  readonly messageRate: RateLimit | undefined;
  readonly connections: ConnectionRules;
  /** What may wait for a client to read it, in bytes [P-48]. */
  readonly maxQueuedBytes: number;
  /** Whose X-Forwarded-For is believed. */
  readonly trustedProxies: readonly string[];
  /** Reads a token; undefined where none are asked for. */
  readonly verifyToken: ((token: string) => Promise<Grant>) | undefined;
  readonly onRefused: (failure: SignalingFailure, cause?: unknown) => void;
  /** Milliseconds on a clock that never goes back. */
  readonly now: () => number;
}

/** Who somebody is, and what they may do. */
export interface Admitted {
  readonly handshake: Handshake;
  readonly grant: Grant;
}

type Fields = Readonly<Record<string, unknown>>;

/** So many times more packets than events are taken, since events have been refused and ended before that. */
const packetsPerEvent = 4;

const probe = Buffer.from("2probe");

export class Gatekeeper {
  readonly #options: GatekeeperOptions;
  readonly #addresses: ClientAddresses;
  readonly #limits: ConnectionLimits;
  readonly #backlog: Backlog;
  /** Where connections come from, as long as they last. */
  readonly #cameFrom = new WeakMap<EngineConnection, string>();
  /** Connections that have named themselves, though they may have been refused, or were cut before. */
  readonly #settled = new WeakSet<EngineConnection>();
  #closing = false;

  constructor(options: GatekeeperOptions) {
    this.#options = options;
    this.#addresses = new ClientAddresses(options.trustedProxies);
    this.#limits = new ConnectionLimits(options.connections);
    this.#backlog = new Backlog(options.maxQueuedBytes, () => this.#refused("slow_reader"));
  }

  /** Nobody gets in any more. */
  close(): void {
    this.#closing = true;
  }

  /** Decides on a handshake request, before anything is kept of it; resolves to the refusal, if it is refused. */
  async refusalOf(request: IncomingMessage): Promise<FailureCode | undefined> {
    const refusal = await this.#reasonAgainst(request);
    if (refusal !== undefined) this.#refused(refusal);
    return refusal;
  }

  /** Watches a connection from its first moment, before it has said who it is. */
  watch(conn: EngineConnection): void {
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
      const tooLate = reason === "forced close" && !this.#settled.has(conn) && !this.#closing;
      if (tooLate) this.#failed(conn, new SignalingFailure("handshake_timeout"));
    });
    // Those that were decided on side by side did not see each other.
    if (address !== undefined && this.#limits.hasTooMany(address)) {
      this.#refused("too_many_connections");
      this.#settled.add(conn);
      cut(conn);
    }
  }

  /** Counts every message, ping and pong of a WebSocket, whether or not a connection uses it yet [P-49]. */
  watchWebSocket(socket: WebSocket, request: IncomingMessage): void {
    const address = this.#addresses.of(request);
    const cutOff = () => {
      if (socket.readyState !== socket.OPEN) return;
      this.#refused("flooding");
      void this.#limits.failed(address);
      socket.terminate();
    };
    const frames = this.#packetBucket();
    const hear = () => {
      if (frames !== undefined && frames.take(this.#options.now()) !== "allowed") cutOff();
    };
    let hasProbed = false;
    socket.on("ping", hear);
    socket.on("pong", hear);
    socket.on("message", (data, isBinary) => {
      hear();
      if (isBinary || !isProbe(data)) return;
      // Each is answered, and what waits to be sent on a transport that is not in use yet is not looked at.
      if (hasProbed) cutOff();
      hasProbed = true;
    });
  }

  /** The connection's transport takes all that waited. */
  flushed(conn: EngineConnection): void {
    this.#backlog.flushed(conn);
  }

  /** Reads who it is, and what it may do. @throws an error whose `data` tells the client why it is refused [P-4]. */
  async admit({ conn, handshake: { query, auth } }: Socket): Promise<Admitted> {
    // One connection is one client: a second naming, or one after a goodbye, ends it [P-47].
    if (this.#settled.has(conn)) {
      conn.close();
      throw new Error("this connection has been named before");
    }
    this.#settled.add(conn);
    try {
      const grant = await this.#readGrant(query, auth);
      const handshake = parseHandshake(query, auth, grant);
      if (!this.#limits.hasRoomFor(handshake.userId))
        throw new SignalingFailure("too_many_connections", { limit: "user" });
      return { grant, handshake };
    } catch (error) {
      const failure = error instanceof SignalingFailure ? error : new SignalingFailure("internal");
      this.#failed(conn, failure, failure === error ? undefined : error);
      throw Object.assign(new Error(failure.message), { data: failureEnvelope(failure, "connect") });
    }
  }

  entered(userId: string): void {
    this.#limits.entered(userId);
  }

  left(userId: string): void {
    this.#limits.left(userId);
  }

  /** Counts against the address: whoever fails or floods too often has to wait. */
  blame(conn: EngineConnection): void {
    void this.#limits.failed(this.#cameFrom.get(conn));
  }

  async #reasonAgainst(request: IncomingMessage): Promise<FailureCode | undefined> {
    if (this.#closing) return "shutting_down";
    const { origins } = this.#options;
    const address = this.#addresses.of(request);
    const { origin } = request.headers;
    // CORS does not apply to WebSocket: the server has to look for itself [P-2].
    if (origin !== undefined && !origins.includes("*") && !origins.includes(origin)) {
      await this.#limits.failed(address);
      return "origin_refused";
    }
    return this.#limits.refusalOf(address);
  }

  /** Cuts who floods with packets that are no events: events are counted by themselves, and answered. */
  #guard(conn: EngineConnection): void {
    const packets = this.#packetBucket();
    // What comes through a WebSocket is counted there.
    if (packets === undefined || conn.transport.name === "websocket") return;
    conn.on("packet", () => {
      if (conn.transport.name === "websocket" || conn.readyState !== "open") return;
      if (packets.take(this.#options.now()) === "allowed") return;
      this.#failed(conn, new SignalingFailure("flooding"));
      this.#settled.add(conn);
      cut(conn);
    });
  }

  #packetBucket(): TokenBucket | undefined {
    const { messageRate, now } = this.#options;
    if (messageRate === undefined) return undefined;
    const { rate, burst } = messageRate;
    return new TokenBucket({ rate: packetsPerEvent * rate, burst: packetsPerEvent * burst }, now());
  }

  #refused(code: FailureCode): void {
    this.#options.onRefused(new SignalingFailure(code));
  }

  /** Only what the client is to blame for counts against its address. */
  #failed(conn: EngineConnection, failure: SignalingFailure, cause?: unknown): void {
    this.#options.onRefused(failure, cause);
    if (failure.meaning.status < 500) this.blame(conn);
  }

  async #readGrant(query: Fields, auth: Fields): Promise<Grant> {
    const { verifyToken } = this.#options;
    if (verifyToken === undefined) return openGrant;
    const token = parseToken(query, auth);
    if (token === undefined) throw new SignalingFailure("token_required");
    return verifyToken(token);
  }
}

/** Engine.IO's first packet on a WebSocket that is to take over from polling. */
function isProbe(data: RawData): boolean {
  return Buffer.isBuffer(data) && data.length === probe.length && data.equals(probe);
}
