/**
 * The command as people run it: real processes, their output, their exit codes.
 */
import { once } from "node:events";
import { expect, it, onTestFinished } from "vitest";
import { connect } from "../harness/client.js";
import { eventually } from "../harness/eventually.js";
import { unique } from "../harness/nodes.js";
import { run, spawnCommand, startProcess } from "../harness/process.js";
import { redisForTest } from "../harness/redis-server.js";

it("starts by itself on the embedded store, and says where it listens, on what, and what is open", async () => {
  const node = await startProcess();
  expect(node.announcement).toMatchObject({
    url: node.url,
    path: "/socket.io",
    store: "embedded (this process only)",
    auth: "open",
    node: expect.any(String),
  });
  const roomId = unique("room");
  const alice = await connect(node.url, { userId: "alice", roomId });
  const bob = await connect(node.url, { userId: "bob", roomId });
  expect((await alice.ask("call", { targetUid: "bob" })).status).toBe(200);
  await bob.next("call");
});

it("carries a call between processes that share a Redis, and cleans up at SIGTERM", async () => {
  const redis = await redisForTest();
  const [first, second] = await Promise.all([
    startProcess(["--redis-url", redis.url]),
    startProcess([], { REDIS_URL: redis.url }),
  ]);
  const roomId = unique("room");
  const alice = await connect(first.url, { userId: "alice", roomId });
  const bob = await connect(second.url, { userId: "bob", roomId });
  await alice.next("join");
  expect((await alice.ask("offer", { targetUid: "bob", sdp: "v=0 secret-sdp" })).status).toBe(200);
  expect((await bob.next("offer")).data.sdp).toBe("v=0 secret-sdp");

  expect(await second.stop("SIGTERM")).toEqual({ code: 0, signal: null });
  expect((await alice.next("leave")).data.userId).toBe("bob");
  expect(await bob.ended).toBe("transport close");
  expect(await redis.command("HKEYS", `meeting-room::${roomId}`)).toEqual(["alice"]);
  expect(await first.stop("SIGINT")).toEqual({ code: 0, signal: null });
  expect(await redis.command("KEYS", "*")).toEqual([]);

  for (const { lines } of [first, second]) {
    expect(lines.join("\n")).not.toContain("secret-sdp");
    for (const line of lines) expect(JSON.parse(line)).toHaveProperty("node");
  }
});

it("ends cleanly when it is stopped before it listens", async () => {
  const redis = await redisForTest();
  // Tells when the process begins to hear SIGTERM, which must be before it does anything that takes time.
  const hook = "process.on('newListener', (name) => name === 'SIGTERM' && process.stderr.write('hears'))";
  const environment = {
    REDIS_URL: redis.url,
    NODE_OPTIONS: `--import=data:text/javascript,${encodeURI(hook)}`,
  };
  const child = spawnCommand(["serve", "--host", "127.0.0.1", "--port", "0"], environment);
  onTestFinished(() => void child.kill("SIGKILL"));
  let output = "";
  child.stdout?.on("data", (chunk) => (output += chunk));
  await new Promise((resolve) => child.stderr?.once("data", resolve));
  expect(output).toBe("");
  const exit = once(child, "close");
  child.kill("SIGTERM");
  expect(await exit).toEqual([0, null]);
  expect(await redis.command("KEYS", "*")).toEqual([]);
});

it("does not wait when it is asked to end a second time", async () => {
  const redis = await redisForTest();
  const node = await startProcess([], { REDIS_URL: redis.url, SIGNALER_DRAIN_MS: "60000" });
  const roomId = unique("room");
  await connect(node.url, { userId: "alice", roomId });
  redis.signal("SIGSTOP");
  const ended = node.stop("SIGTERM");
  await eventually(() => expect(node.lines.some((line) => line.includes('"closing"'))).toBe(true));
  node.kill("SIGTERM");
  expect(await ended).toEqual({ code: 1, signal: null });
});

it("listens before Redis is there, says that it is not ready, and becomes so", async () => {
  const redis = await redisForTest();
  const { port } = redis;
  await redis.stop();
  const node = await startProcess([], { REDIS_URL: `redis://:p4ssw0rd@127.0.0.1:${port}` });
  expect((await fetch(`${node.url}/healthz`)).status).toBe(200);
  const notReady = await fetch(`${node.url}/readyz`);
  expect(notReady.status).toBe(503);
  expect(await notReady.json()).toMatchObject({
    status: "not ready",
    reasons: expect.arrayContaining(["redis is not connected"]),
    store: `redis://127.0.0.1:${port}`,
  });
  expect(node.lines.join("\n")).not.toContain("p4ssw0rd");
});

