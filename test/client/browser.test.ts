/**
 * The client in a page: as built, without a bundler, in a real Chromium.
 */

import { once } from "node:events";
import { createReadStream } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { expect, it, onTestFinished } from "vitest";
import { attend } from "../harness/attendee.js";
import { browserForFile } from "../harness/browser.js";
import { redisStore, startNode, unique } from "../harness/nodes.js";
import { redisForTest } from "../harness/redis-server.js";

const root = fileURLToPath(new URL("../../", import.meta.url));

const browser = browserForFile();

const page = `<!doctype html><script type="importmap">
  { "imports": { "meeting-signaler/client": "/dist/client/index.js", "socket.io-client": "/socket.io.esm.min.js" } }
</script>`;

/** A site with the client as docs/CLIENT.md says. */
async function startSite(): Promise<string> {
  const server = createServer(({ url = "" }, response) => {
    if (url === "/") {
      response.setHeader("content-type", "text/html").end(page);
      return;
    }
    response.setHeader("content-type", "text/javascript");
    const file = url.startsWith("/dist/") ? url : `/node_modules/socket.io-client/dist${url}`;
    createReadStream(root + file)
      .on("error", () => response.writeHead(404).end())
      .pipe(response);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

async function openPage(): Promise<Page> {
  const opened = await browser().newPage();
  onTestFinished(() => opened.close());
  await opened.goto(await startSite());
  return opened;
}

it("runs in a page, where it notices at once that the network is gone, and that it is back", async () => {
  const node = await startNode(redisStore(await redisForTest()));
  const roomId = unique("room");
  const bob = await attend({ url: node.url, roomId, userId: "bob" });
  const opened = await openPage();
  const options = { url: node.url, roomId, userId: "alice" };
  // What runs in the page is text here: it is typed as an app is, in test/client/app.
  const run = (script: string) => opened.evaluate<string>(`(async () => { ${script} })()`);
  const script = `
    const { connect } = await import("meeting-signaler/client");
    // Nothing but the network being back brings it back before the test is over.
    const socketOptions = { reconnectionDelay: 3_600_000, reconnectionDelayMax: 3_600_000 };
    window.alice = connect({ ...${JSON.stringify(options)}, socketOptions });
    alice.on("message", ({ event, from }) => (window.got = event + " from " + from));
    await alice.ready;
    await alice.send("offer", "bob", { sdp: "…" });
    return [...alice.room.members.keys()].sort().join(" ");`;
  expect(await run(script)).toBe("alice bob");
  await bob.sees("alice", "bob");
  await bob.signaling.send("answer", "alice", {});
  await opened.waitForFunction('window.got === "answer from bob"');

  await opened.context().setOffline(true);
  await opened.waitForFunction('alice.state === "reconnecting"');
  await opened.context().setOffline(false);
  await opened.waitForFunction('alice.state === "connected"');
  await bob.sees("alice", "bob");
  await run("alice.close(); return alice.closed.code;");
  await bob.sees("bob");
});
