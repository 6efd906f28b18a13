import { EventEmitter, once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { setImmediate as turn } from "node:timers/promises";
import { afterEach, beforeEach, expect, it, onTestFinished, vi } from "vitest";
import { Backlog } from "../../src/gateway/backlog.js";
import { type EngineConnection, inFlightBytes } from "../../src/gateway/web-socket.js";

const most = 1_600;

/** A connection whose WebSocket takes no more than it is told to. */
class Conn extends EventEmitter {
  readonly transport = {
    name: "websocket",
    writable: false,
    socket: {
      bufferedAmount: 0,
      _socket: { _handle: { writeQueueSize: 0 } },
      terminate: () => {},
    },
  };
  readyState = "open";

  close(): void {
    this.readyState = "closed";
  }

  /** So much is to be sent. */
  queue(bytes: number): void {
    this.emit("packetCreate", { data: "x".repeat(bytes) });
  }
}

function watched() {
  const cuts: unknown[] = [];
  const backlog = new Backlog(most, (conn) => cuts.push(conn));
  const watch = () => {
    const conn = new Conn();
    backlog.watch(conn as unknown as EngineConnection);
    return conn;
  };
  const conn = watch();
  return { conn, backlog, watch, cuts, isCut: () => cuts.includes(conn) };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it("cuts who has too much waiting, and takes nothing for five seconds", () => {
  const { conn, isCut } = watched();
  conn.queue(most + 1);
  vi.advanceTimersByTime(4_999);
  expect(isCut()).toBe(false);
  vi.advanceTimersByTime(1);
  expect(isCut()).toBe(true);
  expect(conn.readyState).toBe("closed");
});

it("leaves alone who has as much waiting as may, however long", () => {
  const { conn, isCut } = watched();
  conn.queue(most);
  vi.advanceTimersByTime(60_000);
  expect(isCut()).toBe(false);
});

it("waits for whoever takes a sixteenth of that, for as long as more comes than that", () => {
  const { conn, isCut } = watched();
  const { socket } = conn.transport;
  socket.bufferedAmount = 2 * most;
  conn.queue(1);
  for (let n = 0; n < 10; n += 1) {
    conn.queue(150);
    socket.bufferedAmount -= 100;
    vi.advanceTimersByTime(5_000);
  }
  expect(isCut()).toBe(false);
  conn.queue(150);
  socket.bufferedAmount -= 99;
  vi.advanceTimersByTime(5_000);
  expect(isCut()).toBe(true);
});

it("waits for whoever takes a part of what is written in one piece", () => {
  const { conn, isCut } = watched();
  const { socket } = conn.transport;
  socket.bufferedAmount = 2 * most;
  socket._socket._handle.writeQueueSize = 2 * most;
  conn.queue(1);
  socket._socket._handle.writeQueueSize -= 100;
  vi.advanceTimersByTime(5_000);
  expect(isCut()).toBe(false);
  vi.advanceTimersByTime(5_000);
  expect(isCut()).toBe(true);
});

it("cuts at once when something is added to far too much, and not for the size of what is added", () => {
  const { conn, isCut } = watched();
  conn.queue(10 * most);
  expect(isCut()).toBe(false);
  conn.queue(1);
  expect(isCut()).toBe(true);
});

it("cuts many one after the other, so that nobody else waits for that", () => {
  const { watch, cuts } = watched();
  const conns = Array.from({ length: 5 }, watch);
  for (const conn of conns) conn.queue(5 * most);
  for (const conn of conns) conn.queue(1);
  const seen = [cuts.length];
  // One of them goes by itself.
  conns[3]?.close();
  for (let n = 0; n < 5; n += 1) {
    vi.advanceTimersByTime(10);
    seen.push(cuts.length);
  }
  expect(seen).toEqual([1, 2, 3, 3, 4, 4]);
});

it("looks no more at who has read it all", () => {
  const { conn, backlog, isCut } = watched();
  conn.queue(2 * most);
  backlog.flushed(conn as unknown as EngineConnection);
  vi.advanceTimersByTime(60_000);
  expect(isCut()).toBe(false);
  expect(vi.getTimerCount()).toBe(0);
});

it("can tell what is left of a write", async () => {
  vi.useRealTimers();
  let other: Socket | undefined;
  const server = createServer((socket) => {
    other = socket.pause();
  });
  onTestFinished(() => {
    other?.destroy();
    server.close();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  const socket = connect(port, "127.0.0.1");
  onTestFinished(() => void socket.destroy());
  await once(socket, "connect");
  const bytes = 50_000_000;
  socket.write(Buffer.alloc(bytes));
  // Some of it is taken at once, of which the stream says nothing.
  const left = inFlightBytes(socket);
  expect(socket.writableLength).toBe(bytes);
  expect(left).toBeGreaterThan(0);
  expect(left).toBeLessThan(bytes);
  other?.resume();
  while (inFlightBytes(socket) === left) await turn();
  expect(inFlightBytes(socket)).toBeLessThan(left);
});
