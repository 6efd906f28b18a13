/**
 * Why a client is closed for good, and why it is not.
 */
import { setTimeout as delay } from "node:timers/promises";
import { expect, it } from "vitest";
import { Attendee, attend } from "../harness/attendee.js";
import { startBalancer } from "../harness/balancer.js";
import { eventually } from "../harness/eventually.js";
import { describeOnEachStore, startNode, startNodes, unique } from "../harness/nodes.js";
import { linkForTest } from "../harness/tcp-proxy.js";
import { askingForTokens, expiredToken, tokenOf } from "../harness/tokens.js";

describeOnEachStore("a client is closed", (store) => {
  it("when a newer connection takes its place [P-13]", async () => {
    const [first, second = first] = await startNodes(store, 2);
    const roomId = unique("room");
    const older = await attend({ url: first.url, roomId, userId: "alice" });
    const newer = await attend({ url: second.url, roomId, userId: "alice" });
    await older.reaches("replaced");
    expect(older.signaling.closed).toMatchObject({ code: "replaced", retry: false });
    await newer.signaling.room.say("still here");
    expect(newer.signaling.state).toBe("connected");
  });

  it("when what it says of itself cannot be right, whatever it tries", async () => {
    const node = await startNode(store);
    const cases = [
      [{ userId: "alice", roomId: "{" }, "bad_room_id"],
      [{ userId: "{", roomId: "room" }, "bad_user_id"],
      [{ roomId: "room" }, "user_id_required"],
      [{ userId: "alice", roomId: "room", profile: { about: "x".repeat(5_000) } }, "bad_profile"],
    ] as const;
    for (const [options, code] of cases) {
      const alice = new Attendee({ url: node.url, ...options });
      await expect(alice.signaling.ready).rejects.toMatchObject({ code, status: 400, retry: false });
      expect([alice.states, alice.retries]).toEqual([[code], []]);
    }
  });

  it("when its page may not connect [P-2]", async () => {
    const node = await startNode(store, { origins: ["https://meet.example.com"] });
    const alice = new Attendee({
      url: node.url,
      roomId: unique("room"),
      userId: "alice",
      socketOptions: { extraHeaders: { origin: "https://evil.example.com" } },
    });
    await expect(alice.signaling.ready).rejects.toMatchObject({ code: "origin_refused", retry: false });
  });

  it("when the room is full before it was ever in, and may try again", async () => {
    const node = await startNode(store, { roomCapacity: 1 });
    const roomId = unique("room");
    const alice = await attend({ url: node.url, roomId, userId: "alice" });
    const bob = new Attendee({ url: node.url, roomId, userId: "bob" });
    await expect(bob.signaling.ready).rejects.toMatchObject({ code: "room_full", retry: true });
    expect(bob.signaling.closed).toMatchObject({ code: "room_full", retry: true });
    alice.signaling.close();
    await eventually(() => attend({ url: node.url, roomId, userId: "bob" }));
  });

  it("when it is on another connection, where those stay", async () => {
    const node = await startNode(store, { duplicates: "reject" });
    const roomId = unique("room");
    const alice = await attend({ url: node.url, roomId, userId: "alice" });
    const again = new Attendee({ url: node.url, roomId, userId: "alice" });
    await expect(again.signaling.ready).rejects.toMatchObject({ code: "duplicate", retry: true });
    expect(alice.signaling.state).toBe("connected");
  });

  it("without a token, or with one that is not accepted", async () => {
    const node = await startNode(store, askingForTokens);
    const roomId = unique("room");
    const cases = [
      [undefined, "token_required"],
      ["nonsense", "token_refused"],
      [() => Promise.resolve("nonsense"), "token_refused"],
      [await tokenOf("alice", { rooms: ["another"] }), "room_forbidden"],
      [() => Promise.reject(new Error("signed out")), "token_unavailable"],
    ] as const;
    for (const [token, code] of cases) {
      const alice = new Attendee({ url: node.url, roomId, userId: "alice", token });
      await expect(alice.signaling.ready).rejects.toMatchObject({ code });
      expect(alice.signaling.closed?.code).toBe(code);
    }
  });

  it("when its token has expired, if it has no other [P-52]", async () => {
    const node = await startNode(store, askingForTokens);
    const alice = await attend({
      url: node.url,
      roomId: unique("room"),
      token: await tokenOf("alice", { ttlS: 3 }),
    });
    await alice.reaches("token_expired");
    expect(alice.signaling.closed?.retry).toBe(false);
  });

  it("when a renewed token admits it to the room no more [P-53]", async () => {
    const node = await startNode(store, askingForTokens);
    const roomId = unique("room");
    const tokens = [await tokenOf("alice", { ttlS: 3 }), await tokenOf("alice", { rooms: ["another"] })];
    const alice = await attend({ url: node.url, roomId, token: () => tokens.shift() ?? "" });
    await alice.reaches("room_forbidden");
  });
});