it("answers what operators ask over HTTP", async () => {
  const redis = await redisForTest();
  const node = await startProcess([], { REDIS_URL: redis.url });
  await eventually(async () => expect((await fetch(`${node.url}/readyz`)).status).toBe(200));
  expect(await (await fetch(`${node.url}/readyz`)).json()).toMatchObject({
    status: "ready",
    reasons: [],
    auth: "open",
  });
  const roomId = unique("secret-room");
  const alice = await connect(node.url, { userId: "secret-user", roomId });
  await connect(node.url, { userId: "bob", roomId });
  await alice.ask("candidate", { targetUid: "bob" });
  await alice.ask("candidate", { targetUid: "nobody" });
  await alice.ask("sing", {});

  const metrics = await (await fetch(`${node.url}/metrics`)).text();
  for (const line of [
    "signaler_connections 2",
    "signaler_rooms 1",
    "signaler_members 2",
    'signaler_addressed_messages_total{event="candidate",outcome="delivered"} 1',
    'signaler_addressed_messages_total{event="candidate",outcome="offline"} 1',
    'signaler_rejections_total{code="unknown_event"} 1',
    'signaler_relay_seconds_count{path="local"} 1',
    'signaler_redis_command_seconds_count{command="join"} 2',
  ])
    expect(metrics).toContain(line);
  expect(metrics).not.toContain("secret-");

  expect((await fetch(`${node.url}/nothing`)).status).toBe(404);
  expect((await fetch(`${node.url}/healthz`, { method: "POST" })).status).toBe(405);
});

it("ends when told to, though nobody reads its log any more", async () => {
  const child = spawnCommand(["serve", "--host", "127.0.0.1", "--port", "0"], {});
  onTestFinished(() => void child.kill("SIGKILL"));
  let said = "";
  child.stdout?.on("data", (chunk) => (said += chunk));
  await eventually(() => expect(said).toContain('"ready"'));
  child.stdout?.destroy();
  child.kill("SIGTERM");
  expect(await once(child, "exit")).toEqual([0, null]);
});

it("refuses what is not configuration with exit code 2 and a sentence that helps", async () => {
  const cases: [args: string[], environment: Record<string, string>, sentence: RegExp][] = [
    [
      ["serve", "--port", "80800"],
      {},
      /^meeting-signaler: --port: "80800" is not accepted; give a whole number/,
    ],
    [["serve"], { SIGNALER_PORT: "http" }, /SIGNALER_PORT: "http" is not accepted; give a whole number/],
    [["serve", "--duplicates", "both"], {}, /--duplicates: "both" is not accepted; give replace or reject/],
    [["serve"], { SIGNALER_ORIGINS: "https://a.example/path" }, /SIGNALER_ORIGINS: .* give \* or origins/],
    [["serve"], { REDIS_URL: "http://:hunter2@host" }, /REDIS_URL: its value \(not shown.*redis:\/\//],
    [["serve", "--prot", "1"], {}, /Unknown option '--prot'.*--help/],
    [["serve", "--port", "-1"], {}, /'--port' argument is ambiguous\. Run .*--help/],
    [["token", "--user", "-a"], {}, /'--user' argument is ambiguous\. Run .*--help/],
    [["serve", "extra"], {}, /extra/],
    [["server"], {}, /there is no command "server".*--help/],
  ];
  for (const [args, environment, sentence] of cases) {
    const { code, stderr, stdout } = await run(args, environment);
    expect({ args, code, stdout }).toEqual({ args, code: 2, stdout: "" });
    expect(stderr).toMatch(sentence);
    expect(stderr).not.toContain("hunter2");
    expect(stderr.trim().split("\n")).toHaveLength(1);
  }
});

it("lets a flag win over the environment, and the environment over the default", async () => {
  const node = await startProcess(["--log-level", "info"], { SIGNALER_LOG_LEVEL: "silent" });
  expect(node.announcement).toHaveProperty("url");
});

it("says which port is taken", async () => {
  const node = await startProcess();
  const port = new URL(node.url).port;
  const { code, stderr } = await run(["serve", "--host", "127.0.0.1", "--port", port]);
  expect(code).toBe(1);
  expect(stderr).toContain(`port ${port} is taken`);
});

it("helps: every setting, and examples at the end", async () => {
  const { code, stdout } = await run(["--help"]);
  expect(code).toBe(0);
  for (const setting of ["--port", "SIGNALER_PORT", "REDIS_URL", "--roster-event", "(default 18080)"])
    expect(stdout).toContain(setting);
  expect(stdout.indexOf("Examples:")).toBeGreaterThan(stdout.indexOf("--log-level"));
  expect((await run(["--version"])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
});
