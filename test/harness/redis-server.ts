/**
 * A private Redis on a free port of 127.0.0.1, without persistence.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "redis";
import { onTestFinished } from "vitest";

export interface RedisServer {
  readonly url: string;
  readonly port: number;
  /** Runs one command on a connection of its own, and returns the reply as RESP2 gives it. */
  command(...args: string[]): Promise<unknown>;
  /** Sends a signal to the server's process, such as SIGSTOP. */
  signal(signal: NodeJS.Signals): void;
  stop(): Promise<void>;
}

/** @param options - the port, a free one by default; further arguments to `redis-server`. */
export async function startRedis(options: { port?: number; args?: string[] } = {}): Promise<RedisServer> {
  const chosen = options.port ?? (await freePort());
  const dir = await mkdtemp(join(tmpdir(), "signaler-redis-"));
  const server = spawn(
    "redis-server",
    ["--bind", "127.0.0.1", "--port", String(chosen), "--save", "", "--dir", dir, ...(options.args ?? [])],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  await untilReady(server);
  const url = `redis://127.0.0.1:${chosen}`;
  return {
    url,
    port: chosen,
    async command(...args) {
      const client = createClient({ url, RESP: 2 });
      client.on("error", () => {});
      await client.connect();
      try {
        return await client.sendCommand(args);
      } finally {
        client.destroy();
      }
    },
    signal(signal) {
      server.kill(signal);
    },
    async stop() {
      if (server.exitCode === null && server.signalCode === null) {
        const gone = once(server, "exit");
        server.kill("SIGKILL");
        await gone;
      }
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** A Redis for the running test alone, stopped when it ends. */
export async function redisForTest(): Promise<RedisServer> {
  const redis = await startRedis();
  onTestFinished(() => redis.stop());
  return redis;
}

async function untilReady(server: ChildProcess): Promise<void> {
  let output = "";
  const { stdout } = server;
  if (stdout === null) throw new Error("redis-server has no output");
  await new Promise<void>((resolve, reject) => {
    stdout.on("data", (chunk: Buffer) => {
      output += chunk.toString();
      if (output.includes("Ready to accept connections")) resolve();
    });
    server.once("exit", (code) => reject(new Error(`redis-server ended with ${code}: ${output}`)));
  });
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}
