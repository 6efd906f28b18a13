/**
 * An app in a page, as TypeScript sees it: what is right compiles, and what is wrong does not.
 */
import { type Closure, connect, createMesh, type Member, SignalingError } from "meeting-signaler/client";

const signaling = connect({
  url: "",
  roomId: "standup",
  userId: "alice",
  profile: { nickname: "A", pub: true, n: 7, none: null },
  token: async () => "token",
  socketOptions: { transports: ["websocket"] },
});

const peer = new RTCPeerConnection(await signaling.iceServers());
signaling.on("iceServers", (servers) => peer.setConfiguration(servers));
signaling.on("state", (state: "connecting" | "connected" | "reconnecting" | "closed", closed?: Closure) => {
  if (state === "closed" && closed?.code === "room_full") console.log(closed.message, closed.retry);
});
const off: () => void = signaling.on("message", ({ event, from, data }) => {
  if (event === "offer") void signaling.send("answer", from, { answer: data["offer"] });
});
const members: ReadonlyMap<string, Member> = signaling.room.members;
signaling.room.on("join", ({ userId, roomId }) => console.log(userId, roomId, members.size));
signaling.room.on("locked", (locked, by) => console.log(locked, by?.length));
await signaling.send("offer", "bob", { offer: peer.localDescription }).catch((error: unknown) => {
  if (error instanceof SignalingError && error.code === "offline" && error.retry) off();
});

// @ts-expect-error: there is no such event to send
await signaling.send("ofer", "bob", {});
// @ts-expect-error: a payload is an object
await signaling.send("offer", "bob", "sdp");
// @ts-expect-error: there is no such event to hear
signaling.on("mesage", () => {});
// @ts-expect-error: there is no such state
if (signaling.state === "open") off();
// @ts-expect-error: there is no such code
if (signaling.closed?.code === "full") off();
// @ts-expect-error: only the client changes the list
signaling.room.members.delete("bob");
// @ts-expect-error: a room is needed
connect({ userId: "alice" });

const mesh = createMesh(signaling, { iceTransportPolicy: "relay", maxBitrates: { camera: 500_000 } });
mesh.on("media", ({ peer: { userId }, role, media }) => console.log(userId, role, media?.stream.id));
mesh.on("state", ({ peer: { state } }) => console.log(state.handRaised));
mesh.setState({ handRaised: true, microphone: false });
for (const one of mesh.peers.values())
  console.log(one.connectionState, one.media.get("screen")?.track.id, (await one.stats()).roundTripMs);

// @ts-expect-error: there is no such role
mesh.setTrack("cinema", undefined);
// @ts-expect-error: nor such a state
mesh.setState({ asleep: true });
