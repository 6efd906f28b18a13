/** When those who have asked for ICE servers are sent fresh ones, and when no longer. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { openGrant } from "../../src/access/grant.js";
import { issueIceServers } from "../../src/access/ice-servers.js";
import { Ice } from "../../src/meeting/ice.js";
import { LocalMembers } from "../../src/meeting/local-members.js";
import { Meeting } from "../../src/meeting/meeting.js";
import { Membership } from "../../src/meeting/membership.js";
import { Moderation } from "../../src/meeting/moderation.js";
import { Relay } from "../../src/meeting/relay.js";
import { Reply } from "../../src/meeting/reply.js";
import { Session } from "../../src/meeting/session.js";
import type { Envelope, IceServers } from "../../src/protocol/envelope.js";

const ttlMs = 600_000;
const start = 1_700_000_000_000;

beforeEach(() => {
  vi.useFakeTimers({ now: start });
});
afterEach(() => {
  vi.useRealTimers();
});

function asking({ until = Number.POSITIVE_INFINITY, turn = true } = {}) {
  const sent: Envelope[] = [];
  const connection = {
    open: true,
    send: (envelope: Envelope) => void sent.push(envelope),
    emit() {},
    deliver() {},
    enter() {},
    exit() {},
    end() {},
  };
  const session = new Session(
    "s1",
    { userId: "alice", roomId: undefined, profile: {} },
    { ...openGrant, expiresAt: until },
    connection,
  );
  const turnUrls = turn ? ["turn:a"] : undefined;
  const source = { stunUrls: ["stun:a"], turnUrls, turnSecrets: ["secret"], turnTtlS: ttlMs / 1_000 };
  const ice = new Ice((userId, until) => issueIceServers(source, userId, Date.now(), until), Date.now);
  const ask = () =>
    ice.ask(
      session,
      new Reply(
        session,
        "iceServers",
        () => {},
        () => {},
      ),
    );
  const renew = (until: number) => {
    session.renew({ ...openGrant, expiresAt: until });
    ice.renewed(session);
  };
  /** When what has been sent ends, counted from the start. */
  const ends = () => sent.map(({ data }) => ((data as IceServers).expiresAt ?? Number.NaN) - start);
  return { ice, session, ask, renew, ends };
}

/** One in which nobody ever gets an answer from Redis. */
function meeting(issue: (userId: string, until: number) => IceServers): Meeting {
  const never = () => new Promise<never>(() => {});
  const local = new LocalMembers();
  const membership = new Membership(
    {
      register: { admit: never, dismiss: never },
      local,
      broadcast() {},
      displace() {},
      onUnrecordedDeparture() {},
    },
    { capacity: 0, duplicates: "replace", maxRooms: 16 },
  );
  return new Meeting(
    {
      membership,
      moderation: new Moderation(
        { cluster: { kick: never, liftBan: never, end: never, lock: never }, broadcast() {} },
        0,
      ),
      relay: new Relay({ local, outbox: { send() {} } }, "room"),
      verifyToken: undefined,
      issueIceServers: issue,
      readRoster: never,
      broadcast() {},
      onFailure() {},
      onRelayed() {},
      now: Date.now,
      epochNow: Date.now,
    },
    { nodeId: "n1", scope: "room", rosterEvent: "object" },
  );
}

describe("fresh ICE servers [P-62]", () => {
  it("come when three quarters of the time are over, again and again", () => {
    const { ask, ends } = asking();
    ask();
    vi.advanceTimersByTime(0.75 * ttlMs - 1);
    expect(ends()).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(ends()).toEqual([1.75 * ttlMs]);
    vi.advanceTimersByTime(0.75 * ttlMs);
    expect(ends()).toEqual([1.75 * ttlMs, 2.5 * ttlMs]);
  });

  it("come once, however often somebody has asked, and count from the last time", () => {
    const { ask, ends } = asking();
    ask();
    vi.advanceTimersByTime(0.5 * ttlMs);
    ask();
    ask();
    vi.advanceTimersByTime(0.75 * ttlMs - 1);
    expect(ends()).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(ends()).toEqual([2.25 * ttlMs]);
  });

  it("come to nobody who has not asked, or who is forgotten", () => {
    const { ice, session, ask, renew, ends } = asking();
    renew(start + 10 * ttlMs);
    expect(vi.getTimerCount()).toBe(0);
    ask();
    expect(vi.getTimerCount()).toBe(1);
    ice.forget(session);
    expect(vi.getTimerCount()).toBe(0);
    expect(ends()).toEqual([]);
  });

  it("come to nobody whose connection is gone", () => {
    const { session } = asking();
    const subject = meeting(() => ({ iceServers: [], expiresAt: start + ttlMs }));
    subject.receive(session, "iceServers", []);
    expect(vi.getTimerCount()).toBe(1);
    session.ended = true;
    subject.close(session);
    subject.receive(session, "iceServers", []);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("come with the next token where it is the token that ends them, and not before", () => {
    const { ice, session, ask, renew, ends } = asking({ until: start + ttlMs / 2 });
    ask();
    vi.advanceTimersByTime(ttlMs / 4);
    expect([ends(), vi.getTimerCount()]).toEqual([[], 0]);
    renew(start + 10 * ttlMs);
    expect(ends()).toEqual([1.25 * ttlMs]);
    // It is their own time that ends these, and another token makes no difference.
    renew(start + 20 * ttlMs);
    expect(ends()).toHaveLength(1);
    vi.advanceTimersByTime(0.75 * ttlMs);
    expect(ends()).toHaveLength(2);
    ice.forget(session);
    renew(start + 20 * ttlMs);
    expect(ends()).toHaveLength(2);
  });

  it("last until the token ends when that comes first", () => {
    const { ask, ends } = asking({ until: start + 1.5 * ttlMs });
    ask();
    vi.advanceTimersByTime(0.75 * ttlMs);
    expect(ends()).toEqual([1.5 * ttlMs]);
    vi.advanceTimersByTime(ttlMs);
    expect(ends()).toHaveLength(1);
  });

  it("are not sent where there is nothing that expires, or a token that is over", () => {
    asking({ turn: false }).ask();
    asking({ until: start - 1_000 }).ask();
    expect(vi.getTimerCount()).toBe(0);
  });
});
