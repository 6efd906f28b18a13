/**
 * Whatever a client sends that is not right: it is told what was wrong, or its connection ends, and nobody else
 * notices. The cases are in bad-input/, and shown in docs/BAD-INPUT.md.
 */
import { expect, it, onTestFinished } from "vitest";
import { failures } from "../../src/protocol/failures.js";
import { connect, type Received, refused } from "../harness/client.js";
import { eventually } from "../harness/eventually.js";
import { describeOnEachStore, unique } from "../harness/nodes.js";
import { RawClient } from "../harness/raw-client.js";
import { askingForTokens, tokenOf } from "../harness/tokens.js";
import { Bystanders } from "./bad-input/bystanders.js";
import type { EventCase } from "./bad-input/cases.js";
import { eventCases } from "./bad-input/events.js";
import { frameCases } from "./bad-input/frames.js";
import { handshakeCases } from "./bad-input/handshakes.js";
import { packetCases } from "./bad-input/packets.js";
import { PollingSession, request } from "./bad-input/polling-session.js";
import { allowedOrigin, requestCases } from "./bad-input/requests.js";

const mallory = "mallory";

/** What the sender is told, as a test matches it. */
function telling({ event, told, reason }: EventCase) {
  if (told === undefined) return { type: "receipt", status: 200 };
  if (told === "offline") return { type: "offline", status: 404 };
  const { status, retry } = failures[told];
  const data = { code: told, event: event.slice(0, 64), retry, ...(reason !== undefined && { reason }) };
  return { type: "error", status, data };
}

/** Those whom it should reach hear it, under the sender's own name. */
async function expectPassedOn(event: string, payload: unknown, { alice, bob }: Bystanders): Promise<void> {
  const stamp = event === "msg" ? { from: mallory } : { userId: mallory };
  for (const listener of event === "msg" ? [alice, bob] : [bob]) {
    const heard = await listener.take((name, { type }) => name === "msg" && type !== "join", event);
    // As text, in which `__proto__` is a name like any other.
    const passedOn = JSON.parse(JSON.stringify(event === "msg" ? heard : heard.data));
    expect(passedOn).toEqual(JSON.parse(JSON.stringify({ ...(payload as object), ...stamp })));
  }
}

async function joinByHand({ url, roomId }: Bystanders): Promise<RawClient> {
  const client = await RawClient.join(url, { userId: mallory, roomId });
  onTestFinished(() => client.reset());
  return client;
}

/** What became of a connection, and which codes it was told, once so many have come and it is asked once more. */
async function outcomeOf(client: RawClient, codes = 0) {
  const told: unknown[] = [];
  const isTold = (packet: string) => codeIn(packet) !== undefined;
  while (told.length < codes) told.push(codeIn((await client.next(isTold)) ?? ""));
  client.say('4277["roomUserList",{}]');
  const answer = await client.next((packet) => packet.startsWith("4377["));
  told.push(...client.packets.map(codeIn).filter((code) => code !== undefined));
  return { told, fate: answer === undefined ? "ends" : "stays", closeCode: client.closeCode };
}

/** The code that an Engine.IO packet tells its client, if it does. */
function codeIn(packet: string): unknown {
  if (!packet.startsWith("42[")) return undefined;
  const [, { type, data }] = JSON.parse(packet.slice(2)) as [string, Received];
  return type === "error" ? data.code : type === "offline" ? type : undefined;
}

