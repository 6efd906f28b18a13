/**
 * The least that a relay can be: `ws`, a map of users, and the signaler's envelope around what is parsed. It
 * shows what one node would cost if it were nothing but that.
 */
import { createServer } from "node:http";
import { WebSocketServer } from "ws";

const users = new Map();
const server = createServer();

new WebSocketServer({ server }).on("connection", (socket, request) => {
  const userId = new URL(request.url, "http://localhost").searchParams.get("userId");
  users.set(userId, socket);
  socket.on("close", () => users.delete(userId));
  socket.on("error", () => {});
  socket.on("message", (data) => {
    const { event, payload } = JSON.parse(data);
    const envelope = { type: event, msg: "ice candidate", status: 200, data: { ...payload, userId } };
    users.get(payload.targetUid)?.send(JSON.stringify(envelope));
  });
});

server.listen(0, "127.0.0.1", () => {
  console.log(JSON.stringify({ url: `http://127.0.0.1:${server.address().port}` }));
});
