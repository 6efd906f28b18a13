/**
 * What hosts may do with a room, on whichever node those concerned are; and that nobody else may [P-70] to [P-74].
 */
import { expect, it } from "vitest";
import { connect, listOf, open } from "../harness/client.js";
import { eventually } from "../harness/eventually.js";
import { describeOnEachStore, startNode, startNodes, type TestNode, unique } from "../harness/nodes.js";
import { askingForTokens, tokenOf } from "../harness/tokens.js";

/** What the client connects with. */
const withToken = async (userId: string, role: "host" | "member" = "member") => ({
  auth: { token: await tokenOf(userId, { role }) },
});

const come = async (node: TestNode, userId: string, roomId: string, role?: "host" | "member") =>
  connect(node.url, { userId, roomId }, await withToken(userId, role));

/** Tries to come in, and is told why not. */
async function turnedAway(node: TestNode, userId: string, roomId: string, role?: "host" | "member") {
  const client = open(node.url, { userId, roomId }, await withToken(userId, role));
  const { status, data } = await client.next("error");
  expect([data.event, await client.ended]).toEqual(["connect", "io server disconnect"]);
  return { status, ...data };
}

describeOnEachStore("a host", (store) => {
  it("removes a member from the room, and the user does not get back in for a time [P-72]", async () => {
    const [first, second = first] = await startNodes(store, 2, { ...askingForTokens, kickMs: 60_000 });
    const roomId = unique("room");
    const host = await come(first, "host", roomId, "host");
    const carol = await come(first, "carol", roomId);
    const bob = await come(second, "bob", roomId);

    expect(await host.ask("kick", { targetUid: "bob" })).toEqual({
      type: "receipt",
      msg: "kicked",
      status: 200,
      data: { event: "kick", roomId, targetUid: "bob" },
    });
    const told = await bob.next("kicked");
    expect([told.status, told.data]).toEqual([403, { userId: "bob", roomId, by: "host" }]);
    expect(await bob.ended).toBe("io server disconnect");
    expect((await carol.next("leave")).data).toEqual({ userId: "bob", roomId, role: "member" });
    expect(await listOf(carol, roomId)).toEqual(["carol", "host"]);

    const refusal = await turnedAway(first, "bob", roomId);
    expect(refusal).toMatchObject({ status: 403, code: "kicked", retry: true, roomId });
    expect(refusal.retryAfterMs).toBeGreaterThan(0);
    expect(refusal.retryAfterMs).toBeLessThanOrEqual(60_000);
    // Into other rooms it does.
    const again = await come(second, "bob", unique("room"));
    expect((await again.ask("join", { roomId })).data).toMatchObject({ code: "kicked", roomId });
    expect(await listOf(carol, roomId)).toEqual(["carol", "host"]);
  });

  it("lets whom it removed come back when the time is over, and both are announced once [P-72]", async () => {
    const [first, second = first] = await startNodes(store, 2, { ...askingForTokens, kickMs: 200 });
    const roomId = unique("room");
    const host = await come(first, "host", roomId, "host");
    const bob = await come(second, "bob", roomId);
    await host.next("join");
    await host.ask("kick", { targetUid: "bob" });
    await bob.ended;
    const again = await come(second, "bob", unique("room"));
    await eventually(async () => expect((await again.ask("join", { roomId })).status).toBe(200));
    expect(await listOf(host, roomId)).toEqual(["bob", "host"]);
    const notices = () => host.rest.filter(({ data }) => data.userId === "bob").map(({ type }) => type);
    await eventually(() => expect(notices()).toEqual(["leave", "join"]));
  });

  it("has the others told that a member has left, and the member only that it is out [P-12] [P-72]", async () => {
    const [first, second = first] = await startNodes(store, 2, askingForTokens);
    const roomId = unique("room");
    const host = await come(first, "host", roomId, "host");
    for (const node of [first, second]) {
      const userId = unique("bob");
      const bob = await come(node, userId, roomId);
      expect((await host.ask("kick", { targetUid: userId })).msg).toBe("kicked");
      await bob.ended;
      const told = bob.rest.map(({ type }) => type);
      expect(told.filter((type) => type === "leave" || type === "kicked")).toEqual(["kicked"]);
      expect((await host.next("leave")).data.userId).toBe(userId);
    }
  });

  it("removes a member from one room, and not from the others", async () => {
    const [first, second = first] = await startNodes(store, 2, askingForTokens);
    const [one, other] = [unique("room"), unique("room")];
    const host = await come(first, "host", one, "host");
    const bob = await come(second, "bob", other);
    expect((await bob.ask("join", { roomId: one })).status).toBe(200);
    expect((await host.ask("kick", { targetUid: "bob" })).status).toBe(200);
    expect((await bob.next("kicked")).data.roomId).toBe(one);
    expect((await bob.ask("roomUserList", { roomId: one })).data.code).toBe("not_in_room");
    expect(await listOf(bob, other)).toEqual(["bob"]);
    expect((await bob.ask("join", { roomId: one })).data).toMatchObject({ code: "kicked", roomId: one });
    host.emit("msg", { type: "chat" });
    await host.next("chat");
    expect(bob.rest.filter(({ type }) => type === "chat")).toEqual([]);
  });

  it("is told when whom it removes is not there, and keeps them out even so", async () => {
    const node = await startNode(store, askingForTokens);
    const roomId = unique("room");
    const host = await come(node, "host", roomId, "host");
    const { type, status } = await host.ask("kick", { targetUid: "bob" });
    expect([type, status]).toEqual(["offline", 404]);
    expect(await turnedAway(node, "bob", roomId)).toMatchObject({ code: "kicked" });
  });

  it("locks the room to those who are in it, also when they come again, and unlocks it [P-71]", async () => {
    const [first, second = first] = await startNodes(store, 2, askingForTokens);
    const roomId = unique("room");
    const host = await come(first, "host", roomId, "host");
    const bob = await come(second, "bob", roomId);
    expect((await host.ask("lock", { locked: true })).msg).toBe("locked");
    expect((await bob.next("locked")).data).toEqual({ roomId, locked: true, by: "host" });

    expect(await turnedAway(second, "carol", roomId)).toMatchObject({ status: 403, code: "room_locked" });
    const other = await come(second, "another host", roomId, "host");
    expect((await other.ask("join", { roomId })).data.locked).toBe(true);
    other.emit("roomUserList");
    const [, about] = await new Promise<unknown[]>((resolve) =>
      other.socket.once("roomUserList", (...args: unknown[]) => resolve(args)),
    );
    expect(about).toMatchObject({ roomId, locked: true });
    bob.close();
    await host.next("leave");
    await come(first, "bob", roomId);
    // Locked once more while somebody is away, it stays open to them.
    const away = await come(second, "bob", roomId);
    away.close();
    await eventually(async () => expect(await listOf(host, roomId)).not.toContain("bob"));
    await host.ask("lock", { locked: true });
    await come(second, "bob", roomId);
    // Everyone goes, as when a node closes, and comes back.
    host.close();
    await eventually(() => expect(host.socket.connected).toBe(false));
    expect(await turnedAway(second, "carol", roomId)).toMatchObject({ code: "room_locked" });

    const again = await come(second, "host", roomId, "host");
    expect((await again.ask("lock", { locked: false })).msg).toBe("unlocked");
    const carol = await come(second, "carol", roomId);
    expect((await carol.ask("join", { roomId })).data.locked).toBeUndefined();
  });

  it("removes somebody from a locked room for good", async () => {
    const node = await startNode(store, { ...askingForTokens, kickMs: 0 });
    const roomId = unique("room");
    const host = await come(node, "host", roomId, "host");
    const bob = await come(node, "bob", roomId);
    await host.ask("lock", { locked: true });
    await host.ask("kick", { targetUid: "bob" });
    await bob.ended;
    expect(await turnedAway(node, "bob", roomId)).toMatchObject({ code: "room_locked" });
  });

  it("ends the meeting for all [P-73]", async () => {
    const [first, second = first] = await startNodes(store, 2, askingForTokens);
    const [roomId, other] = [unique("room"), unique("room")];
    const host = await come(first, "host", roomId, "host");
    const bob = await come(second, "bob", roomId);
    const carol = await come(second, "carol", other);
    await carol.ask("join", { roomId });
    await host.ask("lock", { locked: true });
    expect((await host.ask("end", { roomId })).msg).toBe("ended");
    for (const client of [host, bob, carol]) {
      const { status, data } = await client.next("ended");
      expect([status, data]).toEqual([410, { roomId, by: "host" }]);
    }
    await Promise.all([host.ended, bob.ended]);
    expect(await listOf(carol, other)).toEqual(["carol"]);
    expect(carol.rest.filter(({ type }) => type === "leave")).toEqual([]);
    // The lock has ended with the meeting.
    const next = await come(first, "dan", roomId);
    expect(await listOf(next, roomId)).toEqual(["dan"]);
  });

  it("asks others to mute [P-74]", async () => {
    const [first, second = first] = await startNodes(store, 2, askingForTokens);
    const roomId = unique("room");
    const host = await come(first, "host", roomId, "host");
    const bob = await come(second, "bob", roomId);
    expect((await host.ask("mute", { targetUid: "bob", kind: "audio" })).status).toBe(200);
    expect(await bob.next("mute")).toEqual({
      type: "mute",
      msg: "mute mic",
      status: 200,
      data: { targetUid: "bob", kind: "audio", userId: "host" },
    });
  });
});

