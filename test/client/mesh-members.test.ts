/**
 * Whom a mesh is connected to: by the roster, and by what the connections themselves know better.
 */
import { expect, it, vi } from "vitest";
import { FakeTrack } from "../harness/fake-connection.js";
import {
  connectMedia,
  FakeMeeting,
  FakeMember,
  FakeSignaling,
  fakePageForFile,
  settle,
  startCall,
} from "../harness/fake-meeting.js";

fakePageForFile();

it("keeps a connection that works while its member is away for less than it would linger", async () => {
  const { meeting, alice, bob } = await startCall();
  const { signaling } = bob;
  meeting.leave("bob");
  await vi.advanceTimersByTimeAsync(4_900);
  meeting.members.set("bob", signaling);
  meeting.tellOthers("join", "bob");
  await vi.advanceTimersByTimeAsync(60_000);
  expect(alice.events).toEqual(["peer bob"]);
  expect([alice, bob].map(({ connections }) => connections.length)).toEqual([1, 1]);
});

it("keeps a member whose new page is heard of before the room tells that it is back", async () => {
  const { meeting, alice } = await startCall();
  meeting.leave("bob");
  const bob = await meeting.join("bob", { quietly: true });
  alice.connection.become("connecting");
  await connectMedia(alice, bob);
  meeting.tellOthers("join", "bob");
  await vi.advanceTimersByTimeAsync(60_000);
  expect(alice.events).toEqual(["peer bob"]);
  expect(alice.connections).toHaveLength(2);
});

it("lets go of a member who does not come back, and takes it again if it comes later", async () => {
  const { meeting, alice, bob } = await startCall();
  const { signaling } = bob;
  meeting.leave("bob");
  await vi.advanceTimersByTimeAsync(5_100);
  expect(alice.events).toEqual(["peer bob", "gone bob"]);
  expect(alice.mesh.peers.size).toBe(0);
  expect(alice.connection.connectionState).toBe("closed");

  meeting.members.set("bob", signaling);
  meeting.tellOthers("join", "bob");
  await settle();
  expect(alice.events).toEqual(["peer bob", "gone bob", "peer bob"]);
  for (const { connections, connection } of [alice, bob]) {
    expect(connections).toHaveLength(2);
    expect([connection.signalingState, connection.remoteDescription]).toEqual(["stable", expect.anything()]);
  }
});

it.each([
  ["its connection has failed", "failed"],
  ["its connection does not work", "disconnected"],
] as const)("lets go at once of a member who has left when %s", async (_, state) => {
  for (const isFirst of [true, false]) {
    const { meeting, alice } = await startCall();
    if (isFirst) alice.connection.become(state);
    meeting.leave("bob");
    if (!isFirst) alice.connection.become(state);
    expect(alice.events).toEqual(["peer bob", "gone bob"]);
  }
});

it("lets go at once of a member who has left when its control channel is closed", async () => {
  for (const isFirst of [true, false]) {
    const { meeting, alice } = await startCall();
    if (isFirst) alice.connection.channel.end();
    meeting.leave("bob");
    if (!isFirst) alice.connection.channel.end();
    expect(alice.events).toEqual(["peer bob", "gone bob"]);
  }
});

it("lets go at once of a member who says goodbye, and takes it again when it begins anew", async () => {
  const { meeting, alice, bob } = await startCall();
  bob.mesh.close();
  expect(alice.events).toEqual(["peer bob", "gone bob"]);
  const [offer] = meeting.between("bob", "alice", "offer");
  if (offer === undefined) throw new Error("no offer");
  meeting.deliver(offer);
  await settle();
  expect(alice.mesh.peers.size).toBe(0);
  await meeting.join("bob", { quietly: true });
  expect(alice.events).toEqual(["peer bob", "gone bob", "peer bob"]);
});

it("connects to nobody who is not in the room, and is not disturbed by what is not a mesh's", async () => {
  const meeting = new FakeMeeting();
  const alice = await meeting.join("alice");
  const offer = { mesh: { link: "x", number: 1, media: {} }, offer: { type: "offer", sdp: "" } };
  alice.signaling.tell("message", { event: "offer", from: "stranger", data: offer });
  await settle();
  expect(alice.connections).toEqual([]);
  await meeting.join("bob");
  for (const data of [
    null,
    "offer",
    {},
    { link: "x" },
    { mesh: "x" },
    { mesh: { link: 1 } },
    { ...offer, mesh: 0 },
  ])
    for (const event of ["call", "offer", "answer", "candidate", "applyMic"])
      alice.signaling.tell("message", { event, from: "bob", data });
  await settle();
  expect(alice.connections).toHaveLength(1);
  expect(alice.events).toEqual(["peer bob"]);
});

