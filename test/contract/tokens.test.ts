/**
 * Who gets in where tokens are asked for, as whom, into which rooms and for how long [P-50] to [P-53].
 */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { expect, it, onTestFinished } from "vitest";
import type { TokenWishes } from "../../src/access/issue-token.js";
import { connect, open, refused } from "../harness/client.js";
import { describeOnEachStore, startNode, startNodes, unique } from "../harness/nodes.js";
import { askingForTokens, inSeconds, signed, tokenOf } from "../harness/tokens.js";

const soon = () => inSeconds(60);

describeOnEachStore("tokens", (store) => {
  it("let in whom they name, with their profile and role over the client's own [P-51]", async () => {
    const { url } = await startNode(store, askingForTokens);
    const roomId = unique("room");
    const token = await tokenOf("alice", { rooms: [roomId], role: "host", profile: { nickname: "A" } });
    const alice = await connect(
      url,
      { userId: "alice", roomId, nickname: "Mallory", role: "king", pub: "1" },
      { auth: { token } },
    );
    expect(await alice.ask("roomUserList")).toEqual([
      { userId: "alice", roomId, nickname: "A", role: "host", pub: "1" },
    ]);
    // In the query, and without saying again who it is.
    const bob = open(url, { roomId, token: await tokenOf("bob", { rooms: [roomId] }) });
    expect((await bob.next("join")).data).toEqual({ userId: "bob", roomId, role: "member" });
    expect((await bob.ask("offer", { targetUid: "alice" })).status).toBe(200);
    expect((await alice.next("offer")).data.userId).toBe("bob");
  });

  it("keep out whoever has none [P-50]", async () => {
    const { url } = await startNode(store, askingForTokens);
    const { type, status, data } = await refused(url, { userId: "alice", roomId: "room" });
    expect([type, status, data.code, data.event]).toEqual(["error", 401, "token_required", "connect"]);
    expect((await refused(url, { userId: "alice" })).data.code).toBe("token_required");
  });

  const bad: [reason: string, what: string, token: () => Promise<unknown> | unknown][] = [
    ["malformed", "no token at all", () => "token"],
    ["malformed", "not a string", () => ({ token: true })],
    ["malformed", "too long", async () => `${await tokenOf("alice")}${"x".repeat(8_192)}`],
    ["signature", "signed with another secret", () => signed({ sub: "alice", exp: soon() }, "x".repeat(32))],
    ["algorithm", "not signed", () => `${encode({ alg: "none" })}.${encode({ sub: "alice", exp: soon() })}.`],
    ["expired", "over", () => signed({ sub: "alice", exp: soon() - 120 })],
    ["expired", "over since this second", () => signed({ sub: "alice", exp: inSeconds(0) })],
    ["expired", "over since a moment", () => signed({ sub: "alice", exp: Date.now() / 1_000 - 0.001 })],
    ["not_yet_valid", "to come", () => signed({ sub: "alice", exp: soon() + 120, nbf: soon() + 60 })],
    ["claims", "without an end", () => signed({ sub: "alice" })],
    ["claims", "with an end beyond all dates", () => signed({ sub: "alice", exp: 1e13 })],
    ["claims", "without a user", () => signed({ exp: soon() })],
    ["claims", "with a user that is no id", () => signed({ sub: "{alice}", exp: soon() })],
    ["claims", "with a role that is none", () => signed({ sub: "alice", exp: soon(), role: "king" })],
    ["claims", "with rooms that are none", () => signed({ sub: "alice", exp: soon(), rooms: [7, {}] })],
    [
      "claims",
      "with too many rooms",
      () => signed({ sub: "alice", exp: soon(), rooms: Array(101).fill("r") }),
    ],
    [
      "claims",
      "with a profile that is none",
      () => signed({ sub: "alice", exp: soon(), profile: { a: {} } }),
    ],
    [
      "claims",
      "with a profile that renames",
      () => signed({ sub: "alice", exp: soon(), profile: { userId: "b" } }),
    ],
    [
      "claims",
      "with more profile than is shown",
      () =>
        tokenOf("alice", {
          profile: Object.fromEntries(Array.from({ length: 32 }, (_, n) => [`f${n}`, n])),
        }),
    ],
    ["user", "of somebody else", () => tokenOf("bob")],
  ];
  it.each(bad)("that are refused for %s: %s", async (reason, _, make) => {
    const { url } = await startNode(store, askingForTokens);
    const { status, data } = await refused(url, { userId: "alice" }, { auth: { token: await make() } });
    expect([status, data.code, data.reason]).toEqual([401, "token_refused", reason]);
  });

  it("may begin a moment from now, since clocks differ [P-51]", async () => {
    const { url } = await startNode(store, askingForTokens);
    const token = await signed({ sub: "alice", exp: inSeconds(60), nbf: inSeconds(3) });
    await connect(url, { userId: "alice" }, { auth: { token } });
  });

  it("must come from the issuer and be for the audience that are configured", async () => {
    const { url } = await startNode(store, { ...askingForTokens, jwtIssuer: "us", jwtAudience: "meetings" });
    const reasonFor = async (wishes: Partial<TokenWishes>) => {
      const token = await tokenOf("alice", wishes);
      return (await refused(url, { userId: "alice" }, { auth: { token } })).data.reason;
    };
    expect(await reasonFor({ audience: "meetings" })).toBe("issuer");
    expect(await reasonFor({ issuer: "them", audience: "meetings" })).toBe("issuer");
    expect(await reasonFor({ issuer: "us", audience: "others" })).toBe("audience");
    const token = await tokenOf("alice", { issuer: "us", audience: "meetings" });
    await connect(url, { userId: "alice" }, { auth: { token } });
  });

  it("admit to the rooms that they name or match, and to no others", async () => {
    const { url } = await startNode(store, askingForTokens);
    const token = await tokenOf("alice", { rooms: ["standup", "team-*-2026"] });
    const alice = await connect(url, { userId: "alice", roomId: "standup" }, { auth: { token } });
    expect((await alice.ask("join", { roomId: "team-red-2026" })).status).toBe(200);
    for (const roomId of ["standup2", "team-2026", "team-red-20260", "xteam-red-2026"]) {
      const answer = await alice.ask("join", { roomId });
      expect([answer.status, answer.data.code]).toEqual([403, "room_forbidden"]);
    }
    const stranger = open(url, { userId: "alice", roomId: "secret" }, { auth: { token } });
    expect((await stranger.next("error")).data).toMatchObject({ code: "room_forbidden", event: "connect" });
    expect(await stranger.ended).toBe("io server disconnect");
    // A token that names no rooms admits to the lobby.
    const bare = await tokenOf("bob", { rooms: [] });
    const bob = await connect(url, { userId: "bob" }, { auth: { token: bare } });
    expect((await bob.ask("join", { roomId: "standup" })).data.code).toBe("room_forbidden");
  });

  it("admit to lists no more than to rooms, in one directory too", async () => {
    const { url } = await startNode(store, { ...askingForTokens, scope: "global" });
    const [mine, other] = [unique("room"), unique("room")];
    const token = await tokenOf("alice", { rooms: [mine] });
    const alice = await connect(url, { userId: "alice", roomId: mine }, { auth: { token } });
    expect((await alice.ask("roomUserList", { roomId: other })).data.code).toBe("not_in_room");
    expect(await alice.ask("roomUserList", { roomId: mine })).toHaveLength(1);
  });

  it("end with a warning, and then with the connection [P-52]", async () => {
    const [first, second = first] = await startNodes(store, 2, askingForTokens);
    const roomId = unique("room");
    const bob = await connect(
      second.url,
      { userId: "bob", roomId },
      { auth: { token: await tokenOf("bob", { rooms: [roomId] }) } },
    );
    const token = await tokenOf("alice", { rooms: [roomId], ttlS: 3 });
    const alice = await connect(first.url, { userId: "alice", roomId }, { auth: { token } });
    const warning = await alice.next("token");
    expect(warning.status).toBe(200);
    expect(warning.data.expiresAt).toBeGreaterThan(Date.now() - 1_000);
    expect((await alice.next("error")).data).toMatchObject({ code: "token_expired", retry: false });
    expect(await alice.ended).toBe("io server disconnect");
    expect((await bob.next("leave")).data.userId).toBe("alice");
  });

  it("can be renewed while connected, and then count from there on [P-53]", async () => {
    const { url } = await startNode(store, askingForTokens);
    const [kept, closed] = [unique("room"), unique("room")];
    const auth = { token: await tokenOf("alice", { rooms: [kept, closed], ttlS: 3 }) };
    const alice = await connect(url, { userId: "alice", roomId: kept }, { auth });
    expect((await alice.ask("join", { roomId: closed })).status).toBe(200);
    await alice.next("token");

    const others = await alice.ask("token", { token: await tokenOf("bob", { rooms: [kept] }) });
    expect(others.data).toMatchObject({ code: "token_refused", reason: "user" });
    expect((await alice.ask("token", { token: "x" })).data.reason).toBe("malformed");
    const over = await signed({ sub: "alice", rooms: "*", exp: inSeconds(0) });
    expect((await alice.ask("token", { token: over })).data.reason).toBe("expired");
    expect((await alice.ask("token", {})).data.code).toBe("token_required");
    const renewed = await alice.ask("token", { token: await tokenOf("alice", { rooms: [kept] }) });
    expect(renewed).toMatchObject({ type: "receipt", msg: "renewed", status: 200, data: { event: "token" } });
    expect(renewed.data.expiresAt).toBeGreaterThan(Date.now() + 50_000);
    // What it says of the profile is shown from then on.
    const promoted = await tokenOf("alice", { role: "host" });
    await alice.ask("token", { token: promoted });
    const other = unique("room");
    const { data } = await alice.ask("join", { roomId: other });
    expect(data.members).toEqual([{ userId: "alice", roomId: other, role: "host" }]);
    // The rooms that it no longer admits to are left.
    expect((await alice.ask("roomUserList", { roomId: closed })).data.code).toBe("not_in_room");
    expect(await alice.ask("roomUserList", { roomId: kept })).toHaveLength(1);
  });

  it("take with them what they said of the profile, where it was not shown before [P-53]", async () => {
    const { url } = await startNode(store, askingForTokens);
    const [before, after] = [unique("room"), unique("room")];
    const admitting = (profile: TokenWishes["profile"]) =>
      tokenOf("alice", { rooms: [before, after], profile });
    const auth = { token: await admitting({ badge: "staff" }) };
    const bob = await connect(
      url,
      { userId: "bob", roomId: before },
      { auth: { token: await tokenOf("bob", { rooms: [before] }) } },
    );
    const alice = await connect(url, { userId: "alice", roomId: before, nickname: "A" }, { auth });
    await alice.ask("token", { token: await admitting({ team: "red" }) });
    const { data } = await alice.ask("join", { roomId: after });
    expect(data.members).toEqual([
      { userId: "alice", roomId: after, nickname: "A", team: "red", role: "member" },
    ]);
    // Whoever leaves is shown as it came in.
    await alice.ask("leave", { roomId: before });
    expect((await bob.next("leave")).data).toEqual({
      ...{ userId: "alice", roomId: before },
      ...{ nickname: "A", badge: "staff", role: "member" },
    });
    // More than a profile may hold it does not become by being renewed [P-6].
    const full = Object.fromEntries(Array.from({ length: 31 }, (_, n) => [`f${n}`, n]));
    const answer = await alice.ask("token", { token: await admitting(full) });
    expect(answer.data).toMatchObject({ code: "token_refused", reason: "claims" });
  });
});

