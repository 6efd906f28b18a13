/**
 * What the signaler is measured against: Socket.IO with the classic Redis adapter, written as their
 * documentation shows it. It relays `candidate` in the signaler's envelope and keeps no rosters or receipts.
 */
import { createServer } from "node:http";
import { createAdapter } from "@socket.io/redis-adapter";
import { createClient } from "redis";
import { Server } from "socket.io";

const publisher = createClient({ url: process.env["REDIS_URL"] });
const subscriber = publisher.duplicate();
for (const client of [publisher, subscriber]) client.on("error", (error) => console.error(error.message));
await Promise.all([publisher.connect(), subscriber.connect()]);

const server = createServer();
const io = new Server(server, { adapter: createAdapter(publisher, subscriber) });

io.on("connection", (socket) => {
  const { userId, roomId } = socket.handshake.query;
  socket.join(userId);
  if (roomId !== undefined) {
    socket.join(roomId);
    io.to(roomId).emit("msg", {
      type: "join",
      msg: `${userId} join then room`,
      status: 200,
      data: { userId, roomId },
    });
  }
  socket.on("candidate", (payload) => {
    io.to(payload.targetUid).emit("msg", {
      type: "candidate",
      msg: "ice candidate",
      status: 200,
      data: { ...payload, userId },
    });
  });
});

server.listen(0, "127.0.0.1", () => {
  console.log(JSON.stringify({ url: `http://127.0.0.1:${server.address().port}` }));
});