it.each(["aaron", "mallory"])(
  "does only so much for a member who asks without end, such as %s",
  async (userId) => {
    const description = { type: "offer", sdp: "a=ice-ufrag:x\na=sections:[]\n" };
    const ways: ((alice: FakeMember, meeting: FakeMeeting, n: number) => void)[] = [
      ({ signaling }, _, n) =>
        signaling.tell("message", { event: "call", from: userId, data: { mesh: { link: `x${n}` } } }),
      ({ signaling }, _, n) => {
        const data = { mesh: { link: "x", number: n, media: {} }, offer: description };
        signaling.tell("message", { event: "offer", from: userId, data });
      },
      ({ signaling }, meeting) => {
        meeting.leave(userId);
        meeting.members.set(userId, new FakeSignaling(meeting, userId));
        signaling.seeRoom("join", userId);
      },
    ];
    for (const ask of ways) {
      const meeting = new FakeMeeting();
      const alice = await meeting.join("alice");
      meeting.members.set(userId, new FakeSignaling(meeting, userId));
      meeting.tellOthers("join", userId);
      for (let n = 1; n <= 500; n += 1) {
        ask(alice, meeting, n);
        await vi.advanceTimersByTimeAsync(20);
      }
      expect(alice.connections.length).toBeLessThan(20);
      expect(meeting.sent.length).toBeLessThan(60);
      const carol = await meeting.join("carol");
      expect(carol.connections.map(({ remoteDescription }) => remoteDescription !== null)).toContain(true);
      // Whoever stops is a member like any other.
      const honest = await meeting.join(userId, { quietly: true });
      await vi.advanceTimersByTimeAsync(10_000);
      expect(honest.connections.find(({ remoteDescription }) => remoteDescription !== null)).toBeDefined();
      alice.mesh.close();
    }
  },
);

it("lets nobody who takes no messages keep the others from hearing", async () => {
  const { meeting, alice } = await startCall();
  const carol = await meeting.join("carol");
  const [[toBob], [toAlice]] = [alice.connections, carol.connections];
  if (toBob === undefined || toAlice === undefined) throw new Error("no connection was made");
  await connectMedia(alice, { connection: toAlice });
  toBob.channel.maxMessageSize = 1;
  alice.mesh.setState({ handRaised: true });
  expect(carol.mesh.peers.get("alice")?.state.handRaised).toBe(true);
  alice.mesh.close();
  expect(carol.events).toContain("gone alice");
  expect(alice.connections.map(({ connectionState }) => connectionState)).toEqual(["closed", "closed"]);
});

it("lets nobody who refuses a section keep the others from a track, and connects anew", async () => {
  const { meeting, alice, bob } = await startCall();
  const carol = await meeting.join("carol");
  const screen = alice.connections[0]?.getTransceivers()[2];
  if (screen !== undefined) screen.stopped = true;
  alice.mesh.setTrack("screen", new FakeTrack("video").asTrack);
  await settle();
  expect(carol.events).toContain("got screen");
  await vi.advanceTimersByTimeAsync(5_000);
  expect(bob.events).toContain("got screen");
});

it("asks for ICE servers before it connects, and uses those that come later", async () => {
  const meeting = new FakeMeeting();
  const own = { urls: "stun:own" };
  const alice = await meeting.join("alice", {
    rtcConfiguration: { iceServers: [own] },
    iceTransportPolicy: "relay",
  });
  await meeting.join("bob");
  alice.signaling.tell("iceServers", {
    iceServers: [{ urls: ["turn:fresh"], username: "u", credential: "c" }],
  });
  const common = { bundlePolicy: "max-bundle", iceTransportPolicy: "relay" };
  expect(alice.connection.configurations).toEqual([
    { ...common, iceServers: [own, { urls: ["stun:first"] }] },
    { ...common, iceServers: [own, { urls: ["turn:fresh"], username: "u", credential: "c" }] },
  ]);
});

it("takes ICE servers with one url as RTCPeerConnection does", async () => {
  const meeting = new FakeMeeting();
  const alice = await meeting.join("alice");
  await meeting.join("bob");
  alice.signaling.tell("iceServers", { iceServers: [{ urls: "stun:one" }] });
  expect(alice.connection.configurations.at(-1)?.iceServers).toEqual([{ urls: ["stun:one"] }]);
});

