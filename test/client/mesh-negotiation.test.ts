/**
 * How two members of a mesh agree, whatever happens to their messages. "alice" is the polite one.
 */
import { describe, expect, it, vi } from "vitest";
import { FakeTrack } from "../harness/fake-connection.js";
import {
  connectMedia,
  FakeMeeting,
  type FakeMember,
  fakePageForFile,
  settle,
  startCall,
} from "../harness/fake-meeting.js";

fakePageForFile();

/** What is about the connection in a payload. */
const meshOf = (data: Readonly<Record<string, unknown>>) => data["mesh"] as Record<string, unknown>;

/** Both have agreed on the same thing, and nothing went wrong on the way. */
function expectAgreement(...members: FakeMember[]): void {
  for (const { connection, events } of members) {
    expect(connection.signalingState).toBe("stable");
    expect(events.filter((event) => event.startsWith("error"))).toEqual([]);
  }
  const [one, other = []] = members.map(({ connection }) => [
    connection.localDescription?.sdp,
    connection.remoteDescription?.sdp,
  ]);
  expect(one).toEqual(other.toReversed());
}

it("has one offer at the start, from the impolite side, with everything that either sends in one round", async () => {
  const meeting = new FakeMeeting();
  const alice = await meeting.join("alice");
  alice.mesh.setTrack("camera", new FakeTrack("video").asTrack);
  const bob = await meeting.join("bob");
  expectAgreement(alice, bob);
  expect(bob.events).toEqual(["peer alice", "got camera"]);
  expect(meeting.between("alice", "bob", "offer")).toEqual([]);
  const numbers = meeting.between("bob", "alice", "offer").map(({ data }) => meshOf(data)["number"]);
  expect(new Set(numbers)).toEqual(new Set([1]));
  expect(alice.connection.candidates).toEqual([
    expect.objectContaining({ usernameFragment: expect.any(String) }),
  ]);
  expect(bob.connection.candidates).toHaveLength(1);
});

describe.each([["alice", "bob"] as const, ["bob", "alice"] as const])(
  "when offers cross, and that of %s comes first",
  (first, second) => {
    it("lets that of the impolite side stand, and then the other's", async () => {
      const { meeting, alice, bob } = await startCall();
      meeting.hold = ({ event }) => event === "offer";
      for (const { mesh } of [alice, bob]) mesh.setTrack("screen", new FakeTrack("video").asTrack);
      await settle();
      expect([alice, bob].map(({ connection }) => connection.signalingState)).toEqual([
        "have-local-offer",
        "have-local-offer",
      ]);
      meeting.release(first, second);
      await settle();
      expectAgreement(alice, bob);
      // Bob is not polite: he never takes his own offer back for hers.
      expect(meeting.between("bob", "alice", "answer")).toEqual([]);
      for (const { events, connections } of [alice, bob]) {
        expect(events.filter((event) => event === "got screen")).toHaveLength(1);
        expect(connections).toHaveLength(1);
      }
    });
  },
);

it("takes a track away, and gives it back in the same section", async () => {
  const { alice, bob } = await startCall();
  const camera = new FakeTrack("video").asTrack;
  for (const track of [camera, undefined, camera]) {
    alice.mesh.setTrack("camera", track);
    await settle();
  }
  expect(bob.events.slice(1)).toEqual(["got camera", "lost camera", "got camera"]);
  expect(bob.connection.getTransceivers()).toHaveLength(3);
  const offers = alice.connection.localDescription;
  alice.mesh.setTrack("camera", new FakeTrack("video").asTrack);
  await settle();
  expect(alice.connection.localDescription).toBe(offers);
});

