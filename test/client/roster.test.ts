/**
 * The list of members: that it is the room's, whatever order notices come in and whichever are lost [P-15] [P-16].
 */
import * as fc from "fast-check";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { Emitter } from "../../src/client/emitter.js";
import { Roster } from "../../src/client/roster.js";
import { RosterKeeper } from "../../src/client/roster-keeper.js";
import { type Attendee, attend } from "../harness/attendee.js";
import { eventually } from "../harness/eventually.js";
import { type FakeSignaler, fakeRoomId, startFakeSignaler } from "../harness/fake-signaler.js";
import { redisStore, startNode, unique } from "../harness/nodes.js";
import { redisForTest } from "../harness/redis-server.js";
import { proxyForTest } from "../harness/tcp-proxy.js";

const joins = ({ asked }: FakeSignaler) => asked.filter(([event]) => event === "join").length;

/** In a room that the test makes up. */
async function attendFake(fake: FakeSignaler): Promise<Attendee> {
  return attend({ url: fake.url, roomId: fakeRoomId, userId: "me" });
}

describe("a list of members", () => {
  it("ignores old notices, and puts those in order that have crossed, without asking", async () => {
    const fake = await startFakeSignaler();
    fake.list(10, "me", "bob");
    const me = await attendFake(fake);
    fake.notify("leave", "bob", 10);
    fake.notify("leave", "bob", 3);
    fake.notify("leave", "carol", 12);
    fake.notify("join", "carol", 11);
    fake.notify("join", "dave", 13);
    await me.sees("bob", "dave", "me");
    expect(me.roomLog.slice(3)).toEqual([
      "join carol",
      "leave carol",
      "members bob me",
      "join dave",
      "members bob dave me",
    ]);
    expect([joins(fake), me.signaling.room.version]).toEqual([1, 13]);
  });

  it("asks again when a notice was missed, and tells the differences alone", async () => {
    const fake = await startFakeSignaler();
    fake.list(10, "me", "bob", "carol");
    const me = await attendFake(fake);
    fake.list(13, "me", "carol", "dave");
    fake.notify("join", "erin", 14);
    await me.sees("carol", "dave", "erin", "me");
    expect(me.roomLog.slice(4)).toEqual([
      "leave bob",
      "join dave",
      "join erin",
      "members carol dave erin me",
    ]);
    expect(joins(fake)).toBe(2);
  });

  it("asks as soon after many notices have crossed as after none", async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    let asked = 0;
    const keeper = new RosterKeeper(fakeRoomId, new Emitter(), async () => {
      asked += 1;
      return { userId: "me", nodeId: "fake", list: undefined };
    });
    onTestFinished(() => keeper.lost());
    keeper.joined({ userId: "me", nodeId: "fake", list: { members: [], version: 0, locked: false } });
    const notice = (version: number) =>
      keeper.told({
        type: "join",
        msg: "",
        status: 200,
        data: { userId: "bob", roomId: fakeRoomId },
        version,
      });
    for (let version = 1; version < 20; version += 2) {
      notice(version + 1);
      notice(version);
      await vi.advanceTimersByTimeAsync(10_000);
    }
    expect(asked).toBe(0);
    notice(99);
    await vi.advanceTimersByTimeAsync(400);
    expect(asked).toBe(1);
  });

  it("asks again when it may have changed without notices, unless it is as new", async () => {
    const fake = await startFakeSignaler();
    fake.list(10, "me", "bob");
    const me = await attendFake(fake);
    const roster = (version: number) => ({
      type: "roster",
      msg: "",
      status: 200,
      data: { roomId: fakeRoomId },
      version,
    });
    fake.tell(roster(10));
    fake.list(12, "me");
    fake.tell({ ...roster(99), data: { roomId: "another" } });
    fake.tell(roster(12));
    await me.sees("me");
    expect(me.roomLog.slice(3)).toEqual(["leave bob", "members me"]);
    expect(joins(fake)).toBe(2);
  });

  it("takes in what was told while it was on its way", async () => {
    const fake = await startFakeSignaler();
    fake.list(10, "me", "bob");
    const { onJoin } = fake;
    fake.onJoin = (ack, socket) => {
      fake.notify("join", "old", 9);
      fake.notify("leave", "bob", 11);
      fake.notify("join", "carol", 12);
      onJoin(ack, socket);
    };
    const me = await attendFake(fake);
    expect(me.members).toEqual(["carol", "me"]);
    expect(joins(fake)).toBe(1);
  });

  it("is asked for until it comes, where the server cannot read it", async () => {
    const fake = await startFakeSignaler();
    const { onJoin } = fake;
    const answers = [
      { type: "receipt", msg: "joined", status: 200, data: { event: "join", roomId: fakeRoomId } },
      { type: "error", msg: "", status: 503, data: { code: "unavailable", event: "join", retry: true } },
      "nonsense",
    ];
    fake.onJoin = (ack, socket) => {
      const answer = answers.shift();
      if (answer === undefined) onJoin(ack, socket);
      else ack(answer);
    };
    const me = await attendFake(fake);
    expect([me.signaling.state, me.members]).toEqual(["connected", []]);
    await me.sees("me");
    expect([me.states, joins(fake)]).toEqual([["connected"], 4]);
  });

  it("tells that somebody has come again, and not that they have gone, when a connection is replaced", async () => {
    const fake = await startFakeSignaler();
    fake.list(10, "me", "bob");
    const me = await attendFake(fake);
    fake.notify("join", "bob", 11);
    await eventually(() => expect(me.signaling.room.version).toBe(11));
    expect(me.roomLog.slice(3)).toEqual(["join bob", "members bob me"]);
  });

  it("is not disturbed by what no protocol says", async () => {
    const fake = await startFakeSignaler();
    const me = await attendFake(fake);
    const strange = [
      { type: "tomorrow", msg: "", status: 200, data: { roomId: fakeRoomId } },
      { type: "join", msg: "", status: 200, data: { roomId: fakeRoomId }, version: 2 },
      { type: "join", msg: "", status: 200, data: null, version: 2 },
      { type: "leave", msg: "", status: 200, data: { roomId: "another", userId: "me" }, version: 2 },
      { type: "kicked", msg: "", status: 403, data: { roomId: "another", userId: "me" } },
      { type: "offer", msg: "", status: 200, data: {} },
      { type: "error", msg: "", status: 418, data: { code: "teapot" } },
      { type: 7 },
      {},
    ];
    for (const payload of strange) fake.tell(payload);
    fake.notify("join", "bob", 2);
    await me.sees("bob", "me");
    expect([me.states, me.messages]).toEqual([["connected"], []]);
  });

  it("is true again when a node has not heard of somebody", async () => {
    const redis = await redisForTest();
    const link = await proxyForTest(redis.port);
    const far = await startNode(redisStore({ ...redis, url: `redis://127.0.0.1:${link.port}` }));
    const near = await startNode(redisStore(redis));
    const roomId = unique("room");
    const alice = await attend({ url: far.url, roomId, userId: "alice" });
    link.deafen();
    const bob = await attend({ url: near.url, roomId, userId: "bob" });
    await alice.sees("alice", "bob");
    bob.signaling.close();
    await alice.sees("alice");
  });

  it("is the room's in the end, however notices are mixed up, lost and repeated", () => {
    const users = ["a", "b", "c", "d"];
    const step = fc.record({
      userId: fc.constantFrom(...users),
      // When it arrives, by how many steps too late; more than once, or never.
      delays: fc.array(fc.nat({ max: 4 }), { maxLength: 2 }),
    });
    void fc.assert(
      fc.property(fc.array(step), (steps) => {
        const roster = new Roster();
        roster.replace([], 0);
        const truth = new Set<string>();
        const arrivals = steps.flatMap(({ userId, delays }, index) => {
          const type = truth.has(userId) ? ("leave" as const) : ("join" as const);
          if (type === "join") truth.add(userId);
          else truth.delete(userId);
          const change = { type, member: { userId }, version: index + 1 };
          return delays.map((late) => ({ at: index + late, change }));
        });
        const told = new Set<string>();
        const tell = (type: "join" | "leave", userId: string) => {
          expect(told.has(userId)).toBe(type === "leave");
          if (type === "join") told.add(userId);
          else told.delete(userId);
        };
        for (const { change } of arrivals.toSorted((a, b) => a.at - b.at))
          for (const { type, member } of roster.apply(change)) tell(type, member.userId);
        if (steps.every(({ delays }) => delays.length > 0)) expect(roster.incomplete).toBe(false);
        // What is lost at the very end shows when the server says how far it is.
        roster.expire(steps.length);
        if (roster.incomplete) {
          const list = [...truth].map((userId) => ({ userId }));
          const { difference, changes } = roster.replace(list, steps.length);
          for (const { userId } of difference.left) tell("leave", userId);
          for (const { userId } of difference.joined) tell("join", userId);
          for (const { type, member } of changes) tell(type, member.userId);
        }
        expect(roster.incomplete).toBe(false);
        expect([...roster.members.keys()].sort()).toEqual([...truth].sort());
        expect(told).toEqual(truth);
      }),
    );
  });
});
