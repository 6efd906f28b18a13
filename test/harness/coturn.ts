/**
 * A private coturn on a free port of 127.0.0.1, over TCP, which takes credentials made with shared secrets.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { eventually } from "./eventually.js";
import { freePort } from "./redis-server.js";

/** Starts one for the running test with these secrets; resolves to its port once it takes connections. */
export async function coturnForTest(...secrets: string[]): Promise<number> {
  const port = await freePort();
  const dir = await mkdtemp(join(tmpdir(), "signaler-coturn-"));
  const args = [
    // Nothing of the machine's own coturn: neither its settings, nor its users, nor its files.
    ...["-n", "--userdb", join(dir, "users"), "--pidfile", join(dir, "pid"), "--log-file", "stdout"],
    ...["--listening-ip", "127.0.0.1", "--relay-ip", "127.0.0.1", "--listening-port", String(port)],
    ...["--no-udp", "--no-tls", "--no-dtls", "--no-cli", "--realm", "signaler.test"],
    // Relays of the same test may talk to each other.
    "--allow-loopback-peers",
    ...["--use-auth-secret", ...secrets.flatMap((secret) => ["--static-auth-secret", secret])],
  ];
  const server = spawn("turnserver", args, { stdio: ["ignore", "pipe", "pipe"] });
  const gone = once(server, "exit");
  let output = "";
  for (const stream of [server.stdout, server.stderr])
    stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
  onTestFinished(async () => {
    server.kill("SIGKILL");
    await gone;
    await rm(dir, { recursive: true, force: true });
  });
  await Promise.race([
    eventually(() => untilOpen(port)),
    gone.then(([code]) => Promise.reject(new Error(`turnserver ended with ${code}: ${output}`))),
  ]);
  return port;
}

async function untilOpen(port: number): Promise<void> {
  const socket = connect(port, "127.0.0.1");
  try {
    await once(socket, "connect");
  } finally {
    socket.destroy();
  }
}
