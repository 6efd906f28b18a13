/**
 * Connects to a room, and tells whoever cannot be let in why.
 */
import { connect, type Signaling, SignalingError } from "../../client/index.js";
import { createMesh } from "../../client/mesh/index.js";
import type { Entry } from "../app.js";
import { newUserId } from "../link.js";
import { EnvelopeLog, noting } from "./envelope-log.js";
import { LiveMeeting } from "./live-meeting.js";
import type { Ending, Meeting } from "./meeting.js";

/** Long enough for a node to restart; longer, and people think that nothing happens. */
const patienceMs = 12_000;

/** @throws an Ending. */
export async function enterMeeting({ link, name, room, media, levels }: Entry): Promise<Meeting> {
  // Before it connects: nobody is to be in the room whom nobody can see or hear.
  if (!("RTCPeerConnection" in globalThis))
    throw { code: "no_webrtc", message: "there is no RTCPeerConnection" } satisfies Ending;
  const signaling = connect({
    url: location.origin,
    roomId: room,
    userId: link.claims?.userId ?? newUserId(),
    profile: { nickname: name },
    ...(link.token !== undefined && { token: link.token }),
  });
  // Before anyone is in, so that nothing that comes is missed.
  const log: EnvelopeLog = new EnvelopeLog(signaling, (entry) => meeting.noted(entry));
  const mesh = createMesh(noting(signaling, log), link.relayOnly ? { iceTransportPolicy: "relay" } : {});
  const meeting = new LiveMeeting({ signaling, mesh, log, media, levels, relayOnly: link.relayOnly });
  try {
    await isIn(signaling);
    if (link.relayOnly) await hasRelay(signaling);
  } catch (ending) {
    meeting.abandon();
    throw ending;
  }
  meeting.begin();
  return meeting;
}

/** @throws an Ending. */
async function isIn(signaling: Signaling): Promise<void> {
  let obstacle: SignalingError | undefined;
  const stopListening = signaling.on("retrying", (why) => {
    obstacle = why;
  });
  let timer: ReturnType<typeof setTimeout> | undefined;
  const impatience = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(obstacle ?? new SignalingError("disconnected")), patienceMs);
  });
  try {
    await Promise.race([signaling.ready, impatience]);
  } catch (error) {
    throw endingOf(error);
  } finally {
    clearTimeout(timer);
    stopListening();
  }
}

/** Without a relay, those who may use nothing else would wait for each other for ever. @throws an Ending. */
async function hasRelay(signaling: Signaling): Promise<void> {
  const { iceServers } = await signaling.iceServers().catch((error: unknown) => {
    throw endingOf(error);
  });
  if (iceServers.some(({ urls }) => urls.some((url) => url.startsWith("turn")))) return;
  throw { code: "no_relay", message: "the server names no TURN server" } satisfies Ending;
}

/** The server's own trouble is the operator's: all that people need to know is that it does not answer. */
function endingOf(error: unknown): Ending {
  if (!(error instanceof SignalingError)) return { code: "other", message: String(error) };
  const { code, message, status } = error;
  return { code: status >= 500 ? "unreachable" : code, message };
}
