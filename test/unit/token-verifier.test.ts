/** Tokens that are checked with published keys: fetched, kept, and exchanged for others. */
import { generateKeyPairSync, sign } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, type JWK, SignJWT } from "jose";
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { TokenVerifier } from "../../src/access/token-verifier.js";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"] });
});
afterEach(() => {
  vi.useRealTimers();
});

async function newKey(kid: string) {
  const { privateKey, publicKey } = await generateKeyPair("ES256", { extractable: true });
  const jwk: JWK = { ...(await exportJWK(publicKey)), kid, alg: "ES256" };
  const token = () =>
    new SignJWT({ rooms: "standup" })
      .setProtectedHeader({ alg: "ES256", kid })
      .setSubject("alice")
      .setExpirationTime("7 d")
      .sign(privateKey);
  return { jwk, token };
}

async function publish() {
  const published = { keys: [] as JWK[], fetches: 0, down: false, until: Promise.resolve() };
  const server = createServer(async (_, response) => {
    published.fetches += 1;
    response.statusCode = published.down ? 500 : 200;
    response.setHeader("content-type", "application/json");
    const body = JSON.stringify({ keys: published.keys });
    await published.until;
    response.end(body);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const jwksUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`;
  const told: string[] = [];
  const ports = {
    onKeys: (error: unknown) => void told.push(error === undefined ? "there again" : "gone"),
    epochNow: () => Date.now(),
    now: () => Date.now(),
    wait: async (ms: number) => pass(ms),
  };
  return { published, told, verifier: new TokenVerifier({ ...noSecret, jwksUrl }, ports) };
}

function pass(ms: number): void {
  vi.setSystemTime(Date.now() + ms);
}

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const noSecret = { secret: undefined, issuer: undefined, audience: undefined };

describe("a verifier with published keys", () => {
  it("fetches them once, and again when they have been exchanged", async () => {
    const { published, verifier } = await publish();
    const [one, two] = [await newKey("one"), await newKey("two")];
    published.keys = [one.jwk];
    expect(await verifier.verify(await one.token())).toMatchObject({ userId: "alice", rooms: ["standup"] });
    await verifier.verify(await one.token());
    expect(published.fetches).toBe(1);

    published.keys = [two.jwk];
    expect(await verifier.verify(await two.token())).toMatchObject({ userId: "alice" });
    expect(published.fetches).toBe(2);
    await expect(verifier.verify(await one.token())).rejects.toMatchObject({
      code: "token_refused",
      detail: { reason: "signature" },
    });
  });

  it("takes no public key for a secret", async () => {
    const { published, verifier } = await publish();
    const { jwk } = await newKey("one");
    published.keys = [jwk];
    const forged = await new SignJWT({ rooms: "*" })
      .setProtectedHeader({ alg: "HS256", kid: "one" })
      .setSubject("alice")
      .setExpirationTime("1 h")
      .sign(new TextEncoder().encode(JSON.stringify(jwk)));
    await expect(verifier.verify(forged)).rejects.toMatchObject({ detail: { reason: "algorithm" } });
  });

  it("says that it cannot get them, and not that the token is bad; to the operator once", async () => {
    const { published, told, verifier } = await publish();
    published.down = true;
    const { jwk, token } = await newKey("one");
    for (let n = 0; n < 3; n += 1)
      await expect(verifier.verify(await token())).rejects.toMatchObject({ code: "keys_unavailable" });
    published.keys = [jwk];
    published.down = false;
    pass(5 * second);
    await verifier.verify(await token());
    expect(told).toEqual(["gone", "there again"]);
  });

  it("does not take them for there again because of tokens that it needs no fetching for", async () => {
    const { published, told, verifier } = await publish();
    const [one, other] = [await newKey("one"), await newKey("other")];
    published.keys = [one.jwk];
    await verifier.verify(await one.token());
    published.down = true;
    pass(11 * second);
    for (let n = 0; n < 3; n += 1) {
      await expect(verifier.verify(await other.token())).rejects.toMatchObject({ code: "keys_unavailable" });
      await verifier.verify(await one.token());
      await expect(verifier.verify("token")).rejects.toMatchObject({ detail: { reason: "malformed" } });
    }
    expect(told).toEqual(["gone"]);
    published.down = false;
    pass(5 * second);
    await expect(verifier.verify(await other.token())).rejects.toMatchObject({
      detail: { reason: "signature" },
    });
    expect(told).toEqual(["gone", "there again"]);
  });

  it("goes on with those that it has for a day, when they cannot be fetched again", async () => {
    const { published, told, verifier } = await publish();
    const { jwk, token } = await newKey("one");
    published.keys = [jwk];
    await verifier.verify(await token());
    published.down = true;
    for (const ms of [11 * minute, 0, 4 * second, 12 * hour, 11 * hour]) {
      pass(ms);
      expect(await verifier.verify(await token())).toMatchObject({ userId: "alice" });
    }
    pass(hour);
    await expect(verifier.verify(await token())).rejects.toMatchObject({ code: "keys_unavailable" });
    expect(told).toEqual(["gone"]);
    published.down = false;
    pass(5 * second);
    await verifier.verify(await token());
    expect(told).toEqual(["gone", "there again"]);
  });

  it("fetches them again before it takes a token, when they are older than ten minutes", async () => {
    const { published, verifier } = await publish();
    const { jwk, token } = await newKey("one");
    published.keys = [jwk];
    await verifier.verify(await token());
    published.keys = [];
    pass(9 * minute);
    await verifier.verify(await token());
    pass(minute);
    await expect(verifier.verify(await token())).rejects.toMatchObject({ code: "token_refused" });
    expect(published.fetches).toBe(2);
  });

  it("tries again every five seconds at most while it fails, and keeps nobody waiting for that", async () => {
    const { published, told, verifier } = await publish();
    const { jwk, token } = await newKey("one");
    published.keys = [jwk];
    await verifier.verify(await token());
    published.down = true;
    pass(10 * minute);
    for (let n = 0; n < 10; n += 1) await verifier.verify(await token());
    expect(published.fetches).toBe(2);

    const answers = holdAnswers(published);
    published.down = false;
    pass(5 * second);
    for (let n = 0; n < 10; n += 1) await verifier.verify(await token());
    answers.release();
    await vi.waitFor(() => expect(told).toEqual(["gone", "there again"]));
    expect(published.fetches).toBe(3);
  });

  it("looks again for a key that was published after the last fetch, however short that is ago", async () => {
    const { published, verifier } = await publish();
    const [one, two, three] = [await newKey("one"), await newKey("two"), await newKey("three")];
    published.keys = [one.jwk];
    await verifier.verify(await one.token());
    published.keys = [one.jwk, two.jwk];
    expect(await verifier.verify(await two.token())).toMatchObject({ userId: "alice" });

    // Nor is what a fetch brings that began before the token came the last word.
    const answers = holdAnswers(published);
    const refusal = verifier.verify(await newKey("other").then(({ token }) => token()));
    await Promise.all([expect(refusal).rejects.toMatchObject({ code: "token_refused" }), late()]);
    async function late() {
      await vi.waitFor(() => expect(published.fetches).toBe(3));
      published.keys = [three.jwk];
      const verified = verifier.verify(await three.token());
      answers.release();
      expect(await verified).toMatchObject({ userId: "alice" });
    }
    expect(published.fetches).toBe(4);
  });

  it("fetches every two seconds at most, whatever keys tokens name", async () => {
    const { published, verifier } = await publish();
    const one = await newKey("one");
    published.keys = [one.jwk];
    await verifier.verify(await one.token());
    // Made beforehand, so that as many come at once as shall.
    const unknown = await Promise.all(
      Array.from({ length: 20 }, async (_, n) => (await newKey(`other ${n}`)).token()),
    );
    const from = Date.now();
    for (const some of [unknown.slice(0, 10), unknown.slice(10)])
      await Promise.all(
        some.map((token) =>
          expect(verifier.verify(token)).rejects.toMatchObject({ detail: { reason: "signature" } }),
        ),
      );
    expect(Date.now() - from).toBe((published.fetches - 1) * 2 * second);
    expect(published.fetches).toBeLessThanOrEqual(5);
  });

  it("tells the operator once of keys that are no use", async () => {
    const { published, told, verifier } = await publish();
    const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 1_024 });
    const [head, claims] = [{ alg: "RS256" }, { sub: "alice" }].map((part) =>
      Buffer.from(JSON.stringify(part)).toString("base64url"),
    );
    const signature = sign("RSA-SHA256", Buffer.from(`${head}.${claims}`), privateKey).toString("base64url");
    const token = `${head}.${claims}.${signature}`;
    published.keys = [publicKey.export({ format: "jwk" }) as JWK];
    for (let n = 0; n < 3; n += 1)
      await expect(verifier.verify(token)).rejects.toMatchObject({ code: "keys_unavailable" });
    expect(told).toEqual(["gone"]);
    const { jwk, token: other } = await newKey("one");
    published.keys = [jwk];
    await verifier.verify(await other());
    expect(told).toEqual(["gone", "there again"]);
  });

  it("asks for them every five seconds at most, when it has none", async () => {
    const { published, verifier } = await publish();
    published.down = true;
    const { token } = await newKey("one");
    for (let n = 0; n < 10; n += 1) {
      await expect(verifier.verify(await token())).rejects.toMatchObject({ code: "keys_unavailable" });
      pass(second);
    }
    expect(published.fetches).toBe(2);
  });
});

/** Until they are released, the fetches that have come are not answered. */
function holdAnswers(published: { until: Promise<void> }) {
  let release = () => {};
  published.until = new Promise((resolve) => {
    release = resolve;
  });
  return { release };
}
