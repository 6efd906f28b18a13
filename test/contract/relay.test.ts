/**
 * Addressed events: exact texts, stamped sender, receipts, order; on one node and across nodes, on both stores.
 */
import { expect, it } from "vitest";
import { connect } from "../harness/client.js";
import { describeOnEachStore, startNode, startNodes, unique } from "../harness/nodes.js";

describeOnEachStore("addressed events", (store) => {
  const texts = {
    call: "远程呼叫",
    offer: "rtc offer",
    answer: "rtc answer",
    candidate: "ice candidate",
    applyMic: "apply mic",
    acceptApplyMic: "acceptApplyMic mic",
    refuseApplyMic: "refuseApplyMic mic",
  };

  for (const nodes of [1, 2]) {
    const where = nodes === 1 ? "on one node" : "across nodes";

    it(`reach their target ${where} with their texts and the sender's real id`, async () => {
      const [first, second = first] = await startNodes(store, nodes);
      const roomId = unique("room");
      const alice = await connect(first.url, { userId: "alice", roomId });
      const bob = await connect(second.url, { userId: "bob", roomId });

      for (const [event, msg] of Object.entries(texts)) {
        const answer = await alice.ask(event, {
          targetUid: "bob",
          userId: "mallory",
          n: 1,
          text: "déjà 你好 🎥",
        });
        expect(answer).toEqual({
          type: "receipt",
          msg: "delivered",
          status: 200,
          data: { event, targetUid: "bob" },
        });
        expect(await bob.next(event)).toEqual({
          type: event,
          msg,
          status: 200,
          data: { targetUid: "bob", userId: "alice", n: 1, text: "déjà 你好 🎥" },
        });
      }
    });

    it(`keep their order ${where}, with and without acks`, async () => {
      const [first, second = first] = await startNodes(store, nodes);
      const roomId = unique("room");
      const alice = await connect(first.url, { userId: "alice", roomId });
      const bob = await connect(second.url, { userId: "bob", roomId });
      const count = 300;

      const acks: Promise<unknown>[] = [];
      for (let n = 0; n < count; n += 1) {
        const payload = { targetUid: "bob", n };
        if (n % 3 === 0) acks.push(alice.ask("candidate", payload));
        else alice.emit("candidate", payload);
      }
      const seen: number[] = [];
      while (seen.length < count) seen.push((await bob.next("candidate")).data.n);
      expect(seen).toEqual(Array.from({ length: count }, (_, n) => n));
      expect(await Promise.all(acks)).toHaveLength(100);
    });
  }

  it("are confirmed at once to a sender who waits, one after another", async () => {
    const [first, second = first] = await startNodes(store, 2);
    const roomId = unique("room");
    const alice = await connect(first.url, { userId: "alice", roomId });
    await connect(second.url, { userId: "bob", roomId });
    // Forty receipts that waited for company would take forty seconds, and this test's patience.
    for (let n = 0; n < 40; n += 1)
      expect((await alice.ask("offer", { targetUid: "bob", n })).status).toBe(200);
  });

  it("are offered where the payload's roomId says, when the target is in several rooms [P-22]", async () => {
    const [first, second = first] = await startNodes(store, 2);
    const [one, two] = [unique("room"), unique("room")];
    const alice = await connect(first.url, { userId: "alice", roomId: one });
    await alice.ask("join", { roomId: two });
    const bobInOne = await connect(second.url, { userId: "bob", roomId: one });
    const bobInTwo = await connect(first.url, { userId: "bob", roomId: two });

    expect((await alice.ask("call", { targetUid: "bob", roomId: two })).status).toBe(200);
    expect((await bobInTwo.next("call")).data.roomId).toBe(two);
    expect((await alice.ask("call", { targetUid: "bob", roomId: one })).status).toBe(200);
    // Whoever is on the sender's own node is found first, unless the payload says otherwise.
    expect((await alice.ask("call", { targetUid: "bob" })).status).toBe(200);
    expect((await bobInOne.next("call")).data.roomId).toBe(one);
    expect((await bobInTwo.next("call")).data.roomId).toBeUndefined();
    // A room that the sender is not in opens nothing, and is no error: it may be what the message is about.
    expect((await alice.ask("call", { targetUid: "bob", roomId: unique("room") })).status).toBe(200);
  });

  it("take a numeric targetUid for the id of the same digits [P-5]", async () => {
    const { url } = await startNode(store);
    const roomId = unique("room");
    const alice = await connect(url, { userId: "1", roomId });
    const bob = await connect(url, { userId: "2", roomId });
    expect((await alice.ask("offer", { targetUid: 2 })).status).toBe(200);
    expect((await bob.next("offer")).data).toEqual({ targetUid: 2, userId: "1" });
  });

  it("cross between people in the lobby, and no further [P-7] [P-22]", async () => {
    const [first, second = first] = await startNodes(store, 2);
    const roomId = unique("room");
    const [a, b, c] = [unique("alice"), unique("bob"), unique("carol")];
    const alice = await connect(first.url, { userId: a });
    const bob = await connect(second.url, { userId: b });
    const carol = await connect(second.url, { userId: c, roomId });

    expect((await alice.ask("call", { targetUid: b, roomId })).status).toBe(200);
    expect((await bob.next("call")).data).toEqual({ targetUid: b, roomId, userId: a });
    expect((await alice.ask("call", { targetUid: c })).status).toBe(404);
    expect((await carol.ask("call", { targetUid: a })).status).toBe(404);

    // Somebody from the lobby who enters a room is still reached in the lobby.
    await bob.ask("join", { roomId });
    expect((await alice.ask("call", { targetUid: b })).status).toBe(200);
    expect((await carol.ask("call", { targetUid: b })).status).toBe(200);
    expect(alice.rest.filter(({ type }) => type === "join" || type === "leave")).toEqual([]);
  });

  it("reach anyone connected where the scope is global, whatever their rooms [P-22]", async () => {
    const [first, second = first] = await startNodes(store, 2, { scope: "global" });
    const [a, b, c] = [unique("alice"), unique("bob"), unique("carol")];
    const alice = await connect(first.url, { userId: a, roomId: unique("room") });
    const bob = await connect(second.url, { userId: b, roomId: unique("room") });
    const carol = await connect(second.url, { userId: c });
    for (const [sender, targetUid] of [
      [alice, b],
      [bob, c],
      [carol, a],
    ] as const)
      expect((await sender.ask("call", { targetUid })).status).toBe(200);
    expect((await alice.ask("call", { targetUid: unique("nobody") })).status).toBe(404);
  });

  it("are the same after a reconnection where the scope is global, and the room hears of no leave [P-12]", async () => {
    const [first, second = first] = await startNodes(store, 2, { scope: "global" });
    const roomId = unique("room");
    const [a, w] = [unique("alice"), unique("watcher")];
    const watcher = await connect(first.url, { userId: w, roomId });
    const older = await connect(second.url, { userId: a, roomId });
    await watcher.next("join");
    await connect(first.url, { userId: a, roomId });
    await older.next("replaced");
    await watcher.next("join");
    expect((await watcher.ask("call", { targetUid: a })).status).toBe(200);
    expect(watcher.rest).toEqual([]);
  });

  it("find nobody once the target has left, and the target's new connection once it is back", async () => {
    const [first, second = first] = await startNodes(store, 2);
    const roomId = unique("room");
    const alice = await connect(first.url, { userId: "alice", roomId });
    const bob = await connect(second.url, { userId: "bob", roomId });
    expect((await alice.ask("offer", { targetUid: "bob" })).status).toBe(200);
    bob.close();
    await alice.next("leave");
    expect((await alice.ask("offer", { targetUid: "bob" })).status).toBe(404);
    const back = await connect(first.url, { userId: "bob", roomId });
    expect((await alice.ask("offer", { targetUid: "bob", again: true })).status).toBe(200);
    expect((await back.next("offer")).data.again).toBe(true);
  });
});
