/**
 * Clients that cost the machine as little as possible: a WebSocket each, with just enough of Engine.IO and
 * Socket.IO written out by hand to be clients like any other to the servers.
 */
import { WebSocket } from "ws";

/** Connections being made at once; more would only wait in the servers' queues. */
const connectingAtOnce = 32;

/**
 * Connects, and resolves once the server has let the client in.
 *
 * @param protocol - `socket.io`, or `json` for one JSON object per frame.
 * @returns a client: `encode` makes a frame of an event, `send` sends it, `onFrame` gets what comes.
 */
export function connect(protocol, url, query) {
  return protocol === "socket.io" ? connectSocketIo(url, query) : connectJson(url, query);
}

/** Connects many, a few at a time, in their order. */
export async function connectAll(protocol, users) {
  const clients = [];
  for (let i = 0; i < users.length; i += connectingAtOnce) {
    const some = users.slice(i, i + connectingAtOnce);
    clients.push(...(await Promise.all(some.map(({ url, query }) => connect(protocol, url, query)))));
  }
  return clients;
}

function connectSocketIo(url, query) {
  const parameters = new URLSearchParams({ EIO: "4", transport: "websocket", ...query });
  const socket = new WebSocket(`${url.replace("http", "ws")}/socket.io/?${parameters}`);
  const client = {
    onFrame: undefined,
    encode: (event, json, ackId = "") => `42${ackId}["${event}",${json}]`,
    send: (frame) => socket.send(frame),
    isOpen: () => socket.readyState === WebSocket.OPEN,
    close: () => socket.terminate(),
  };
  return new Promise((resolve, reject) => {
    socket.on("message", (data) => {
      const frame = data.toString();
      if (frame === "2") socket.send("3");
      else if (client.onFrame !== undefined) client.onFrame(frame);
      else if (frame.startsWith("0")) socket.send("40");
      else if (frame.startsWith("44")) reject(new Error(`refused: ${frame}`));
      // In a room, a client is in when it hears its own join.
      else if (query.roomId === undefined ? frame.startsWith("40") : isJoinOf(frame, query.userId))
        resolve(client);
    });
    socket.on("close", () => reject(new Error("closed before the client was let in")));
    socket.on("error", reject);
  });
}

function connectJson(url, query) {
  const socket = new WebSocket(`${url.replace("http", "ws")}/?${new URLSearchParams(query)}`);
  const client = {
    onFrame: undefined,
    encode: (event, json) => `{"event":"${event}","payload":${json}}`,
    send: (frame) => socket.send(frame),
    close: () => socket.terminate(),
  };
  return new Promise((resolve, reject) => {
    socket.on("message", (data) => client.onFrame?.(data.toString()));
    socket.on("open", () => resolve(client));
    socket.on("error", reject);
  });
}

function isJoinOf(frame, userId) {
  return frame.includes('"type":"join"') && frame.includes(`"msg":"${userId} join `);
}
