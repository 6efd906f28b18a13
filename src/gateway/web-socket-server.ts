/**
 * The WebSocket server under Engine.IO. Here every message and ping can be heard of every WebSocket, also those that
 * Engine.IO does not pass on: what comes before a connection has changed its transport.
 */
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { type ServerOptions, type WebSocket, WebSocketServer } from "ws";

/** Pieces of one message. Each costs as much as a message, and is not heard of; clients of Socket.IO send but one. */
export const maxFragments = 64;

/** What Engine.IO's `wsEngine` option takes. */
export type WebSocketEngine = new (options: ServerOptions) => WebSocketServer;

/** @param watch - called with each WebSocket before anything has come through it. */
export function webSocketServer(
  watch: (socket: WebSocket, request: IncomingMessage) => void,
): WebSocketEngine {
  return class extends WebSocketServer {
    constructor(options: ServerOptions) {
      super({ ...options, autoPong: false, maxFragments });
    }

    override handleUpgrade(
      request: IncomingMessage,
      socket: Duplex,
      head: Buffer,
      done: (socket: WebSocket, request: IncomingMessage) => void,
    ): void {
      super.handleUpgrade(request, socket, head, (webSocket) => {
        watch(webSocket, request);
        answerPings(webSocket);
        done(webSocket, request);
      });
    }
  };
}

/** Answers one ping at a time, and of those that come meanwhile the last (RFC 6455, section 5.5.3). */
function answerPings(socket: WebSocket): void {
  let isAnswering = false;
  let next: Buffer | undefined;
  const answer = (data: Buffer) => {
    isAnswering = true;
    socket.pong(data, false, () => {
      isAnswering = false;
      const last = next;
      next = undefined;
      if (last !== undefined && socket.readyState === socket.OPEN) answer(last);
    });
  };
  socket.on("ping", (data) => {
    if (isAnswering) next = data;
    else if (socket.readyState === socket.OPEN) answer(data);
  });
}
