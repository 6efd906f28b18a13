/**
 * Meshes in real pages: whether people see each other, through everything that happens in a meeting.
 */
import { expect, it, vi } from "vitest";
import { EmbeddedDriver } from "../../src/cluster/embedded-driver.js";
import type { Config } from "../../src/index.js";
import { startBalancer } from "../harness/balancer.js";
import { browserForFile, joinByPage, type PageMember, pageServerForFile } from "../harness/browser.js";
import { coturnForTest } from "../harness/coturn.js";
import { eventually } from "../harness/eventually.js";
import type { JoinOptions } from "../harness/meeting-page.js";
import { startNodes, unique } from "../harness/nodes.js";
import { linkForTest, proxyForTest } from "../harness/tcp-proxy.js";

// A hang guard: software decodes all that is sent here, on as many processors as there are.
vi.setConfig({ testTimeout: 120_000 });

const browser = browserForFile();
const pageUrl = pageServerForFile();

/** Two nodes, whose members take turns, so that signaling goes from node to node. */
async function startMeeting(config: Partial<Config> = {}) {
  const shared = unique("store");
  const store = { name: "embedded", newDriver: () => EmbeddedDriver.create(shared) };
  const nodes = await startNodes(store, 2, config);
  const roomId = unique("room");
  let joined = 0;
  return {
    nodes,
    join(userId: string, options: Partial<JoinOptions> = {}): Promise<PageMember> {
      const { url } = nodes[joined++ % 2] ?? nodes[0];
      const defaults: JoinOptions = { url, roomId, userId, roles: ["camera", "microphone"] };
      return joinByPage(browser(), pageUrl(), { ...defaults, ...options });
    },
  };
}

/** Waits until each sees everybody else move. */
async function allSeeEachOther(...members: PageMember[]): Promise<void> {
  await Promise.all(
    members.flatMap((one) =>
      members.filter((other) => other !== one).map((other) => one.watches(other, "camera")),
    ),
  );
}

it("connects two, who see each other", async () => {
  const { join } = await startMeeting();
  const alice = await join("alice", { maxBitrates: { camera: 200_000 } });
  const bob = await join("bob", { maxBitrates: { camera: 200_000 } });
  await allSeeEachOther(alice, bob);
  for (const member of [alice, bob]) {
    const limits = await member.page.evaluate(() =>
      window.meeting
        .connections()[0]
        ?.getSenders()
        .map((sender) => sender.getParameters().encodings[0]?.maxBitrate),
    );
    expect(limits).toEqual([undefined, 200_000, undefined]);
    await member.shows(({ peers, open, errors }) => {
      expect(peers).toMatchObject([
        {
          connectionState: "connected",
          media: ["camera", "microphone"],
          state: { camera: true, microphone: true, screen: false, handRaised: false },
        },
      ]);
      expect(open).toBe(1);
      expect(errors).toEqual([]);
      expect(peers[0]?.stats).toMatchObject({
        bitrateIn: expect.any(Number),
        roundTripMs: expect.any(Number),
      });
    });
  }
});

it("connects three, and those who send nothing or only sound", async () => {
  const { join } = await startMeeting();
  const alice = await join("alice");
  const [bob, carol] = await Promise.all([
    join("bob", { roles: ["microphone"] }),
    join("carol", { roles: [] }),
  ]);
  await Promise.all([bob.watches(alice, "camera"), carol.watches(alice, "camera")]);
  const mediaSeenBy = async (member: PageMember, expected: Record<string, string[]>) =>
    member.shows(({ peers, errors }) => {
      expect(Object.fromEntries(peers.map(({ userId, media }) => [userId, media]))).toEqual(expected);
      expect(peers.map(({ connectionState }) => connectionState)).toEqual(["connected", "connected"]);
      expect(errors).toEqual([]);
    });
  await mediaSeenBy(alice, { bob: ["microphone"], carol: [] });
  await mediaSeenBy(bob, { alice: ["camera", "microphone"], carol: [] });
  await mediaSeenBy(carol, { alice: ["camera", "microphone"], bob: ["microphone"] });
});

it("survives that both share their screens at the same moment, and stop it", async () => {
  const { join } = await startMeeting();
  const alice = await join("alice");
  const bob = await join("bob");
  await allSeeEachOther(alice, bob);
  for (const _ of ["once", "and again"]) {
    await Promise.all([alice, bob].map(({ page }) => page.evaluate(() => window.meeting.share())));
    await Promise.all([alice.watches(bob, "screen"), bob.watches(alice, "screen")]);
    for (const member of [alice, bob])
      await member.shows(({ peers }) => {
        expect(peers[0]).toMatchObject({
          media: ["camera", "microphone", "screen"],
          state: { screen: true },
        });
      });
    await Promise.all([alice, bob].map(({ page }) => page.evaluate(() => window.meeting.stopSharing())));
    for (const member of [alice, bob])
      await member.shows(({ peers }) => {
        expect(peers[0]).toMatchObject({ media: ["camera", "microphone"], state: { screen: false } });
      });
  }
  await allSeeEachOther(alice, bob);
  await alice.shows(({ errors, open }) => expect([errors, open]).toEqual([[], 1]));
});

it("shows at once who is muted, has no picture, or wants to speak", async () => {
  const { join } = await startMeeting();
  const alice = await join("alice");
  const bob = await join("bob");
  await bob.shows(({ peers }) => expect(peers[0]?.state).toMatchObject({ camera: true, microphone: true }));
  await alice.page.evaluate(() => window.meeting.mesh()?.setState({ microphone: false, handRaised: true }));
  await bob.shows(({ peers }) =>
    expect(peers[0]?.state).toEqual({ camera: true, microphone: false, screen: false, handRaised: true }),
  );
  // Whoever comes later is told as well.
  const carol = await join("carol", { roles: [] });
  await carol.shows(({ peers }) =>
    expect(peers.find(({ userId }) => userId === "alice")?.state).toMatchObject({ handRaised: true }),
  );
});

