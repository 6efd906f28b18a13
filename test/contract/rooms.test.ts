/**
 * What each change of a room does to the roster, the routes and the version, on either driver.
 */
import { expect, it, onTestFinished } from "vitest";
import type { Held } from "../../src/cluster/holdings.js";
import { addressPrefix } from "../../src/cluster/keys.js";
import { type AdmissionRules, Rooms } from "../../src/cluster/rooms.js";
import { describeOnEachStore, type Store, unique } from "../harness/nodes.js";

const open: AdmissionRules = { capacity: 0, duplicates: "replace" };

async function twoNodes(store: Store): Promise<{ roomId: string; n1: Rooms; n2: Rooms }> {
  const driver = await store.newDriver();
  onTestFinished(() => driver.close());
  await driver.connect();
  return { roomId: unique("room"), n1: new Rooms(driver, "n1"), n2: new Rooms(driver, "n2") };
}

const member = (userId: string) => ({ userId, nickname: `${userId} 会议` });
const held = (userId: string, sessionId: string): Held => ({
  sessionId,
  member: member(userId),
  state: "in",
  since: 0,
});

describeOnEachStore("rooms", (store) => {
  it("let people in, and a newer session take the place of an older", async () => {
    const { roomId, n1, n2 } = await twoNodes(store);
    const first = await n1.admit(roomId, member("alice"), "s1", open);
    expect(first).toMatchObject({ outcome: "admitted", displaced: undefined });
    const second = await n2.admit(roomId, member("alice"), "s2", open);
    expect(second).toMatchObject({ outcome: "admitted", displaced: "n1/s1" });
    expect(await n1.dismiss(roomId, "alice", "s1", true)).toEqual({ outcome: "newer", version: 0 });

    const { members, routes } = await n1.read(roomId, "members");
    expect([...members]).toEqual([["alice", JSON.stringify(member("alice"))]]);
    expect([...routes]).toEqual([["alice", "n2/s2"]]);
  });

  it("turn people away when full, or already there where that is not allowed", async () => {
    const { roomId, n1, n2 } = await twoNodes(store);
    await n1.admit(roomId, member("alice"), "s1", { capacity: 1, duplicates: "replace" });
    expect(await n2.admit(roomId, member("bob"), "s2", { capacity: 1, duplicates: "replace" })).toEqual({
      outcome: "full",
    });
    const again = await n2.admit(roomId, member("alice"), "s3", { capacity: 1, duplicates: "replace" });
    expect(again.outcome).toBe("admitted");
    // Neither node has a lease here, and who is dead keeps nobody out.
    const rejecting = await n1.admit(roomId, member("alice"), "s4", { capacity: 0, duplicates: "reject" });
    expect(rejecting).toMatchObject({ outcome: "admitted", displaced: "n2/s3" });
    expect([...n2.held.in(roomId).keys()]).toEqual(["s3"]);
  });

  it("count their versions by one, and never start below an earlier one", async () => {
    const { roomId, n1, n2 } = await twoNodes(store);
    const version = async () => (await n1.read(roomId, "ids")).version;
    const first = await n1.admit(roomId, member("alice"), "s1", open);
    const { version: one } = first as { version: number };
    expect(one).toBeGreaterThan(1e15);
    expect(Number.isSafeInteger(one)).toBe(true);
    expect(await n2.admit(roomId, member("bob"), "s2", open)).toMatchObject({ version: one + 1 });
    expect(await n2.dismiss(roomId, "bob", "s2", true)).toEqual({ outcome: "left", version: one + 2 });
    expect(await version()).toBe(one + 2);
    expect(await n1.raise(roomId, one + 1)).toBe(one + 3);
    expect(await n1.raise(roomId, one + 9)).toBe(one + 10);

    await n1.dismiss(roomId, "alice", "s1", true);
    expect(await version()).toBe(0);
    expect(await n1.raise(roomId, 5)).toBe(0);
    const again = await n1.admit(roomId, member("alice"), "s3", open);
    expect((again as { version: number }).version).toBeGreaterThan(one + 10);
  });

  it("lose a dead node's members to whoever reaps them, once", async () => {
    const { roomId, n1, n2 } = await twoNodes(store);
    await n1.admit(roomId, member("alice"), "s1", open);
    await n1.admit(roomId, member("bob"), "s2", open);
    await n2.admit(roomId, member("bob"), "s3", open);
    const reaped = await n2.reap(roomId, addressPrefix("n1"));
    expect(reaped).toMatchObject([{ userId: "alice", json: JSON.stringify(member("alice")) }]);
    expect(await n2.reap(roomId, addressPrefix("n1"))).toEqual([]);
    expect([...(await n2.read(roomId, "members")).members.keys()]).toEqual(["bob"]);
    expect(await n1.dismiss(roomId, "alice", "s1", true)).toEqual({ outcome: "announced", version: 0 });
  });

  it("are reaped whole, however many they are", async () => {
    const { roomId, n1, n2 } = await twoNodes(store);
    const users = Array.from({ length: store.name === "redis" ? 1_200 : 20 }, (_, n) => `user-${n}`);
    await Promise.all(users.map((userId) => n1.admit(roomId, member(userId), `s-${userId}`, open)));
    const reaped: string[] = [];
    for (;;) {
      const some = await n2.reap(roomId, addressPrefix("n1"));
      if (some.length === 0) break;
      reaped.push(...some.map(({ userId }) => userId));
    }
    expect(reaped.toSorted()).toEqual(users.toSorted());
  });

  it("get back whom Redis has lost, and know whether that is news", async () => {
    const { roomId, n1, n2 } = await twoNodes(store);
    await n1.admit(roomId, member("alice"), "s1", open);
    expect(await n1.restore(roomId, held("alice", "s1"))).toMatchObject({ outcome: "held", version: 0 });
    expect(await n1.restore(roomId, held("bob", "s2"))).toMatchObject({ outcome: "restored" });

    await n2.reap(roomId, addressPrefix("n1"));
    expect(await n1.restore(roomId, held("alice", "s1"))).toMatchObject({ outcome: "returned" });
    expect(await n1.restore(roomId, held("alice", "s1"))).toMatchObject({ outcome: "held" });

    await n2.admit(roomId, member("alice"), "s3", open);
    expect(await n1.restore(roomId, held("alice", "s1"))).toMatchObject({
      outcome: "newer",
      address: "n2/s3",
    });
    expect(await n1.restore(roomId, held("alice", "s1"), "n2/s3")).toMatchObject({ outcome: "restored" });
    await n2.admit(roomId, member("alice"), "s4", open);
    await n2.dismiss(roomId, "alice", "s4", true);
    expect(await n1.restore(roomId, held("alice", "s1"))).toMatchObject({ outcome: "superseded" });
  });

  it("say whose departure nobody has announced", async () => {
    const { roomId, n1 } = await twoNodes(store);
    // As after Redis was emptied: the member is on no roster.
    const departure = await n1.dismiss(roomId, "alice", "s1", true);
    expect(departure.outcome).toBe("absent");
    expect(departure.version).toBeGreaterThan(0);
    expect(await n1.dismiss(roomId, "alice", "s1", false)).toEqual({ outcome: "absent", version: 0 });
    expect(await n1.read(roomId, "members")).toEqual({
      version: 0,
      locked: false,
      members: new Map(),
      routes: new Map(),
    });
  });
});
