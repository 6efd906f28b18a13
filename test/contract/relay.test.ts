/**
 * Addressed events: exact texts, stamped sender, receipts, order; on one node and across nodes, on both stores.
 */
import { expect, it } from "vitest";
import { connect } from "../harness/client.js";
import { describeOnEachStore, startNodes, unique } from "../harness/nodes.js";

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
});
