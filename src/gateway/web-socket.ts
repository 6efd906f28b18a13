/**
 * The WebSocket under a connection. Engine.IO has it, and its types leave it out.
 */
import type { Socket as TcpSocket } from "node:net";
import type { Socket } from "socket.io";
import { WebSocket } from "ws";

export type EngineConnection = Socket["conn"];

/** What is under way reaches a client that reads within this time. */
const farewellMs = 2_000;

/** Undefined while the connection is polling. */
export function webSocketOf(conn: EngineConnection): WebSocket | undefined {
  return (conn.transport as { socket?: WebSocket }).socket;
}

/** What its frames are written to; undefined while the connection is polling. */
export function tcpSocketOf(conn: EngineConnection): TcpSocket | undefined {
  return (webSocketOf(conn) as { _socket?: TcpSocket } | undefined)?._socket;
}

/** What the operating system has taken of what was written. Node has no public name for it: it counts whole writes. */
export function takenBytes(socket: TcpSocket): number {
  const { _handle: handle } = socket as unknown as {
    _handle?: { readonly bytesWritten: number; readonly writeQueueSize: number } | null;
  };
  return handle ? handle.bytesWritten - handle.writeQueueSize : 0;
}

/** Forgets what waits to be sent: the connection is about to be cut. */
export function discard(conn: EngineConnection): void {
  (conn as unknown as { writeBuffer: unknown[] }).writeBuffer.length = 0;
}

/**
 * Cuts a connection that has been ended, unless it closes by itself in time: the other side may go on sending, and
 * would be read for half a minute (I7).
 */
export function hangUp(conn: EngineConnection): void {
  const socket = webSocketOf(conn);
  if (socket === undefined || socket.readyState === WebSocket.CLOSED) return;
  setTimeout(() => socket.terminate(), farewellMs).unref();
}

/** Ends a connection without goodbyes: they would wait behind the rest, and for an answer. */
export function cut(conn: EngineConnection): void {
  const socket = webSocketOf(conn);
  conn.close(true);
  socket?.terminate();
}
