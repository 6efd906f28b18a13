/**
 * Participants, made of who is on the roster, what comes from them, and what they show of themselves.
 */
import type { Member } from "../../client/index.js";
import type { MemberState, Peer } from "../../client/mesh/index.js";
import type { LocalMedia } from "../media/local-media.js";
import type { Participant } from "./meeting.js";

export function selfParticipant(
  userId: string,
  member: Member | undefined,
  media: LocalMedia,
  state: MemberState,
): Participant {
  return {
    userId,
    name: member === undefined ? userId : nameOf(member),
    isSelf: true,
    isHost: member?.["role"] === "host",
    muted: media.isSilent,
    handRaised: state.handRaised,
    camera: streamOf(media.camera),
    microphone: undefined,
    screen: streamOf(media.screen),
    connection: "connected",
  };
}

/** @param peer - undefined while there is no connection to this member yet. */
export function otherParticipant(member: Member, peer: Peer | undefined): Participant {
  const { media, state, connectionState } = peer ?? {};
  return {
    userId: member.userId,
    name: nameOf(member),
    isSelf: false,
    isHost: member["role"] === "host",
    muted: state?.microphone !== true,
    handRaised: state?.handRaised === true,
    camera: state?.camera === true ? streamOf(media?.get("camera")?.track) : undefined,
    microphone: streamOf(media?.get("microphone")?.track),
    screen: state?.screen === true ? streamOf(media?.get("screen")?.track) : undefined,
    connection: connectionOf(connectionState),
  };
}

/** Clients of other makes may give no nickname. */
export function nameOf({ userId, nickname }: Member): string {
  return typeof nickname === "string" && nickname.trim() !== "" ? nickname : userId;
}

function connectionOf(state: RTCPeerConnectionState | undefined): Participant["connection"] {
  switch (state) {
    case "connected":
      return "connected";
    case "disconnected":
    case "failed":
    case "closed":
      return "lost";
    default:
      return "connecting";
  }
}

const streams = new WeakMap<MediaStreamTrack, MediaStream>();

/** Of one track there is one stream, so that what is shown already is left alone. */
function streamOf(track: MediaStreamTrack | undefined): MediaStream | undefined {
  if (track === undefined) return undefined;
  const stream = streams.get(track) ?? new MediaStream([track]);
  streams.set(track, stream);
  return stream;
}
