/**
 * The systems under measurement, and how to start a cluster of each: so many nodes, and a Redis of its own
 * where it needs one, so that clusters share nothing but the machine.
 */
import { once } from "node:events";
import { createServer } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { lineOf, startProcess, stopProcess } from "./processes.mjs";

const file = (path) => fileURLToPath(new URL(path, import.meta.url));

export const systems = {
  signaler: {
    title: "signaler",
    script: [
      file("../../dist/cli.js"),
      "serve",
      ...["--host", "127.0.0.1"],
      ...["--port", "0"],
      ...["--log-level", "info"],
    ],
    protocol: "socket.io",
    redis: true,
    readyPath: "/readyz",
  },
  stock: {
    title: "stock Socket.IO",
    script: [file("servers/stock.mjs")],
    protocol: "socket.io",
    redis: true,
  },
  ws: { title: "bare `ws`", script: [file("servers/bare-ws.mjs")], protocol: "json", redis: false },
};

/**
 * Starts nodes of a system, and resolves when all of them are ready for clients.
 *
 * @param env - settings that differ from what all benchmarks have.
 */
export async function startCluster(name, count, env = {}) {
  const system = systems[name];
  const redis = system.redis ? await startRedis() : undefined;
  const nodes = await Promise.all(
    Array.from({ length: count }, () => nodeIn(spawnNode(system, redis, { env }), system)),
  );
  return {
    system,
    nodes,
    redis,
    /** Starts Redis again, empty, where it was. */
    async restartRedis() {
      this.redis = await startRedis(redis.port);
    },
    async stop() {
      const all = [...nodes, ...(this.redis ? [this.redis] : [])];
      await Promise.all(all.map(({ child }) => stopProcess(child)));
    },
  };
}

/** @param flags - Node's own, before the script. */
export function spawnNode(system, redis, { flags = [], stderr = "inherit", env = {} } = {}) {
  const shared = redis === undefined ? {} : { REDIS_URL: redis.url };
  return startProcess(process.execPath, [...flags, ...system.script], { env: { ...shared, ...env }, stderr });
}

/** Resolves once the node in this process is ready for clients. */
export async function nodeIn(child, system) {
  const { port } = new URL(await lineOf(child.stdout, urlIn));
  const url = `http://127.0.0.1:${port}`;
  if (system.readyPath !== undefined) await untilAnswers(url + system.readyPath);
  return { child, pid: child.pid, url };
}

export function urlIn(line) {
  return line.startsWith("{") ? JSON.parse(line).url : undefined;
}

/** Resolves once the address answers 200. */
export async function untilAnswers(url) {
  for (;;) {
    const response = await fetch(url).catch(() => undefined);
    await response?.arrayBuffer();
    if (response?.ok) return;
    await delay(5);
  }
}

/** A Redis that keeps nothing on disk, on a free port unless one is given. */
export async function startRedis(chosenPort) {
  const port = chosenPort ?? (await freePort());
  const child = startProcess("redis-server", [
    ...["--bind", "127.0.0.1"],
    ...["--port", String(port)],
    ...["--save", ""],
    ...["--appendonly", "no"],
  ]);
  await lineOf(child.stdout, (line) => line.includes("Ready to accept connections") || undefined);
  return { child, pid: child.pid, port, url: `redis://127.0.0.1:${port}` };
}

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}
