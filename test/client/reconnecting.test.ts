/**
 * A client whose node or network fails: that it comes back by itself, that its list stays true, and what becomes
 * of what it sends meanwhile.
 */
import { describe, expect, it, onTestFinished } from "vitest";
import { Attendee, attend } from "../harness/attendee.js";
import { startBalancer } from "../harness/balancer.js";
import { eventually } from "../harness/eventually.js";
import { fakeRoomId, startFakeSignaler } from "../harness/fake-signaler.js";
import { redisStore, startNode, startNodes, unique } from "../harness/nodes.js";
import { startProcess } from "../harness/process.js";
import { freePort, redisForTest } from "../harness/redis-server.js";
import { linkForTest } from "../harness/tcp-proxy.js";

describe("a client that loses its node", () => {
  it("is the same member on another when its node is killed", async () => {
    const redis = await redisForTest();
    const environment = { REDIS_URL: redis.url };
    const [first, second] = await Promise.all([startProcess([], environment), startProcess([], environment)]);
    const roomId = unique("room");
    const { url } = await startBalancer(first.url, second.url);
    const bob = await attend({ url: second.url, roomId, userId: "bob" });
    const alice = await attend({ url, roomId, userId: "alice" });
    await bob.sees("alice", "bob");
    const { nodeId } = alice.signaling;
    const known = alice.roomLog.length;

    first.kill("SIGKILL");
    await alice.reaches("reconnecting");
    expect(alice.members).toEqual(["alice", "bob"]);
    await alice.reaches("connected");
    expect(alice.states).toEqual(["connected", "reconnecting", "connected"]);
    expect([nodeId === alice.signaling.nodeId, alice.signaling.nodeId]).toEqual([
      false,
      bob.signaling.nodeId,
    ]);
    await alice.signaling.send("offer", "bob", {});
    await bob.signaling.send("answer", "alice", {});
    expect(alice.roomLog.slice(known)).toEqual([]);
    expect(bob.roomLog.filter((line) => line.startsWith("leave"))).toEqual([]);
  });

  it("goes to another when its node closes, and the others are told that it has gone and come", async () => {
    const redis = await redisForTest();
    const [first, second = first] = await startNodes(redisStore(redis), 2);
    const roomId = unique("room");
    const { url } = await startBalancer(first.url, second.url);
    const bob = await attend({ url: second.url, roomId, userId: "bob" });
    const alice = await attend({ url, roomId, userId: "alice" });
    await bob.sees("alice", "bob");
    await first.signaler.close();
    await alice.reaches("connected");
    expect(alice.retries).toContain("shutting_down");
    expect(alice.signaling.nodeId).toBe(second.signaler.nodeId);
    await bob.sees("alice", "bob");
    expect(bob.roomLog.filter((line) => /^(join|leave) alice/.test(line))).toEqual([
      "join alice",
      "leave alice",
      "join alice",
    ]);
  });

  it("sees who came and went while it was away, and nobody else", async () => {
    const node = await startNode(redisStore(await redisForTest()));
    const roomId = unique("room");
    const link = await linkForTest(node.url);
    const [bob, carol] = await Promise.all(
      ["bob", "carol"].map((userId) => attend({ url: node.url, roomId, userId })),
    );
    const alice = await attend({ url: link.url, roomId, userId: "alice" });
    await alice.sees("alice", "bob", "carol");
    const known = alice.roomLog.length;
    link.cut();
    await alice.reaches("reconnecting");
    bob?.signaling.close();
    await attend({ url: node.url, roomId, userId: "dave" });
    await carol?.sees("carol", "dave");
    link.heal();
    await alice.reaches("connected");
    const [left, joined] = alice.roomLog.slice(known);
    expect([left, joined]).toEqual(["leave bob", "join dave"]);
    await alice.sees("alice", "carol", "dave");
    expect(alice.roomLog.slice(known)).not.toContain("leave carol");
    expect(alice.roomLog.slice(known)).not.toContain("join carol");
    expect(alice.roomLog.slice(known)).not.toContain("leave alice");
  });

  it("waits for a server that is not there yet, and for a cluster that cannot let anyone in", async () => {
    const redis = await redisForTest();
    const port = await freePort();
    const alice = new Attendee({ url: `http://127.0.0.1:${port}`, roomId: unique("room"), userId: "alice" });
    await eventually(() => expect(alice.retries.length).toBeGreaterThan(1));
    expect(new Set(alice.retries)).toEqual(new Set(["disconnected"]));
    expect(alice.signaling.state).toBe("connecting");
    redis.signal("SIGSTOP");
    onTestFinished(() => redis.signal("SIGCONT"));
    await startNodeUnready(redis.url, port);
    await eventually(() => expect(alice.retries).toContain("unavailable"));
    expect([alice.signaling.state, alice.states]).toEqual(["connecting", []]);
    redis.signal("SIGCONT");
    await alice.signaling.ready;
    expect(alice.states).toEqual(["connected"]);
  });

  it("leaves a connection on which nothing is answered any more", async () => {
    const node = await startNode(redisStore(await redisForTest()));
    const link = await linkForTest(node.url);
    const roomId = unique("room");
    const bob = await attend({ url: node.url, roomId, userId: "bob" });
    const alice = await attend({
      url: link.url,
      roomId,
      userId: "alice",
      sendTimeoutMs: 500,
    });
    link.swallow("toClient", roomId);
    await expect(alice.signaling.send("offer", "bob", { n: 1 })).rejects.toMatchObject({
      code: "unconfirmed",
    });
    // It had arrived, and is not sent again.
    await eventually(() => expect(bob.messages.length).toBe(1));
    expect(alice.states).toEqual(["connected", "reconnecting"]);
    link.heal();
    await alice.reaches("connected");
    await alice.signaling.send("offer", "bob", { n: 2 });
    await eventually(() => expect(bob.messages.map(({ data }) => data["n"])).toEqual([1, 2]));
  });

  it("does not wait for ever for a server that accepts and says nothing", async () => {
    const fake = await startFakeSignaler();
    const link = await linkForTest(fake.url);
    link.stall("both");
    const options = { roomId: fakeRoomId, userId: "me", sendTimeoutMs: 200, socketOptions: { timeout: 200 } };
    const waiting = async (url: string) => {
      const me = new Attendee({ ...options, url });
      await eventually(() => expect(me.retries.length).toBeGreaterThan(1));
      expect(new Set(me.retries)).toEqual(new Set(["disconnected"]));
    };
    await waiting(link.url);
    fake.silent = true;
    await waiting(fake.url);
    fake.silent = false;
    fake.onJoin = () => {};
    await waiting(fake.url);
  });
});

