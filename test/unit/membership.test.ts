/** What a membership owes the roster when the roster cannot be reached. */
import { describe, expect, it } from "vitest";
import { openGrant } from "../../src/access/grant.js";
import { RedisUnavailable } from "../../src/cluster/driver.js";
import type { Admission, Dismissal } from "../../src/cluster/rooms.js";
import { LocalMembers } from "../../src/meeting/local-members.js";
import { Membership } from "../../src/meeting/membership.js";
import { type Connection, Session } from "../../src/meeting/session.js";
import type { Envelope } from "../../src/protocol/envelope.js";

const connection: Connection = {
  open: true,
  send() {},
  emit() {},
  deliver() {},
  enter() {},
  exit() {},
  end() {},
};

const admitted: Admission = { outcome: "admitted", displaced: undefined, version: 1 };
const neverSent = () => Promise.reject(new RedisUnavailable("away", false));
const mayHaveHappened = () => Promise.reject(new RedisUnavailable("no answer", true));

function membership() {
  const announced: string[] = [];
  const dismissed: [sessionId: string, announced: boolean][] = [];
  const register = {
    admit: (): Promise<Admission> => Promise.resolve(admitted),
    answer: (): Promise<Dismissal> => Promise.resolve({ outcome: "left", version: 2 }),
    dismiss(_place: string, _userId: string, sessionId: string, known: boolean): Promise<Dismissal> {
      dismissed.push([sessionId, known]);
      return register.answer();
    },
  };
  const subject = new Membership(
    {
      register,
      local: new LocalMembers(),
      broadcast: (_place: string, { type }: Envelope) => announced.push(type),
      displace() {},
      onUnrecordedDeparture() {},
    },
    { capacity: 0, duplicates: "replace", maxRooms: 16 },
  );
  const session = (id: string) =>
    new Session(id, { userId: "alice", roomId: "room", profile: {} }, openGrant, connection);
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  return { subject, register, session, announced, dismissed, settled };
}

describe("membership", () => {
  it("owes nothing for those who came while Redis was away", async () => {
    const { subject, register, session, dismissed, settled } = membership();
    register.admit = neverSent;
    await expect(subject.join(session("s1"), "room")).rejects.toThrow("away");
    subject.retryDepartures();
    await settled();
    expect(dismissed).toEqual([]);
  });

  it("takes back a join that may have happened, and announces nothing of it", async () => {
    const { subject, register, session, announced, dismissed, settled } = membership();
    register.admit = mayHaveHappened;
    register.answer = mayHaveHappened;
    await expect(subject.join(session("s1"), "room")).rejects.toThrow("no answer");
    await settled();
    register.answer = () => Promise.resolve({ outcome: "left", version: 2 });
    subject.retryDepartures();
    await settled();
    subject.retryDepartures();
    await settled();
    expect(dismissed).toEqual([
      ["s1", false],
      ["s1", false],
    ]);
    expect(announced).toEqual([]);
  });

  it.each([
    ["left", 1],
    ["absent", 1],
    ["newer", 0],
    ["announced", 0],
  ] as const)("announces a departure that is found to be %s %i times", async (outcome, times) => {
    const { subject, register, session, announced, settled } = membership();
    const alice = session("s1");
    await subject.join(alice, "room");
    register.answer = neverSent;
    await subject.leave(alice, "room");
    expect(announced).toEqual(["join"]);
    register.answer = () => Promise.resolve({ outcome, version: 2 });
    subject.retryDepartures();
    await settled();
    expect(announced.slice(1)).toEqual(Array.from({ length: times }, () => "leave"));
  });
});