describeOnEachStore("a member who is no host", (store) => {
  it("cannot do what hosts can [P-70]", async () => {
    const node = await startNode(store, askingForTokens);
    const roomId = unique("room");
    const host = await come(node, "host", roomId, "host");
    const bob = await come(node, "bob", roomId);
    const asked: [string, unknown][] = [
      ["kick", { targetUid: "host" }],
      ["lock", { locked: true }],
      ["end", {}],
      ["mute", { targetUid: "host" }],
    ];
    for (const [event, payload] of asked)
      expect((await bob.ask(event, payload)).data).toMatchObject({ code: "host_required", event });
    bob.emit("msg", { type: "kicked", data: { userId: "host" } });
    expect((await bob.next("error")).data).toBeDefined();
    await come(node, "carol", roomId);
    expect(await listOf(host, roomId)).toEqual(["bob", "carol", "host"]);
    expect(host.rest.filter(({ type }) => ["kicked", "locked", "ended", "mute"].includes(type))).toEqual([]);
  });

  it("is no host where no tokens are asked for, whatever it says", async () => {
    const node = await startNode(store);
    const alice = await connect(node.url, { userId: "alice", roomId: unique("room"), role: "host" });
    expect((await alice.ask("end", {})).data.code).toBe("host_required");
  });
});
