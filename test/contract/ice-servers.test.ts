/**
 * What clients are told of STUN and TURN servers [P-60] to [P-62].
 */
import { expect, it } from "vitest";
import type { Config } from "../../src/index.js";
import { connect } from "../harness/client.js";
import { describeOnEachStore, startNode, unique } from "../harness/nodes.js";
import { askingForTokens, tokenOf } from "../harness/tokens.js";

const config: Partial<Config> = {
  stunUrls: ["stun:stun.example.com"],
  turnUrls: ["turn:turn.example.com"],
  turnSecrets: ["the-secret-that-signs", "the-secret-on-its-way-out"],
  turnTtlS: 600,
};

describeOnEachStore("ICE servers", (store) => {
  it("are told to whoever asks, with credentials of one's own [P-60]", async () => {
    const { url } = await startNode(store, config);
    const alice = await connect(url, { userId: "alice", roomId: unique("room") });
    const bob = await connect(url, { userId: "bob" });
    for (const [client, userId] of [[alice, "alice"] as const, [bob, "bob"] as const]) {
      const answer = await client.ask("iceServers");
      expect(answer).toMatchObject({
        type: "receipt",
        msg: "ice servers",
        status: 200,
        data: {
          event: "iceServers",
          iceServers: [
            { urls: ["stun:stun.example.com"] },
            { urls: ["turn:turn.example.com"], credential: expect.stringMatching(/^[\w+/]{27}=$/) },
          ],
        },
      });
      const { expiresAt, iceServers } = answer.data;
      expect(iceServers[1].username).toBe(`${expiresAt / 1_000}:${userId}`);
      expect(expiresAt).toBeGreaterThan(Date.now() + 590_000);
      expect(expiresAt).toBeLessThanOrEqual(Date.now() + 600_000);
    }
  });

  it("are sent where there is no ack, to nobody else", async () => {
    const { url } = await startNode(store, config);
    const roomId = unique("room");
    const alice = await connect(url, { userId: "alice", roomId });
    const bob = await connect(url, { userId: "bob", roomId });
    alice.emit("iceServers", {});
    const { status, data } = await alice.next("iceServers");
    expect([status, Object.keys(data).sort()]).toEqual([200, ["expiresAt", "iceServers"]]);
    expect(data.iceServers[1].username).toBe(`${data.expiresAt / 1_000}:alice`);
    expect((await alice.ask("offer", { targetUid: "bob" })).status).toBe(200);
    await bob.next("offer");
    expect(bob.rest).toEqual([]);
  });

  it("are an empty list where none are configured", async () => {
    const { url } = await startNode(store);
    const alice = await connect(url, { userId: "alice" });
    expect((await alice.ask("iceServers", {})).data).toEqual({ event: "iceServers", iceServers: [] });
    alice.emit("iceServers");
    expect((await alice.next("iceServers")).data).toEqual({ iceServers: [] });
  });

  it("are for asking, and not for clients to tell of [P-33]", async () => {
    const { url } = await startNode(store, config);
    const alice = await connect(url, { userId: "alice", roomId: unique("room") });
    for (const payload of ["turn", null, ["turn"]])
      expect((await alice.ask("iceServers", payload)).data.code).toBe("bad_payload");
    expect((await alice.ask("iceServers", {}, "more")).data.code).toBe("bad_arguments");
    const forged = { type: "iceServers", data: { iceServers: [{ urls: "turn:evil.example.com" }] } };
    expect((await alice.ask("msg", forged)).data.code).toBe("reserved_type");
  });

  it("are followed by fresh ones before they expire, once somebody has asked [P-62]", async () => {
    const { url } = await startNode(store, { ...config, turnTtlS: 2 });
    const alice = await connect(url, { userId: "alice" });
    const bob = await connect(url, { userId: "bob" });
    let { expiresAt } = (await alice.ask("iceServers")).data;
    for (let round = 0; round < 2; round += 1) {
      const fresh = await alice.next("iceServers");
      expect(fresh.data.expiresAt).toBeGreaterThan(expiresAt);
      expect(fresh.data.iceServers[1].username).toBe(`${fresh.data.expiresAt / 1_000}:alice`);
      ({ expiresAt } = fresh.data);
    }
    expect((await bob.ask("offer", { targetUid: "alice" })).status).toBe(200);
    expect(bob.rest).toEqual([]);
  });

  it("last no longer than the token, and come anew with the next one [P-61]", async () => {
    const { url } = await startNode(store, { ...config, ...askingForTokens });
    const auth = { token: await tokenOf("alice", { ttlS: 120 }) };
    const alice = await connect(url, { userId: "alice" }, { auth });
    const { expiresAt } = (await alice.ask("iceServers")).data;
    expect(expiresAt).toBeGreaterThan(Date.now() + 110_000);
    expect(expiresAt).toBeLessThanOrEqual(Date.now() + 120_000);

    const renewed = await alice.ask("token", { token: await tokenOf("alice", { ttlS: 240 }) });
    expect((await alice.next("iceServers")).data.expiresAt).toBe(renewed.data.expiresAt);
    await alice.ask("token", { token: await tokenOf("alice", { ttlS: 3_600 }) });
    expect((await alice.next("iceServers")).data.expiresAt).toBeGreaterThan(Date.now() + 590_000);
    // From here on it is their own time that ends them.
    await alice.ask("token", { token: await tokenOf("alice", { ttlS: 7_200 }) });
    expect(alice.rest).toEqual([]);
  });
});
