/**
 * The admin API: what it does, who may use it, and that `docs/admin-api.json` says what is so.
 */
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { json } from "node:stream/consumers";
import { Ajv2020 } from "ajv/dist/2020.js";
import { expect, it } from "vitest";
import { banKey } from "../../src/cluster/keys.js";
import { adminRoutes } from "../../src/operations/admin-api.js";
import { connect, open, type TestClient } from "../harness/client.js";
import { eventually } from "../harness/eventually.js";
import { describeOnEachStore, startNode, startNodes, type TestNode, unique } from "../harness/nodes.js";

const adminSecret = "an admin secret of thirty-two characters";
const config = { adminSecret };

interface Operation {
  readonly responses: Readonly<
    Record<string, { readonly content: { "application/json": { schema: object } } }>
  >;
}
const document = JSON.parse(readFileSync(new URL("../../docs/admin-api.json", import.meta.url), "utf8")) as {
  paths: Record<string, Record<string, Operation>>;
};
const ajv = new Ajv2020({ strict: false });
ajv.addSchema(document, "api");

interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into whatever came
  readonly body: any;
}

const place = (parts: readonly string[]) => parts.map((part) => encodeURIComponent(part)).join("/");

async function request(node: TestNode, method: string, path: string, body?: unknown, secret = adminSecret) {
  const response = await fetch(`${node.url}/admin/v1/${path}`, {
    method,
    headers: { authorization: `Bearer ${secret}` },
    ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  return { status: response.status, body: await response.json() } as Answer;
}

/** As `request`, with the path as it stands: `fetch` resolves dots. */
async function requestAsIs(node: TestNode, method: string, path: string): Promise<Answer> {
  const headers = { authorization: `Bearer ${adminSecret}` };
  const { port, hostname } = new URL(node.url);
  const asked = httpRequest({ port, hostname, method, path: `/admin/v1/${path}`, headers }).end();
  const [response] = (await once(asked, "response")) as [IncomingMessage];
  return { status: response.statusCode ?? 0, body: await json(response) };
}

/** Asks as the document describes it, and holds the answer to its schema. */
async function ask(node: TestNode, operation: string, parts: readonly string[], query = "", body?: unknown) {
  const [method = "", path = ""] = operation.split(" ");
  let next = 0;
  const filled = path.replace(/\{\w+\}/g, () => encodeURIComponent(parts[next++] ?? ""));
  const answer = await request(node, method, `${filled}${query}`, body);
  const described = document.paths[`/${path}`]?.[method.toLowerCase()]?.responses[String(answer.status)];
  expect(described, `${operation} is described for ${answer.status}`).toBeDefined();
  const pointer = `/paths/${`/${path}`.replaceAll("/", "~1")}/${method.toLowerCase()}/responses/${answer.status}`;
  const validate = ajv.compile({ $ref: encodeURI(`api#${pointer}/content/application~1json/schema`) });
  expect(validate(answer.body), JSON.stringify([answer.body, validate.errors])).toBe(true);
  return answer;
}

it("is described as it is, path for path", () => {
  const described = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.slice(1)}`),
  );
  expect(described.toSorted()).toEqual(Object.keys(adminRoutes).toSorted());
});

describeOnEachStore("the admin API", (store) => {
  /** Two nodes, and a room with one member on each. */
  async function meeting(): Promise<[TestNode, TestNode, string, TestClient, TestClient]> {
    const [first, second = first] = await startNodes(store, 2, config);
    const roomId = unique("room 1/会议");
    const alice = await connect(first.url, { userId: "alice", roomId, nickname: "A" });
    const bob = await connect(second.url, { userId: "bob", roomId });
    return [first, second, roomId, alice, bob];
  }

  it("lists rooms and members of every node, page by page", async () => {
    const [first, second, roomId] = await meeting();
    const others = [unique("z"), unique("z"), unique("z")].toSorted();
    for (const other of others) await connect(second.url, { userId: "carol", roomId: other });
    await connect(first.url, { userId: "in the lobby" });

    const seen: unknown[] = [];
    let query = "?limit=2";
    for (;;) {
      const { status, body } = await ask(first, "GET rooms", [], query);
      expect([status, body.rooms.length <= 2]).toEqual([200, true]);
      seen.push(...body.rooms);
      if (body.next === undefined) break;
      query = `?limit=2&after=${encodeURIComponent(body.next)}`;
    }
    for (const other of others) expect(seen).toContainEqual({ roomId: other, members: 1 });
    expect(seen).toContainEqual({ roomId, members: 2 });

    const { body } = await ask(second, "GET rooms/{roomId}", [roomId]);
    expect(body).toEqual({
      roomId,
      version: expect.any(Number),
      locked: false,
      members: expect.arrayContaining([
        { userId: "alice", roomId, nickname: "A" },
        { userId: "bob", roomId },
      ]),
    });
    const page = await ask(first, "GET rooms/{roomId}/members", [roomId], "?limit=1");
    expect(page.body).toMatchObject({ members: [{ userId: "alice" }], next: "alice" });
    const rest = await ask(first, "GET rooms/{roomId}/members", [roomId], "?limit=1&after=alice");
    expect(rest.body.members).toEqual([{ userId: "bob", roomId }]);
    expect(rest.body.next).toBeUndefined();
  });

  it("removes a member on another node, and keeps the user out for as long as is said", async () => {
    const [first, second, roomId, alice, bob] = await meeting();
    const removal = "DELETE rooms/{roomId}/members/{userId}";
    expect((await ask(first, removal, [roomId, "bob"], "?keptOutMs=60000")).body).toEqual({ removed: true });
    expect((await bob.next("kicked")).data).toEqual({ userId: "bob", roomId });
    await bob.ended;
    expect((await alice.next("leave")).data.userId).toBe("bob");
    const refused = open(second.url, { userId: "bob", roomId });
    expect((await refused.next("error")).data).toMatchObject({ code: "kicked" });
    expect((await ask(first, removal, [roomId, "bob"], "?keptOutMs=1")).body).toEqual({ removed: false });
    await eventually(async () => {
      const again = open(second.url, { userId: "bob", roomId });
      const { type } = await again.take((event) => event === "msg", "any answer");
      expect(type).toBe("join");
    });
  });

  it("lets a user back in who is kept out, whichever node it asks", async () => {
    const [first, second, roomId, , bob] = await meeting();
    const removal = "DELETE rooms/{roomId}/members/{userId}";
    await ask(first, removal, [roomId, "bob"], "?keptOutMs=604800000");
    await bob.ended;
    // Without a time of its own a removal leaves the one before as it is.
    await ask(first, removal, [roomId, "bob"], "?keptOutMs=0");
    const refused = open(second.url, { userId: "bob", roomId });
    expect((await refused.next("error")).data).toMatchObject({ code: "kicked" });

    const lift = () => ask(second, "DELETE rooms/{roomId}/bans/{userId}", [roomId, "bob"]);
    expect(await lift()).toEqual({ status: 200, body: { lifted: true } });
    expect(await first.driver.exists(banKey(roomId, "bob"))).toBe(false);
    await connect(first.url, { userId: "bob", roomId });
    expect(await lift()).toEqual({ status: 200, body: { lifted: false } });
    expect((await ask(first, "GET rooms/{roomId}", [roomId])).body.members).toHaveLength(2);
  });

  it("ends a meeting", async () => {
    const [first, , roomId, alice, bob] = await meeting();
    expect((await ask(first, "DELETE rooms/{roomId}", [roomId])).body).toEqual({ removed: 2 });
    for (const client of [alice, bob]) expect((await client.next("ended")).data).toEqual({ roomId });
    await Promise.all([alice.ended, bob.ended]);
    expect((await ask(first, "GET rooms/{roomId}", [roomId])).status).toBe(404);
    expect((await ask(first, "DELETE rooms/{roomId}", [roomId])).body).toEqual({ removed: 0 });
  });

  it("locks and unlocks a room", async () => {
    const [first, second, roomId, alice] = await meeting();
    const lock = (locked: boolean) => ask(second, "PUT rooms/{roomId}/lock", [roomId], "", { locked });
    expect((await lock(true)).body).toEqual({ locked: true });
    expect((await alice.next("locked")).data).toEqual({ roomId, locked: true });
    expect((await ask(second, "GET rooms/{roomId}", [roomId])).body.locked).toBe(true);
    const carol = open(first.url, { userId: "carol", roomId });
    expect((await carol.next("error")).data.code).toBe("room_locked");
    expect((await lock(false)).body).toEqual({ locked: false });
    await connect(first.url, { userId: "carol", roomId });
    const nowhere = await ask(first, "PUT rooms/{roomId}/lock", [unique("room")], "", { locked: true });
    expect(nowhere.status).toBe(404);
  });

  it("sends a notice to everyone in a room [P-75]", async () => {
    const [first, , roomId, alice, bob] = await meeting();
    const body = { msg: "This meeting ends in five minutes.", data: { minutes: 5 } };
    expect((await ask(first, "POST rooms/{roomId}/notices", [roomId], "", body)).body).toEqual({
      sent: true,
    });
    for (const client of [alice, bob])
      expect(await client.next("notice")).toEqual({
        type: "notice",
        msg: body.msg,
        status: 200,
        data: { roomId, notice: { minutes: 5 } },
      });
    const nowhere = await ask(first, "POST rooms/{roomId}/notices", [unique("room")], "", body);
    expect(nowhere.status).toBe(404);
  });

  it("knows rooms and users whose ids are dots", async () => {
    const node = await startNode(store, config);
    const client = await connect(node.url, { userId: "..", roomId: "." });
    const [, answer] = await Promise.all([
      client.next("kicked"),
      requestAsIs(node, "DELETE", "rooms/%2E/members/%2E%2E"),
    ]);
    expect(answer).toEqual({ status: 200, body: { removed: true } });
  });

  it("tells what is wrong with a request", async () => {
    const [node, , roomId] = await meeting();
    const path = place(["rooms", roomId]);
    const cases: [status: number, method: string, path: string, body: unknown, sentence: RegExp][] = [
      [400, "GET", "rooms?limit=0", undefined, /limit: give a whole number from 1 to 1000/],
      [400, "GET", "rooms?limit=x", undefined, /limit/],
      [400, "GET", `rooms/${encodeURIComponent("{lobby}")}`, undefined, /roomId is not one/],
      [400, "GET", "rooms/%ff", undefined, /roomId is not one/],
      [400, "GET", "rooms/", undefined, /roomId is not one/],
      [400, "DELETE", `${path}/members/__proto__`, undefined, /userId is not one/],
      [400, "DELETE", `${path}/members/bob?keptOutMs=-1`, undefined, /keptOutMs/],
      [400, "DELETE", `${path}/bans/__proto__`, undefined, /userId is not one/],
      [400, "PUT", `${path}/lock`, { locked: "yes" }, /"locked": true/],
      [400, "PUT", `${path}/lock`, "{", /no JSON/],
      [400, "POST", `${path}/notices`, {}, /msg, a text/],
      [
        400,
        "POST",
        `${path}/notices`,
        `{"msg":"x","data":${"[".repeat(20_000)}${"]".repeat(20_000)}}`,
        /deeply/,
      ],
      [413, "POST", `${path}/notices`, { msg: "x".repeat(70_000) }, /at most 65536/],
      [404, "GET", "nothing", undefined, /no such path/],
      [404, "GET", "constructor", undefined, /no such path/],
      [404, "GET", `${path}/members/bob/more`, undefined, /no such path/],
      [405, "POST", "rooms", {}, /POST is not for this path/],
      [405, "GET", `${path}/bans/bob`, undefined, /GET is not for this path/],
    ];
    for (const [status, method, at, body, sentence] of cases) {
      const answer = await request(node, method, at, body);
      expect([method, at, answer.status]).toEqual([method, at, status]);
      expect(answer.body.error).toMatch(sentence);
    }
  });

  it("takes a request that breaks off for the client's fault", async () => {
    const node = await startNode(store, config);
    const { port, hostname } = new URL(node.url);
    const headers = { authorization: `Bearer ${adminSecret}`, "content-length": 100 };
    const path = "/admin/v1/rooms/room/lock";
    const asked = httpRequest({ port, hostname, method: "PUT", path, headers }).on("error", () => {});
    asked.write("{", () => setTimeout(() => asked.destroy(), 100));
    await eventually(async () =>
      expect(await (await fetch(`${node.url}/metrics`)).text()).toMatch(
        /signaler_admin_requests_total\{status="400"\} 1/,
      ),
    );
  });

  it("is closed to whoever does not show the secret, and not there without one", async () => {
    const node = await startNode(store, config);
    for (const secret of ["", "wrong", `${adminSecret}x`]) {
      const { status, body } = await request(node, "GET", "rooms", undefined, secret);
      expect([status, body.error]).toEqual([401, expect.stringMatching(/Bearer/)]);
    }
    const bare = await fetch(`${node.url}/admin/v1/rooms`);
    expect([bare.status, bare.headers.get("www-authenticate")]).toEqual([401, "Bearer"]);
    const metrics = await (await fetch(`${node.url}/metrics`)).text();
    expect(metrics).toMatch(/signaler_admin_requests_total\{status="401"\} 4/);

    const closed = await startNode(store);
    expect((await request(closed, "GET", "rooms")).status).toBe(404);
  });
});