describe("what is sent while there is no connection", () => {
  it("waits for one, and goes in its order", async () => {
    const node = await startNode(redisStore(await redisForTest()));
    const link = await linkForTest(node.url);
    const roomId = unique("room");
    const bob = await attend({ url: node.url, roomId, userId: "bob" });
    const alice = new Attendee({ url: link.url, roomId, userId: "alice" });
    const early = alice.signaling.send("offer", "bob", { n: 0 });
    await early;
    link.cut();
    await alice.reaches("reconnecting");
    const sent = [1, 2, 3].map((n) => alice.signaling.send("candidate", "bob", { n }));
    alice.signaling.on("state", (state) => {
      if (state === "connected") void alice.signaling.send("candidate", "bob", { n: 4 });
    });
    const { length: tried } = alice.retries;
    await eventually(() => expect(alice.retries.length).toBeGreaterThan(tried));
    link.heal();
    await Promise.all(sent);
    await eventually(() => expect(bob.messages.map(({ data }) => data["n"])).toEqual([0, 1, 2, 3, 4]));
  });

  it("is given up when the connection is not back in time, and never sent", async () => {
    const node = await startNode(redisStore(await redisForTest()));
    const link = await linkForTest(node.url);
    const roomId = unique("room");
    const bob = await attend({ url: node.url, roomId, userId: "bob" });
    const alice = await attend({ url: link.url, roomId, userId: "alice", sendTimeoutMs: 300 });
    link.cut();
    await alice.reaches("reconnecting");
    const lost = [alice.signaling.send("offer", "bob", {}), alice.signaling.room.say("lost")];
    for (const promise of lost)
      await expect(promise).rejects.toMatchObject({ code: "disconnected", status: 503, retry: true });
    link.heal();
    await alice.reaches("connected");
    await alice.signaling.send("answer", "bob", {});
    await eventually(() => expect(bob.messages.map(({ event }) => event)).toEqual(["answer"]));
    expect(bob.said).toEqual([]);
  });

  it("waits without end, if that is wanted", async () => {
    const fake = await startFakeSignaler();
    const me = new Attendee({
      url: fake.url,
      roomId: fakeRoomId,
      userId: "me",
      sendTimeoutMs: Number.POSITIVE_INFINITY,
    });
    await me.signaling.send("offer", "bob", {});
    expect(me.retries).toEqual([]);
  });

  it("fails with the client when that is closed", async () => {
    const alice = new Attendee({
      url: `http://127.0.0.1:${await freePort()}`,
      roomId: "room",
      userId: "alice",
    });
    const sent = alice.signaling.send("offer", "bob", {});
    alice.signaling.close();
    await expect(sent).rejects.toMatchObject({ code: "left" });
    await expect(alice.signaling.ready).rejects.toMatchObject({ code: "left" });
  });
});

