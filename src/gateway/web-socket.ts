/**
 * The WebSocket under a connection. Engine.IO has it, and its types leave it out.
 */
import type { Socket } from "socket.io";

export type EngineConnection = Socket["conn"];

interface WebSocket {
  readonly bufferedAmount: number;
  readonly readyState: number;
  terminate(): void;
}

/** As `ws` numbers it. */
const closedState = 3;
/** What is under way reaches a client that reads within this time. */
const farewellMs = 2_000;

/** Undefined while the connection is polling. */
export function webSocketOf(conn: EngineConnection): WebSocket | undefined {
  return (conn.transport as { socket?: WebSocket }).socket;
}

/**
 * Cuts a connection that has been ended, unless it closes by itself in time: the other side may go on sending, and
 * would be read for half a minute (I7).
 */
export function hangUp(conn: EngineConnection): void {
  const socket = webSocketOf(conn);
  if (socket === undefined || socket.readyState === closedState) return;
  setTimeout(() => socket.terminate(), farewellMs).unref();
}

/** Ends a connection without goodbyes: they would wait behind the rest, and for an answer. */
export function cut(conn: EngineConnection): void {
  const socket = webSocketOf(conn);
  conn.close(true);
  socket?.terminate();
}
