/**
 * A client that speaks WebSocket, Engine.IO and Socket.IO by hand over TCP, so that it can get each of them
 * wrong.
 */
import { once } from "node:events";
import { connect as connectTcp, type Socket } from "node:net";
import { onTestFinished } from "vitest";

export const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

interface FrameOptions {
  readonly final?: boolean;
  readonly masked?: boolean;
  /** The three reserved bits, as they stand in the first byte. */
  readonly reserved?: number;
  /** What the head says, whatever the payload's own length is. */
  readonly length?: bigint;
}

/** A WebSocket frame as a client writes it (RFC 6455, section 5.2); masked with zeros, which change nothing. */
export function frame(opcode: number, payload: Buffer | string, options: FrameOptions = {}): Buffer {
  const { final = true, masked = true, reserved = 0, length } = options;
  const body = Buffer.from(payload);
  const size = length ?? BigInt(body.length);
  const head = Buffer.alloc(size < 126n ? 2 : size <= 0xffffn ? 4 : 10);
  head[0] = (final ? 0x80 : 0) | reserved | opcode;
  const mask = masked ? 0x80 : 0;
  head[1] = mask | (head.length === 2 ? Number(size) : head.length === 4 ? 126 : 127);
  if (head.length === 4) head.writeUInt16BE(Number(size), 2);
  if (head.length === 10) head.writeBigUInt64BE(size, 2);
  return Buffer.concat([head, ...(masked ? [Buffer.alloc(4)] : []), body]);
}

/** Opens a TCP connection to where the URL points; its errors are of no interest. */
export async function openTcp(url: string): Promise<Socket> {
  const { port, hostname } = new URL(url);
  const socket = connectTcp({ port: Number(port), host: hostname, noDelay: true });
  socket.on("error", () => {});
  await Promise.race([once(socket, "connect"), once(socket, "close")]);
  if (socket.destroyed) throw new Error(`no connection to ${url}`);
  return socket;
}

/** A TCP connection for the running test. */
export async function openTcpForTest(url: string): Promise<Socket> {
  const socket = await openTcp(url);
  onTestFinished(() => void socket.destroy());
  return socket;
}

/** What asks for a WebSocket at the path (RFC 6455, section 4.1). */
export function upgradeRequest(path: string): string {
  return (
    `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n"
  );
}

export class RawClient {
  /** Engine.IO packets that came and were not taken. */
  readonly packets: string[] = [];
  /** Resolves when the connection is gone. */
  readonly closed: Promise<void>;
  /** With which WebSocket code the server said goodbye, if it did. */
  closeCode: number | undefined;
  /** Whether it closes when the server does. */
  answersClose = true;
  readonly #socket: Socket;
  readonly #changed = new EventTarget();
  #unread = Buffer.alloc(0);
  #isUpgraded = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.closed = new Promise((resolve) => socket.once("close", () => resolve()));
    socket.on("data", (chunk: Buffer) => this.#read(chunk));
    socket.on("close", () => this.#notify());
    socket.on("end", () => socket.end());
  }

  /** Opens a WebSocket; resolves when Engine.IO has greeted. */
  static async open(url: string, query: Readonly<Record<string, string>>): Promise<RawClient> {
    const client = new RawClient(await openTcp(url));
    const parameters = new URLSearchParams({ EIO: "4", transport: "websocket", ...query });
    client.write(upgradeRequest(`/socket.io/?${parameters}`));
    await client.#require((packet) => packet.startsWith("0"), "Engine.IO's greeting");
    return client;
  }

  /** Opens a WebSocket and joins the room that the query names. */
  static async join(url: string, query: Readonly<Record<string, string>>): Promise<RawClient> {
    const client = await RawClient.open(url, query);
    client.say("40");
    await client.#require((packet) => packet.startsWith('42["msg",{"type":"join"'), "the notice of a join");
    return client;
  }

  get isClosed(): boolean {
    return this.#socket.destroyed;
  }

  /** Sends packets, each in a frame of its own. */
  say(...packets: (string | Buffer)[]): void {
    for (const packet of packets)
      this.write(frame(typeof packet === "string" ? opcodes.text : opcodes.binary, packet));
  }

  write(bytes: string | Buffer): void {
    if (this.#socket.writable) this.#socket.write(bytes);
  }

  /** Takes the first packet that is wanted; undefined if the connection ends first. */
  async next(isWanted: (packet: string) => boolean): Promise<string | undefined> {
    for (;;) {
      const index = this.packets.findIndex(isWanted);
      if (index >= 0) return this.packets.splice(index, 1)[0];
      if (this.isClosed) return undefined;
      await new Promise((resolve) => this.#changed.addEventListener("change", resolve, { once: true }));
    }
  }

  async #require(isWanted: (packet: string) => boolean, what: string): Promise<void> {
    if ((await this.next(isWanted)) !== undefined) return;
    throw new Error(`the connection ended before ${what}; there is ${JSON.stringify(this.packets)}`);
  }

  /** Reads nothing, until it resumes; TCP tells the server. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Reads so much more, and a chunk at most beyond it, and pauses again. */
  async read(bytes: number): Promise<void> {
    const enough = this.bytesRead + bytes;
    const onData = () => {
      if (this.bytesRead >= enough) this.#socket.pause();
    };
    this.#socket.on("data", onData);
    this.#socket.resume();
    while (this.bytesRead < enough && !this.isClosed)
      await new Promise((resolve) => this.#socket.once("data", resolve).once("close", resolve));
    this.#socket.off("data", onData);
    this.#socket.pause();
  }

  get bytesRead(): number {
    return this.#socket.bytesRead;
  }

  /** Ends the connection as an orderly program does. */
  end(): void {
    this.#socket.end();
  }

  /** Ends it without a word (TCP RST). */
  reset(): void {
    this.#socket.resetAndDestroy();
  }

  #read(chunk: Buffer): void {
    this.#unread = Buffer.concat([this.#unread, chunk]);
    if (!this.#isUpgraded) {
      const end = this.#unread.indexOf("\r\n\r\n");
      if (end < 0) return;
      this.#isUpgraded = true;
      this.#unread = this.#unread.subarray(end + 4);
    }
    for (;;) {
      const [, lengthByte] = this.#unread;
      if (lengthByte === undefined) return;
      const headLength = lengthByte < 126 ? 2 : lengthByte === 126 ? 4 : 10;
      if (this.#unread.length < headLength) return;
      const length =
        lengthByte < 126
          ? lengthByte
          : lengthByte === 126
            ? this.#unread.readUInt16BE(2)
            : Number(this.#unread.readBigUInt64BE(2));
      if (this.#unread.length < headLength + length) return;
      const opcode = (this.#unread[0] ?? 0) & 0x0f;
      const payload = this.#unread.subarray(headLength, headLength + length);
      this.#unread = this.#unread.subarray(headLength + length);
      this.#take(opcode, payload);
    }
  }

  #take(opcode: number, payload: Buffer): void {
    if (opcode === opcodes.close && payload.length >= 2) this.closeCode = payload.readUInt16BE(0);
    if (opcode === opcodes.close && this.answersClose) this.#socket.end();
    if (opcode !== opcodes.text) return;
    const packet = payload.toString();
    if (packet === "2") this.say("3");
    else this.packets.push(packet);
    this.#notify();
  }

  #notify(): void {
    this.#changed.dispatchEvent(new Event("change"));
  }
}
