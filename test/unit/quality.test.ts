/** What the page says of a connection, from two readings of it. */
import { expect, it, onTestFinished, vi } from "vitest";
import type { Mesh, Peer, PeerStats } from "../../src/client/index.js";
import { Qualities } from "../../src/web/meeting/quality.js";

const camera = { framesDecoded: 0, width: 640, height: 360 };
const first: PeerStats = {
  bitrateIn: 0,
  bitrateOut: 0,
  lossIn: 0,
  lossOut: 0,
  roundTripMs: undefined,
  framesDecoded: 0,
  video: { camera, screen: { framesDecoded: 0, width: 1280, height: 720 } },
  relayed: false,
};

it("counts the frames of the picture that it tells the size of, and not those of a screen beside it", async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const readings: PeerStats[] = [
    first,
    {
      ...first,
      framesDecoded: 90,
      video: {
        camera: { ...camera, framesDecoded: 60 },
        screen: { framesDecoded: 30, width: 1280, height: 720 },
      },
    },
  ];
  const peer = { userId: "bob", connectionState: "connected", stats: async () => readings.shift() ?? first };
  const mesh = { peers: new Map([["bob", peer as unknown as Peer]]), on: () => () => {} };
  const qualities = new Qualities(mesh as unknown as Mesh);
  onTestFinished(() => qualities.close());
  await vi.advanceTimersByTimeAsync(4_000);
  expect(qualities.of("bob")?.picture).toEqual({ width: 640, height: 360, rate: 30 });
  expect(qualities.of("bob")?.framesDecoded).toBe(90);
});
