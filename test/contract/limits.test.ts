/**
 * What one client or address may do, and what becomes of those who do more, while the others notice nothing
 * (I7).
 */
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { generateKeyPair, SignJWT } from "jose";
import { expect, it, onTestFinished } from "vitest";
import { WebSocket } from "ws";
import { bytesPerToken } from "../../src/gateway/packet-decoder.js";
import { loadConfig } from "../../src/index.js";
import { connect, open, refused, type TestClient } from "../harness/client.js";
import { eventually } from "../harness/eventually.js";
import { describeOnEachStore, startNode, unique } from "../harness/nodes.js";
import { frame, opcodes, openTcpForTest, RawClient, upgradeRequest } from "../harness/raw-client.js";
import { counted } from "../harness/rejections.js";

const from = (address: string) => ({ extraHeaders: { "x-forwarded-for": address } });

/** A WebSocket that speaks Engine.IO by hand. */
async function openRaw(url: string, headers: Record<string, string> = {}): Promise<WebSocket> {
  const socket = new WebSocket(`${url.replace("http", "ws")}/socket.io/?EIO=4&transport=websocket`, {
    headers,
  });
  onTestFinished(() => socket.terminate());
  socket.on("error", () => {});
  await once(socket, "open");
  return socket;
}

/** Sooner than a WebSocket would end that is left to itself: that waits for half a minute. */
async function expectCut(client: RawClient): Promise<void> {
  const startedAt = performance.now();
  await client.closed;
  expect(performance.now() - startedAt).toBeLessThan(10_000);
}

const closed = (socket: WebSocket) => once(socket, "close");

/** The answers to so many events at once. */
const askAll = (client: TestClient, count: number) =>
  Promise.all(Array.from({ length: count }, () => client.ask("roomUserList")));

