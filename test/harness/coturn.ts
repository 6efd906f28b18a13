/**
 * A private coturn on a free port of 127.0.0.1, over TCP, which takes credentials made with shared secrets.
 */
import { join } from "node:path";
import { freePort } from "./redis-server.js";
import { folderForTest, startProgram, untilOpen } from "./server-program.js";

/** Starts one for the running test with these secrets; resolves to its port once it takes connections. */
export async function coturnForTest(...secrets: string[]): Promise<number> {
  const port = await freePort();
  const dir = await folderForTest("signaler-coturn-");
  const args = [
    // Nothing of the machine's own coturn: neither its settings, nor its users, nor its files.
    ...["-n", "--userdb", join(dir, "users"), "--pidfile", join(dir, "pid"), "--log-file", "stdout"],
    ...["--listening-ip", "127.0.0.1", "--relay-ip", "127.0.0.1", "--listening-port", String(port)],
    ...["--no-udp", "--no-tls", "--no-dtls", "--no-cli", "--realm", "signaler.test"],
    // Relays of the same test may talk to each other.
    "--allow-loopback-peers",
    ...["--use-auth-secret", ...secrets.flatMap((secret) => ["--static-auth-secret", secret])],
  ];
  await startProgram("turnserver", args, () => untilOpen(port));
  return port;
}
