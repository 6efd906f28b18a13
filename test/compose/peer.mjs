// One side of a call, in a container of its own: `first` says "# in" when the other may come, then `second` does.
import assert from "node:assert/strict";
import { parseArgs } from "node:util";
import { check } from "./check.mjs";
import { Client, readCall } from "./client.mjs";

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    user: { type: "string" },
    peer: { type: "string" },
    /** `polling`, `websocket`, or `polling,websocket`: begins with the one and goes over to the other. */
    transport: { type: "string" },
    /** Without a room, the two meet in the lobby. */
    room: { type: "string" },
    /** Where the handshake names the room: only from the query can the proxy read it. */
    "room-in": { type: "string", default: "query" },
    /** How the node of `first` goes away before `second` comes: `kill` or `stop`. */
    "node-goes": { type: "string" },
  },
});
const { user, peer, transport, room } = values;
const first = positionals[0] === "first";
const roomIn = values["room-in"];
const nodeGoes = values["node-goes"];
const reconnection = nodeGoes !== undefined;

const me = new Client("http://haproxy:18080", { user, room, roomIn, transport }, { reconnection });
const other = me.memberCalled(peer);

await check(`${user} connects`, async () => {
  await me.connected();
  await (room === undefined ? me.settle() : me.expectJoin(me.member));
  await me.goneOverTo(transport.split(",").at(-1));
});

if (first) {
  console.log("# in");
  if (nodeGoes !== undefined) await comeBack();
}
await (room === undefined ? callInTheLobby() : meetInTheRoom());
me.socket.disconnect();

async function meetInTheRoom() {
  if (first) await check(`${user} is told that ${peer} joins`, () => me.expectJoin(other));

  await check(`${user} sees the roster`, async () => {
    const { event, list } = await me.rosters();
    const members = [me.member, other].sort((a, b) => (a.userId < b.userId ? -1 : 1));
    const byId = Object.fromEntries(Object.entries(event).map(([id, json]) => [id, JSON.parse(json)]));
    assert.deepEqual(byId, Object.fromEntries(members.map((member) => [member.userId, member])));
    assert.deepEqual(
      list.sort((a, b) => (a.userId < b.userId ? -1 : 1)),
      members,
    );
  });

  const messages = await readCall("audio-video");
  const mine = ({ from }) => (from === "alice") === first;
  const sent = messages.filter(mine).length;
  const what = `${user} gets ${messages.length - sent} messages unchanged, and receipts for ${sent}`;
  await check(what, async () => {
    for (const message of messages) {
      if (mine(message)) await me.send(message.event, peer, message.payload);
      else await me.expectAddressed(message.event, peer, message.payload);
    }
  });

  await check(`${user} gets what is said to the room`, async () => {
    const remark = { type: "chat", text: "déjà 你好 🎥" };
    if (!first) await me.ask("msg", remark);
    await me.expect({ ...remark, from: first ? peer : user });
  });

  if (first) await check(`${user} is told that ${peer} leaves`, () => me.expectLeave(other));
}

async function callInTheLobby() {
  const ring = { ringtone: "marimba" };
  await check(`${user} calls ${peer}, and is called`, async () => {
    if (!first) await me.send("call", peer, ring);
    await me.expectAddressed("call", peer, ring);
    if (first) await me.send("call", peer, ring);
  });
}

async function comeBack() {
  await check(`${user} is back by itself`, async () => {
    await me.disconnected();
    const lostAt = Date.now();
    if (nodeGoes === "stop") await me.expectFailure("shutting_down");
    await me.connected();
    await me.expectJoin(me.member);
    return `after ${((Date.now() - lostAt) / 1000).toFixed(1)} s`;
  });
  console.log("# back");
}