it("keeps candidates that come before their description, and drops those of one that is over", async () => {
  const meeting = new FakeMeeting();
  const alice = await meeting.join("alice");
  meeting.hold = ({ event }) => event === "offer";
  const bob = await meeting.join("bob");
  expect(meeting.between("bob", "alice", "candidate")).toHaveLength(1);
  expect(alice.connection.candidates).toEqual([]);
  meeting.release();
  await settle();
  expect(alice.connection.candidates).toHaveLength(1);

  const [old] = meeting.between("bob", "alice", "candidate");
  if (old === undefined) throw new Error("no candidate");
  await connectMedia(alice, bob);
  bob.connection.become("failed");
  await settle();
  meeting.deliver(old);
  await settle();
  expectAgreement(alice, bob);
  const fragments = alice.connection.candidates.map(({ usernameFragment }) => usernameFragment);
  expect(new Set(fragments).size).toBe(2);
  expect(fragments).toHaveLength(2);
});

it("loses a path, and not the call, by a candidate that makes no sense, also if that is early", async () => {
  const meeting = new FakeMeeting();
  const alice = await meeting.join("alice");
  meeting.hold = ({ event }) => event === "offer";
  const bob = await meeting.join("bob");
  const [{ data } = { data: {} }] = meeting.between("bob", "alice", "candidate");
  for (const candidate of [{}, { candidate: 7 }, { candidate: "nonsense", usernameFragment: null }])
    alice.signaling.tell("message", { event: "candidate", from: "bob", data: { ...data, candidate } });
  meeting.release();
  await settle();
  expectAgreement(alice, bob);
  expect(alice.connection.candidates).toHaveLength(1);
});

it("tries an offer again that was not delivered, as long as the member is there", async () => {
  const meeting = new FakeMeeting();
  const alice = await meeting.join("alice");
  let refusals = 0;
  meeting.refuse = ({ event }) => {
    if (event !== "offer" || refusals === 3) return undefined;
    refusals += 1;
    return { status: 404, retry: true };
  };
  const bob = await meeting.join("bob");
  expect(bob.connection.signalingState).toBe("have-local-offer");
  await vi.advanceTimersByTimeAsync(10_000);
  expect(refusals).toBe(3);
  expectAgreement(alice, bob);

  meeting.refuse = ({ event }) => (event === "offer" ? { status: 404, retry: true } : undefined);
  bob.mesh.setTrack("screen", new FakeTrack("video").asTrack);
  await settle();
  meeting.leave("alice");
  const tried = meeting.sent.length;
  await vi.advanceTimersByTimeAsync(60_000);
  expect(meeting.sent.length).toBe(tried);
});

it("tries at once when it hears of the member, rather than wait for its turn", async () => {
  const { meeting, alice, bob } = await startCall();
  meeting.refuse = ({ from }) => (from === "bob" ? { status: 404, retry: true } : undefined);
  bob.mesh.setTrack("screen", new FakeTrack("video").asTrack);
  await vi.advanceTimersByTimeAsync(30_000);
  const tried = meeting.between("bob", "alice", "offer").length;
  meeting.refuse = () => undefined;
  alice.mesh.setTrack("screen", new FakeTrack("video").asTrack);
  await settle();
  expect(meeting.between("bob", "alice", "offer").length).toBeGreaterThan(tried);
  expectAgreement(alice, bob);
});

it("waits for as long as the server asks for, whatever it hears", async () => {
  const { meeting, alice, bob } = await startCall();
  meeting.refuse = ({ from }) =>
    from === "bob" ? { status: 429, retry: true, retryAfterMs: 20_000 } : undefined;
  bob.mesh.setTrack("screen", new FakeTrack("video").asTrack);
  alice.mesh.setTrack("screen", new FakeTrack("video").asTrack);
  await settle();
  const tried = meeting.sent.filter(({ from }) => from === "bob").length;
  await vi.advanceTimersByTimeAsync(19_000);
  expect(meeting.sent.filter(({ from }) => from === "bob")).toHaveLength(tried);
  meeting.refuse = () => undefined;
  await vi.advanceTimersByTimeAsync(30_000);
  expectAgreement(alice, bob);
});

