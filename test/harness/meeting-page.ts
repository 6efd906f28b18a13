/**
 * Runs in the page: a member of a meeting, which tests direct through `window.meeting`.
 */
import { connect, createMesh, type MediaRole, type Mesh, type Signaling } from "../../src/client/index.js";

export interface JoinOptions {
  readonly url: string;
  readonly roomId: string;
  readonly userId: string;
  /** What is sent from the start: real captures from the browser's fake devices. */
  readonly roles: readonly ("camera" | "microphone")[];
  readonly lingerMs?: number | undefined;
  readonly maxBitrates?: { readonly camera: number } | undefined;
  readonly iceTransportPolicy?: RTCIceTransportPolicy | undefined;
}

/** Each connection that the mesh has made, so that none is left behind unseen. */
const connections: RTCPeerConnection[] = [];
const events: string[] = [];
/** Who came and went by what signaling says. */
const roster: string[] = [];
const errors: string[] = [];
let signaling: Signaling | undefined;
let mesh: Mesh | undefined;
let painting: ReturnType<typeof setInterval> | undefined;

class NotedConnection extends RTCPeerConnection {
  constructor(configuration: RTCConfiguration) {
    super(configuration);
    connections.push(this);
  }
}

const meeting = {
  async join({ url, roomId, userId, roles, ...options }: JoinOptions): Promise<void> {
    signaling = connect({ url, roomId, userId, socketOptions: { reconnectionDelayMax: 500 } });
    signaling.room.on("join", (member) => roster.push(`join ${member.userId}`));
    signaling.room.on("leave", (member) => roster.push(`leave ${member.userId}`));
    mesh = createMesh(signaling, { ...options, RTCPeerConnection: NotedConnection });
    mesh.on("peer", (peer) => events.push(`peer ${peer.userId}`));
    mesh.on("gone", (peer) => events.push(`gone ${peer.userId}`));
    mesh.on("media", ({ peer, role, media }) => {
      events.push(`${media ? "got" : "lost"} ${role} ${peer.userId}`);
      if (media) play(media.stream);
    });
    mesh.on("connection", ({ peer, connectionState }) => events.push(`${connectionState} ${peer.userId}`));
    mesh.on("error", ({ error }) => errors.push(String(error)));
    await signaling.ready;
    for (const role of roles) mesh.setTrack(role, await capture(role));
  },

  /** Shares a picture that moves. */
  share(): void {
    const canvas = Object.assign(document.createElement("canvas"), { width: 64, height: 64 });
    const paint = canvas.getContext("2d");
    let hue = 0;
    painting = setInterval(() => {
      if (paint === null) return;
      hue += 7;
      paint.fillStyle = `hsl(${hue % 360} 80% 50%)`;
      paint.fillRect(0, 0, 64, 64);
    }, 50);
    mesh?.setTrack("screen", canvas.captureStream(20).getVideoTracks()[0]);
  },

  stopSharing(): void {
    clearInterval(painting);
    mesh?.setTrack("screen", undefined);
  },

  mesh: () => mesh,
  connections: () => connections,

  async report() {
    const peers = [...(mesh?.peers.values() ?? [])].map(async (peer) => ({
      userId: peer.userId,
      connectionState: peer.connectionState,
      media: [...peer.media.keys()].sort(),
      state: peer.state,
      stats: await peer.stats(),
    }));
    return {
      signaling: signaling?.state,
      peers: await Promise.all(peers),
      open: connections.filter(({ connectionState }) => connectionState !== "closed").length,
      events,
      roster,
      errors,
    };
  },
};

/** Video is decoded only where it is shown. */
function play(stream: MediaStream): void {
  const video = Object.assign(document.createElement("video"), { srcObject: stream, muted: true, width: 64 });
  document.body.append(video);
  void video.play().catch(() => {});
}

async function capture(role: "camera" | "microphone"): Promise<MediaStreamTrack | undefined> {
  const stream = await navigator.mediaDevices.getUserMedia(
    role === "camera" ? { video: { width: 160, height: 120, frameRate: 10 } } : { audio: true },
  );
  return stream.getTracks()[0];
}

export type Report = Awaited<ReturnType<typeof meeting.report>>;
export type { MediaRole };

declare global {
  interface Window {
    meeting: typeof meeting;
  }
}
window.meeting = meeting;
