/**
 * HAProxy in front of nodes, dealing out connections in turn: whoever comes next lands on the next node. What else is asked
 * for, such as the page, is dealt out by itself, so that it takes nobody's turn.
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import { eventually } from "./eventually.js";
import { freePort } from "./redis-server.js";
import { folderForTest, startProgram } from "./server-program.js";

/** Starts it for the running test; resolves to its URL once a node answers behind it. */
export async function startDealer(urls: readonly string[]): Promise<string> {
  const port = await freePort();
  const folder = await folderForTest("signaler-haproxy-");
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
  const url = `http://127.0.0.1:${port}`;
  await startProgram("haproxy", ["-db", "-f", file], () =>
    eventually(async () => expect((await fetch(`${url}/readyz`)).status).toBe(200)),
  );
  return url;
}
