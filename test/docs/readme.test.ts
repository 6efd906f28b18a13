/**
 * The examples of clients in the README and in docs/PROTOCOL.md are run as they stand.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { expect, it, onTestFinished } from "vitest";
import { startProcess } from "../harness/process.js";

const root = fileURLToPath(new URL("../../", import.meta.url));

it("shows a client that joins, sees who is there and calls", async () => {
  const output = await runExample("README.md");
  expect(output.split("\n")).toEqual([
    "alice sees alice",
    "alice is connected",
    "alice sees alice and bob",
    "offer delivered",
    "alice gets answer from bob { type: 'answer', sdp: '…' }",
    "alice is closed",
    "",
  ]);
});

it("shows in the protocol a client that does so with Socket.IO alone", async () => {
  const output = await runExample("docs/PROTOCOL.md");
  expect(output).toContain("alice sees join 200 bob join then room");
  expect(output).toContain("{ userId: 'bob', roomId: 'standup' }");
  expect(output).toContain("offer delivered");
  expect(output).toContain("alice sees answer 200 rtc answer");
});

/** Runs the document's one example in js against a node of its own, to its end; resolves to what it printed. */
async function runExample(document: string): Promise<string> {
  const [, example] = /```js\n([\s\S]*?)```/.exec(readFileSync(root + document, "utf8")) ?? [];
  if (example === undefined) throw new Error(`${document} has no example in js`);
  // Inside the package, where it finds both clients as in an app that has installed them.
  const folder = await mkdtemp(`${root}dist/.example-`);
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(`${folder}/example.mjs`, example);

  const node = await startProcess();
  const client = spawn(process.execPath, [`${folder}/example.mjs`], {
    env: { PATH: process.env["PATH"], SIGNALER_URL: node.url },
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void client.kill());
  let output = "";
  client.stdout.on("data", (chunk) => (output += chunk));
  const [code] = (await once(client, "close")) as [number];
  expect(code).toBe(0);
  return output;
}
