#!/usr/bin/env node
/**
 * The command `meeting-signaler`. The only file that reads arguments and environment, prints, and ends the process.
 */
import { readFileSync } from "node:fs";
import { helpText } from "./config/help.js";
import { ConfigError, loadConfig } from "./config/load-config.js";
import { SignalingFailure } from "./protocol/failures.js";
import type { Signaler } from "./signaler.js";

const exitFailed = 1;
const exitBadConfig = 2;
/** The log's last lines may take so long to be written. */
const logMs = 500;

async function main([command, ...flags]: string[]): Promise<void> {
  if (command === "--version" || command === "-v") {
    console.log(version());
  } else if (command === undefined || command === "--help" || command === "-h" || asksForHelp(flags)) {
    console.log(helpText());
  } else if (command === "serve") {
    await serve(flags);
  } else if (command === "token") {
    await token(flags);
  } else {
    throw new ConfigError(`there is no command ${JSON.stringify(command)}. Run meeting-signaler --help.`);
  }
}

function asksForHelp(flags: readonly string[]): boolean {
  return flags.includes("--help") || flags.includes("-h");
}

async function serve(flags: string[]): Promise<void> {
  const config = loadConfig(flags, process.env);
  let signaler: Signaler | undefined;
  let asked = 0;
  const stop = () => {
    asked += 1;
    // Asked a second time, whoever asks does not want to wait.
    if (asked > 1) process.exit(exitFailed);
    if (signaler !== undefined) end(signaler);
  };
  // Before anything that takes time, so that a node can be stopped while it starts.
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);

  const { startSignaler } = await import("./signaler.js");
  signaler = await startSignaler(config);
  announce(signaler);
  if (asked > 0) end(signaler);
}

async function token(flags: string[]): Promise<void> {
  const { describeRefusal, tokenCommand } = await import("./token-command.js");
  try {
    console.log(await tokenCommand(flags, process.env));
  } catch (error) {
    throw error instanceof SignalingFailure ? new Error(`refused: ${describeRefusal(error)}`) : error;
  }
}

function end(signaler: Signaler): void {
  signaler
    .close()
    .then(() => written(signaler.log))
    .then(
      () => process.exit(0),
      (error: unknown) => fail(error),
    );
}

/** When the log is written, or cannot be: what is left at exit is tried for ever where nobody reads it any more. */
function written(log: Signaler["log"]): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, logMs);
    log.flush(() => resolve());
  });
}

/** Says where it listens, on what, and what is open: in the log, and for a person at a terminal. */
function announce({ log, url, store, nodeId, auth, hasPage }: Signaler): void {
  log.info({ url, path: "/socket.io", store, auth, version: version() }, `listening on ${url}`);
  if (auth === "open")
    log.warn("open: anyone who reaches this node can join any room under any name; see SIGNALER_AUTH");
  if (!process.stdout.isTTY) return;
  console.log(`
  meeting-signaler ${version()}, node ${nodeId}

  listening  ${url} (Socket.IO v4 at /socket.io)
  store      ${store}
  ${auth === "open" ? "open       anyone who reaches this port can join any room under any name: see SIGNALER_AUTH" : "closed     to those without a token"}
  meeting    ${hasPage ? `${url}/` : "no page here"}
  operating  ${url}/healthz  /readyz  /metrics
`);
}

function version(): string {
  const manifest = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
    version: string;
  };
  return manifest.version;
}

function fail(error: unknown): never {
  const sentence = describe(error);
  console.error(`meeting-signaler: ${sentence}`);
  process.exit(error instanceof ConfigError ? exitBadConfig : exitFailed);
}

/** What went wrong and, where that is known, what to do. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code, port, address } = error as NodeJS.ErrnoException & { port?: number; address?: string };
  if (code === "EADDRINUSE")
    return `port ${port} is taken. Stop what listens there, or choose another with --port (0 takes a free one).`;
  if (code === "EACCES")
    return `port ${port} may not be opened by this user. Choose one above 1023 with --port.`;
  if (code === "EADDRNOTAVAIL" || code === "ENOTFOUND")
    return `${address ?? "the host"} is no address of this machine. Choose another with --host, or leave it out.`;
  return error.message;
}

main(process.argv.slice(2)).catch(fail);
