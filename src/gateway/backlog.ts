/**
 * What waits to be read by slow clients. Engine.IO queues without a bound; a client that lets too much pile up
 * is cut, so that it costs the others nothing (I7) [P-48].
 */
import type { ServerResponse } from "node:http";
import type { Socket as TcpSocket } from "node:net";
import { cut, discard, type EngineConnection, takenBytes, tcpSocketOf, webSocketOf } from "./web-socket.js";

/** Whoever has too much waiting is looked at so often, in milliseconds, */
const lookEveryMs = 5_000;
/** and has to take this share of what may wait from one look to the next. */
const leastTaken = 1 / 16;
/** When so many times as much waits as may, that is seen to be too much at once. */
const hardFactor = 4;
/**
 * From one cut to the next, in milliseconds. Each departure is told to all who are left: when many who are in one room
 * are cut at once, everyone else's messages wait for that.
 */
const cutEveryMs = 10;
/** How long an answer to a poll may wait for the network to take any of it, in milliseconds. */
const unreadMs = 30_000;

interface Packet {
  readonly data?: string | Buffer;
}

/** How things stood with a client that had too much waiting. */
interface Look {
  /** What the network had taken through each of its connections, in bytes; 0 of those that were not there. */
  readonly taken: Map<TcpSocket, number>;
  /** Whether all of an answer to a poll has been taken since. */
  hasAnswered: boolean;
}

export class Backlog {
  readonly #maxBytes: number;
  readonly #onSlow: (conn: EngineConnection) => void;
  /** Bytes queued since the transport last took any; connections that keep up have no entry. */
  readonly #queued = new WeakMap<EngineConnection, number>();
  /** Answers to polls that the network has not taken: each may be on a connection of its own. */
  readonly #answers = new WeakMap<EngineConnection, Set<ServerResponse>>();
  /** Those with too much waiting. */
  readonly #looks = new WeakMap<EngineConnection, Look>();
  /** Those to be cut. */
  readonly #condemned = new Set<EngineConnection>();
  #isCutting = false;

  /** @param onSlow - called when a connection is about to be cut. */
  constructor(maxBytes: number, onSlow: (conn: EngineConnection) => void) {
    this.#maxBytes = maxBytes;
    this.#onSlow = onSlow;
  }

  watch(conn: EngineConnection): void {
    conn.on("packetCreate", ({ data }: Packet) => {
      // A transport that can be written to takes it at once. One that polls can have left earlier answers unread.
      const { writable, name } = conn.transport;
      if (data === undefined || (writable && name === "websocket")) return;
      if (this.#condemned.has(conn)) {
        discard(conn);
        return;
      }
      // One message may be as large as it has to be, such as the roster of a great room.
      const waiting = this.#waitingBytes(conn);
      const bytes = Buffer.byteLength(data);
      if (!writable) this.#queued.set(conn, (this.#queued.get(conn) ?? 0) + bytes);
      if (waiting > hardFactor * this.#maxBytes) this.#condemn(conn);
      else if (waiting + bytes > this.#maxBytes && !this.#looks.has(conn)) this.#look(conn);
    });
  }

  /** The transport takes all that waited. */
  flushed(conn: EngineConnection): void {
    this.#queued.delete(conn);
    const { res: answer } = conn.transport as { res?: ServerResponse | null };
    if (answer === undefined || answer === null) return;
    const answers = this.#answers.get(conn) ?? new Set();
    this.#answers.set(conn, answers.add(answer));
    // What came before through the same TCP connection is no progress.
    const { socket } = answer;
    const taken = this.#looks.get(conn)?.taken;
    if (socket !== null && taken?.has(socket) === false) taken.set(socket, takenBytes(socket));
    answer.once("finish", () => {
      const look = this.#looks.get(conn);
      if (look !== undefined) look.hasAnswered = true;
    });
    answer.once("close", () => answers.delete(answer));
    answer.setTimeout(unreadMs, () => answer.destroy());
  }

  /** Looks again after a while, for as long as too much waits. */
  #look(conn: EngineConnection): void {
    this.#looks.set(conn, { taken: this.#taken(conn), hasAnswered: false });
    setTimeout(() => this.#lookAgain(conn), lookEveryMs).unref();
  }

  #lookAgain(conn: EngineConnection): void {
    const before = this.#looks.get(conn);
    this.#looks.delete(conn);
    if (before === undefined || conn.readyState !== "open" || this.#waitingBytes(conn) <= this.#maxBytes)
      return;
    let taken = 0;
    for (const [socket, bytes] of this.#taken(conn)) taken += bytes - (before.taken.get(socket) ?? 0);
    if (before.hasAnswered || taken >= leastTaken * this.#maxBytes) this.#look(conn);
    else this.#condemn(conn);
  }

  /** What is written counts as waiting until all of it is out, however much of it has been taken. */
  #waitingBytes(conn: EngineConnection): number {
    let bytes = (this.#queued.get(conn) ?? 0) + (webSocketOf(conn)?.bufferedAmount ?? 0);
    for (const answer of this.#answers.get(conn) ?? []) bytes += answer.writableLength;
    return bytes;
  }

  #taken(conn: EngineConnection): Map<TcpSocket, number> {
    const sockets = [tcpSocketOf(conn), ...[...(this.#answers.get(conn) ?? [])].map(({ socket }) => socket)];
    const taken = new Map<TcpSocket, number>();
    for (const socket of sockets) if (socket) taken.set(socket, takenBytes(socket));
    return taken;
  }

  #condemn(conn: EngineConnection): void {
    this.#condemned.add(conn);
    if (!this.#isCutting) this.#cutNext();
  }

  #cutNext(): void {
    this.#isCutting = false;
    for (const conn of this.#condemned) {
      this.#condemned.delete(conn);
      if (conn.readyState !== "open") continue;
      this.#isCutting = true;
      setTimeout(() => this.#cutNext(), cutEveryMs).unref();
      this.#cut(conn);
      return;
    }
  }

  #cut(conn: EngineConnection): void {
    this.#looks.delete(conn);
    this.#onSlow(conn);
    cut(conn);
    for (const answer of this.#answers.get(conn) ?? []) answer.destroy();
  }
}