it("goes on while signaling is away, and negotiates when it is back", async () => {
  const { join, nodes } = await startMeeting();
  const link = await linkForTest(nodes[0].url);
  const alice = await join("alice", { url: link.url });
  const bob = await join("bob");
  await allSeeEachOther(alice, bob);
  link.cut();
  await alice.shows(({ signaling }) => expect(signaling).toBe("reconnecting"));
  await alice.page.evaluate(() => window.meeting.share());
  await allSeeEachOther(alice, bob);
  expect((await bob.report()).peers[0]?.media).not.toContain("screen");
  link.heal();
  await bob.watches(alice, "screen");
  for (const member of [alice, bob])
    await member.shows(({ events, open }) => {
      expect(events.filter((event) => event.startsWith("gone"))).toEqual([]);
      expect(open).toBe(1);
    });
});

it("keeps the call when the node of one of them closes, and it comes back on another", async () => {
  const { join, nodes } = await startMeeting();
  const [first, second] = nodes.map(({ url }) => url) as [string, string];
  const alice = await join("alice", { url: (await startBalancer(first, second)).url });
  const bob = await join("bob", { url: second });
  await allSeeEachOther(alice, bob);
  await nodes[0].signaler.close();
  await alice.shows(({ signaling }) => expect(signaling).toBe("connected"));
  await bob.shows(({ roster }) => expect(roster.slice(-2)).toEqual(["leave alice", "join alice"]));
  await allSeeEachOther(alice, bob);
  for (const member of [alice, bob])
    await member.shows(({ events, open }) => {
      expect(events.filter((event) => /^(gone|lost)/.test(event))).toEqual([]);
      expect(open).toBe(1);
    });
});

it("takes a page again that was reloaded", async () => {
  const { join } = await startMeeting();
  const alice = await join("alice");
  const bob = await join("bob");
  await allSeeEachOther(alice, bob);
  for (const [one, other] of [
    [alice, bob],
    [bob, alice],
  ] as const) {
    await one.reload();
    await allSeeEachOther(alice, bob);
    await other.shows(({ peers, open }) => {
      expect(peers.map(({ userId }) => userId)).toEqual([one.userId]);
      expect(open).toBe(1);
    });
  }
});

it("lets go of a page that is closed, before it would linger", async () => {
  const { join } = await startMeeting();
  const alice = await join("alice", { lingerMs: 60_000 });
  const bob = await join("bob");
  const carol = await join("carol");
  await allSeeEachOther(alice, bob, carol);
  await bob.page.close({ runBeforeUnload: false });
  await alice.shows(({ events, open }) => {
    expect(events).toContain("gone bob");
    expect(events).toContain("lost camera bob");
    expect(open).toBe(1);
  });
  await allSeeEachOther(alice, carol);
});

it("lets go of a page that has crashed, when it has lingered", async () => {
  const { join } = await startMeeting();
  const alice = await join("alice", { lingerMs: 1_000 });
  const bob = await join("bob");
  await allSeeEachOther(alice, bob);
  void bob.page.goto("chrome://crash").catch(() => {});
  await alice.shows(({ peers, open, roster }) => {
    expect(roster.at(-1)).toBe("leave bob");
    expect([peers, open]).toEqual([[], 0]);
  });
});

it("looks for another path when there is a network again", async () => {
  const { join } = await startMeeting();
  const alice = await join("alice");
  const bob = await join("bob");
  await allSeeEachOther(alice, bob);
  const generation = () =>
    bob.page.evaluate(
      () => window.meeting.connections()[0]?.currentRemoteDescription?.sdp.match(/^a=ice-ufrag:.*$/m)?.[0],
    );
  const before = await generation();
  await alice.page.evaluate(() => window.dispatchEvent(new Event("online")));
  await eventually(async () => expect(await generation()).not.toBe(before));
  await allSeeEachOther(alice, bob);
  await alice.shows(({ open, errors }) => expect([open, errors]).toEqual([1, []]));
});

it("leaves nothing behind when it is closed, while signaling goes on", async () => {
  const { join } = await startMeeting();
  const alice = await join("alice", { lingerMs: 60_000 });
  const bob = await join("bob");
  await allSeeEachOther(alice, bob);
  await bob.page.evaluate(() => window.meeting.mesh()?.close());
  for (const member of [alice, bob])
    await member.shows(({ peers, open, signaling, errors }) =>
      expect([peers, open, signaling, errors]).toEqual([[], 0, "connected", []]),
    );
});

it("goes through the TURN server that the signaler names, and finds a way again after that was cut off", async () => {
  const secret = "a-secret-that-both-have";
  const turn = await proxyForTest(await coturnForTest(secret));
  const { join } = await startMeeting({
    turnUrls: [`turn:127.0.0.1:${turn.port}?transport=tcp`],
    turnSecrets: [secret],
  });
  const alice = await join("alice", { iceTransportPolicy: "relay" });
  const bob = await join("bob", { iceTransportPolicy: "relay" });
  await allSeeEachOther(alice, bob);
  await alice.shows(({ peers }) => expect(peers[0]?.stats.relayed).toBe(true));
  turn.cut();
  for (const member of [alice, bob])
    await member.shows(({ events }) => expect(events.join()).toContain("failed"));
  turn.heal();
  await allSeeEachOther(alice, bob);
  await alice.shows(({ peers, open, events }) => {
    expect(peers[0]?.connectionState).toBe("connected");
    expect(open).toBe(1);
    expect(events.filter((event) => /^(gone|lost)/.test(event))).toEqual([]);
  });
});
