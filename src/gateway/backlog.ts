/**
 * What waits to be read by slow clients. Engine.IO queues without a bound; a client that lets too much pile up
 * is cut, so that it costs the others nothing (I7) [P-48].
 */
import type { Socket } from "socket.io";

type EngineConnection = Socket["conn"];

interface Packet {
  readonly data?: string | Buffer;
}

export class Backlog {
  readonly #maxBytes: number;
  readonly #onSlow: (conn: EngineConnection) => void;
  /** Bytes queued since the transport last took any; connections that keep up have no entry. */
  readonly #waiting = new WeakMap<EngineConnection, number>();

  /** @param onSlow - called when a connection has more than this queued, and before it is cut. */
  constructor(maxBytes: number, onSlow: (conn: EngineConnection) => void) {
    this.#maxBytes = maxBytes;
    this.#onSlow = onSlow;
  }

  watch(conn: EngineConnection): void {
    conn.on("packetCreate", ({ data }: Packet) => {
      // A transport that can be written to takes it at once.
      if (data === undefined || conn.transport.writable) return;
      const waiting = (this.#waiting.get(conn) ?? 0) + Buffer.byteLength(data);
      this.#waiting.set(conn, waiting);
      if (waiting + unsentBytes(conn) > this.#maxBytes) this.#cut(conn);
    });
  }

  /** The transport has taken all that waited. */
  flushed(conn: EngineConnection): void {
    this.#waiting.delete(conn);
  }

  #cut(conn: EngineConnection): void {
    this.#waiting.delete(conn);
    this.#onSlow(conn);
    cut(conn);
  }
}

/** Ends a connection without goodbyes: they would wait behind the rest, and for an answer. */
export function cut(conn: EngineConnection): void {
  const { socket } = conn.transport as { socket?: { terminate?: () => void } };
  conn.close(true);
  socket?.terminate?.();
}

/** What the transport has taken, and the network has not. */
function unsentBytes(conn: EngineConnection): number {
  const { socket } = conn.transport as { socket?: { bufferedAmount?: number } };
  return socket?.bufferedAmount ?? 0;
}
