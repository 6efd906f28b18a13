/**
 * The scripts as a state machine: whatever order joins, departures, reapers, returning nodes and a Redis that
 * loses everything come in, the room is what a plain model says, and the newest session stands (I5).
 */
import { randomInt } from "node:crypto";
import fc from "fast-check";
import { expect, it } from "vitest";
import { addressPrefix, formatAddress } from "../../src/cluster/keys.js";
import { RemovedMembers } from "../../src/cluster/removed-members.js";
import { Rooms } from "../../src/cluster/rooms.js";
import { roomKeys } from "../../src/cluster/scripts/script.js";
import type { Driver } from "../../src/index.js";
import { describeOnEachStore, unique } from "../harness/nodes.js";

const nodeIds = ["n1", "n2", "n3"] as const;
const userIds = ["alice", "bob", "__proto__x"] as const;

interface ModelSession {
  readonly nodeId: string;
  readonly sessionId: string;
  readonly userId: string;
}

type ModelEnd = "none" | "left" | "reaped" | "kicked" | "ended";

/** The room as it should be. Sessions are compared by identity. */
class Model {
  readonly capacity: number;
  readonly members = new Map<string, ModelSession>();
  /** Where an older session might come back: the newest of the user, and how it ended. */
  readonly newest = new Map<string, { session: ModelSession; end: ModelEnd; announced?: boolean }>();
  /** Who may be in, while the room is locked. */
  lockedTo: Set<string> | undefined;
  readonly sessions: ModelSession[] = [];

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  join(session: ModelSession, rejecting: boolean, host: boolean): string {
    const current = this.members.get(session.userId);
    if (current !== undefined && rejecting) return "duplicate";
    if (current === undefined && !host && this.lockedTo?.has(session.userId) === false) return "locked";
    if (current === undefined && this.capacity > 0 && this.members.size >= this.capacity) return "full";
    this.sessions.push(session);
    this.lockedTo?.add(session.userId);
    this.members.set(session.userId, session);
    if (current !== undefined || this.newest.has(session.userId))
      this.newest.set(session.userId, { session, end: "none" });
    return "admitted";
  }

  leave(session: ModelSession, announced: boolean): string {
    const current = this.members.get(session.userId);
    if (current !== undefined && current !== session) return "newer";
    const newest = this.newest.get(session.userId);
    if (current === undefined && newest !== undefined) {
      if (newest.end === "reaped" || newest.end === "kicked" || newest.end === "ended") return "announced";
      // Its own announcement may have failed: then it tries again.
      if (newest.end === "left" && newest.session !== session) return "announced";
    }
    this.members.delete(session.userId);
    if (announced && newest !== undefined) this.newest.set(session.userId, { session, end: "left" });
    return current === session ? "left" : "absent";
  }

  restore(session: ModelSession): string {
    const current = this.members.get(session.userId);
    const newest = this.newest.get(session.userId);
    if (current === session) return "held";
    if (current !== undefined) return "newer";
    if (newest !== undefined && newest.session !== session) return "superseded";
    if (newest?.end === "kicked" || newest?.end === "ended") return newest.end;
    if (newest?.end === "reaped" && this.lockedTo?.has(session.userId) === false) return "superseded";
    this.members.set(session.userId, session);
    if (newest === undefined || newest.end !== "reaped") return "restored";
    newest.end = "none";
    return "returned";
  }

  /** Whether nobody has noted before that the departure of whoever was kicked is announced. */
  announce(session: ModelSession): boolean {
    const newest = this.newest.get(session.userId);
    if (newest?.session !== session || newest.end !== "kicked" || newest.announced === true) return false;
    newest.announced = true;
    return true;
  }

  reap(nodeId: string): string[] {
    const reaped = [...this.members.values()].filter((session) => session.nodeId === nodeId);
    for (const session of reaped) {
      this.members.delete(session.userId);
      this.newest.set(session.userId, { session, end: "reaped" });
    }
    const kicked = [...this.newest.values()].map(({ session }) => session);
    const untold = kicked.filter((session) => session.nodeId === nodeId && this.announce(session));
    return [...reaped, ...untold].map(({ userId }) => userId);
  }

  remove(userId: string | undefined): string[] {
    if (userId !== undefined) this.lockedTo?.delete(userId);
    else this.lockedTo = undefined;
    const removed = [...this.members.values()].filter(
      (session) => session.userId === (userId ?? session.userId),
    );
    for (const session of removed) {
      this.members.delete(session.userId);
      this.newest.set(session.userId, { session, end: userId === undefined ? "ended" : "kicked" });
    }
    return removed.map(({ nodeId, sessionId }) => formatAddress(nodeId, sessionId));
  }

  lose(): void {
    this.lockedTo = undefined;
    this.members.clear();
    this.newest.clear();
  }
}

type Step =
  | {
      readonly do: "join";
      readonly node: number;
      readonly user: number;
      readonly rejecting: boolean;
      readonly host: boolean;
    }
  | { readonly do: "remove"; readonly user: number | undefined }
  | { readonly do: "lock"; readonly locked: boolean }
  | { readonly do: "leave" | "restore" | "withdraw" | "announce"; readonly session: number }
  | { readonly do: "reap"; readonly node: number }
  | { readonly do: "lose" };

const node = fc.nat(nodeIds.length - 1);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("join" as const),
      node,
      user: fc.nat(userIds.length - 1),
      rejecting: fc.boolean(),
      host: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("remove" as const),
      user: fc.option(fc.nat(userIds.length - 1), { nil: undefined }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("lock" as const), locked: fc.boolean() }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom("leave", "restore", "withdraw", "announce"),
      session: fc.nat(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("reap" as const), node }) },
  { weight: 1, arbitrary: fc.constant({ do: "lose" as const }) },
);

