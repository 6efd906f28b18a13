/**
 * Servers of others that tests run against, as processes of their own.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { eventually } from "./eventually.js";

export interface ServerProgram {
  /** What it has written by now. */
  readonly output: string;
}

/**
 * Starts a program for the running test; resolves once `ready` does.
 *
 * @throws Error with what the program has written, if it ends before.
 */
export async function startProgram(
  program: string,
  args: readonly string[],
  ready: () => Promise<unknown>,
): Promise<ServerProgram> {
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
  const gone = once(child, "exit");
  onTestFinished(async () => {
    child.kill("SIGTERM");
    await gone;
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
  await Promise.race([
    ready(),
    gone.then(([code]) => {
      throw new Error(`${program} ended with ${code}: ${output}`);
    }),
  ]);
  return {
    get output() {
      return output;
    },
  };
}

/** A folder that is removed when the running test is over, and what was started after it has ended. */
export async function folderForTest(prefix: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), prefix));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Waits until something takes connections at this port of 127.0.0.1. */
export function untilOpen(port: number): Promise<void> {
  return eventually(async () => {
    const socket = connect(port, "127.0.0.1");
    try {
      await once(socket, "connect");
    } finally {
      socket.destroy();
    }
  });
}
