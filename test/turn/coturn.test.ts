/**
 * The credentials on a real TURN server: coturn gives a relay for those that hold, and refuses the others.
 */
import { expect, it } from "vitest";
import { issueIceServers } from "../../src/access/ice-servers.js";
import { connect } from "../harness/client.js";
import { coturnForTest } from "../harness/coturn.js";
import { startProcess } from "../harness/process.js";
import { allocate } from "../harness/turn-client.js";

const [oldSecret, newSecret] = ["the-secret-on-its-way-out", "the-secret-that-comes-in"];
const ttlS = 60;
const relay = { relayPort: expect.any(Number) };
const unauthorized = { refused: 401 };

/** Credentials by these secrets, made so long ago. */
function credentials(secrets: readonly string[], userId = "alice", agoS = 0) {
  const source = { stunUrls: undefined, turnUrls: ["turn:a"], turnSecrets: secrets, turnTtlS: ttlS };
  const now = Date.now() - agoS * 1_000;
  const [turn] = issueIceServers(source, userId, now, Number.POSITIVE_INFINITY).iceServers;
  return [turn?.username ?? "", turn?.credential ?? ""] as const;
}

it("gives a relay to a client of the signaler", async () => {
  const port = await coturnForTest(newSecret);
  const node = await startProcess([], {
    SIGNALER_TURN_URLS: `turn:127.0.0.1:${port}?transport=tcp`,
    SIGNALER_TURN_SECRETS: newSecret,
  });
  const alice = await connect(node.url, { userId: "alice" });
  const [turn] = (await alice.ask("iceServers")).data.iceServers;
  expect(turn.urls).toEqual([`turn:127.0.0.1:${port}?transport=tcp`]);
  expect(await allocate(port, turn.username, turn.credential)).toEqual(relay);
  expect(node.lines.join("\n")).not.toContain(newSecret);
});

it("refuses credentials that have expired, were forged, or are another's", async () => {
  const port = await coturnForTest(newSecret);
  const [username, credential] = credentials([newSecret]);
  expect(await allocate(port, username, credential)).toEqual(relay);
  expect(await allocate(port, ...credentials([newSecret], "alice", ttlS + 2))).toEqual(unauthorized);
  expect(await allocate(port, ...credentials(["a-secret-of-nobody"]))).toEqual(unauthorized);
  const [othersName] = credentials([newSecret], "bob");
  expect(await allocate(port, othersName, credential)).toEqual(unauthorized);
  const longer = username.replace(/^\d+/, (expiry) => `${Number(expiry) + 3_600}`);
  expect(await allocate(port, longer, credential)).toEqual(unauthorized);
});

it("takes credentials by either secret while it has both, and by the new one alone after that", async () => {
  const [before, during, after] = [[oldSecret, newSecret], [newSecret, oldSecret], [newSecret]];
  const both = await coturnForTest(oldSecret, newSecret);
  for (const secrets of [before, during, after])
    expect(await allocate(both, ...credentials(secrets))).toEqual(relay);
  const rotated = await coturnForTest(newSecret);
  expect(await allocate(rotated, ...credentials(before))).toEqual(unauthorized);
  for (const secrets of [during, after])
    expect(await allocate(rotated, ...credentials(secrets))).toEqual(relay);
});

it("takes whatever a userId may be", async () => {
  const port = await coturnForTest(newSecret);
  const userIds = [
    "Alice Smith",
    "O'Brien",
    `a"b\\c%d`,
    "alice@example.com",
    "a:b",
    "会".repeat(128),
    " ".repeat(128),
  ];
  for (const userId of userIds)
    expect([userId, await allocate(port, ...credentials([newSecret], userId))]).toEqual([userId, relay]);
});