async function play(driver: Driver, steps: readonly Step[], capacity: number): Promise<void> {
  const place = unique("room");
  const rooms = new Map<string, Rooms>(nodeIds.map((nodeId) => [nodeId, new Rooms(driver, nodeId)]));
  const at = (nodeId: string) => rooms.get(nodeId) as Rooms;
  const removedMembers = new RemovedMembers(driver);
  const model = new Model(capacity);
  const member = (userId: string) => ({ userId, roomId: place });
  let version = 0;
  const grown = (to: number) => {
    expect(to).toBeGreaterThan(version);
    version = to;
  };
  // The rejecting join looks whether the other's node lives: here all do.
  await Promise.all(nodeIds.map((nodeId) => driver.setWithExpiry(`meeting-node::${nodeId}`, "1", 600_000)));

  for (const [index, action] of steps.entries()) {
    const chosen = "session" in action ? model.sessions[action.session % model.sessions.length] : undefined;
    if (action.do === "join") {
      const session: ModelSession = {
        nodeId: nodeIds[action.node] ?? "n1",
        userId: userIds[action.user] ?? "alice",
        sessionId: `s${index}`,
      };
      const displaced = model.members.get(session.userId);
      const expected = model.join(session, action.rejecting, action.host);
      const duplicates = action.rejecting ? "reject" : "replace";
      const rules = { capacity, duplicates, opensLocks: action.host } as const;
      const admission = await at(session.nodeId).admit(
        place,
        member(session.userId),
        session.sessionId,
        rules,
      );
      expect(admission.outcome).toBe(expected);
      if (admission.outcome === "admitted") {
        expect(admission.displaced).toBe(displaced && formatAddress(displaced.nodeId, displaced.sessionId));
        grown(admission.version);
      }
    } else if ((action.do === "leave" || action.do === "withdraw") && chosen !== undefined) {
      const announced = action.do === "leave";
      const expected = model.leave(chosen, announced);
      const { nodeId, userId, sessionId } = chosen;
      const dismissal = await at(nodeId).dismiss(place, userId, sessionId, announced);
      expect(dismissal.outcome).toBe(expected);
      if (expected === "left" || (expected === "absent" && announced)) grown(dismissal.version);
      else expect(dismissal.version).toBe(0);
    } else if (action.do === "restore" && chosen !== undefined) {
      const expected = model.restore(chosen);
      const { nodeId, userId, sessionId } = chosen;
      const restoration = await at(nodeId).restore(place, {
        sessionId,
        member: member(userId),
        state: "in",
        since: 0,
      });
      expect(restoration.outcome).toBe(expected);
      if (expected === "restored" || expected === "returned") grown(restoration.version);
    } else if (action.do === "announce" && chosen !== undefined) {
      const { nodeId, userId, sessionId } = chosen;
      const address = formatAddress(nodeId, sessionId);
      const isNews = model.announce(chosen);
      const claimed = await removedMembers.claimAnnouncement(place, userId, address);
      expect(claimed > 0).toBe(isNews && model.members.size > 0);
      if (claimed > 0) grown(claimed);
      expect(await removedMembers.claimAnnouncement(place, userId, address)).toBe(0);
    } else if (action.do === "reap") {
      const nodeId = nodeIds[action.node] ?? "n1";
      const reaped = await at("n1").reap(place, addressPrefix(nodeId));
      expect(reaped.map(({ userId }) => userId).toSorted()).toEqual(model.reap(nodeId).toSorted());
      for (const each of reaped) grown(each.version);
    } else if (action.do === "remove") {
      const userId = action.user === undefined ? undefined : userIds[action.user];
      const removed = await removedMembers.remove(place, userId, 0);
      expect(removed.map(({ address }) => address).toSorted()).toEqual(model.remove(userId).toSorted());
      for (const each of removed) grown(each.version);
    } else if (action.do === "lock") {
      const there = await at("n2").lock(place, action.locked);
      expect(there).toBe(model.members.size > 0);
      if (!action.locked) model.lockedTo = undefined;
      else if (there) model.lockedTo = new Set([...(model.lockedTo ?? []), ...model.members.keys()]);
    } else if (action.do === "lose") {
      model.lose();
      for (const key of roomKeys(place)) await driver.delete(key);
    }
    const view = await at("n1").read(place, "members");
    expect(Object.fromEntries(view.routes)).toEqual(
      Object.fromEntries(
        [...model.members].map(([userId, { nodeId, sessionId }]) => [
          userId,
          formatAddress(nodeId, sessionId),
        ]),
      ),
    );
    expect([...view.members.keys()].toSorted()).toEqual([...model.members.keys()].toSorted());
  }
  for (const key of roomKeys(place)) await driver.delete(key);
}

describeOnEachStore("the scripts", (store) => {
  it("do what the model says, in any order (I4, I5)", async () => {
    const driver = await store.newDriver();
    await driver.connect();
    try {
      // Another every time; to have one again, set MODEL_SEED. On a failure the shortest sequence found is printed too.
      const seed = Number(process.env["MODEL_SEED"] ?? randomInt(2 ** 31));
      console.log(`${store.name}: seed ${seed}`);
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.constantFrom(0, 2), (steps, capacity) =>
          play(driver, steps, capacity),
        ),
        { seed, numRuns: store.name === "redis" ? 3_000 : 25 },
      );
    } finally {
      await driver.close();
    }
  }, 120_000);
});
