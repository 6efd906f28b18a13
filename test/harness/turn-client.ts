/**
 * As much of a TURN client (RFC 8656) as asks for a relay: over TCP, with a username and a credential.
 */
import { createHash, createHmac, randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect, type Socket } from "node:net";

const magicCookie = 0x2112a442;
const headerBytes = 20;

const messageTypes = { request: 0x0003, success: 0x0103, error: 0x0113 } as const;
const attributes = {
  username: 0x0006,
  messageIntegrity: 0x0008,
  errorCode: 0x0009,
  realm: 0x0014,
  nonce: 0x0015,
  xorRelayedAddress: 0x0016,
  requestedTransport: 0x0019,
} as const;
const udp = 17;
const timeoutMs = 10_000;

type Attribute = readonly [type: number, value: Buffer];

interface Answer {
  readonly type: number;
  readonly attributes: ReadonlyMap<number, Buffer>;
}

/** The relay's port, or the number of the error with which it was refused. */
export type Allocation = { readonly relayPort: number } | { readonly refused: number };

/** Asks a TURN server on 127.0.0.1 for a relay, and gives it back at once. */
export async function allocate(port: number, username: string, credential: string): Promise<Allocation> {
  const socket = connect(port, "127.0.0.1");
  const giveUp = AbortSignal.timeout(timeoutMs);
  try {
    await once(socket, "connect", { signal: giveUp });
    const transport: Attribute = [attributes.requestedTransport, Buffer.from([udp, 0, 0, 0])];
    // The first is always refused: by its answer the client learns the realm and the nonce to sign with.
    const challenge = await ask(socket, giveUp, [transport]);
    const realm = required(challenge, attributes.realm);
    const nonce = required(challenge, attributes.nonce);
    const key = createHash("md5").update(`${username}:${realm}:${credential}`).digest();
    const signed: Attribute[] = [
      transport,
      [attributes.username, Buffer.from(username)],
      [attributes.realm, realm],
      [attributes.nonce, nonce],
    ];
    const answer = await ask(socket, giveUp, signed, key);
    if (answer.type === messageTypes.error) return { refused: errorNumber(answer) };
    const masked = required(answer, attributes.xorRelayedAddress).readUInt16BE(2);
    return { relayPort: masked ^ (magicCookie >>> 16) };
  } finally {
    socket.destroy();
  }
}

async function ask(
  socket: Socket,
  giveUp: AbortSignal,
  list: readonly Attribute[],
  key?: Buffer,
): Promise<Answer> {
  const id = randomBytes(12);
  const body = Buffer.concat(list.map(encodeAttribute));
  if (key === undefined) socket.write(Buffer.concat([encodeHeader(id, body.length), body]));
  else {
    // What is signed says in its header that the signature is there already: 4 bytes before it, and its own 20.
    const unsigned = Buffer.concat([encodeHeader(id, body.length + 24), body]);
    const integrity = createHmac("sha1", key).update(unsigned).digest();
    socket.write(Buffer.concat([unsigned, encodeAttribute([attributes.messageIntegrity, integrity])]));
  }
  return readAnswer(socket, giveUp);
}

function encodeHeader(id: Buffer, bodyBytes: number): Buffer {
  const header = Buffer.alloc(headerBytes);
  header.writeUInt16BE(messageTypes.request, 0);
  header.writeUInt16BE(bodyBytes, 2);
  header.writeUInt32BE(magicCookie, 4);
  id.copy(header, 8);
  return header;
}

function encodeAttribute([type, value]: Attribute): Buffer {
  const encoded = Buffer.alloc(4 + padded(value.length));
  encoded.writeUInt16BE(type, 0);
  encoded.writeUInt16BE(value.length, 2);
  value.copy(encoded, 4);
  return encoded;
}

/** Attributes begin at multiples of four bytes. */
function padded(length: number): number {
  return Math.ceil(length / 4) * 4;
}

async function readAnswer(socket: Socket, giveUp: AbortSignal): Promise<Answer> {
  let received = Buffer.alloc(0);
  while (received.length < headerBytes || received.length < headerBytes + received.readUInt16BE(2)) {
    const [chunk] = (await once(socket, "data", { signal: giveUp })) as [Buffer];
    received = Buffer.concat([received, chunk]);
  }
  const found = new Map<number, Buffer>();
  for (let at = headerBytes; at < received.length; ) {
    const length = received.readUInt16BE(at + 2);
    found.set(received.readUInt16BE(at), received.subarray(at + 4, at + 4 + length));
    at += 4 + padded(length);
  }
  return { type: received.readUInt16BE(0), attributes: found };
}

function required(answer: Answer, attribute: number): Buffer {
  const value = answer.attributes.get(attribute);
  if (value === undefined) throw new Error(`the answer ${answer.type} has no attribute ${attribute}`);
  return value;
}

function errorNumber(answer: Answer): number {
  const value = required(answer, attributes.errorCode);
  return value.readUInt8(2) * 100 + value.readUInt8(3);
}
