/**
 * A connection of an attacker, as cheap as can be: what is measured is the node, not who attacks it. It is a bare
 * TCP socket, and frames are masked with zeros, which change nothing, so that they can be used again.
 */
import { connect as connectTcp } from "node:net";

const { hostname, port } = new URL(process.argv[2]);

/** Socket.IO's, in a frame of its own. */
const goodbye = Buffer.from([0x81, 2, 0x34, 0x31]);

export function openTcp() {
  const socket = connectTcp({ host: hostname, port: Number(port), noDelay: true });
  socket.on("error", () => {});
  return socket;
}

/** The request for a WebSocket of Engine.IO. */
export function upgradeRequest(query) {
  const parameters = new URLSearchParams({ EIO: "4", transport: "websocket", ...query });
  return (
    `GET /socket.io/?${parameters} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n"
  );
}

/**
 * Joins the room in the query, and calls back when it is in. One who is sent away goes at once, to come again all
 * the sooner.
 */
export function join(query, onJoined) {
  const socket = openTcp();
  let isNamed = false;
  socket.write(upgradeRequest(query));
  const listen = (chunk) => {
    const text = chunk.toString();
    if (!isNamed && text.includes('"sid"')) {
      isNamed = true;
      socket.write(textFrame("40"));
    }
    if (!text.includes('"type":"join"')) return;
    socket.off("data", listen);
    socket.on("data", (more) => {
      if (more.includes(goodbye)) socket.destroy();
    });
    onJoined(socket);
  };
  socket.on("data", listen);
  return socket;
}

/** One text frame, for texts of up to 64 KB. */
export function textFrame(text) {
  const body = Buffer.from(text);
  const head =
    body.length < 126
      ? Buffer.from([0x81, 0x80 | body.length])
      : Buffer.from([0x81, 0x80 | 126, body.length >> 8, body.length & 0xff]);
  return Buffer.concat([head, Buffer.alloc(4), body]);
}

/** Tells the benchmark, several times a second, what has been done so far. */
export function tell(counts) {
  setInterval(() => console.log(JSON.stringify(counts)), 200);
}