describeOnEachStore("bad input", (store) => {
  it.each(eventCases)("in an event is answered by name: $what ($event)", async (entry) => {
    const { event, variants, told, role } = entry;
    const bystanders = await Bystanders.meet(store, role && askingForTokens);
    const { url, roomId, bob } = bystanders;
    const auth = role && { token: await tokenOf(mallory, { role }) };
    const sender = await connect(url, { userId: mallory, roomId }, auth && { auth });
    for (const args of variants) {
      const answer = await sender.ask(event, ...args);
      expect(answer).toMatchObject(telling(entry));
      sender.emit(event, ...args);
      if (told === undefined) {
        await expectPassedOn(event, args[0], bystanders);
        await expectPassedOn(event, args[0], bystanders);
      } else {
        expect(await sender.next(answer.type)).toEqual(answer);
        expect(await sender.next(answer.type)).toEqual(answer);
      }
    }
    // The connection is still there.
    if (told !== undefined) expect(failures[told].ends).not.toBe("yes");
    expect((await sender.ask("answer", { targetUid: "bob" })).status).toBe(200);
    expect((await bob.next("answer")).data).toEqual({ targetUid: "bob", userId: mallory });
    await bystanders.expectUntouched();
  });

  it.each(handshakeCases)("in the handshake is told, and nobody is let in: $what", async (entry) => {
    const { query = {}, auth, told, reason, makeToken } = entry;
    const bystanders = await Bystanders.meet(store, makeToken && askingForTokens);
    const { url, roomId, bob } = bystanders;
    const token = makeToken && { token: await makeToken() };
    const envelope = await refused(url, { roomId, ...query }, { auth: { ...auth, ...token } });
    const data = { code: told, event: "connect", ...(reason !== undefined && { reason }) };
    expect(envelope).toMatchObject({ type: "error", status: failures[told].status, data });
    await bystanders.expectUntouched();
    expect(bob.rest).toEqual([]);
  });

  it.each(packetCases)("in a packet is told, ignored or ends the connection [P-47]: $what", async (entry) => {
    const { packets, told, fate } = entry;
    const bystanders = await Bystanders.meet(store);
    const client = await joinByHand(bystanders);
    client.say(...packets);
    expect(await outcomeOf(client, told.length)).toMatchObject({ told, fate });
    await bystanders.expectUntouched();
  });

  it.each(frameCases)("in a frame ends the connection, or does no harm [P-47]: $what", async (entry) => {
    const { bytes, closeCode } = entry;
    const bystanders = await Bystanders.meet(store);
    const client = await joinByHand(bystanders);
    client.write(bytes);
    const fate = closeCode === undefined ? "stays" : "ends";
    expect(await outcomeOf(client)).toEqual({ told: [], fate, closeCode });
    await bystanders.expectUntouched();
  });

  it.each(requestCases)("that is no such request gets its status: $what", async (entry) => {
    // A session that nobody polls would be waited for in the end.
    const bystanders = await Bystanders.meet(store, { origins: [allowedOrigin], drainMs: 10 });
    const { url, roomId } = bystanders;
    const session = await PollingSession.join(url, { userId: mallory, roomId });
    expect(await request(url, entry.request(session.sid))).toBe(entry.status);
    // A request of nobody harms no session.
    expect(await session.isUsable()).toBe(entry.fate !== "ends");
    await bystanders.expectUntouched();
  });

  it("does not count a message just under the limit", async () => {
    const { url, roomId, bob } = await Bystanders.meet(store);
    const sender = await connect(url, { userId: mallory, roomId });
    const sdp = "x".repeat(65_000);
    expect((await sender.ask("offer", { targetUid: "bob", sdp })).status).toBe(200);
    expect((await bob.next("offer")).data.sdp).toHaveLength(65_000);
  });

  it("is told as offline when nobody of that id can be addressed, wherever they are [P-41]", async () => {
    const bystanders = await Bystanders.meet(store);
    const { url, roomId } = bystanders;
    const sender = await connect(url, { userId: mallory, roomId });
    const elsewhere = unique("elsewhere");
    await connect(url, { userId: elsewhere, roomId: unique("room") });
    const inLobby = unique("lobby");
    await connect(url, { userId: inLobby });
    for (const targetUid of [unique("nobody"), elsewhere, inLobby, roomId]) {
      const answer = await sender.ask("call", { targetUid });
      expect(answer).toMatchObject({ type: "offline", status: 404, data: { targetUid, event: "call" } });
      expect(await sender.next("offline")).toEqual(answer);
    }
    await bystanders.expectUntouched();
  });

  it.each([
    ["twice at once", ["40", "40"]],
    ["again after a goodbye", ["40", "41", "40"]],
  ])("that names a connection %s ends it, and leaves nobody behind [P-47]", async (_, packets) => {
    const bystanders = await Bystanders.meet(store);
    const { url, roomId, alice, bob } = bystanders;
    const client = await RawClient.open(url, { userId: mallory, roomId });
    onTestFinished(() => client.reset());
    client.say(...packets);
    await client.closed;
    await eventually(async () => expect(await alice.ask("roomUserList")).toHaveLength(2));
    expect((await bob.ask("offer", { targetUid: mallory })).status).toBe(404);
    // Whoever came has left.
    const notices = alice.rest.filter(({ data }) => data.userId === mallory).map(({ type }) => type);
    expect(notices.filter((type) => type === "leave")).toHaveLength(
      notices.filter((type) => type === "join").length,
    );
  });
});
