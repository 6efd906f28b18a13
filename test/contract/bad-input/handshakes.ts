/**
 * Handshakes that are not accepted.
 */
import type { FailureCode } from "../../../src/protocol/failures.js";
import { expiredToken, inSeconds, jwtSecret, signed, tokenOf } from "../../harness/tokens.js";
import type { HandshakeCase } from "./cases.js";

const byQuery = (code: FailureCode, what: string, query: Record<string, string>): HandshakeCase => ({
  what,
  query,
  told: code,
});

const byAuth = (code: FailureCode, what: string, auth: Record<string, unknown>): HandshakeCase => ({
  what,
  auth: { userId: "mallory", ...auth },
  told: code,
});

const badIds: [what: string, id: string][] = [
  ["with a control character", "a\u0007b"],
  ["with a line end", "a\nb"],
  ["with a null character", "a\u0000"],
  ["that turns text around", "a\u202eb"],
  ["with a character of no width", "a\u200bb"],
  ["with a line separator", "a\u2028b"],
  ["with a brace", "a{b}"],
  ["that is __proto__", "__proto__"],
  ["of 129 characters", "x".repeat(129)],
];

const ids: HandshakeCase[] = [
  byQuery("user_id_required", "no userId", {}),
  byQuery("user_id_required", "an empty userId", { userId: "" }),
  byAuth("user_id_required", "a null userId", { userId: null }),
  ...badIds.map(([what, id]) => byQuery("bad_user_id", `a userId ${what}`, { userId: id })),
  byAuth("bad_user_id", "a list for a userId", { userId: ["alice"] }),
  byAuth("bad_user_id", "an object for a userId", { userId: { id: "alice" } }),
  byAuth("bad_user_id", "a boolean for a userId", { userId: true }),
  byAuth("bad_user_id", "a fraction for a userId", { userId: 1.5 }),
  byAuth("bad_user_id", "half a character for a userId", { userId: "\ud83d" }),
  ...badIds.map(([what, id]) =>
    byQuery("bad_room_id", `a roomId ${what}`, { userId: "mallory", roomId: id }),
  ),
  byAuth("bad_room_id", "a list for a roomId", { roomId: ["a", "b"] }),
  byAuth("bad_room_id", "an object for a roomId", { roomId: {} }),
  byAuth("bad_room_id", "the lobby's own name for a roomId", { roomId: "{lobby}" }),
];

const profiles: HandshakeCase[] = [
  byAuth("bad_profile", "a profile with an object", { nested: { a: 1 } }),
  byAuth("bad_profile", "a profile with a list", { list: [1] }),
  byAuth("bad_profile", "a profile of more than 4096 bytes", { big: "x".repeat(4_096) }),
  byAuth(
    "bad_profile",
    "a profile of 33 fields",
    Object.fromEntries(Array.from({ length: 33 }, (_, n) => [`field${n}`, "x"])),
  ),
  byAuth("bad_profile", "__proto__ in a profile", JSON.parse('{"__proto__":{"admin":true}}')),
  byAuth("bad_profile", "a profile's field with a brace in its name", { "{a}": 1 }),
  byAuth("bad_profile", "a profile's field without a name", { "": 1 }),
  byAuth("bad_profile", "a profile's field whose name is too long", { ["n".repeat(129)]: 1 }),
];

const withToken = (reason: string, what: string, makeToken: () => unknown): HandshakeCase => ({
  what: `a token ${what}`,
  query: { userId: "mallory" },
  told: "token_refused",
  reason,
  makeToken,
});

const soon = () => ({ exp: inSeconds(3_600) });
const encoded = (part: unknown) => Buffer.from(JSON.stringify(part)).toString("base64url");

const tokens: HandshakeCase[] = [
  {
    what: "no token",
    query: { userId: "mallory" },
    told: "token_required",
    makeToken: () => undefined,
  },
  { what: "an empty token", query: { userId: "mallory" }, told: "token_required", makeToken: () => "" },
  withToken("malformed", "that is none", () => "token"),
  withToken("malformed", "of three parts that are nothing", () => "x.y.z"),
  withToken("malformed", "that is an object", () => ({ token: true })),
  withToken("malformed", "that is a list", async () => [await tokenOf("mallory")]),
  withToken("malformed", "that is too long", async () => `${await tokenOf("mallory")}${"x".repeat(8_192)}`),
  withToken("signature", "signed with another jwtSecret", () =>
    signed({ sub: "mallory", ...soon() }, "x".repeat(32)),
  ),
  withToken("signature", "whose claims were changed after it was signed", async () => {
    const [head, , signature] = (await tokenOf("mallory")).split(".");
    return [head, encoded({ sub: "mallory", role: "host", ...soon() }), signature].join(".");
  }),
  withToken(
    "algorithm",
    "that is not signed",
    () => `${encoded({ alg: "none" })}.${encoded({ sub: "mallory", ...soon() })}.`,
  ),
  withToken(
    "algorithm",
    "that says that it is signed by a public key",
    () => `${encoded({ alg: "RS256" })}.${encoded({ sub: "mallory", ...soon() })}.${encoded(jwtSecret)}`,
  ),
  withToken("expired", "that is over", () => expiredToken("mallory")),
  withToken("expired", "that is over since this second", () => expiredToken("mallory", 0)),
  withToken("not_yet_valid", "that is to come", () =>
    signed({ sub: "mallory", ...soon(), nbf: inSeconds(60) }),
  ),
  withToken("claims", "without an end", () => signed({ sub: "mallory" })),
  withToken("claims", "without a user", () => signed(soon())),
  withToken("claims", "whose user is no id", () => signed({ sub: "{mallory}", ...soon() })),
  withToken("claims", "whose user is a list", () => signed({ sub: ["mallory"], ...soon() })),
  withToken("claims", "with a role that is none", () => signed({ sub: "mallory", role: "king", ...soon() })),
  withToken("claims", "with rooms that are none", () =>
    signed({ sub: "mallory", rooms: [7, {}], ...soon() }),
  ),
  withToken("claims", "with 101 rooms", () =>
    signed({ sub: "mallory", rooms: Array(101).fill("r"), ...soon() }),
  ),
  withToken("claims", "with a profile that is none", () =>
    signed({ sub: "mallory", profile: { a: {} }, ...soon() }),
  ),
  withToken("claims", "with a profile that renames", () =>
    signed({ sub: "mallory", profile: { userId: "alice" }, ...soon() }),
  ),
  withToken("user", "of somebody else", () => tokenOf("alice")),
];

export const handshakeCases: readonly HandshakeCase[] = [...ids, ...profiles, ...tokens];
