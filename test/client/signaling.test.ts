/**
 * What a client of `meeting-signaler/client` sees of a meeting, and can do in it.
 */
import { expect, it } from "vitest";
import { type ConnectOptions, connect as connectClient, SignalingError } from "../../src/client/index.js";
import { Attendee, attend } from "../harness/attendee.js";
import { connect } from "../harness/client.js";
import { eventually } from "../harness/eventually.js";
import { fakeRoomId, startFakeSignaler } from "../harness/fake-signaler.js";
import { describeOnEachStore, startNode, startNodes, unique } from "../harness/nodes.js";
import { askingForTokens, tokenOf } from "../harness/tokens.js";

/** What the promise was rejected with. */
const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => expect.unreachable(),
    (error: unknown) => error as SignalingError,
  );

describeOnEachStore("a client", (store) => {
  it("is connecting until it is in the room, and then knows who is there, and on which node it is", async () => {
    const [first, second = first] = await startNodes(store, 2);
    const roomId = unique("room");
    const alice = new Attendee({ url: first.url, roomId, userId: "alice", profile: { nickname: "A", n: 7 } });
    expect([alice.signaling.state, alice.signaling.nodeId, alice.members]).toEqual([
      "connecting",
      undefined,
      [],
    ]);
    await alice.signaling.ready;
    expect([alice.signaling.state, alice.signaling.nodeId]).toEqual(["connected", first.signaler.nodeId]);
    const bob = await attend({ url: second.url, roomId, userId: "bob" });
    await alice.sees("alice", "bob");
    expect(bob.signaling.room.members.get("alice")).toEqual({ userId: "alice", roomId, nickname: "A", n: 7 });
    expect(bob.signaling.nodeId).toBe(second.signaler.nodeId);

    const { members, version } = bob.signaling.room;
    alice.signaling.close();
    await bob.sees("bob");
    expect([alice.signaling.state, alice.signaling.closed]).toEqual([
      "closed",
      { code: "left", message: expect.any(String), retry: true },
    ]);
    expect([members.size, bob.signaling.room.version]).toEqual([2, version + 1]);
    expect(alice.states).toEqual(["connected", "left"]);
    expect(alice.roomLog).toEqual(["join alice", "members alice", "join bob", "members alice bob"]);
    expect(bob.roomLog).toEqual([
      "join alice",
      "join bob",
      "members alice bob",
      "leave alice",
      "members bob",
    ]);
  });

  it("is in its room and no other, also with a profile taken from a list of another room", async () => {
    const node = await startNode(store);
    const [first, second] = [unique("room"), unique("room")];
    const alice = await attend({ url: node.url, roomId: first, userId: "alice", profile: { nickname: "A" } });
    const profile = { ...alice.signaling.room.members.get("alice") } as ConnectOptions["profile"];
    const bob = await attend({ url: node.url, roomId: second, userId: "bob", profile });
    await alice.signaling.room.say("only here");
    await eventually(() => expect(alice.said).toEqual(["only here"]));
    expect([alice.members, bob.members, bob.said]).toEqual([["alice"], ["bob"], []]);
  });

  it("hands messages to one person over, and says why not where it cannot [P-20] [P-41]", async () => {
    const [first, second = first] = await startNodes(store, 2);
    const roomId = unique("room");
    const alice = await attend({ url: first.url, roomId, userId: "alice" });
    const bob = await attend({ url: second.url, roomId, userId: "bob" });
    await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        alice.signaling.send("candidate", "bob", { n, userId: "mallory" }),
      ),
    );
    await eventually(() => expect(bob.messages.length).toBe(20));
    expect(bob.messages.map(({ data }) => data["n"])).toEqual(Array.from({ length: 20 }, (_, n) => n));
    expect(bob.messages[0]).toEqual({
      event: "candidate",
      from: "alice",
      data: { n: 0, targetUid: "bob", userId: "alice" },
    });

    const offline = await failure(alice.signaling.send("offer", "carol", {}));
    expect(offline).toBeInstanceOf(SignalingError);
    expect(offline).toMatchObject({ code: "offline", status: 404, retry: true });
    expect(offline.detail["targetUid"]).toBe("carol");
    expect(await failure(alice.signaling.send("offer", "alice", {}))).toMatchObject({
      code: "self_target",
      status: 400,
      retry: false,
    });
    const cyclic: Record<string, unknown> = {};
    cyclic["self"] = cyclic;
    for (const payload of [cyclic, { n: 1n }])
      expect(await failure(alice.signaling.send("offer", "bob", payload))).toMatchObject({
        code: "bad_payload",
      });
    await alice.signaling.send("offer", "bob", { still: "here" });
    alice.signaling.close();
    expect(await failure(alice.signaling.send("offer", "bob", {}))).toMatchObject({ code: "left" });
  });

  it("talks to the room, also to clients of another kind [P-34]", async () => {
    const node = await startNode(store);
    const roomId = unique("room");
    const alice = await attend({ url: node.url, roomId, userId: "alice" });
    const other = await connect(node.url, { userId: "other", roomId });
    for (const payload of [{ text: "hello", from: "mallory" }, "plain", 7, ["list"], null])
      await alice.signaling.room.say(payload);
    other.emit("msg", { type: "chat", msg: "m", status: 200, data: {} });
    const stamped = { type: "chat", msg: "m", status: 200, data: {}, from: "other" };
    await eventually(() =>
      expect(alice.said).toEqual([{ text: "hello", from: "alice" }, "plain", 7, ["list"], null, stamped]),
    );
    expect(await failure(alice.signaling.room.say({ type: "kicked", data: {} }))).toMatchObject({
      code: "reserved_type",
    });
    expect(alice.states).toEqual(["connected"]);
  });

  it("takes a listener off that it is given, and lets none keep the others from hearing", async () => {
    const node = await startNode(store);
    const alice = await attend({ url: node.url, roomId: unique("room"), userId: "alice" });
    const heard: unknown[] = [];
    const off = alice.signaling.room.on("message", (payload) => heard.push(payload));
    await alice.signaling.room.say(1);
    await eventually(() => expect(heard).toEqual([1]));
    off();
    await alice.signaling.room.say(2);
    await eventually(() => expect(alice.said).toEqual([1, 2]));
    expect(heard).toEqual([1]);
  });

  it("does what hosts can, and is told that it is none [P-70]", async () => {
    const [first, second = first] = await startNodes(store, 2, askingForTokens);
    const roomId = unique("room");
    // Without saying again who it is.
    const host = await attend({ url: first.url, roomId, token: await tokenOf("host", { role: "host" }) });
    expect(host.signaling.userId).toBe("host");
    const bob = await attend({ url: second.url, roomId, token: await tokenOf("bob") });
    const locks: unknown[] = [];
    bob.signaling.room.on("locked", (...args) => locks.push(args));
    const { room } = host.signaling;
    await room.mute("bob");
    await eventually(() =>
      expect(bob.messages.map(({ event, from }) => [event, from])).toEqual([["mute", "host"]]),
    );
    await room.lock(true);
    await eventually(() => expect(locks).toEqual([[true, "host"]]));
    expect([bob.signaling.room.locked, room.locked]).toEqual([true, true]);
    const carol = new Attendee({ url: first.url, roomId, token: await tokenOf("carol") });
    expect(await failure(carol.signaling.ready)).toMatchObject({ code: "room_locked", retry: true });
    await room.lock(false);
    await eventually(() =>
      expect(locks).toEqual([
        [true, "host"],
        [false, "host"],
      ]),
    );

    for (const promise of [
      bob.signaling.room.kick("host"),
      bob.signaling.room.lock(true),
      bob.signaling.room.end(),
      bob.signaling.room.mute("host"),
    ])
      expect(await failure(promise)).toMatchObject({ code: "host_required" });
    expect(await failure(room.kick("nobody"))).toMatchObject({ code: "offline" });

    await room.kick("bob");
    await bob.reaches("kicked");
    await host.sees("host");
    const again = new Attendee({ url: first.url, roomId, token: await tokenOf("bob") });
    const refusal = await failure(again.signaling.ready);
    expect([refusal.code, again.signaling.closed?.code]).toEqual(["kicked", "kicked"]);
    expect(refusal.retryAfterMs).toBeGreaterThan(0);

    const dave = await attend({ url: second.url, roomId, token: await tokenOf("dave") });
    await room.end();
    for (const attendee of [host, dave]) {
      await attendee.reaches("ended");
      expect(attendee.signaling.closed).toMatchObject({ code: "ended", retry: true });
    }
  });

  it("knows from the beginning that the room is locked", async () => {
    const node = await startNode(store, askingForTokens);
    const roomId = unique("room");
    const host = await attend({ url: node.url, roomId, token: await tokenOf("host", { role: "host" }) });
    await host.signaling.room.lock(true);
    const second = await attend({ url: node.url, roomId, token: await tokenOf("second", { role: "host" }) });
    expect(second.signaling.room.locked).toBe(true);
  });

  it("gets ICE servers, and what services say to the room [P-60] [P-75]", async () => {
    const adminSecret = "an admin secret of more than 32 characters";
    const node = await startNode(store, {
      stunUrls: ["stun:203.0.113.7:3478"],
      turnUrls: ["turn:203.0.113.7:3478"],
      turnSecrets: ["a turn secret of some length"],
      adminSecret,
    });
    const roomId = unique("room");
    const alice = await attend({ url: node.url, roomId, userId: "alice" });
    const { iceServers, expiresAt } = await alice.signaling.iceServers();
    expect(iceServers).toEqual([
      { urls: ["stun:203.0.113.7:3478"] },
      {
        urls: ["turn:203.0.113.7:3478"],
        username: expect.stringMatching(/:alice$/),
        credential: expect.any(String),
      },
    ]);
    expect(expiresAt).toBeGreaterThan(Date.now());

    const notices: unknown[] = [];
    alice.signaling.on("notice", (...args) => notices.push(args));
    const answer = await fetch(`${node.url}/admin/v1/rooms/${roomId}/notices`, {
      method: "POST",
      headers: { authorization: `Bearer ${adminSecret}`, "content-type": "application/json" },
      body: JSON.stringify({ msg: "ten minutes left", data: { minutes: 10 } }),
    });
    expect(answer.status).toBeLessThan(300);
    await eventually(() => expect(notices).toEqual([["ten minutes left", { minutes: 10 }]]));
  });

  it.each(["polling", "websocket"] as const)("goes over %s alone", async (transport) => {
    const node = await startNode(store);
    const options = { url: node.url, roomId: unique("room"), socketOptions: { transports: [transport] } };
    const alice = await attend({ ...options, userId: "alice" });
    const bob = await attend({ ...options, userId: "bob" });
    await alice.signaling.send("offer", "bob", {});
    await eventually(() => expect(bob.messages.length).toBe(1));
  });
});

