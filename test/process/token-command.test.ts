/**
 * The command's part in letting people in: making tokens, saying why one is refused, and not running open by
 * accident.
 */
import { expect, it } from "vitest";
import { connect, refused } from "../harness/client.js";
import { eventually } from "../harness/eventually.js";
import { run, startProcess } from "../harness/process.js";

const secret = "0123456789abcdef0123456789abcdef";
const environment = { SIGNALER_JWT_SECRET: secret };

it("makes a token with which one gets in, and tells what it says", async () => {
  const args = ["token", "--user", "alice", "--room", "standup", "--room", "team-*", "--role", "host"];
  const made = await run([...args, "--ttl", "2m", "--profile", '{"nickname":"A"}'], environment);
  expect(made).toMatchObject({ code: 0, stderr: "" });
  const token = made.stdout.trim();

  const checked = await run(["token", "--check", token], environment);
  const grant = JSON.parse(checked.stdout);
  expect(grant).toMatchObject({
    userId: "alice",
    rooms: ["standup", "team-*"],
    role: "host",
    profile: { nickname: "A", role: "host" },
  });
  expect(Date.parse(grant.expiresAt) - Date.now()).toBeLessThanOrEqual(120_000);
  expect(Date.parse(grant.expiresAt)).toBeGreaterThan(Date.now());

  const node = await startProcess([], environment);
  expect(node.announcement).toMatchObject({ auth: "token" });
  expect(await (await fetch(`${node.url}/readyz`)).json()).toMatchObject({ auth: "token" });
  const alice = await connect(node.url, { userId: "alice", roomId: "team-red" }, { auth: { token } });
  expect(await alice.ask("roomUserList")).toEqual([
    { userId: "alice", roomId: "team-red", nickname: "A", role: "host" },
  ]);
  await refused(node.url, { userId: "bob", token: "secret-token" });
  const output = node.lines.join("\n");
  for (const confidential of [secret, token, "secret-token"]) expect(output).not.toContain(confidential);
});

it("says why a token is refused", async () => {
  const { stdout } = await run(["token", "--user", "alice", "--room", "standup"], environment);
  const otherwise = { SIGNALER_JWT_SECRET: `${secret}!` };
  const cases: [token: string, environment: Record<string, string>, sentence: RegExp][] = [
    [stdout.trim(), otherwise, /^meeting-signaler: refused: it was signed with another key/],
    [stdout.trim(), { ...environment, SIGNALER_JWT_ISSUER: "us" }, /refused: its iss is not/],
    [stdout.trim(), { ...environment, SIGNALER_JWT_AUDIENCE: "us" }, /refused: its aud is not/],
    ["token", environment, /refused: this is no JSON Web Token/],
  ];
  for (const [token, given, sentence] of cases) {
    const { code, stderr } = await run(["token", "--check", token], given);
    expect(stderr).toMatch(sentence);
    expect(code).toBe(1);
  }
});

it("refuses to make what is no token, or without a secret", async () => {
  const cases: [args: string[], environment: Record<string, string>, sentence: RegExp][] = [
    [["--room", "standup"], environment, /--user is missing/],
    [["--user", "{a}"], environment, /--user: "{a}" is no id/],
    [["--user", "a", "--room", "{b}"], environment, /--room: "{b}" is no id/],
    [["--user", "a", "--role", "king"], environment, /--role: give member or host/],
    [["--user", "a", "--ttl", "soon"], environment, /--ttl: give a time such as 90s/],
    [["--user", "a", "--ttl", "999d"], environment, /--ttl: .*at most 366d/],
    [["--user", "a", "--profile", "{"], environment, /--profile: give a JSON object/],
    [["--usr", "a"], environment, /Unknown option '--usr'/],
    [["--user", "a"], {}, /nothing to sign or check tokens with; set SIGNALER_JWT_SECRET/],
    [["--user", "a"], { SIGNALER_JWKS_URL: "https://example.com" }, /is signed with SIGNALER_JWT_SECRET/],
  ];
  for (const [args, given, sentence] of cases) {
    const { code, stderr } = await run(["token", ...args], given);
    expect(stderr).toMatch(sentence);
    expect(code).toBe(2);
  }
});

it("refuses to make a token that would be refused", async () => {
  const rooms = (count: number, name: string) => Array<string[]>(count).fill(["--room", name]).flat();
  const cases: [args: string[], sentence: RegExp][] = [
    [rooms(101, "r"), /refused: a claim is .* a list of at most 100/],
    [rooms(100, "r".repeat(100)), /refused: this is no JSON Web Token, or one that is too long/],
  ];
  for (const [args, sentence] of cases) {
    const { code, stdout, stderr } = await run(["token", "--user", "a", ...args], environment);
    expect(stderr).toMatch(sentence);
    expect([code, stdout]).toEqual([1, ""]);
  }
});

it("runs open in production only when that is said", async () => {
  const { code, stderr } = await run(["serve", "--port", "0"], { NODE_ENV: "production" });
  expect(code).toBe(2);
  expect(stderr).toMatch(/anyone could join any room.*SIGNALER_AUTH=open/);
  const node = await startProcess([], { NODE_ENV: "production", SIGNALER_AUTH: "open" });
  const warned = (line: string) => line.includes('"level":"warn"') && line.includes("open: anyone");
  await eventually(() => expect(node.lines.some(warned)).toBe(true));
});

it("refuses a configuration of access that contradicts itself", async () => {
  const cases: [Record<string, string>, RegExp][] = [
    [{ SIGNALER_AUTH: "token" }, /needs something to check tokens with/],
    [{ SIGNALER_AUTH: "open", ...environment }, /give SIGNALER_AUTH=token, or leave those out/],
    [{ ...environment, SIGNALER_JWKS_URL: "https://example.com" }, /exclude each other/],
    [{ SIGNALER_JWT_SECRET: "short" }, /its value \(not shown.*at least 32 characters/],
    [{ SIGNALER_JWKS_URL: "ftp://example.com" }, /give an https URL/],
    [{ SIGNALER_JWKS_URL: "https://user:short@example.com" }, /without a user or password/],
  ];
  for (const [given, sentence] of cases) {
    const { code, stderr } = await run(["serve", "--port", "0"], given);
    expect(stderr).toMatch(sentence);
    expect(stderr).not.toContain("short");
    expect(code).toBe(2);
  }
});