it("says so when trying again cannot help", async () => {
  const meeting = new FakeMeeting();
  await meeting.join("alice");
  const refusal = Object.assign(new Error("too large"), { status: 413, retry: false });
  meeting.refuse = ({ event }) => (event === "offer" ? refusal : undefined);
  const bob = await meeting.join("bob");
  expect(bob.events).toContain("error Error: too large");
});

it("sends an offer or an answer again that was delivered and lost all the same", async () => {
  for (const lost of ["offer", "answer"]) {
    const meeting = new FakeMeeting();
    const alice = await meeting.join("alice");
    meeting.hold = ({ event }) => event === lost;
    const bob = await meeting.join("bob");
    expect(bob.connection.signalingState).toBe("have-local-offer");
    meeting.hold = () => false;
    await vi.advanceTimersByTimeAsync(10_000);
    expectAgreement(alice, bob);
    expect([alice, bob].map(({ connections }) => connections.length)).toEqual([1, 1]);
  }
});

it("waits with negotiation while signaling is away", async () => {
  const { meeting, alice, bob } = await startCall();
  for (const { signaling } of [alice, bob]) signaling.become("reconnecting");
  const before = meeting.sent.length;
  alice.mesh.setTrack("screen", new FakeTrack("video").asTrack);
  bob.connection.become("failed");
  await vi.advanceTimersByTimeAsync(60_000);
  expect(meeting.sent.length).toBe(before);
  expect(bob.connections).toHaveLength(1);
  for (const { signaling } of [alice, bob]) signaling.become("connected");
  await settle();
  expectAgreement(alice, bob);
  expect(bob.events).toContain("got screen");
});

it("restarts ICE at once when it has failed, with longer waits, and then connects anew", async () => {
  const { alice, bob } = await startCall();
  const [first] = bob.connections;
  bob.connection.become("failed");
  expect(first?.restarts).toBe(1);
  await vi.advanceTimersByTimeAsync(26_000);
  expect(first?.restarts).toBe(3);
  expect(bob.connections).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(first?.restarts).toBe(4);
  expect(first?.connectionState).toBe("closed");
  expectAgreement(alice, bob);
  expect(alice.connections).toHaveLength(2);
  expect(alice.events).toEqual(["peer bob"]);
});

it("gives a connection that is only disconnected some time", async () => {
  const { bob } = await startCall();
  for (const [state, ms, restarts] of [
    ["disconnected", 2_900, 0],
    ["connected", 60_000, 0],
    ["disconnected", 3_100, 1],
    ["connected", 60_000, 1],
  ] as const) {
    bob.connection.become(state);
    await vi.advanceTimersByTimeAsync(ms);
    expect(bob.connection.restarts).toBe(restarts);
  }
});

it("begins anew with a page that was reloaded, and hears nothing more of the old one", async () => {
  for (const reloads of ["alice", "bob"]) {
    const { meeting, ...before } = await startCall();
    const stays = reloads === "alice" ? before.bob : before.alice;
    const page = await meeting.join(reloads, { quietly: true });
    expectAgreement(stays, page);
    expect(stays.connections).toHaveLength(2);
    expect(stays.connections[0]?.connectionState).toBe("closed");
    expect(stays.events.filter((event) => /^(peer|gone)/.test(event))).toHaveLength(1);

    const { connection } = stays;
    const old = meeting.sent.filter(
      ({ from, data }) => from === reloads && meshOf(data)["number"] !== undefined,
    )[0];
    if (old === undefined) throw new Error("nothing was sent");
    meeting.deliver(old);
    await settle();
    expect(stays.connection).toBe(connection);
    expect(connection.connectionState).not.toBe("closed");
  }
});

it("agrees with a page that was reloaded and still gets an offer to the page before", async () => {
  const meeting = new FakeMeeting();
  meeting.hold = () => true;
  await meeting.join("alice");
  const bob = await meeting.join("bob");
  const alice = await meeting.join("alice", { quietly: true });
  meeting.release("alice", "bob");
  await settle();
  expectAgreement(alice, bob);
});
