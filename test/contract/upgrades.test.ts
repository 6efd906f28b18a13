/**
 * Requests to change the protocol of a connection: only Socket.IO's are taken, and what becomes of the others
 * harms nobody.
 */
import { once } from "node:events";
import type { Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { expect, it, onTestFinished } from "vitest";
import { describeOnEachStore, startNode } from "../harness/nodes.js";
import { openTcp, upgradeRequest } from "../harness/raw-client.js";

async function requestUpgrade(url: string, path: string): Promise<Socket> {
  const socket = await openTcp(url);
  onTestFinished(() => void socket.destroy());
  socket.write(upgradeRequest(path));
  return socket;
}

describeOnEachStore("an upgrade", (store) => {
  it("is answered where there is nothing to upgrade to", async () => {
    const { url } = await startNode(store);
    const socket = await requestUpgrade(url, "/elsewhere");
    const [answer] = (await once(socket, "data")) as [Buffer];
    expect(String(answer)).toMatch(/^HTTP\/1\.1 404 /);
    await once(socket, "close");
  });

  it.each([
    "/elsewhere",
    "/healthz",
    "/socket.io",
    "/socket.io/?EIO=4&transport=websocket",
    "/socket.io/?EIO=4&transport=polling",
    "/socket.io/?EIO=4&transport=websocket&sid=unknown",
  ])("that is reset by whoever asked for it leaves the node as it is: %s", async (path) => {
    const { url } = await startNode(store);
    // The reset meets the node in different states.
    for (const ms of [0, 1, 5, 20]) {
      const socket = await requestUpgrade(url, path);
      await delay(ms);
      socket.resetAndDestroy();
    }
    await delay(50);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
  });
});
