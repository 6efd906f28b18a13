/**
 * What becomes of clients that do not read what they are sent, or slowly, while the others notice nothing (I7).
 */
import { setTimeout as delay } from "node:timers/promises";
import { expect, it, onTestFinished } from "vitest";
import { connect } from "../harness/client.js";
import { eventually } from "../harness/eventually.js";
import { describeOnEachStore, startNode, type TestNode, unique } from "../harness/nodes.js";
import { openTcpForTest, RawClient } from "../harness/raw-client.js";
import { counted } from "../harness/rejections.js";

/** Alice, and somebody who reads no more. */
async function meet({ url }: TestNode) {
  const roomId = unique("room");
  const alice = await connect(url, { userId: "alice", roomId });
  const slow = await RawClient.join(url, { userId: "slow", roomId });
  onTestFinished(() => slow.reset());
  slow.pause();
  return { alice, slow, roomId };
}

describeOnEachStore("a client that does not read", (store) => {
  const filler = "x".repeat(60_000);

  it("is cut when too much waits for it, and the others notice nothing [P-48]", async () => {
    const node = await startNode(store, { messageRate: 0, maxQueuedBytes: 1_048_576 });
    const { alice, roomId } = await meet(node);
    const bob = await connect(node.url, { userId: "bob", roomId });
    await alice.next("join");
    await alice.next("join");

    let sent = 0;
    while (!alice.rest.some(({ type }) => type === "leave")) {
      expect((await alice.ask("msg", { type: "chat", n: sent, filler })).status).toBe(200);
      sent += 1;
      // What the operating system holds comes on top of what waits in the node.
      expect(sent).toBeLessThan(500);
    }
    expect((await alice.next("leave")).data.userId).toBe("slow");
    expect(await counted(node, "slow_reader")).toBe(1);
    for (let n = 0; n < sent; n += 1) expect(await bob.next("chat")).toMatchObject({ n });
  });

  it("is not cut for one large answer, as long as it reads", async () => {
    const node = await startNode(store, { maxQueuedBytes: 65_536 });
    const roomId = unique("room");
    const profile = { about: "x".repeat(2_000) };
    for (let n = 0; n < 60; n += 1) await connect(node.url, { userId: `member-${n}`, roomId, ...profile });
    const alice = await connect(node.url, { userId: "alice", roomId });
    // It comes twice: as the answer, and as an event.
    for (let n = 0; n < 3; n += 1) expect(await alice.ask("roomUserList")).toHaveLength(61);
    await alice.ask("join", { roomId });
    expect(await alice.ask("roomUserList")).toHaveLength(61);
    expect(await counted(node, "slow_reader")).toBe(0);
  });

  it("is not cut either when it reads slowly, as long as it does", async () => {
    const node = await startNode(store, { messageRate: 0, maxQueuedBytes: 2_000_000 });
    const { alice, slow } = await meet(node);
    // More than the operating system holds for one connection.
    const offers = Array.from({ length: 200 }, () => alice.ask("offer", { targetUid: "slow", filler }));
    expect(new Set((await Promise.all(offers)).map(({ type }) => type))).toEqual(new Set(["receipt"]));
    const bytes = offers.length * filler.length;
    while (slow.bytesRead < bytes) {
      await slow.read(Math.min(500_000, bytes - slow.bytesRead));
      await delay(320);
    }
    expect(await counted(node, "slow_reader")).toBe(0);
  });

  it("is cut at once when far too much waits for it", async () => {
    const node = await startNode(store, { messageRate: 0, maxQueuedBytes: 200_000 });
    const { alice } = await meet(node);
    for (let n = 0; n < 400; n += 1) alice.emit("offer", { targetUid: "slow", filler });
    const offline = await alice.next("offline");
    expect(offline.data.targetUid).toBe("slow");
    expect(await counted(node, "slow_reader")).toBe(1);
  });

  it("is cut as well when it polls no more", async () => {
    const node = await startNode(store, { messageRate: 0, maxQueuedBytes: 200_000 });
    const roomId = unique("room");
    const alice = await connect(node.url, { userId: "alice", roomId });
    const polling = `${node.url}/socket.io/?EIO=4&transport=polling`;
    const { sid } = JSON.parse((await (await fetch(polling)).text()).slice(1)) as { sid: string };
    const body = `40${JSON.stringify({ userId: "slow", roomId })}`;
    await fetch(`${polling}&sid=${sid}`, { method: "POST", body });
    await alice.next("join");
    for (let n = 0; n < 5; n += 1) alice.emit("offer", { targetUid: "slow", filler });
    expect((await alice.next("leave")).data.userId).toBe("slow");
    expect(await counted(node, "slow_reader")).toBe(1);
  });

  it("is cut as well when it polls on, and reads none of the answers", async () => {
    const node = await startNode(store, { messageRate: 0, maxQueuedBytes: 16_000_000 });
    const roomId = unique("room");
    const alice = await connect(node.url, { userId: "alice", roomId });
    const path = "/socket.io/?EIO=4&transport=polling";
    const { sid } = JSON.parse((await (await fetch(node.url + path)).text()).slice(1)) as { sid: string };
    const body = `40${JSON.stringify({ userId: "slow", roomId })}`;
    await fetch(`${node.url}${path}&sid=${sid}`, { method: "POST", body });
    await eventually(async () => expect(await alice.ask("roomUserList")).toHaveLength(2));
    for (let polls = 0; !alice.rest.some(({ type }) => type === "leave"); polls += 1) {
      expect(polls).toBeLessThan(12);
      // More than the operating system holds for one connection.
      for (let n = 0; n < 100; n += 1) alice.emit("offer", { targetUid: "slow", filler });
      await alice.ask("roomUserList");
      const poll = await openTcpForTest(node.url);
      poll.pause().write(`GET ${path}&sid=${sid} HTTP/1.1\r\nHost: x\r\n\r\n`);
      await delay(20);
    }
    expect(await counted(node, "slow_reader")).toBe(1);
  });
});