describeOnEachStore("limits", (store) => {
  it("take a burst of events, and then as many as the rate allows [P-49]", async () => {
    const node = await startNode(store, { messageRate: 1, messageBurst: 10 });
    const alice = await connect(node.url, { userId: "alice", roomId: unique("room") });
    const answers = await askAll(alice, 12);
    const refusals = answers.filter((answer) => !Array.isArray(answer));
    expect(answers.slice(0, 10).every((answer) => Array.isArray(answer))).toBe(true);
    expect(refusals.length).toBeGreaterThan(0);
    for (const answer of refusals) {
      expect(answer).toMatchObject({
        type: "error",
        status: 429,
        data: { code: "rate_limited", retry: true },
      });
      expect(answer.data.retryAfterMs).toBeGreaterThan(0);
    }
    expect(await counted(node, "rate_limited")).toBe(refusals.length);
    // Whoever waits as told is taken again.
    await delay(refusals.at(-1)?.data.retryAfterMs);
    expect(await alice.ask("roomUserList")).toHaveLength(1);
    expect(alice.socket.connected).toBe(true);
  });

  it("end the connection of whoever floods, and of nobody else [P-49]", async () => {
    const node = await startNode(store, { messageRate: 10, messageBurst: 20 });
    const roomId = unique("room");
    const bob = await connect(node.url, { userId: "bob", roomId });
    const alice = await connect(node.url, { userId: "alice", roomId });
    for (let n = 0; n < 50; n += 1) alice.emit("candidate", { targetUid: "bob", n });
    expect(await alice.ended).toBe("io server disconnect");
    const told = alice.rest.map(({ data }) => data.code);
    expect(told.filter((code) => code === "rate_limited")).toHaveLength(20);
    expect(told.at(-1)).toBe("flooding");
    expect((await bob.next("leave")).data.userId).toBe("alice");
    for (let n = 0; n < 20; n += 1) expect((await bob.next("candidate")).data.n).toBe(n);
    expect(await bob.ask("roomUserList")).toHaveLength(1);
  });

  it("end a connection that floods with what are no events", async () => {
    const node = await startNode(store, { messageRate: 10, messageBurst: 10 });
    const socket = await openRaw(node.url);
    socket.send('40{"userId":"alice"}');
    for (let n = 0; n < 60; n += 1) socket.send("3");
    await closed(socket);
    expect(await counted(node, "flooding")).toBe(1);
  });

  it("count a large event as several, so that a burst is less than what may wait for its target [P-49]", async () => {
    const { messageBurst, maxQueuedBytes } = loadConfig([], {});
    expect(messageBurst * bytesPerToken).toBeLessThan(maxQueuedBytes);
    const node = await startNode(store, { messageRate: 10, messageBurst: 20 });
    const roomId = unique("room");
    await connect(node.url, { userId: "bob", roomId });
    const alice = await connect(node.url, { userId: "alice", roomId });
    const offer = { targetUid: "bob", sdp: "x".repeat(30_000) };
    const [first, second, small] = await Promise.all([
      alice.ask("offer", offer),
      alice.ask("offer", offer),
      alice.ask("candidate", { targetUid: "bob" }),
    ]);
    expect(first.type).toBe("receipt");
    expect(second.data.code).toBe("rate_limited");
    expect(small.type).toBe("receipt");
    // Whoever waits as told is taken again.
    await delay(second.data.retryAfterMs + 100);
    expect((await alice.ask("offer", offer)).type).toBe("receipt");
  });

  it.each([
    ["pings", opcodes.ping],
    ["pongs", opcodes.pong],
    ["packets that are no events", opcodes.text],
  ])("end a connection that floods with %s before it has named itself", async (_, opcode) => {
    const node = await startNode(store, { messageRate: 10, messageBurst: 10 });
    const client = await RawClient.open(node.url, {});
    onTestFinished(() => client.reset());
    client.write(Buffer.concat(Array<Buffer>(60).fill(frame(opcode, "3"))));
    await expectCut(client);
    expect(await counted(node, "flooding")).toBe(1);
  });

  it("end a connection that sends a message in very many pieces", async () => {
    const { url } = await startNode(store, { messageRate: 0 });
    const roomId = unique("room");
    const pieces = (count: number) =>
      Array.from({ length: count }, (_, n) =>
        frame(n === 0 ? opcodes.text : opcodes.continuation, n === 0 ? '427["roomUserList"]' : "", {
          final: n === count - 1,
        }),
      );
    const client = await RawClient.join(url, { userId: "alice", roomId });
    onTestFinished(() => client.reset());
    client.write(Buffer.concat(pieces(60)));
    expect(await client.next((packet) => packet.startsWith("437"))).toContain("alice");
    client.write(Buffer.concat(pieces(100)));
    await expectCut(client);
  });

  it("end a WebSocket that asks twice whether it can take over", async () => {
    const node = await startNode(store, { messageRate: 0 });
    const polling = `${node.url}/socket.io/?EIO=4&transport=polling`;
    const { sid } = JSON.parse((await (await fetch(polling)).text()).slice(1)) as { sid: string };
    const socket = await openTcpForTest(node.url);
    socket.write(upgradeRequest(`/socket.io/?EIO=4&transport=websocket&sid=${sid}`));
    await once(socket, "data");
    socket.write(frame(opcodes.text, "2probe"));
    expect(String((await once(socket, "data"))[0])).toContain("3probe");
    socket.resume().write(frame(opcodes.text, "2probe"));
    await once(socket, "close");
    expect(await counted(node, "flooding")).toBe(1);
  });

  it("answer pings one at a time, so that the answers never pile up", async () => {
    const node = await startNode(store, { messageRate: 0 });
    const client = await RawClient.join(node.url, { userId: "alice", roomId: unique("room") });
    onTestFinished(() => client.reset());
    client.pause();
    const pings = 300_000;
    client.write(Buffer.concat(Array<Buffer>(pings).fill(frame(opcodes.ping, "x".repeat(125)))));
    client.say('427["roomUserList"]');
    client.resume();
    expect(await client.next((packet) => packet.startsWith("437"))).toContain("alice");
    // As many as the operating system holds have been answered.
    expect(client.bytesRead).toBeLessThan((pings * 127) / 2);
  });

  it("cut off whoever floods and does not answer when the connection is closed", async () => {
    const { url } = await startNode(store, { messageRate: 10, messageBurst: 10 });
    const client = await RawClient.open(url, {});
    onTestFinished(() => client.reset());
    client.answersClose = false;
    client.say(...Array<string>(100).fill("3"));
    await expectCut(client);
  });

  it.each([
    ["floods", Array<string>(30).fill('42["roomUserList"]')],
    ["sends what is no packet", ["garbage"]],
    ["says goodbye", ["41"]],
  ])("cut the connection of whoever %s and will not go", async (_, packets) => {
    const node = await startNode(store, { messageRate: 10, messageBurst: 10 });
    const client = await RawClient.join(node.url, { userId: "alice", roomId: unique("room") });
    onTestFinished(() => client.reset());
    client.answersClose = false;
    client.say(...packets);
    const talking = setInterval(() => client.say('42["roomUserList"]'), 20);
    onTestFinished(() => clearInterval(talking));
    await expectCut(client);
  });

  it("are lifted by 0", async () => {
    const node = await startNode(store, {
      ...{ messageRate: 0, messageBurst: 1, connectionsPerUser: 0 },
      ...{ connectionsPerAddress: 0, failedHandshakes: 0 },
    });
    const address = from("203.0.113.4");
    await refused(node.url, { userId: "{" }, address);
    const clients = [unique("room"), unique("room"), unique("room")].map((roomId) =>
      connect(node.url, { userId: "alice", roomId }, address),
    );
    const [alice] = await Promise.all(clients);
    const answers = alice && (await askAll(alice, 200));
    expect(answers?.every((answer) => Array.isArray(answer))).toBe(true);
  });

  it("let a user have so many connections [P-54]", async () => {
    const node = await startNode(store, { connectionsPerUser: 2 });
    const first = await connect(node.url, { userId: "alice", roomId: unique("room") });
    await connect(node.url, { userId: "alice", roomId: unique("room") });
    const { status, data } = await refused(node.url, { userId: "alice", roomId: unique("room") });
    expect([status, data.code, data.limit]).toEqual([429, "too_many_connections", "user"]);
    await connect(node.url, { userId: "bob", roomId: unique("room") });
    first.close();
    await eventually(() => connect(node.url, { userId: "alice", roomId: unique("room") }));
  });

  it.each([
    ["of an address", "203.0.113.4", "203.0.113.4", "203.0.113.5"],
    ["of an IPv6 network", "2001:db8::1", "2001:db8::ffff:2", "2001:db8:0:1::1"],
  ])("let there be so many connections %s [P-54]", async (_, one, same, other) => {
    const node = await startNode(store, { connectionsPerAddress: 2 });
    const first = await connect(node.url, { userId: "alice" }, from(one));
    // One that has not said who it is counts, too.
    await openRaw(node.url, { "x-forwarded-for": same });
    const tooMany = open(node.url, { userId: "carol" }, { ...from(same), transports: ["polling"] });
    const [error] = await onceEmitted(tooMany, "connect_error");
    expect(error).toMatchObject({ description: 403 });
    expect(await counted(node, "too_many_connections")).toBe(1);
    await connect(node.url, { userId: "dan" }, from(other));
    // Of the operator's own machines nobody knows whose they are.
    for (const userId of ["eve", "fay", "gil"]) await connect(node.url, { userId });
    first.close();
    await eventually(() => connect(node.url, { userId: "carol" }, from(same)));
  });

  it("hold for connections that are asked for all at once [P-54]", async () => {
    const node = await startNode(store, { connectionsPerAddress: 2 });
    const socket = await openTcpForTest(node.url);
    const head = [
      "GET /socket.io/?EIO=4&transport=polling HTTP/1.1",
      "Host: x",
      "X-Forwarded-For: 203.0.113.4",
    ];
    socket.resume().write(`${head.join("\r\n")}\r\n\r\n`.repeat(50));
    await eventually(async () => expect(await counted(node, "too_many_connections")).toBe(48));
    const metrics = await (await fetch(`${node.url}/metrics`)).text();
    expect(metrics).toMatch(/^signaler_connections 2$/m);
  });

  it("make an address wait whose handshakes keep failing [P-54]", async () => {
    const node = await startNode(store, { failedHandshakes: 3, origins: ["https://meet.example.com"] });
    const address = from("203.0.113.4");
    for (let n = 0; n < 2; n += 1)
      expect((await refused(node.url, { userId: "{" }, address)).data.code).toBe("bad_user_id");
    const stranger = { ...address.extraHeaders, origin: "https://evil.example.com" };
    open(node.url, { userId: "alice" }, { extraHeaders: stranger });
    await eventually(async () => expect(await counted(node, "origin_refused")).toBe(1));
    const [error] = await onceEmitted(open(node.url, { userId: "alice" }, address), "connect_error");
    expect(error).toBeDefined();
    expect(await counted(node, "too_many_failures")).toBe(1);
    await connect(node.url, { userId: "alice" }, from("203.0.113.5"));
  });

  it("take one name from a connection, and count it once if it is refused [P-47]", async () => {
    const node = await startNode(store, { handshakeMs: 3_000 });
    const again = await openRaw(node.url);
    again.send('40{"userId":"{"}');
    for (let said = ""; !said.startsWith("44"); )
      [said] = (await once(again, "message")).map(String) as [string];
    again.send('40{"userId":"alice"}');
    await closed(again);
    const idle = await openRaw(node.url);
    idle.send('40{"userId":"{"}');
    await closed(idle);
    expect([await counted(node, "bad_user_id"), await counted(node, "handshake_timeout")]).toEqual([2, 0]);
  });

  it("do not blame an address for what is the server's fault", async () => {
    const jwksUrl = "http://127.0.0.1:1/keys";
    const node = await startNode(store, { auth: "token", jwksUrl, failedHandshakes: 2 });
    const { privateKey } = await generateKeyPair("ES256");
    const token = await new SignJWT({ sub: "alice" })
      .setProtectedHeader({ alg: "ES256" })
      .setExpirationTime("1h")
      .sign(privateKey);
    for (let n = 0; n < 3; n += 1) {
      const { data } = await refused(node.url, {}, { auth: { token }, ...from("203.0.113.4") });
      expect(data.code).toBe("keys_unavailable");
    }
  });

  it("close a connection that does not say who it is in time [P-47]", async () => {
    const node = await startNode(store, { handshakeMs: 200, failedHandshakes: 1 });
    const address = { "x-forwarded-for": "203.0.113.4" };
    await closed(await openRaw(node.url, address));
    expect(await counted(node, "handshake_timeout")).toBe(1);
    await onceEmitted(open(node.url, { userId: "alice" }, { extraHeaders: address }), "connect_error");
    expect(await counted(node, "too_many_failures")).toBe(1);
  });

  it("close a connection that does not even send a request in time [P-47]", async () => {
    const { url } = await startNode(store, { handshakeMs: 200 });
    const socket = await openTcpForTest(url);
    socket.write("GET /socket.io/?EIO=4 HTTP/1.1\r\nHost: x\r\n");
    socket.resume();
    await once(socket, "close");
  });
});

describeOnEachStore("a node that closes", (store) => {
  it("lets in nobody who had connected, and names itself only now [P-14]", async () => {
    const { url, signaler } = await startNode(store, { drainMs: 1_000 });
    const polling = `${url}/socket.io/?EIO=4&transport=polling`;
    const { sid } = JSON.parse((await (await fetch(polling)).text()).slice(1)) as { sid: string };
    // One that does not hear that it should go keeps the node waiting.
    await fetch(`${polling}&sid=${sid}`, { method: "POST", body: '40{"userId":"slow"}' });
    const socket = await openRaw(url);
    const said: string[] = [];
    socket.on("message", (data) => said.push(String(data)));
    const closing = signaler.close();
    socket.send(`40${JSON.stringify({ userId: "alice", roomId: unique("room") })}`);
    await closed(socket);
    const events = said.filter((packet) => packet.startsWith("42"));
    expect(events.map((packet) => JSON.parse(packet.slice(2))[1].data.code)).toEqual(["shutting_down"]);
    await closing;
  });
});

function onceEmitted(client: TestClient, event: string): Promise<unknown[]> {
  return new Promise((resolve) => client.socket.once(event, (...args: unknown[]) => resolve(args)));
}