describe("a client that is back", () => {
  it("asks the other node for fresh ICE servers, if it uses any [P-62]", async () => {
    const redis = await redisForTest();
    const [first, second = first] = await startNodes(redisStore(redis), 2, {
      stunUrls: ["stun:203.0.113.7:3478"],
    });
    const { url } = await startBalancer(first.url, second.url);
    const alice = await attend({ url, roomId: unique("room"), userId: "alice" });
    const fresh: unknown[] = [];
    alice.signaling.on("iceServers", (servers) => fresh.push(servers));
    const servers = await alice.signaling.iceServers();
    await first.signaler.close();
    await alice.reaches("connected");
    await eventually(() => expect(fresh).toEqual([servers]));
  });

  it("waits longer each time, until it is in the room again", async () => {
    const delays: number[] = [];
    const alice = new Attendee({
      url: `http://127.0.0.1:${await freePort()}`,
      roomId: "room",
      userId: "alice",
      socketOptions: {
        reconnectionDelay: 10,
        reconnectionDelayMax: 80,
        randomizationFactor: 0,
        reconnectionAttempts: 5,
      },
    });
    alice.signaling.on("retrying", (_why, delayMs) => delays.push(delayMs));
    await alice.reaches("disconnected");
    expect(delays).toEqual([10, 20, 40, 80, 80]);
    expect(alice.signaling.closed).toMatchObject({ code: "disconnected", retry: true });
  });

  it("tries at once when the browser is online again", async () => {
    const page = new FakePage();
    Object.assign(globalThis, {
      addEventListener: page.addEventListener.bind(page),
      removeEventListener: page.removeEventListener.bind(page),
    });
    onTestFinished(() => {
      for (const name of ["addEventListener", "removeEventListener"])
        Reflect.deleteProperty(globalThis, name);
    });
    const node = await startNode(redisStore(await redisForTest()));
    const link = await linkForTest(node.url);
    const alice = await attend({
      url: link.url,
      roomId: unique("room"),
      userId: "alice",
      socketOptions: { reconnectionDelay: 3_600_000, reconnectionDelayMax: 3_600_000 },
    });
    link.cut();
    await eventually(() => expect(alice.retries).toEqual(["disconnected"]));
    link.heal();
    expect(page.listening).toBe(1);
    page.dispatchEvent(new Event("online"));
    await alice.reaches("connected");
    expect(page.listening).toBe(0);
    link.cut();
    await alice.reaches("reconnecting");
    alice.signaling.close();
    expect(page.listening).toBe(0);
  });
});

it("asks another node again for ICE servers that it could not name at first, and no sooner than 5 s later", async () => {
  const fake = await startFakeSignaler();
  const me = await attend({ url: fake.url, roomId: fakeRoomId, userId: "me" });
  const fresh: unknown[] = [];
  me.signaling.on("iceServers", (servers) => fresh.push(servers));
  await me.signaling.iceServers();
  const data = { code: "rate_limited", event: "iceServers", retry: true };
  const askedAt: number[] = [];
  fake.onEvent = (ack) => {
    askedAt.push(performance.now());
    if (askedAt.length === 1) ack({ type: "error", msg: "not now", status: 429, data });
    else ack({ type: "receipt", msg: "ok", status: 200, data: { iceServers: [{ urls: ["stun:fresh"] }] } });
  };
  fake.disconnect();
  await eventually(() => expect(fresh).toEqual([{ iceServers: [{ urls: ["stun:fresh"] }] }]), 20_000);
  const [first = 0, second = 0] = askedAt;
  expect(second - first).toBeGreaterThan(4_990);
});

/** The events of a page, which Node has none of; counts who listens for the network. */
class FakePage extends EventTarget {
  listening = 0;

  override addEventListener(...args: Parameters<EventTarget["addEventListener"]>): void {
    if (args[0] === "online") this.listening += 1;
    super.addEventListener(...args);
  }

  override removeEventListener(...args: Parameters<EventTarget["removeEventListener"]>): void {
    if (args[0] === "online") this.listening -= 1;
    super.removeEventListener(...args);
  }
}

/** One that listens, while its Redis answers nothing. */
async function startNodeUnready(redisUrl: string, port: number): Promise<void> {
  await startProcess(["--port", String(port)], { REDIS_URL: redisUrl });
}