describeOnEachStore("a client goes on", (store) => {
  it("with a fresh token, on the same connection, before the one in use expires [P-53]", async () => {
    const node = await startNode(store, askingForTokens);
    const balancer = await startBalancer(node.url);
    let asked = 0;
    const firstEndsAt = Date.now() + 4_000;
    const alice = await attend({
      url: balancer.url,
      roomId: unique("room"),
      token: () => {
        asked += 1;
        // The second time the app's own service fails.
        if (asked === 2) throw new Error("try again");
        return tokenOf("alice", { ttlS: asked === 1 ? 4 : 60 });
      },
    });
    await eventually(() => expect(asked).toBe(3), 20_000);
    // Nothing happens when the first would have ended; so there is nothing to wait for but the time itself.
    await delay(firstEndsAt + 1_500 - Date.now());
    await alice.signaling.room.say("still here");
    expect([alice.states, balancer.taken, asked]).toEqual([["connected"], 1, 3]);
  });

  it("with a fresh token on a new connection, if the one in use has expired", async () => {
    const node = await startNode(store, askingForTokens);
    const tokens = [await tokenOf("alice", { ttlS: 3 }), "nonsense", await tokenOf("alice")];
    const alice = await attend({ url: node.url, roomId: unique("room"), token: () => tokens.shift() ?? "" });
    await alice.reaches("reconnecting");
    await alice.reaches("connected");
    expect([alice.states, alice.retries]).toEqual([
      ["connected", "reconnecting", "connected"],
      ["token_expired"],
    ]);
  });

  it("with a fresh token once in a row, and not over and over", async () => {
    const node = await startNode(store, askingForTokens);
    const expired = await expiredToken("alice");
    let asked = 0;
    const token = () => {
      asked += 1;
      return expired;
    };
    const alice = new Attendee({ url: node.url, roomId: unique("room"), token });
    await expect(alice.signaling.ready).rejects.toMatchObject({
      code: "token_refused",
      detail: { reason: "expired" },
    });
    expect([asked, alice.states]).toEqual([2, ["token_refused"]]);
  });

  it("and asks for a token anew for every connection", async () => {
    const node = await startNode(store, askingForTokens);
    const link = await linkForTest(node.url);
    let asked = 0;
    const alice = await attend({
      url: link.url,
      roomId: unique("room"),
      token: () => {
        asked += 1;
        if (asked === 2) throw new Error("try again");
        return tokenOf("alice");
      },
    });
    link.reset();
    await alice.reaches("reconnecting");
    await alice.reaches("connected");
    expect([asked, alice.retries]).toEqual([3, ["disconnected", "token_unavailable"]]);
  });

  it("when its place is taken while it is away, as soon as there is one again", async () => {
    const node = await startNode(store, { roomCapacity: 1 });
    const link = await linkForTest(node.url);
    const roomId = unique("room");
    const alice = await attend({ url: link.url, roomId, userId: "alice" });
    link.cut();
    const bob = await eventually(() => attend({ url: node.url, roomId, userId: "bob" }));
    link.heal();
    await eventually(() => expect(alice.retries).toContain("room_full"));
    bob.signaling.close();
    await alice.reaches("connected");
    expect(alice.states).toEqual(["connected", "reconnecting", "connected"]);
  });

  it("when there are too many connections just now [P-54]", async () => {
    const node = await startNode(store, { connectionsPerUser: 1, connectionsPerAddress: 3 });
    const come = (userId: string, address: string) =>
      new Attendee({
        url: node.url,
        roomId: unique("room"),
        userId,
        socketOptions: { extraHeaders: { "x-forwarded-for": address } },
      });
    const [alice, again] = [come("alice", "203.0.113.7"), come("alice", "203.0.113.7")];
    await eventually(() => expect([...alice.retries, ...again.retries]).toContain("too_many_connections"));
    const others = ["bob", "carol", "dave", "erin"].map((userId) => come(userId, "203.0.113.8"));
    await eventually(() =>
      expect(others.flatMap(({ retries }) => retries)).toContain("too_many_connections"),
    );
    const everyone = [alice, again, ...others];
    const isIn = ({ signaling }: Attendee) => signaling.state === "connected";
    await eventually(() => expect(everyone.filter(isIn).length).toBe(4));
    for (const { signaling } of everyone.filter(isIn)) signaling.close();
    await Promise.all(everyone.map(({ signaling }) => signaling.ready));
  });
});
