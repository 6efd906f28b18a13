/**
 * Every process that the benchmark starts. They end with it, however it ends; one that ends by itself ends
 * the benchmark, because what would be measured after that is something else.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

const running = new Set();

process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});
for (const [signal, status] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
  ["SIGHUP", 129],
])
  process.on(signal, () => process.exit(status));

/** Settings of the shell must not reach the servers: only what is named here, and where programs are. */
export function startProcess(command, args, { env = {}, stderr = "inherit" } = {}) {
  const child = spawn(command, args, {
    env: {
      PATH: process.env["PATH"],
      NODE_ENV: "production",
      SIGNALER_AUTH: "open",
      SIGNALER_MESSAGE_RATE: "100000",
      SIGNALER_MESSAGE_BURST: "100000",
      ...env,
    },
    stdio: ["ignore", "pipe", stderr],
  });
  running.add(child);
  child.once("error", (error) => fail(`${command} did not start: ${error.message}`));
  child.once("exit", (code, signal) => {
    if (running.delete(child)) fail(`${[command, ...args].join(" ")} ended by itself (${code ?? signal})`);
  });
  return child;
}

/** Resolves to the first thing that `pick` makes of a line of the stream. */
export function lineOf(stream, pick) {
  return new Promise((resolve) => {
    createInterface({ input: stream }).on("line", (line) => {
      const picked = pick(line);
      if (picked !== undefined) resolve(picked);
    });
  });
}

export async function stopProcess(child) {
  if (!running.delete(child)) return;
  const gone = once(child, "exit");
  child.kill("SIGKILL");
  await gone;
}

/** Once there is no sense in going on. */
export function fail(sentence) {
  console.error(`bench: ${sentence}`);
  process.exit(1);
}
