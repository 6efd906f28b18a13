/**
 * The ways in which attackers live: by events, by packets over WebSocket and polling, by frames, by requests.
 */
import { once } from "node:events";
import { io } from "socket.io-client";
import { frame, opcodes, openTcp, RawClient } from "../harness/raw-client.js";
import type { Life, Surroundings } from "./attacker.js";

const connectMs = 1_000;
const requestMs = 300;
const separator = "\u001e";

/** Events of a Socket.IO client, with and without acks. */
const byEvents: Life = async ({ url, random, garbage, query, note, pause }) => {
  const socket = io(url, {
    query: query(),
    auth: random.chance(0.2) ? (garbage.naming() as object) : {},
    transports: [random.pick(["websocket", "websocket", "polling"])],
    forceNew: true,
    reconnection: false,
    timeout: connectMs,
  });
  await new Promise<void>((resolve) => {
    socket.once("connect", resolve);
    socket.once("connect_error", () => resolve());
  });
  while (socket.connected && (await pause())) {
    const event = garbage.event();
    const args = garbage.args();
    note(event, args);
    try {
      if (random.chance(0.5)) socket.emit(event, ...args, () => {});
      else socket.emit(event, ...args);
    } catch {
      // Socket.IO's client does not send everything.
    }
    if (random.chance(0.05)) socket.emit("join", { roomId: random.pick(Object.values(query())) });
    if (random.chance(0.05)) socket.emit("leave", { roomId: random.pick(Object.values(query())) });
  }
  if (random.chance(0.5)) socket.disconnect();
  else socket.io.engine?.close();
};

/** Packets over WebSocket: of Socket.IO, of Engine.IO, and of neither. */
const byPackets: Life = async (surroundings) => {
  const { random, garbage, note, pause } = surroundings;
  const client = await openRaw(surroundings);
  if (client === undefined) return;
  while (!client.isClosed && (await pause())) {
    const packet = garbage.packet();
    note("packet", packet);
    client.say(packet);
    client.packets.length = 0;
  }
  if (random.chance(0.3)) client.reset();
  else client.end();
};

/** Frames of WebSocket, and what is none, in pieces of any length. */
const byFrames: Life = async (surroundings) => {
  const { random, garbage, note, pause } = surroundings;
  const client = await openRaw(surroundings);
  if (client === undefined) return;
  while (!client.isClosed && (await pause())) {
    const packet = garbage.packet();
    const bytes = random.chance(0.5)
      ? garbage.frame()
      : frame(random.between(0, 15), packet, {
          final: random.chance(0.8),
          masked: random.chance(0.95),
          reserved: random.chance(0.9) ? 0 : random.pick([0x10, 0x20, 0x40]),
        });
    note("frame", bytes.subarray(0, 100));
    const cut = random.between(0, bytes.length);
    client.write(bytes.subarray(0, cut));
    if (random.chance(0.3) && !(await pause())) break;
    client.write(bytes.subarray(cut));
    client.packets.length = 0;
  }
  client.reset();
};

/** Requests of a polling session, whole and broken, one over the other. */
const byPolling: Life = async (surroundings) => {
  const { url, random, garbage, query, note, pause } = surroundings;
  const parameters = new URLSearchParams({ EIO: "4", transport: "polling", ...query() });
  const greeting = await send(`${url}/socket.io/?${parameters}`, {});
  const sid = greeting.match(/"sid":"([^"]+)"/)?.[1];
  if (sid === undefined) return;
  const address = `${url}/socket.io/?EIO=4&transport=polling&sid=${sid}`;
  await send(address, { method: "POST", body: "40" });
  while (await pause()) {
    const packets = Array.from({ length: random.between(1, 5) }, () => garbage.packet());
    const body = packets
      .map((packet) => (typeof packet === "string" ? packet : `b${packet.toString("base64")}`))
      .join(separator);
    note("post", body);
    const posted = send(address, { method: random.pick(["POST", "POST", "POST", "PUT", "DELETE"]), body });
    const polled = random.chance(0.7) ? send(address, {}) : undefined;
    // At times one request comes while another is under way.
    if (random.chance(0.8)) await posted;
    if (random.chance(0.8) && (await polled) === "") return;
    if (random.chance(0.3)) await sendRequest(surroundings, garbage.request(sid));
  }
};

/** Bytes for the HTTP server, and connections that are reset at the wrong time. */
const byRequests: Life = async (surroundings) => {
  const { garbage, pause } = surroundings;
  do await sendRequest(surroundings, garbage.request("unknown"));
  while (await pause());
};

export const lives: Readonly<Record<string, Life>> = { byEvents, byPackets, byFrames, byPolling, byRequests };

/** Opens a WebSocket, and names itself, rightly for the most part. */
async function openRaw({ url, random, garbage, query, note }: Surroundings): Promise<RawClient | undefined> {
  const client = await RawClient.open(url, query()).catch(() => undefined);
  if (client === undefined) return undefined;
  const naming = random.chance(0.8) ? "40" : garbage.mutated(`40${JSON.stringify(garbage.naming())}`);
  note("naming", naming);
  if (random.chance(0.95)) client.say(naming);
  if (random.chance(0.1)) client.write(frame(opcodes.ping, "x"));
  return client;
}

async function sendRequest({ url, random, note }: Surroundings, text: string): Promise<void> {
  const socket = await openTcp(url).catch(() => undefined);
  if (socket === undefined) return;
  note("request", text);
  socket.resume();
  socket.write(text);
  const fate = random.between(0, 2);
  if (fate === 0) socket.end();
  else if (fate === 1) setTimeout(() => socket.resetAndDestroy(), random.between(0, 20));
  const timer = setTimeout(() => socket.destroy(), requestMs);
  if (!socket.destroyed) await once(socket, "close").catch(() => {});
  clearTimeout(timer);
}

/** The answer's body; empty if there was none in time. */
async function send(address: string, options: RequestInit): Promise<string> {
  try {
    const response = await fetch(address, { ...options, signal: AbortSignal.timeout(requestMs) });
    return response.ok ? await response.text() : "";
  } catch {
    return "";
  }
}
