/**
 * The client of `meeting-signaler/client`: who is there, what it is sent, and what it is told.
 */
import { expect, it, onTestFinished } from "vitest";
import { connect } from "../../src/client/index.js";
import { eventually } from "../harness/eventually.js";
import { describeOnEachStore, startNodes, unique } from "../harness/nodes.js";

describeOnEachStore("clients", (store) => {
  it("see each other and call", async () => {
    const [first, second = first] = await startNodes(store, 2);
    const roomId = unique("room");
    const alice = connect({ url: first.url, roomId, userId: "alice" });
    onTestFinished(() => alice.close());
    await alice.ready;
    const bob = connect({ url: second.url, roomId, userId: "bob" });
    onTestFinished(() => bob.close());
    const got: unknown[] = [];
    bob.on("message", (m) => got.push(m));
    await bob.ready;
    expect([...bob.room.members.keys()].sort()).toEqual(["alice", "bob"]);
    await eventually(() => expect(alice.room.members.size).toBe(2));
    await alice.send("offer", "bob", { offer: 1 });
    expect(got).toEqual([
      { event: "offer", from: "alice", data: { offer: 1, targetUid: "bob", userId: "alice" } },
    ]);
    await expect(alice.send("offer", "carol", {})).rejects.toMatchObject({ code: "offline" });
    expect(bob.nodeId).toBe(second.signaler.nodeId);
  });
});