it("connects without ICE servers where there are none to be had", async () => {
  const meeting = new FakeMeeting();
  await meeting.join("alice");
  const join = meeting.join("bob", { quietly: true });
  const bob = meeting.members.get("bob");
  if (bob === undefined) throw new Error("bob did not join");
  bob.iceServers = async () => Promise.reject({ retry: true });
  const { connections, events } = await join;
  expect(connections).toHaveLength(0);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(connections).toHaveLength(1);
  expect(events.at(-1)).toBe("peer alice");
});

it("tells the others at once who is muted, and stays so with another microphone", async () => {
  const { alice, bob } = await startCall();
  const states: unknown[] = [];
  bob.mesh.on("state", ({ state }) => states.push(state));
  const [first, second] = [new FakeTrack("audio"), new FakeTrack("audio")];
  alice.mesh.setTrack("microphone", first.asTrack);
  alice.mesh.setState({ microphone: false, camera: true, handRaised: true });
  alice.mesh.setTrack("microphone", second.asTrack);
  expect([first.enabled, second.enabled]).toEqual([false, false]);
  const off = { microphone: false, camera: false, screen: false, handRaised: false };
  expect(states).toEqual([
    { ...off, microphone: true },
    { ...off, handRaised: true },
  ]);
  expect(bob.mesh.peers.get("alice")?.state).toEqual({ ...off, handRaised: true });
});

it("takes out a track that ends, and refuses one that cannot be what it is said to be", async () => {
  const { alice, bob } = await startCall();
  const screen = new FakeTrack("video");
  alice.mesh.setTrack("screen", screen.asTrack);
  await settle();
  expect(() => alice.mesh.setTrack("camera", screen.asTrack)).toThrow("this track is sent as screen already");
  expect(() => alice.mesh.setTrack("microphone", screen.asTrack)).toThrow(
    "a microphone must be a track of audio",
  );
  screen.dispatchEvent(new Event("ended"));
  await settle();
  expect(bob.events).toEqual(["peer alice", "got screen", "lost screen"]);
  expect(alice.mesh.state.screen).toBe(false);
});

it("leaves nothing behind when it is closed, or signaling is for good", async () => {
  for (const end of ["mesh", "signaling"] as const) {
    const { meeting, alice, bob } = await startCall();
    const camera = new FakeTrack("video");
    alice.mesh.setTrack("camera", camera.asTrack);
    meeting.refuse = () => ({ retry: true });
    alice.connection.become("failed");
    await settle();
    if (end === "mesh") alice.mesh.close();
    else alice.signaling.become("closed");
    expect(alice.connection.connectionState).toBe("closed");
    expect(alice.signaling.listeners).toBe(0);
    expect(alice.mesh.peers.size).toBe(0);
    bob.mesh.close();
    await settle();
    expect(vi.getTimerCount()).toBe(0);
    expect(camera.enabled).toBe(true);
    alice.mesh.close();
  }
});

it("connects to nobody more when it is closed as it meets the first", async () => {
  const meeting = new FakeMeeting();
  for (const userId of ["alice", "bob"]) await meeting.join(userId);
  const carol = new FakeMember(new FakeSignaling(meeting, "carol"), {});
  carol.mesh.on("peer", () => carol.mesh.close());
  await settle();
  expect(carol.events).toEqual(["peer alice", "gone alice"]);
  expect(carol.connections.map(({ connectionState }) => connectionState)).toEqual(["closed"]);
});

it("is closed at once where signaling is already", async () => {
  const meeting = new FakeMeeting();
  const signaling = new FakeSignaling(meeting, "alice");
  signaling.become("closed");
  const { mesh } = new FakeMember(signaling, {});
  await settle();
  expect([signaling.listeners, mesh.peers.size]).toEqual([0, 0]);
});

it("does nothing for a peer that is gone", async () => {
  const { meeting, alice, bob } = await startCall();
  const peer = alice.mesh.peers.get("bob");
  bob.mesh.close();
  meeting.leave("bob");
  peer?.restartIce();
  await vi.advanceTimersByTimeAsync(120_000);
  expect(alice.connections).toHaveLength(1);
  expect(vi.getTimerCount()).toBe(0);
});

it("takes tracks while the browser has no more connections to give", async () => {
  const { meeting, bob } = await startCall();
  const carol = await meeting.join("carol");
  bob.refusing = true;
  const alice = await meeting.join("alice", { quietly: true });
  bob.mesh.setTrack("screen", new FakeTrack("video").asTrack);
  await settle();
  expect(carol.events).toContain("got screen");
  bob.refusing = false;
  await vi.advanceTimersByTimeAsync(5_000);
  expect(alice.events).toContain("got screen");
});
