/**
 * The handshake: who a client says it is, and what happens when that is not accepted.
 */
import { expect, it } from "vitest";
import { connect, open, refused } from "../harness/client.js";
import { describeOnEachStore, startNode, unique } from "../harness/nodes.js";

describeOnEachStore("connecting", (store) => {
  it("makes the client a member, with whatever profile the query carries [P-3] [P-11]", async () => {
    const { url } = await startNode(store);
    const roomId = unique("room");
    const alice = open(url, { userId: "alice", roomId, nickname: "Алиса", pub: "1" });

    expect(await alice.next("join")).toEqual({
      type: "join",
      msg: "alice join then room",
      status: 200,
      data: { userId: "alice", roomId, nickname: "Алиса", pub: "1" },
      version: expect.any(Number),
    });
    expect(await alice.ask("roomUserList", { roomId })).toEqual([
      { userId: "alice", roomId, nickname: "Алиса", pub: "1" },
    ]);
  });

  it("lets auth win over the query, name by name, and keeps tokens out of the roster [P-3]", async () => {
    const { url } = await startNode(store);
    const roomId = unique("room");
    const client = open(
      url,
      { userId: "query", roomId, nickname: "from query", pub: "1", token: "secret" },
      { auth: { userId: 42, nickname: "from auth", host: true, level: 3, token: "secret" } },
    );
    expect((await client.next("join")).data).toEqual({
      userId: "42",
      roomId,
      nickname: "from auth",
      pub: "1",
      host: true,
      level: 3,
    });
  });

  it("takes empty fields as not given", async () => {
    const { url } = await startNode(store);
    const userId = unique("user");
    const client = open(url, { userId, roomId: "" }, { auth: { userId: "", roomId: null } });
    // In the lobby there is no notice and no room to write to.
    expect((await client.ask("msg", "anyone?")).data.code).toBe("not_in_room");
  });

  it("works over long polling and over an upgraded connection alike [P-1]", async () => {
    const { url } = await startNode(store);
    const roomId = unique("room");
    const polling = await connect(url, { userId: "polling", roomId }, { transports: ["polling"] });
    const upgraded = await connect(
      url,
      { userId: "upgraded", roomId },
      { transports: ["polling", "websocket"] },
    );
    await polling.next("join");

    expect((await polling.ask("offer", { targetUid: "upgraded", n: 1 })).status).toBe(200);
    expect((await upgraded.next("offer")).data).toEqual({ targetUid: "upgraded", n: 1, userId: "polling" });
    expect((await upgraded.ask("answer", { targetUid: "polling", n: 2 })).status).toBe(200);
    expect((await polling.next("answer")).data).toEqual({ targetUid: "polling", n: 2, userId: "upgraded" });
  });

  it("handles what is sent at once, before the room has been joined, afterwards and in order [P-38]", async () => {
    const { url } = await startNode(store);
    const roomId = unique("room");
    const bob = await connect(url, { userId: "bob", roomId });
    const alice = open(url, { userId: "alice", roomId });
    for (let n = 0; n < 20; n += 1) alice.emit("candidate", { targetUid: "bob", n });
    for (let n = 0; n < 20; n += 1) expect((await bob.next("candidate")).data.n).toBe(n);
  });

  const longId = "x".repeat(129);
  const badIds = {
    control: "a\u0007b",
    newline: "a\nb",
    bidi: "a\u202eb",
    brace: "a{b}",
    proto: "__proto__",
    long: longId,
  };

  it("refuses a client without a userId, and says so [P-4]", async () => {
    const { url } = await startNode(store);
    expect(await refused(url, {})).toMatchObject({
      type: "error",
      status: 400,
      data: { code: "user_id_required", event: "connect", retry: false },
    });
  });

  for (const [what, id] of Object.entries(badIds)) {
    it(`refuses ids that are or hold: ${what} [P-5]`, async () => {
      const { url } = await startNode(store);
      expect((await refused(url, { userId: id })).data.code).toBe("bad_user_id");
      expect((await refused(url, { userId: "alice", roomId: id })).data.code).toBe("bad_room_id");
    });
  }

  it("takes ids of 128 characters and of any script", async () => {
    const { url } = await startNode(store);
    const userId = "会".repeat(128);
    const client = await connect(url, { userId, roomId: unique("Besprechung 日本 ☎ #?&%/:") });
    expect(client.socket.connected).toBe(true);
  });

  it("refuses ids that are not strings or numbers", async () => {
    const { url } = await startNode(store);
    for (const userId of [["alice"], { id: "alice" }, true, 1.5])
      expect((await refused(url, {}, { auth: { userId } })).data.code).toBe("bad_user_id");
  });

  it("refuses a profile that is nested, too large, too long or named like the prototype [P-6]", async () => {
    const { url } = await startNode(store);
    const many = Object.fromEntries(Array.from({ length: 33 }, (_, n) => [`field${n}`, "x"]));
    const poisoned = JSON.parse('{"__proto__":{"admin":true}}') as Record<string, unknown>;
    for (const auth of [{ nested: { a: 1 } }, { list: [1] }, { big: "x".repeat(4_096) }, many, poisoned])
      expect((await refused(url, { userId: "alice" }, { auth })).data.code).toBe("bad_profile");
  });

  it("refuses pages of origins that are not allowed, over either transport [P-2]", async () => {
    const { url } = await startNode(store, { origins: ["https://meet.example.com"] });
    const from = (origin: string, transport: "polling" | "websocket") =>
      open(url, { userId: unique("user") }, { transports: [transport], extraHeaders: { origin } });
    for (const transport of ["polling", "websocket"] as const) {
      const stranger = from("https://evil.example.com", transport);
      await new Promise((resolve) => stranger.socket.once("connect_error", resolve));
      const friend = from("https://meet.example.com", transport);
      await new Promise((resolve) => friend.socket.once("connect", () => resolve(undefined)));
    }
    expect((await connect(url, { userId: unique("user") })).socket.connected).toBe(true);
  });
});
