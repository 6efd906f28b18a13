/**
 * Joining and leaving: notices, rosters, several rooms, the newest connection of a user.
 */
import { expect, it } from "vitest";
import { connect, listOf, open } from "../harness/client.js";
import { eventually } from "../harness/eventually.js";
import { describeOnEachStore, startNode, startNodes, unique } from "../harness/nodes.js";

describeOnEachStore("membership", (store) => {
  for (const nodes of [1, 2]) {
    const where = nodes === 1 ? "on one node" : "across nodes";

    it(`is announced to everyone ${where}, and its end to the others [P-11] [P-12]`, async () => {
      const [first, second = first] = await startNodes(store, nodes);
      const roomId = unique("room");
      const alice = await connect(first.url, { userId: "alice", roomId });
      const bob = await connect(second.url, { userId: "bob", roomId, nickname: "Bob" });

      const member = { userId: "bob", roomId, nickname: "Bob" };
      const joined = await alice.next("join");
      expect(joined).toEqual({
        type: "join",
        msg: "bob join then room",
        status: 200,
        data: member,
        version: expect.any(Number),
      });
      expect(await listOf(alice, roomId)).toEqual(["alice", "bob"]);

      bob.close();
      expect(await alice.next("leave")).toEqual({
        type: "leave",
        msg: "bob leave the room ",
        status: 200,
        data: member,
        version: (joined.version ?? 0) + 1,
      });
      expect(await listOf(alice, roomId)).toEqual(["alice"]);
      expect(alice.rest).toEqual([]);
    });

    it(`passes to the newest connection of a user ${where} [P-9] [P-13]`, async () => {
      const [first, second = first] = await startNodes(store, nodes);
      const roomId = unique("room");
      const carol = await connect(first.url, { userId: "carol", roomId });
      const older = await connect(first.url, { userId: "alice", roomId, device: "old" });
      await carol.next("join");
      const newer = await connect(second.url, { userId: "alice", roomId, device: "new" });

      expect(await older.next("replaced")).toMatchObject({ status: 409, data: { userId: "alice", roomId } });
      expect(await older.ended).toBe("io server disconnect");
      expect((await carol.next("join")).data.device).toBe("new");
      expect(await carol.ask("roomUserList", { roomId })).toContainEqual({
        userId: "alice",
        roomId,
        device: "new",
      });
      expect((await carol.ask("offer", { targetUid: "alice" })).status).toBe(200);
      await newer.next("offer");

      // The older one's going is no departure: the next notice that the room sees is the newer one's.
      newer.close();
      expect((await carol.next("leave")).data.device).toBe("new");
      expect(carol.rest).toEqual([]);
    });

    it(`stays with the older connection ${where} where duplicates are rejected [P-9]`, async () => {
      const [first, second = first] = await startNodes(store, nodes, { duplicates: "reject" });
      const roomId = unique("room");
      const older = await connect(first.url, { userId: "alice", roomId });
      const newer = open(second.url, { userId: "alice", roomId });

      expect(await newer.next("error")).toMatchObject({ status: 409, data: { code: "duplicate", roomId } });
      expect(await newer.ended).toBe("io server disconnect");
      expect(await listOf(older, roomId)).toEqual(["alice"]);
      expect(older.rest).toEqual([]);
    });

    it(`of a full room is refused ${where} until somebody leaves`, async () => {
      const [first, second = first] = await startNodes(store, nodes, { roomCapacity: 2 });
      const roomId = unique("room");
      const alice = await connect(first.url, { userId: "alice", roomId });
      const bob = await connect(second.url, { userId: "bob", roomId });
      await alice.next("join");

      const carol = open(second.url, { userId: "carol", roomId });
      expect(await carol.next("error")).toMatchObject({
        status: 403,
        data: { code: "room_full", event: "connect", retry: true, roomId },
      });
      expect(await carol.ended).toBe("io server disconnect");

      // A member who comes back on a new connection takes no further place.
      await connect(first.url, { userId: "bob", roomId });
      await bob.next("replaced");
      expect(await listOf(alice, roomId)).toEqual(["alice", "bob"]);

      alice.close();
      const again = await eventually(() => connect(second.url, { userId: "carol", roomId }));
      expect(await listOf(again, roomId)).toEqual(["bob", "carol"]);
    });
  }

  it("has a version, by which a client knows whether it has missed a notice [P-15]", async () => {
    const [first, second = first] = await startNodes(store, 2);
    const roomId = unique("room");
    const alice = await connect(first.url, { userId: "alice", roomId });
    const asked = () =>
      new Promise<[unknown[], { roomId: string; version: number }]>((resolve) =>
        alice.socket.emit("roomUserList", { roomId }, (...answer: [unknown[], never]) => resolve(answer)),
      );
    const [, about] = await asked();
    expect(about).toEqual({ roomId, version: expect.any(Number) });

    const bob = await connect(second.url, { userId: "bob", roomId });
    expect((await alice.next("join")).version).toBe(about.version + 1);
    expect((await bob.ask("join", { roomId })).data.version).toBe(about.version + 1);
    bob.emit("leave", { roomId });
    expect((await alice.next("leave")).version).toBe(about.version + 2);

    const event = new Promise((resolve) =>
      alice.socket.once("roomUserList", (...payload: unknown[]) => resolve(payload)),
    );
    const [members, { version }] = await asked();
    expect(members).toEqual([{ userId: "alice", roomId }]);
    expect(version).toBe(about.version + 2);
    expect(await event).toEqual([{ alice: expect.any(String) }, { roomId, version }]);
  });

  it("can be changed without reconnecting, and held in several rooms [P-36] [P-37]", async () => {
    const [first, second = first] = await startNodes(store, 2);
    const [one, two] = [unique("room"), unique("room")];
    const alice = await connect(first.url, { userId: "alice", roomId: one, nickname: "A" });
    const bob = await connect(second.url, { userId: "bob", roomId: two });

    expect(await alice.ask("join", { roomId: two })).toEqual({
      type: "receipt",
      msg: "joined",
      status: 200,
      data: {
        event: "join",
        roomId: two,
        userId: "alice",
        node: first.signaler.nodeId,
        members: expect.arrayContaining([
          { userId: "alice", roomId: two, nickname: "A" },
          { userId: "bob", roomId: two },
        ]),
        version: expect.any(Number),
      },
    });
    expect((await bob.next("join")).data).toEqual({ userId: "alice", roomId: two, nickname: "A" });
    expect((await bob.ask("call", { targetUid: "alice" })).status).toBe(200);
    expect(await listOf(alice, one)).toEqual(["alice"]);
    expect(await listOf(alice, two)).toEqual(["alice", "bob"]);

    expect(await alice.ask("leave", { roomId: two })).toEqual({
      type: "receipt",
      msg: "left",
      status: 200,
      data: { event: "leave", roomId: two },
    });
    expect((await bob.next("leave")).data.userId).toBe("alice");
    expect((await bob.ask("call", { targetUid: "alice" })).status).toBe(404);
    expect((await alice.ask("roomUserList", { roomId: two })).data.code).toBe("not_in_room");
    expect((await alice.ask("leave", { roomId: two })).data.code).toBe("not_in_room");
  });

  it("of a room that one is in already is answered, and nobody is told again [P-36]", async () => {
    const { url } = await startNode(store);
    const roomId = unique("room");
    const alice = await connect(url, { userId: "alice", roomId });
    expect((await alice.ask("join", { roomId })).data.members).toEqual([{ userId: "alice", roomId }]);
    expect(alice.rest).toEqual([]);
  });

  it("ends in every room when the connection does", async () => {
    const { url } = await startNode(store);
    const rooms = [unique("room"), unique("room"), unique("room")];
    const watchers = await Promise.all(rooms.map((roomId) => connect(url, { userId: "watcher", roomId })));
    const alice = await connect(url, { userId: "alice", roomId: rooms[0] ?? "" });
    for (const roomId of rooms.slice(1)) await alice.ask("join", { roomId });
    alice.close();
    for (const [n, watcher] of watchers.entries())
      expect((await watcher.next("leave")).data.roomId).toBe(rooms[n]);
  });

  it("of the lobby has no bound", async () => {
    const { url } = await startNode(store, { roomCapacity: 1 });
    const [a, b] = [unique("alice"), unique("bob")];
    const alice = await connect(url, { userId: a });
    await connect(url, { userId: b });
    expect((await alice.ask("call", { targetUid: b })).status).toBe(200);
  });

  it("is bounded in rooms for each connection", async () => {
    const { url } = await startNode(store, { maxRooms: 2 });
    const alice = await connect(url, { userId: "alice", roomId: unique("room") });
    const second = unique("room");
    await alice.ask("join", { roomId: second });
    expect(await alice.ask("join", { roomId: unique("room") })).toMatchObject({
      status: 403,
      data: { code: "too_many_rooms" },
    });
    await alice.ask("leave", { roomId: second });
    expect((await alice.ask("join", { roomId: unique("room") })).status).toBe(200);
  });

  it("survives a client that joins, leaves and goes in one breath", async () => {
    const { url } = await startNode(store);
    const roomId = unique("room");
    const watcher = await connect(url, { userId: "watcher", roomId });
    for (let round = 0; round < 10; round += 1) {
      const flicker = open(url, { userId: "flicker", roomId });
      flicker.emit("leave", { roomId });
      flicker.emit("join", { roomId });
      await new Promise((resolve) => flicker.socket.once("connect", () => resolve(undefined)));
      flicker.close();
    }
    await eventually(async () => expect(await listOf(watcher, roomId)).toEqual(["watcher"]));
  });
});