it("goes by polling where nothing lets a WebSocket through", async () => {
  const fake = await startFakeSignaler({ transports: ["polling"] });
  const me = await attend({ url: fake.url, roomId: fakeRoomId, userId: "me" });
  expect(me.retries).toEqual([]);
});

it("goes by polling where something lets WebSockets wait for ever", async () => {
  const fake = await startFakeSignaler();
  fake.ignoringWebSockets = true;
  const socketOptions = { timeout: 500 };
  const me = await attend({ url: fake.url, roomId: fakeRoomId, userId: "me", socketOptions });
  expect(me.retries).toEqual(["disconnected"]);
});

it("is told codes that are newer than it is", async () => {
  const fake = await startFakeSignaler();
  const me = await attend({ url: fake.url, roomId: fakeRoomId, userId: "me" });
  fake.onEvent = (ack) =>
    ack({ type: "error", msg: "no tea", status: 418, data: { code: "teapot", event: "offer", retry: true } });
  expect(await failure(me.signaling.send("offer", "bob", {}))).toMatchObject({
    code: "internal",
    message: "no tea",
    status: 418,
    retry: true,
    detail: { code: "teapot" },
  });
});

it("tells everyone in order what happened, also what one of them has brought about", async () => {
  const fake = await startFakeSignaler();
  const { signaling } = new Attendee({ url: fake.url, roomId: fakeRoomId, userId: "me" });
  const states: string[] = [];
  signaling.on("state", (state) => state === "connected" && signaling.close());
  signaling.on("state", (state) => states.push(state));
  await signaling.ready;
  expect(states).toEqual(["connected", "closed"]);
});

it("says at once that it needs a url where there is no page", () => {
  expect(() => connectClient({ roomId: "room", userId: "alice" })).toThrow(TypeError);
});
