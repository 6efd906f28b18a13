/**
 * What waits to be read by slow clients. Engine.IO queues without a bound; a client that lets too much pile up
 * is cut, so that it costs the others nothing (I7) [P-48].
 */
import type { ServerResponse } from "node:http";
import { cut, type EngineConnection, webSocketOf } from "./web-socket.js";

/** How long an answer to a poll may wait for the network to take any of it, in milliseconds. */
const unreadMs = 30_000;

interface Packet {
  readonly data?: string | Buffer;
}

export class Backlog {
  readonly #maxBytes: number;
  readonly #onSlow: (conn: EngineConnection) => void;
  /** Bytes queued since the transport last took any; connections that keep up have no entry. */
  readonly #waiting = new WeakMap<EngineConnection, number>();

  /** Answers to polls that the network has not taken: each may be on a connection of its own. */
  readonly #answers = new WeakMap<EngineConnection, Set<ServerResponse>>();

  /** @param onSlow - called when a connection has more than this queued, and before it is cut. */
  constructor(maxBytes: number, onSlow: (conn: EngineConnection) => void) {
    this.#maxBytes = maxBytes;
    this.#onSlow = onSlow;
  }

  watch(conn: EngineConnection): void {
    conn.on("packetCreate", ({ data }: Packet) => {
      // A transport that can be written to takes it at once. One that polls can have left earlier answers unread.
      const { writable, name } = conn.transport;
      if (data === undefined || (writable && name === "websocket")) return;
      const waiting = (this.#waiting.get(conn) ?? 0) + Buffer.byteLength(data);
      if (!writable) this.#waiting.set(conn, waiting);
      if (waiting + unsentBytes(conn) + this.#unreadBytes(conn) > this.#maxBytes) this.#cut(conn);
    });
  }

  /** The transport takes all that waited. */
  flushed(conn: EngineConnection): void {
    this.#waiting.delete(conn);
    const { res: answer } = conn.transport as { res?: ServerResponse | null };
    if (answer === undefined || answer === null) return;
    const answers = this.#answers.get(conn) ?? new Set();
    this.#answers.set(conn, answers.add(answer));
    answer.once("close", () => answers.delete(answer));
    answer.setTimeout(unreadMs, () => answer.destroy());
  }

  #unreadBytes(conn: EngineConnection): number {
    let bytes = 0;
    for (const answer of this.#answers.get(conn) ?? []) bytes += answer.writableLength;
    return bytes;
  }

  #cut(conn: EngineConnection): void {
    this.#waiting.delete(conn);
    this.#onSlow(conn);
    cut(conn);
    for (const answer of this.#answers.get(conn) ?? []) answer.destroy();
  }
}

/** What the transport has taken, and the network has not. */
function unsentBytes(conn: EngineConnection): number {
  return webSocketOf(conn)?.bufferedAmount ?? 0;
}
