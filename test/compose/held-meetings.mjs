// Meetings that go on while the cluster changes around them: for each line read, every pair plays a call, and
// nobody may have had to reconnect.
import assert from "node:assert/strict";
import { createInterface } from "node:readline";
import { check } from "./check.mjs";
import { Client, readCall } from "./client.mjs";

const pairs = 12;
const messages = await readCall("data-channel");
const meetings = await Promise.all(Array.from({ length: pairs }, (_, n) => meet(`held ${n}`)));
const sessionIds = currentIds();
console.log("# in");

for await (const occasion of createInterface({ input: process.stdin })) {
  await check(`${occasion}: ${pairs} meetings go on, and nobody has reconnected`, async () => {
    assert.deepEqual(currentIds(), sessionIds);
    await Promise.all(meetings.map(call));
    assert.deepEqual(currentIds(), sessionIds);
  });
  console.log(`# called ${occasion}`);
}
for (const client of meetings.flat()) client.socket.disconnect();

/** One polls and one has a WebSocket. */
async function meet(room) {
  const url = "http://haproxy:18080";
  const alice = new Client(url, { user: "alice", room, transport: "polling" });
  await alice.connected();
  await alice.expectJoin(alice.member);
  const bob = new Client(url, { user: "bob", room, transport: "websocket" });
  await bob.connected();
  await Promise.all([alice, bob].map((client) => client.expectJoin(bob.member)));
  return [alice, bob];
}

async function call([alice, bob]) {
  for (const { from, event, payload } of messages) {
    const [sender, target] = from === "alice" ? [alice, bob] : [bob, alice];
    await sender.send(event, target.member.userId, payload);
    await target.expectAddressed(event, sender.member.userId, payload);
  }
}

function currentIds() {
  return meetings.flat().map(({ socket }) => socket.id);
}
