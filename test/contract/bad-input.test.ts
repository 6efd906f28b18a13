/**
 * Whatever a client sends that is not right: it is told what was wrong, nobody else notices, and it stays
 * connected.
 */

import { expect, it } from "vitest";
import { WebSocket } from "ws";
import { connect, type TestClient } from "../harness/client.js";
import { eventually } from "../harness/eventually.js";
import { describeOnEachStore, startNode, unique } from "../harness/nodes.js";

describeOnEachStore("bad input", (store) => {
  async function aliceAndBob() {
    const { url } = await startNode(store);
    const roomId = unique("room");
    const alice = await connect(url, { userId: "alice", roomId });
    const bob = await connect(url, { userId: "bob", roomId });
    await alice.next("join");
    return { url, roomId, alice, bob };
  }

  /** The sender still gets through, and this is the first that the other has heard. */
  async function expectUnharmed(alice: TestClient, bob: TestClient) {
    expect((await alice.ask("offer", { targetUid: "bob", after: true })).status).toBe(200);
    expect((await bob.next("offer")).data.after).toBe(true);
    expect(bob.rest).toEqual([]);
  }

  const cases: [what: string, code: string, event: string, args: unknown[]][] = [
    ["no payload", "bad_payload", "offer", []],
    ["a null payload", "bad_payload", "offer", [null]],
    ["a payload that is a string", "bad_payload", "candidate", ["bob"]],
    ["a payload that is a number", "bad_payload", "call", [7]],
    ["a payload that is an array", "bad_payload", "answer", [["bob"]]],
    ["no targetUid", "target_required", "offer", [{ offer: 1 }]],
    ["a null targetUid", "target_required", "offer", [{ targetUid: null }]],
    ["an empty targetUid", "target_required", "offer", [{ targetUid: "" }]],
    ["an array for a targetUid", "bad_target", "offer", [{ targetUid: ["bob"] }]],
    ["an empty array for a targetUid", "bad_target", "offer", [{ targetUid: [] }]],
    ["an object for a targetUid", "bad_target", "offer", [{ targetUid: { uid: "bob" } }]],
    ["a targetUid with a control character", "bad_target", "offer", [{ targetUid: "bob\u0000" }]],
    ["a targetUid with a brace", "bad_target", "offer", [{ targetUid: "{bob}" }]],
    ["a targetUid that is too long", "bad_target", "offer", [{ targetUid: "b".repeat(129) }]],
    ["__proto__ for a targetUid", "bad_target", "offer", [{ targetUid: "__proto__" }]],
    ["oneself for a targetUid", "self_target", "offer", [{ targetUid: "alice" }]],
    ["something after the payload", "bad_arguments", "offer", [{ targetUid: "bob" }, "not an ack"]],
    ["an object where the ack should be", "bad_arguments", "join", [{ roomId: "r" }, { ack: true }]],
    ["null where the ack should be", "bad_arguments", "msg", ["hello", null]],
    ["an unknown event", "unknown_event", "sing", [{ targetUid: "bob" }]],
    ["an event named like a method", "unknown_event", "constructor", [{}]],
    ["an event named like the prototype", "unknown_event", "__proto__", [{}]],
    ["the name error", "unknown_event", "error", [{}]],
    ["no roomId to join", "bad_room_id", "join", [{}]],
    ["an array to join", "bad_room_id", "join", [{ roomId: ["a", "b"] }]],
    ["a brace in the room to join", "bad_room_id", "join", [{ roomId: "{a}" }]],
    ["the lobby's own name to join", "bad_room_id", "join", [{ roomId: "{lobby}" }]],
    ["__proto__ to join", "bad_room_id", "join", [{ roomId: "__proto__" }]],
    ["a string payload to join", "bad_payload", "join", ["room"]],
    ["no payload to leave", "bad_payload", "leave", []],
    ["a room one is not in to leave", "not_in_room", "leave", [{ roomId: "elsewhere" }]],
    ["a room one is not in to list", "not_in_room", "roomUserList", [{ roomId: "elsewhere" }]],
    ["a payload to list that is no object", "bad_payload", "roomUserList", ["room"]],
    ["binary in a message", "binary_refused", "msg", [Buffer.from("x")]],
    [
      "binary deep in a payload",
      "binary_refused",
      "offer",
      [{ targetUid: "bob", a: { b: [Buffer.from("x")] } }],
    ],
    ["a message over the limit", "too_large", "offer", [{ targetUid: "bob", sdp: "x".repeat(65_536) }]],
    ["a message over the limit in bytes only", "too_large", "msg", ["会".repeat(22_000)]],
  ];

  for (const [what, code, event, args] of cases) {
    it(`is answered by ${code}: ${what}`, async () => {
      const { alice, bob } = await aliceAndBob();
      const inAck = await alice.ask(event, ...args);
      expect(inAck).toMatchObject({ type: "error", data: { code, event } });
      expect(await alice.next("error")).toEqual(inAck);
      alice.emit(event, ...args);
      expect(await alice.next("error")).toEqual(inAck);
      await expectUnharmed(alice, bob);
    });
  }

  it("does not count a message just under the limit", async () => {
    const { alice, bob } = await aliceAndBob();
    expect((await alice.ask("offer", { targetUid: "bob", sdp: "x".repeat(65_000) })).status).toBe(200);
    expect((await bob.next("offer")).data.sdp).toHaveLength(65_000);
  });

  it("is told as offline when nobody of that id can be addressed, wherever they are [P-41]", async () => {
    const { url, alice, bob } = await aliceAndBob();
    const elsewhere = unique("elsewhere");
    await connect(url, { userId: elsewhere, roomId: unique("room") });
    const inLobby = unique("lobby");
    await connect(url, { userId: inLobby });
    for (const targetUid of [unique("nobody"), elsewhere, inLobby]) {
      const answer = await alice.ask("call", { targetUid });
      expect(answer).toMatchObject({ type: "offline", status: 404, data: { targetUid, event: "call" } });
      expect(await alice.next("offline")).toEqual(answer);
    }
    await expectUnharmed(alice, bob);
  });

  it("that is not the protocol ends the connection that sent it, and no other [P-47]", async () => {
    const { url, alice, bob } = await aliceAndBob();
    const raw = (query: string) => {
      const socket = new WebSocket(
        `${url.replace("http", "ws")}/socket.io/?EIO=4&transport=websocket${query}`,
      );
      socket.on("error", () => {});
      return socket;
    };
    const frames = ['42["offer"', "garbage", "4", '45-["msg"]', `42["msg","${"x".repeat(300_000)}"]`, "49"];
    for (const frame of frames) {
      const socket = raw(`&userId=${unique("raw")}`);
      const closed = new Promise((resolve) => socket.once("close", resolve));
      socket.on("message", (data) => {
        const text = String(data);
        if (text.startsWith("0{")) socket.send("40");
        if (text.startsWith("40{")) socket.send(frame);
      });
      await closed;
    }
    await expectUnharmed(alice, bob);
  });

  it.each([
    ["twice at once", ["40", "40"]],
    ["again after a goodbye", ["40", "41", "40"]],
  ])("that names a connection %s ends it, and leaves nobody behind [P-47]", async (_, packets) => {
    const { url, roomId, alice, bob } = await aliceAndBob();
    const userId = unique("raw");
    const query = new URLSearchParams({ EIO: "4", transport: "websocket", userId, roomId });
    const socket = new WebSocket(`${url.replace("http", "ws")}/socket.io/?${query}`);
    const closed = new Promise((resolve) => socket.once("close", resolve));
    socket.once("message", () => {
      for (const packet of packets) socket.send(packet);
    });
    await closed;
    await eventually(async () => expect(await alice.ask("roomUserList")).toHaveLength(2));
    expect((await alice.ask("offer", { targetUid: userId })).status).toBe(404);
    expect((await alice.ask("offer", { targetUid: "bob" })).status).toBe(200);
    // Whoever came has left.
    const notices = bob.rest.filter(({ data }) => data.userId === userId).map(({ type }) => type);
    expect(notices.filter((type) => type === "leave")).toHaveLength(
      notices.filter((type) => type === "join").length,
    );
  });

  it("that is nested too deeply is refused as no payload", async () => {
    const { alice, bob } = await aliceAndBob();
    const levels = 20_000;
    const deep = `${"[".repeat(levels)}${"]".repeat(levels)}`;
    for (const event of ["offer", "msg"]) {
      alice.socket.io.engine.write(`2["${event}",{"targetUid":"bob","deep":${deep}}]`);
      expect((await alice.next("error")).data).toMatchObject({ code: "bad_payload", event });
    }
    await expectUnharmed(alice, bob);
  });
});
