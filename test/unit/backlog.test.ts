import { EventEmitter, once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { setImmediate as turn } from "node:timers/promises";
import { afterEach, beforeEach, expect, it, onTestFinished, vi } from "vitest";
import { Backlog } from "../../src/gateway/backlog.js";
import { type EngineConnection, takenBytes } from "../../src/gateway/web-socket.js";

const most = 1_600;

/** A connection whose WebSocket takes no more than it is told to. */
class Conn extends EventEmitter {
  readonly transport = {
    name: "websocket",
    writable: false,
    socket: {
      bufferedAmount: 0,
      _socket: { _handle: { bytesWritten: 0, writeQueueSize: 0 } },
      terminate: () => {},
    },
  };
  readyState = "open";
  readonly writeBuffer: unknown[] = [];

  close(): void {
    this.readyState = "closed";
  }

  /** So much is to be sent. */
  queue(bytes: number): void {
    this.emit("packetCreate", { data: "x".repeat(bytes) });
    this.writeBuffer.push(bytes);
  }

  /** So much waits, and so much has been taken. */
  stand(waiting: number, taken: number): void {
    const { socket } = this.transport;
    socket.bufferedAmount = waiting;
    socket._socket._handle = { bytesWritten: taken + waiting, writeQueueSize: waiting };
  }
}

/** Has the connection poll; its TCP connection has taken something before. */
function poll(conn: Conn) {
  const socket = { _handle: { bytesWritten: 9 * most, writeQueueSize: 0 } };
  const answer = Object.assign(new EventEmitter(), {
    writableLength: 2 * most,
    socket,
    setTimeout: () => {},
    destroy: () => {},
  });
  Object.assign(conn.transport, { name: "polling", socket: undefined, writable: true, res: answer });
  return { answer, socket };
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

it("waits for whoever takes a sixteenth of that, though more comes than that", () => {
  const { conn, isCut } = watched();
  conn.stand(2 * most, 0);
  conn.queue(1);
  for (let n = 1; n <= 10; n += 1) {
    conn.stand(2 * most + 50 * n, 100 * n);
    conn.queue(1);
    vi.advanceTimersByTime(5_000);
  }
  expect(isCut()).toBe(false);
  conn.stand(2 * most, 1_099);
  vi.advanceTimersByTime(5_000);
  expect(isCut()).toBe(true);
});

it("sees what is taken of what was queued when it looked, and is written in one piece since", () => {
  const { conn, backlog, isCut } = watched();
  conn.stand(10, 0);
  conn.queue(2 * most);
  conn.stand(2 * most, 10);
  backlog.flushed(conn as unknown as EngineConnection);
  conn.stand(2 * most, 110);
  vi.advanceTimersByTime(5_000);
  expect(isCut()).toBe(false);
});

it("waits for whoever polls, and takes a part of an answer, or all of one", () => {
  const { conn, backlog, isCut } = watched();
  const { answer, socket } = poll(conn);
  conn.queue(2 * most);
  backlog.flushed(conn as unknown as EngineConnection);
  socket._handle = { bytesWritten: 11 * most, writeQueueSize: 2 * most - 100 };
  vi.advanceTimersByTime(5_000);
  expect(isCut()).toBe(false);
  answer.emit("finish");
  vi.advanceTimersByTime(5_000);
  expect(isCut()).toBe(false);
  vi.advanceTimersByTime(5_000);
  expect(isCut()).toBe(true);
});

it("takes what went through a poll's connection before for no progress", () => {
  const { conn, backlog, isCut } = watched();
  const { socket } = poll(conn);
  conn.queue(2 * most);
  backlog.flushed(conn as unknown as EngineConnection);
  socket._handle = { bytesWritten: 11 * most, writeQueueSize: 2 * most - 99 };
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

it("cuts many one after the other, keeps nothing more for those who wait for it, and wastes no time on who has gone", () => {
  const { watch, cuts } = watched();
  const conns = Array.from({ length: 5 }, watch);
  for (const conn of conns) conn.queue(5 * most);
  for (const conn of conns) conn.queue(1);
  const seen = [cuts.length];
  for (let n = 0; n < 5; n += 1) conns[4]?.queue(most);
  expect(conns[4]?.writeBuffer).toHaveLength(1);
  // One of them goes by itself.
  conns[2]?.close();
  for (let n = 0; n < 4; n += 1) {
    vi.advanceTimersByTime(10);
    seen.push(cuts.length);
  }
  expect(seen).toEqual([1, 2, 3, 4, 4]);
});

it("looks no more at who has read it all", () => {
  const { conn, backlog, isCut } = watched();
  conn.queue(2 * most);
  backlog.flushed(conn as unknown as EngineConnection);
  vi.advanceTimersByTime(60_000);
  expect(isCut()).toBe(false);
  expect(vi.getTimerCount()).toBe(0);
});

it("can tell what is taken of a write", async () => {
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
  const taken = takenBytes(socket);
  expect(socket.writableLength).toBe(bytes);
  expect(taken).toBeGreaterThan(0);
  expect(taken).toBeLessThan(bytes);
  other?.resume();
  while (takenBytes(socket) < bytes) await turn();
});
