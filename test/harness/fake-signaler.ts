/**
 * Stands in for a node, and says just what a test has it say.
 */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { Server, type ServerOptions, type Socket } from "socket.io";
import { onTestFinished } from "vitest";
import type { Envelope } from "../../src/index.js";

type Ack = (answer: unknown) => void;

export interface FakeSignaler {
  readonly url: string;
  /** What it was asked, as [event, payload]. */
  readonly asked: (readonly [event: string, payload: unknown])[];
  /** Answers a `join`; by default with the list. */
  onJoin: (ack: Ack, socket: Socket) => void;
  /** Answers anything else. */
  onEvent: (ack: Ack, socket: Socket) => void;
  /** While it holds, nobody is let in, nor told so. */
  silent: boolean;
  /** While it holds, whoever asks for a WebSocket is left waiting, as some proxies do. */
  ignoringWebSockets: boolean;
  /** What is answered to a `join` from now on. */
  list(version: number, ...userIds: string[]): void;
  /** Sends to everyone. */
  tell(payload: unknown): void;
  /** Ends everyone's connection. */
  disconnect(): void;
  /** Tells that somebody has come or gone. */
  notify(type: "join" | "leave", userId: string, version: number): void;
}

/** The room that everybody is in. */
export const fakeRoomId = "room";

export async function startFakeSignaler(options: Partial<ServerOptions> = {}): Promise<FakeSignaler> {
  const http = createServer();
  const io = new Server(http, options);
  const asked: FakeSignaler["asked"] = [];
  let data: unknown = {};
  const receipt = (): Envelope => ({ type: "receipt", msg: "ok", status: 200, data });
  const fake: Omit<FakeSignaler, "url"> = {
    asked,
    onJoin: (ack) => ack(receipt()),
    onEvent: (ack) => ack({ type: "receipt", msg: "ok", status: 200, data: {} }),
    silent: false,
    ignoringWebSockets: false,
    list(version, ...userIds) {
      const members = userIds.map((userId) => ({ userId, roomId: fakeRoomId }));
      data = { event: "join", roomId: fakeRoomId, userId: "me", node: "fake", members, version };
    },
    tell: (payload) => void io.emit("msg", payload),
    disconnect: () => void io.disconnectSockets(true),
    notify: (type, userId, version) =>
      fake.tell({ type, msg: type, status: 200, data: { userId, roomId: fakeRoomId }, version }),
  };
  fake.list(1, "me");
  io.use((_socket, next) => {
    if (!fake.silent) next();
  });
  io.on("connection", (socket) => {
    socket.onAny((event: string, payload: unknown, ack: Ack) => {
      asked.push([event, payload]);
      if (event === "join") fake.onJoin(ack, socket);
      else fake.onEvent(ack, socket);
    });
  });
  const ignored: Duplex[] = [];
  const [upgrade] = http.listeners("upgrade");
  if (upgrade !== undefined)
    http.removeAllListeners("upgrade").on("upgrade", (request, socket, head) => {
      if (fake.ignoringWebSockets) ignored.push(socket);
      else upgrade.call(http, request, socket, head);
    });
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  onTestFinished(() => {
    for (const socket of ignored) socket.destroy();
    return io.close();
  });
  return Object.assign(fake, { url: `http://127.0.0.1:${(http.address() as AddressInfo).port}` });
}
