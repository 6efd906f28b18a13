// Asks the cluster how it is, from inside its network. Each command prints a plain answer, or checks something.
import assert from "node:assert/strict";
import { lookup } from "node:dns/promises";
import { setTimeout as delay } from "node:timers/promises";
import { check } from "./check.mjs";
import { Client } from "./client.mjs";

const proxy = "http://haproxy:18080";
const patienceMs = 60_000;

const commands = {
  /** Waits until so many nodes say that they are ready, and the proxy sends clients to just these. */
  async ready(count) {
    await check(`${count} nodes are ready, and the proxy knows`, async () => {
      const startedAt = Date.now();
      for (;;) {
        const [atProxy, own] = [await readyAtProxy(), await readyNodes()];
        if (atProxy === Number(count) && own.length === Number(count)) break;
        if (Date.now() - startedAt > patienceMs)
          throw new Error(`the proxy has ${atProxy}, and there are ${own.length}`);
        await delay(100);
      }
      return `after ${seconds(startedAt)}`;
    });
  },

  /** How many addressed messages stayed on their node, and how many went to another: "LOCAL REMOTE". */
  async paths() {
    const pages = await Promise.all((await addresses()).map(metrics));
    const sum = (path) =>
      pages.reduce((total, page) => total + read(page, `signaler_relay_seconds_count{path="${path}"}`), 0);
    console.log(sum("local"), sum("remote"));
  },

  /** Two users whom the proxy takes to different nodes when it cannot see a room. */
  async strangers() {
    const alice = "alice";
    const node = await landing({ userId: alice });
    for (let n = 0; ; n += 1) {
      const bob = `bob-${n}`;
      if ((await landing({ userId: bob })) !== node) return console.log(alice, bob);
    }
  },

  /** A room that the proxy takes to the node of this address. */
  async "room-on"(address) {
    for (let n = 0; ; n += 1) {
      const roomId = `room on ${address} #${n}`;
      if ((await landing({ userId: "scout", roomId })) === address) return console.log(roomId);
    }
  },

  /** The nodes were given this room capacity. */
  async capacity(members) {
    await check(`a room takes ${members} members, as the environment says`, async () => {
      const clients = [];
      for (let n = 0; n <= Number(members); n += 1) {
        const client = new Client(proxy, { user: `member ${n}`, room: "small", transport: "websocket" });
        clients.push(client);
        await client.connected();
        if (n < Number(members)) await client.expectJoin(client.member);
        else await client.expectFailure("room_full");
      }
      for (const { socket } of clients) socket.disconnect();
    });
  },

  /** What the proxy shows to the world. */
  async front() {
    const status = async (path) => (await fetch(proxy + path)).status;
    await check("the proxy tells that it is well, and nothing of the nodes", async () => {
      assert.equal(await status("/healthz"), 200);
      assert.equal(await status("/readyz"), 404);
      assert.equal(await status("/metrics"), 404);
      assert.equal(await status("/admin"), 404);
      assert.equal(await status("/stats"), 404);
    });
    await check("the meeting page is behind it, with all that it needs", async () => {
      const page = await (await fetch(`${proxy}/?room=standup`)).text();
      const files = [...page.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map(([, path]) => path);
      assert.ok(files.some((path) => path.endsWith(".js")) && files.some((path) => path.endsWith(".css")));
      for (const path of files) assert.equal(await status(path), 200, path);
      return `${files.length} files`;
    });
  },

  /** Nobody can connect: Redis is away. */
  async closed() {
    await check("the proxy turns newcomers away at once", async () => {
      assert.equal((await fetch(`${proxy}/healthz`)).status, 503);
      assert.equal((await fetch(`${proxy}/socket.io/?EIO=4&transport=polling&userId=x`)).status, 503);
    });
  },

  /** Rooms spread over the nodes, and each room has one. */
  async spread() {
    await check("60 rooms spread over all nodes", async () => {
      const rooms = new Map((await addresses()).map((address) => [address, 0]));
      for (let n = 0; n < 60; n += 1) {
        const address = await landing({ userId: "scout", roomId: `spread ${n}` });
        rooms.set(address, rooms.get(address) + 1);
      }
      assert.ok([...rooms.values()].every((count) => count > 0));
      return [...rooms.values()].join(" + ");
    });
  },

  /** Many connect at once, none of whom tries twice. */
  async newcomers() {
    await check("30 newcomers get in at the first attempt", async () => {
      const startedAt = Date.now();
      const clients = Array.from({ length: 30 }, (_, n) => {
        const transport = n % 2 === 0 ? "polling" : "websocket";
        return new Client(proxy, { user: "newcomer", room: `newcomers ${n}`, transport });
      });
      await Promise.all(
        clients.map(async (client) => {
          await client.connected();
          await client.expectJoin(client.member);
        }),
      );
      for (const { socket } of clients) socket.disconnect();
      return `the last after ${seconds(startedAt)}`;
    });
  },
};

/** The nodes' addresses, as Docker's DNS has them. */
async function addresses() {
  return (await lookup("signaler", { all: true, family: 4 })).map(({ address }) => address).sort();
}

async function readyNodes() {
  const all = await addresses().catch(() => []);
  const answers = await Promise.all(all.map((address) => isReady(address)));
  return all.filter((_, n) => answers[n]);
}

async function isReady(address) {
  try {
    const signal = AbortSignal.timeout(1_000);
    return (await fetch(`http://${address}:18080/readyz`, { signal })).ok;
  } catch {
    return false;
  }
}

/** None, as long as the proxy itself does not answer. */
async function readyAtProxy() {
  try {
    const page = await (await fetch("http://haproxy:8404/metrics")).text();
    return read(page, 'haproxy_backend_active_servers{proxy="signaler"}');
  } catch {
    return 0;
  }
}

async function metrics(address) {
  return (await fetch(`http://${address}:18080/metrics`)).text();
}

function read(page, name) {
  const line = page.split("\n").find((line) => line.startsWith(`${name} `));
  // What has never been counted is not there.
  return line === undefined ? 0 : Number(line.slice(name.length));
}

/**
 * The address of the node to which the proxy takes a connection with this query: the one that has a connection
 * more. Nobody else connects meanwhile; but somebody may just be leaving, and then it is tried again.
 */
async function landing(query) {
  const nodes = await addresses();
  // Writes a space as "+", where Socket.IO's client writes "%20": the proxy has to take both for the same.
  const url = `${proxy}/socket.io/?${new URLSearchParams({ EIO: "4", transport: "polling", ...query })}`;
  for (;;) {
    const before = await connections(nodes);
    const { sid } = JSON.parse((await (await fetch(url)).text()).slice(1));
    const after = await connections(nodes);
    // Engine.IO's packet "close"; a node that did not know the session would answer 400.
    assert.equal((await fetch(`${url}&sid=${sid}`, { method: "POST", body: "1" })).status, 200);
    const node = nodes.find((_, n) => after[n] > before[n]);
    if (node !== undefined) return node;
  }
}

async function connections(nodes) {
  const pages = await Promise.all(nodes.map(metrics));
  return pages.map((page) => read(page, "signaler_connections"));
}

function seconds(since) {
  return `${((Date.now() - since) / 1000).toFixed(1)} s`;
}

const [command, ...args] = process.argv.slice(2);
await commands[command](...args);
