/**
 * Clients' own messages to their room.
 */
import { expect, it } from "vitest";
import { connect } from "../harness/client.js";
import { describeOnEachStore, startNode, startNodes, unique } from "../harness/nodes.js";

describeOnEachStore("a message to the room", (store) => {
  it("reaches everyone in it on every node, the sender included, and nobody else [P-34]", async () => {
    const [first, second = first] = await startNodes(store, 2);
    const roomId = unique("room");
    const alice = await connect(first.url, { userId: "alice", roomId });
    const bob = await connect(second.url, { userId: "bob", roomId });
    const stranger = await connect(second.url, { userId: "stranger", roomId: unique("room") });
    await alice.next("join");

    const sent = { type: "chat", text: "你好", from: "mallory", deep: { list: [1, null, "x"] } };
    expect(await alice.ask("msg", sent)).toEqual({
      type: "receipt",
      msg: "sent",
      status: 200,
      data: { event: "msg", roomId },
    });
    expect(await alice.next("chat")).toEqual({ ...sent, from: "alice" });
    expect(await bob.next("chat")).toEqual({ ...sent, from: "alice" });
    await stranger.ask("roomUserList");
    await stranger.nextEvent("roomUserList");
    expect(stranger.rest).toEqual([]);
  });

  it("may be anything, and is passed on as it is unless it is an object [P-34]", async () => {
    const { url } = await startNode(store);
    const roomId = unique("room");
    const alice = await connect(url, { userId: "alice", roomId });
    for (const payload of ["text", 7, true, null, ["a", { b: 1 }], ""]) {
      alice.emit("msg", payload);
      expect(await alice.nextEvent("msg")).toEqual(payload);
    }
    alice.emit("msg", JSON.parse('{"__proto__":{"polluted":true},"a":1}'));
    const echoed = await alice.nextEvent<object>("msg");
    expect(JSON.stringify(echoed)).toBe('{"__proto__":{"polluted":true},"a":1,"from":"alice"}');
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  it("is refused if it could be taken for the server's own [P-33]", async () => {
    const { url } = await startNode(store);
    const roomId = unique("room");
    const alice = await connect(url, { userId: "alice", roomId });
    const types = [
      "join",
      "leave",
      "replaced",
      "offline",
      "error",
      "receipt",
      "roomUserList",
      "call",
      "offer",
    ];
    for (const type of [...types, "answer", "candidate", "applyMic", "acceptApplyMic", "refuseApplyMic"]) {
      const answer = await alice.ask("msg", { type, data: { userId: "alice" } });
      expect(answer).toMatchObject({
        type: "error",
        status: 403,
        data: { code: "reserved_type", event: "msg" },
      });
      await alice.next("error");
    }
    expect(alice.rest).toEqual([]);
  });

  it("goes to the room it names, if the sender is in it, or else to the first joined [P-35]", async () => {
    const { url } = await startNode(store);
    const [one, two, other] = [unique("room"), unique("room"), unique("room")];
    const alice = await connect(url, { userId: "alice", roomId: one });
    await alice.ask("join", { roomId: two });
    expect((await alice.ask("msg", { type: "chat", roomId: two })).data.roomId).toBe(two);
    expect((await alice.ask("msg", { type: "chat", roomId: other })).data.roomId).toBe(one);
    expect((await alice.ask("msg", "plain")).data.roomId).toBe(one);
    await alice.ask("leave", { roomId: one });
    expect((await alice.ask("msg", "plain")).data.roomId).toBe(two);
  });

  it("crosses nodes unchanged, also where only JSON keeps it so, and to rooms with numbers for names", async () => {
    const [first, second = first] = await startNodes(store, 2);
    const other = unique("room");
    const number = 1_000_000 + Math.floor(Math.random() * 1e9);
    const alice = await connect(first.url, { userId: "alice", roomId: other });
    const bob = await connect(second.url, { userId: "bob", roomId: String(number) });
    await alice.ask("join", { roomId: number });
    const sent = JSON.parse(
      '{"roomId":1,"type":"chat","n":[1e20,1.5e300,-0.5],"s":"a\\ud83dz","__proto__":{"x":1}}',
    );
    sent.roomId = number;
    expect((await alice.ask("msg", sent)).data.roomId).toBe(String(number));
    expect(JSON.stringify(await bob.next("chat"))).toBe(JSON.stringify({ ...sent, from: "alice" }));
  });

  it("needs a room", async () => {
    const { url } = await startNode(store);
    const alice = await connect(url, { userId: unique("alice") });
    expect(await alice.ask("msg", "hello?")).toMatchObject({ status: 403, data: { code: "not_in_room" } });
  });
});
