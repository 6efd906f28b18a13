/**
 * The README's example of a client is run as it stands.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { expect, it, onTestFinished } from "vitest";
import { startProcess } from "../harness/process.js";

const root = fileURLToPath(new URL("../../", import.meta.url));

it("shows a client that joins, lists and calls", async () => {
  const readme = readFileSync(`${root}README.md`, "utf8");
  const [, example] = /```js\n([\s\S]*?)```/.exec(readme) ?? [];
  if (example === undefined) throw new Error("the README has no example in js");
  // Inside the checkout, where it finds socket.io-client as an installed package would.
  const folder = await mkdtemp(`${root}node_modules/.readme-`);
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
  expect(output).toContain("alice sees join 200 bob join then room");
  expect(output).toContain("{ userId: 'bob', roomId: 'standup' }");
  expect(output).toContain("offer delivered");
  expect(output).toContain("alice sees answer 200 rtc answer");
});
