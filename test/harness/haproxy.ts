/**
 * HAProxy in front of nodes, dealing out connections in turn: whoever comes next lands on the next node. What else is asked
 * for, such as the page, is dealt out by itself, so that it takes nobody's turn.
 */
import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished } from "vitest";
import { eventually } from "./eventually.js";
import { freePort } from "./redis-server.js";

/** Starts it for the running test; resolves to its URL once every node answers behind it. */
export async function startDealer(urls: readonly string[]): Promise<string> {
  const port = await freePort();
  const folder = await mkdtemp(join(tmpdir(), "haproxy-"));
  const servers = urls.map((url, n) => `  server node${n + 1} ${new URL(url).host}`);
  const configuration = [
    "defaults",
    "  mode http",
    "  timeout connect 1s",
    "  timeout client 60s",
    "  timeout server 60s",
    "  timeout tunnel 1h",
    "  retries 3",
    "  option redispatch 1",
    "  option httpchk GET /readyz",
    "  default-server check inter 200ms fall 1 rise 1",
    "frontend clients",
    `  bind 127.0.0.1:${port}`,
    "  use_backend connections if { path_beg /socket.io/ }",
    "  default_backend files",
    ...["connections", "files"].flatMap((name) => [`backend ${name}`, "  balance roundrobin", ...servers]),
    "",
  ];
  const file = join(folder, "haproxy.cfg");
  await writeFile(file, configuration.join("\n"));
  const haproxy = spawn("haproxy", ["-db", "-f", file], { stdio: "ignore" });
  onTestFinished(async () => {
    haproxy.kill("SIGKILL");
    await rm(folder, { recursive: true });
  });
  const url = `http://127.0.0.1:${port}`;
  await eventually(async () => expect((await fetch(`${url}/readyz`)).status).toBe(200));
  return url;
}
