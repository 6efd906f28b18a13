/**
 * The command `meeting-signaler` as a process of its own, as built.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";

const command = fileURLToPath(new URL("../../dist/cli.js", import.meta.url));

type Environment = Readonly<Record<string, string>>;

interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface SignalerProcess {
  readonly pid: number;
  /** Resolves when the process has ended, for whatever reason. */
  readonly ended: Promise<unknown>;
  readonly url: string;
  /** The log line in which it says where it listens. */
  readonly announcement: Readonly<Record<string, unknown>>;
  /** Every line that it has logged. */
  readonly lines: readonly string[];
  /** What it has written to its standard error. */
  readonly complaints: readonly string[];
  kill(signal: NodeJS.Signals): void;
  /** Sends the signal and resolves once the process has ended. */
  stop(signal: NodeJS.Signals): Promise<Exit>;
}

/** Starts a node on a free port of 127.0.0.1 for the running test; resolves once it listens. */
export async function startProcess(
  flags: string[] = [],
  environment: Environment = {},
): Promise<SignalerProcess> {
  const child = spawnCommand(["serve", "--host", "127.0.0.1", "--port", "0", ...flags], environment);
  onTestFinished(() => void child.kill("SIGKILL"));
  const lines: string[] = [];
  const complaints: string[] = [];
  child.stderr?.on("data", (chunk) => complaints.push(String(chunk)));
  const { stdout } = child;
  if (stdout === null) throw new Error("the process has no output");
  const announcement = await new Promise<Record<string, unknown>>((resolve, reject) => {
    createInterface(stdout).on("line", (line) => {
      lines.push(line);
      const entry = JSON.parse(line) as Record<string, unknown>;
      if (typeof entry["url"] === "string") resolve(entry);
    });
    child.once("exit", (code) => reject(new Error(`the node ended with ${code}: ${lines.join("\n")}`)));
  });
  return {
    pid: child.pid ?? 0,
    ended: once(child, "exit"),
    url: String(announcement["url"]),
    announcement,
    lines,
    complaints,
    kill: (signal) => void child.kill(signal),
    async stop(signal) {
      if (child.exitCode !== null || child.signalCode !== null)
        return { code: child.exitCode, signal: child.signalCode };
      const exit = once(child, "close");
      child.kill(signal);
      const [code, endedBy] = (await exit) as [number | null, NodeJS.Signals | null];
      return { code, signal: endedBy };
    },
  };
}

/** Runs the command to its end. */
export async function run(
  args: string[],
  environment: Environment = {},
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawnCommand(args, environment);
  let [stdout, stderr] = ["", ""];
  child.stdout?.on("data", (chunk) => (stdout += chunk));
  child.stderr?.on("data", (chunk) => (stderr += chunk));
  const [code] = (await once(child, "close")) as [number | null];
  return { code, stdout, stderr };
}

/** With nothing of this process's own environment that could be configuration. */
export function spawnCommand(args: string[], environment: Environment): ChildProcess {
  return spawn(process.execPath, [command, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: process.env["PATH"], ...environment },
  });
}
