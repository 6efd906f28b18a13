/**
 * `meeting-signaler/client` as apps get it: what it needs, what its types promise, and that nothing of it is left
 * when it is closed.
 */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it, onTestFinished } from "vitest";
import { startProcess } from "../harness/process.js";
import { freePort } from "../harness/redis-server.js";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** What the file imports or exports from, also for its side effects alone, or only when it is called for. */
const importsOf = (file: string): string[] =>
  [...readFileSync(file, "utf8").matchAll(/(?:\bfrom |\bimport |\bimport\()"([^"]+)"/g)].map(
    ([, from = ""]) => from,
  );

it("needs nothing but socket.io-client, and of the protocol what is neither Node's nor the server's", () => {
  const client = `${root}src/client/`;
  const pure = ["envelope", "events", "failures", "objects"].map((name) => `${root}src/protocol/${name}.ts`);
  const own = readdirSync(client, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => client + name);
  for (const file of [...own, ...pure])
    for (const from of importsOf(file)) {
      const target = resolve(dirname(file), from).replace(/\.js$/, ".ts");
      const within = pure.includes(target) || (own.includes(file) && own.includes(target));
      const isWelcome = from === "socket.io-client" || (from.startsWith(".") && within);
      expect([file, from, isWelcome]).toEqual([file, from, true]);
    }
});

it("has types that hold an app to the protocol, in a page as well", () => {
  const tsc = `${root}node_modules/.bin/tsc`;
  const { stdout, status } = spawnSync(tsc, ["-p", `${root}test/client/app`], { encoding: "utf8" });
  expect([stdout, status]).toEqual(["", 0]);
});

/** Where the client is when it is closed. */
const moments = {
  "while it connects": "",
  "in the room": "await signaling.ready;",
  "while it waits to try again": 'await new Promise((resolve) => signaling.on("retrying", resolve));',
  "while it takes in who is there": `await new Promise((resolve) =>
      signaling.room.on("join", () => {
        signaling.close();
        resolve();
      }),
    );`,
};

it.each(Object.entries(moments))(
  "leaves nothing that keeps a process alive when it is closed %s",
  async (moment, wait) => {
    const url = moment.includes("again")
      ? `http://127.0.0.1:${await freePort()}`
      : (await startProcess()).url;
    const script = `
    import { connect } from "meeting-signaler/client";
    const socketOptions = { reconnectionDelay: 60_000, reconnectionDelayMax: 60_000, timeout: 60_000 };
    const options = { sendTimeoutMs: 60_000, socketOptions };
    const signaling = connect({ url: ${JSON.stringify(url)}, roomId: "room", userId: "alice", ...options });
    const code = (promise) => promise.catch((error) => error.code);
    ${wait}
    const sent = code(signaling.send("offer", "bob", {}));
    signaling.close();
    console.log(signaling.state, await sent, await code(signaling.send("offer", "bob", {})));
    process.on("exit", () => console.log("exit by itself"));`;
    const child = spawn(process.execPath, ["--input-type=module", "--eval", script], {
      cwd: root,
      stdio: ["ignore", "pipe", "inherit"],
    });
    onTestFinished(() => void child.kill("SIGKILL"));
    let output = "";
    child.stdout.on("data", (chunk) => (output += chunk));
    const startedAt = performance.now();
    const [code] = (await once(child, "close")) as [number];
    expect([code, output]).toEqual([
      0,
      expect.stringMatching(/^closed (left|unconfirmed) left\nexit by itself\n$/),
    ]);
    // Sooner than any of the client's timers would have been over.
    expect(performance.now() - startedAt).toBeLessThan(20_000);
  },
);
