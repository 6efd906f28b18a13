/** ICE servers as they are made for one user: which there are, until when, and with which credentials. */
import { createHmac } from "node:crypto";
import { describe, expect, it } from "vitest";
import { type IceSource, issueIceServers } from "../../src/access/ice-servers.js";
import { loadConfig } from "../../src/config/load-config.js";

const now = 1_700_000_000_250;
const never = Number.POSITIVE_INFINITY;
const [first, second] = ["the-secret-that-signs", "the-secret-on-its-way-out"];
const source: IceSource = {
  stunUrls: ["stun:stun.example.com"],
  turnUrls: ["turn:turn.example.com?transport=udp", "turns:turn.example.com"],
  turnSecrets: [first, second],
  turnTtlS: 600,
};

describe("ICE servers", () => {
  it("are those configured, with credentials that the TURN servers can check [P-61]", () => {
    const username = "1700000600:alice";
    const credential = createHmac("sha1", first).update(username).digest("base64");
    expect(issueIceServers(source, "alice", now, never)).toEqual({
      iceServers: [
        { urls: ["stun:stun.example.com"] },
        { urls: ["turn:turn.example.com?transport=udp", "turns:turn.example.com"], username, credential },
      ],
      expiresAt: 1_700_000_600_000,
    });
  });

  it("have credentials that others make in the same way", () => {
    // From `printf %s 1700000600:alice | openssl dgst -sha1 -hmac north-north-north -binary | base64`.
    const { iceServers } = issueIceServers(
      { ...source, stunUrls: undefined, turnSecrets: ["north-north-north"] },
      "alice",
      now,
      never,
    );
    expect(iceServers[0]?.credential).toBe("Vyga4be8n7nVE2wm9tOwXJAi7qw=");
  });

  it("are none where none are configured, and never expire without credentials", () => {
    const none = { ...source, stunUrls: undefined, turnUrls: undefined, turnSecrets: undefined };
    expect(issueIceServers(none, "alice", now, never)).toEqual({ iceServers: [] });
    const stunOnly = { ...none, stunUrls: source.stunUrls };
    expect(issueIceServers(stunOnly, "alice", now, now + 5_000)).toEqual({
      iceServers: [{ urls: ["stun:stun.example.com"] }],
    });
  });

  it("last no longer than their time, nor than the right to be there", () => {
    expect(issueIceServers(source, "alice", now, now + 600_000).expiresAt).toBe(1_700_000_600_000);
    expect(issueIceServers(source, "alice", now, now + 60_999).expiresAt).toBe(1_700_000_061_000);
    expect(issueIceServers(source, "alice", now, now + 3_600_000).expiresAt).toBe(1_700_000_600_000);
  });

  it("name the user in a way that TURN servers take, and no two alike", () => {
    const nameOf = (userId: string) =>
      issueIceServers(source, userId, now, never).iceServers[1]?.username?.slice("1700000600:".length);
    expect(nameOf("alice@example.com:8080")).toBe("alice@example.com:8080");
    expect(nameOf("会议")).toBe("会议");
    expect(nameOf(`a b'c"d\\e`)).toBe("a%20b%27c%22d%5Ce");
    expect(nameOf("a%20b")).toBe("a%2520b");
  });
});

describe("settings of ICE servers", () => {
  const secret = "0123456789abcdef";
  const turn = { SIGNALER_TURN_URLS: "turn:a", SIGNALER_TURN_SECRETS: secret };

  it("are read from lists", () => {
    const config = loadConfig([], {
      SIGNALER_STUN_URLS: "stun:stun.example.com, stuns:[2001:db8::1]:5349",
      SIGNALER_TURN_URLS: "turn:10.0.0.1:3478?transport=tcp,turns:turn.example.com",
      SIGNALER_TURN_SECRETS: `${secret},${secret}-old`,
      SIGNALER_TURN_TTL_S: "60",
    });
    expect(config).toMatchObject({
      stunUrls: ["stun:stun.example.com", "stuns:[2001:db8::1]:5349"],
      turnUrls: ["turn:10.0.0.1:3478?transport=tcp", "turns:turn.example.com"],
      turnSecrets: [secret, `${secret}-old`],
      turnTtlS: 60,
    });
    expect(loadConfig([], {})).toMatchObject({ stunUrls: undefined, turnUrls: undefined, turnTtlS: 3_600 });
  });

  const refused: [environment: Record<string, string>, sentence: RegExp][] = [
    [{ SIGNALER_TURN_URLS: "turn:a" }, /give SIGNALER_TURN_SECRETS/],
    [{ SIGNALER_TURN_SECRETS: secret }, /give SIGNALER_TURN_URLS/],
    [
      { SIGNALER_STUN_URLS: "turn:a" },
      /SIGNALER_STUN_URLS: "turn:a" is not accepted; give URLs such as stun:/,
    ],
    [{ SIGNALER_STUN_URLS: "stun:a?transport=udp" }, /is not accepted/],
    [{ SIGNALER_STUN_URLS: "stun:a,," }, /is not accepted/],
    [{ ...turn, SIGNALER_TURN_URLS: "stun:a" }, /SIGNALER_TURN_URLS: .* give URLs such as turn:/],
    [{ ...turn, SIGNALER_TURN_URLS: "turn://a" }, /is not accepted/],
    [{ ...turn, SIGNALER_TURN_URLS: "turn:a?transport=sctp" }, /is not accepted/],
    [{ ...turn, SIGNALER_TURN_SECRETS: "hunter2" }, /SIGNALER_TURN_SECRETS: its value \(not shown.*16 char/],
    [{ ...turn, SIGNALER_TURN_SECRETS: `${secret},${secret},${secret}` }, /or two/],
    [{ ...turn, SIGNALER_TURN_TTL_S: "59" }, /from 60 to 86400/],
    [{ ...turn, SIGNALER_TURN_TTL_S: "86401" }, /from 60 to 86400/],
  ];
  it.each(refused)("are refused with a sentence that helps: %j", (environment, sentence) => {
    expect(() => loadConfig([], environment)).toThrow(sentence);
    expect(() => loadConfig([], environment)).not.toThrow(/hunter2|0123456789abcdef/);
  });
});
