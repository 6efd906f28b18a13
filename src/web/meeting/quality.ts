/**
 * Reads every connection's figures from time to time, and judges them.
 */
import type { Mesh, Peer, PeerStats } from "../../client/mesh/index.js";
import type { Quality } from "./meeting.js";

const everyMs = 2000;

/** From very good down: the most that may be lost, from 0 to 1, and the longest way there and back. */
const grades = [
  { strength: 4, loss: 0.015, roundTripMs: 200 },
  { strength: 3, loss: 0.04, roundTripMs: 350 },
  { strength: 2, loss: 0.1, roundTripMs: 600 },
] as const;

interface Reading {
  readonly at: number;
  readonly stats: PeerStats;
}

export class Qualities {
  readonly #readings = new Map<string, { readonly now: Reading; readonly before: Reading | undefined }>();
  readonly #mesh: Mesh;
  readonly #timer: ReturnType<typeof setInterval>;

  constructor(mesh: Mesh) {
    this.#mesh = mesh;
    this.#timer = setInterval(() => {
      for (const peer of mesh.peers.values()) void this.#read(peer);
    }, everyMs);
    mesh.on("gone", ({ userId }) => this.#readings.delete(userId));
  }

  of(userId: string): Quality | undefined {
    const peer = this.#mesh.peers.get(userId);
    const reading = this.#readings.get(userId);
    if (peer === undefined || reading === undefined) return undefined;
    const { now, before } = reading;
    const { stats } = now;
    return {
      strength: peer.connectionState === "connected" ? judge(stats) : 0,
      receivingKbps: stats.bitrateIn / 1000,
      sendingKbps: stats.bitrateOut / 1000,
      loss: stats.lossIn,
      roundTripMs: stats.roundTripMs,
      picture: pictureOf(now, before),
      framesDecoded: stats.framesDecoded,
      relayed: stats.relayed,
    };
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async #read(peer: Peer): Promise<void> {
    try {
      const now = { at: performance.now(), stats: await peer.stats() };
      if (this.#mesh.peers.get(peer.userId) !== peer) return;
      this.#readings.set(peer.userId, { now, before: this.#readings.get(peer.userId)?.now });
    } catch {
      // Closed meanwhile; the next reading is of another connection.
    }
  }
}

function judge({ lossIn, lossOut, roundTripMs = 0 }: PeerStats): Quality["strength"] {
  const loss = Math.max(lossIn, lossOut);
  return grades.find((grade) => loss <= grade.loss && roundTripMs <= grade.roundTripMs)?.strength ?? 1;
}

function pictureOf(now: Reading, before: Reading | undefined): Quality["picture"] {
  const role = now.stats.video.camera?.width ? "camera" : "screen";
  const video = now.stats.video[role];
  if (!video?.width) return undefined;
  const frames = video.framesDecoded - (before?.stats.video[role]?.framesDecoded ?? video.framesDecoded);
  const seconds = (now.at - (before?.at ?? now.at)) / 1000;
  return { width: video.width, height: video.height, rate: seconds > 0 ? Math.max(0, frames / seconds) : 0 };
}