describeOnEachStore("a token that is renewed", (store) => {
  it("counts for whatever is asked after it, though nobody waits for the answer [P-38]", async () => {
    const { url } = await startNode(store, askingForTokens);
    const [one, other] = [unique("room"), unique("room")];
    const auth = { token: await tokenOf("alice", { rooms: [one] }) };
    const alice = await connect(url, { userId: "alice", roomId: one }, { auth });
    alice.emit("token", { token: await tokenOf("alice", { rooms: [one, other] }) });
    expect((await alice.ask("join", { roomId: other })).status).toBe(200);
  });

  it("waits for a join that is under way, and then closes the room if it does not admit to it [P-38]", async () => {
    const { url } = await startNode(store, askingForTokens);
    const [one, other] = [unique("room"), unique("room")];
    const admitting = (rooms: string[]) => tokenOf("alice", { rooms });
    const auth = { token: await admitting([one, other]) };
    const alice = await connect(url, { userId: "alice", roomId: one }, { auth });
    const token = await admitting([one]);
    const joining = alice.ask("join", { roomId: other });
    const renewal = alice.ask("token", { token });
    expect((await joining).status).toBe(200);
    expect((await renewal).status).toBe(200);
    expect((await alice.ask("roomUserList", { roomId: other })).data.code).toBe("not_in_room");
    expect((await alice.ask("join", { roomId: other })).data.code).toBe("room_forbidden");
  });

  it("gives way to the one that came after it, however long each takes to check", async () => {
    const { publicKey, privateKey } = await generateKeyPair("RS256", { modulusLength: 4_096 });
    const keys = createServer((_, response) => {
      void exportJWK(publicKey).then((key) => response.end(JSON.stringify({ keys: [key] })));
    }).listen(0, "127.0.0.1");
    onTestFinished(() => void keys.close());
    await once(keys, "listening");
    const { port } = keys.address() as AddressInfo;
    const { url } = await startNode(store, { auth: "token", jwksUrl: `http://127.0.0.1:${port}` });
    const admitting = (room: string) =>
      new SignJWT({ sub: "alice", rooms: [room] })
        .setProtectedHeader({ alg: "RS256" })
        .setExpirationTime("1h")
        .sign(privateKey);
    const rooms = Array.from({ length: 20 }, () => unique("room"));
    const tokens = await Promise.all(rooms.map(admitting));
    const alice = await connect(url, { userId: "alice" }, { auth: { token: tokens[0] } });
    for (let n = 0; n < 5; n += 1) {
      const last = tokens.length - 1;
      await Promise.all(tokens.map((token) => alice.ask("token", { token })));
      expect((await alice.ask("join", { roomId: rooms[last] })).status).toBe(200);
    }
  });
});

function encode(part: unknown): string {
  return Buffer.from(JSON.stringify(part)).toString("base64url");
}