describeOnEachStore("rosters", (store) => {
  it("come as an event with the hash's JSON strings, and in the ack as a list [P-31] [P-32]", async () => {
    const [first, second = first] = await startNodes(store, 2);
    const roomId = unique("room");
    const alice = await connect(first.url, { userId: "alice", roomId, nickname: "A" });
    await connect(second.url, { userId: "bob", roomId });

    alice.emit("roomUserList", { roomId });
    expect(await alice.nextEvent("roomUserList")).toEqual({
      alice: JSON.stringify({ userId: "alice", roomId, nickname: "A" }),
      bob: JSON.stringify({ userId: "bob", roomId }),
    });
    expect(await alice.ask("roomUserList", { roomId })).toHaveLength(2);
    expect(await alice.nextEvent("roomUserList")).toHaveProperty("bob");
  });

  it("come as a list where the node is set so", async () => {
    const { url } = await startNode(store, { rosterEvent: "list" });
    const roomId = unique("room");
    const alice = await connect(url, { userId: "alice", roomId });
    alice.emit("roomUserList", { roomId });
    expect(await alice.nextEvent("roomUserList")).toEqual([{ userId: "alice", roomId }]);
  });

  it("are of the only room where none is named, and of no room that one is not in [P-30]", async () => {
    const { url } = await startNode(store);
    const roomId = unique("room");
    const alice = await connect(url, { userId: "alice", roomId });
    expect(await alice.ask("roomUserList")).toEqual([{ userId: "alice", roomId }]);
    expect(await alice.ask("roomUserList", {})).toEqual([{ userId: "alice", roomId }]);
    expect((await alice.ask("roomUserList", { roomId: unique("room") })).data.code).toBe("not_in_room");
    const inLobby = await connect(url, { userId: unique("user") });
    expect((await inLobby.ask("roomUserList", { roomId })).data.code).toBe("not_in_room");
    expect((await inLobby.ask("roomUserList")).data.code).toBe("bad_room_id");
  });

  it("are of any room where the scope is global", async () => {
    const { url } = await startNode(store, { scope: "global" });
    const roomId = unique("room");
    const bob = unique("bob");
    await connect(url, { userId: bob, roomId });
    const alice = await connect(url, { userId: unique("alice") });
    expect(await alice.ask("roomUserList", { roomId })).toEqual([{ userId: bob, roomId }]);
  });

  it("hold anyone, also those who are called like methods", async () => {
    const { url } = await startNode(store);
    const roomId = unique("room");
    const [first, ...others] = ["constructor", "toString", "hasOwnProperty"];
    const client = await connect(url, { userId: first ?? "", roomId });
    expect((await client.ask("offer", { targetUid: "valueOf" })).status).toBe(404);
    for (const userId of others) await connect(url, { userId, roomId });
    const members = await client.ask<{ userId: string }[]>("roomUserList");
    expect(members.map(({ userId }) => userId)).toEqual(["constructor", "toString", "hasOwnProperty"]);
  });
});
