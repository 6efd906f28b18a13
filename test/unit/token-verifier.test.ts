/** Tokens that are checked with published keys: fetched, kept, and exchanged for others. */
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
      .setExpirationTime("1 h")
      .sign(privateKey);
  return { jwk, token };
}

async function publish() {
  const published = { keys: [] as JWK[], fetches: 0, down: false };
  const server = createServer((_, response) => {
    published.fetches += 1;
    response.statusCode = published.down ? 500 : 200;
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ keys: published.keys }));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const jwksUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`;
  const told: string[] = [];
  const onKeys = (error: unknown) => void told.push(error === undefined ? "there again" : "gone");
  return {
    published,
    told,
    verifier: new TokenVerifier({ ...noSecret, jwksUrl }, { onKeys, epochNow: () => Date.now() }),
  };
}

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
    vi.setSystemTime(Date.now() + 11_000);
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
    await verifier.verify(await token());
    expect(told).toEqual(["gone", "there again"]);
  });

  it("does not take them for there again because of tokens that it needs no fetching for", async () => {
    const { published, told, verifier } = await publish();
    const [one, other] = [await newKey("one"), await newKey("other")];
    published.keys = [one.jwk];
    await verifier.verify(await one.token());
    published.down = true;
    vi.setSystemTime(Date.now() + 11_000);
    for (let n = 0; n < 3; n += 1) {
      await expect(verifier.verify(await other.token())).rejects.toMatchObject({ code: "keys_unavailable" });
      await verifier.verify(await one.token());
      await expect(verifier.verify("token")).rejects.toMatchObject({ detail: { reason: "malformed" } });
    }
    expect(told).toEqual(["gone"]);
    published.down = false;
    await expect(verifier.verify(await other.token())).rejects.toMatchObject({
      detail: { reason: "signature" },
    });
    expect(told).toEqual(["gone", "there again"]);
  });
});
