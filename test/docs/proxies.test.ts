/**
 * Proxies in front of two nodes, configured as docs/PROXIES.md says and as the compose file does: with plain
 * servers in the nodes' place, and with nodes.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connect, open } from "../harness/client.js";
import { type Echo, type EchoNode, startEchoNode } from "../harness/echo-node.js";
import { eventually } from "../harness/eventually.js";
import { composeHaproxy, type HttpsProxy, haproxy, nginx, startProxy } from "../harness/https-proxy.js";
import { redisStore, startNodes, type TestNode, unique } from "../harness/nodes.js";
import { type RedisServer, startRedis } from "../harness/redis-server.js";

let redis: RedisServer;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());

/** What clients may use, in the order in which they try. */
const transportLists = ["websocket", "polling", "polling,websocket"];

describe.each([haproxy, nginx, composeHaproxy])("$name", (kind) => {
  describe("in front of what echoes requests", () => {
    async function start(): Promise<{ nodes: [EchoNode, EchoNode]; proxy: HttpsProxy }> {
      const nodes: [EchoNode, EchoNode] = [await startEchoNode(), await startEchoNode()];
      const proxy = await startProxy(
        kind,
        nodes.map(({ url }) => url),
      );
      return { nodes, proxy };
    }

    it("keeps from the outside what is for operators, however it is asked for", async () => {
      const { nodes, proxy } = await start();
      const plain = ["/readyz", "/metrics", "/admin", "/admin/rooms"];
      const disguised = ["/metrics?a=b", "/ADMIN", "/%61dmin", "/x/../admin", "//metrics", "/./admin/"];
      // The compose file's proxy tells there how it is itself.
      const health = kind === composeHaproxy ? [] : ["/healthz"];
      for (const path of [...plain, ...disguised, ...health])
        expect([path, (await proxy.request(path)).status]).toEqual([path, 404]);
      expect((await proxy.request("/socket.io/?userId=metrics&roomId=%2Fadmin")).status).toBe(200);
      expect(nodes.flatMap(({ asked }) => asked)).toEqual(["/socket.io/?userId=metrics&roomId=%2Fadmin"]);
    });

    it("tells nodes the address that a client has, not the one it says it has", async () => {
      const { proxy } = await start();
      const upgrade = {
        connection: "Upgrade",
        upgrade: "websocket",
        "sec-websocket-version": "13",
        "sec-websocket-key": "MDEyMzQ1Njc4OWFiY2RlZg==",
      };
      for (const headers of [{}, upgrade])
        for (const forged of [undefined, "203.0.113.7", "203.0.113.7, 10.1.2.3", "127.0.0.1, 203.0.113.7"]) {
          const given = { ...headers, ...(forged !== undefined && { "x-forwarded-for": forged }) };
          const { status, body } = await proxy.request("/socket.io/?userId=mallory", { headers: given });
          const echo = JSON.parse(body) as Echo;
          expect(echo.headers["x-forwarded-for"]).toBe("127.0.0.1");
          expect([status, echo.headers["upgrade"]]).toEqual(
            headers === upgrade ? [426, "websocket"] : [200, undefined],
          );
        }
    });

    it("takes a room to one node, without one a user, without either an address", async () => {
      const { proxy } = await start();
      const numbers = Array.from({ length: 20 }, (_, n) => n);
      const nodesOf = async (queries: string[], method = "GET") =>
        new Set(await Promise.all(queries.map((query) => landing(proxy, query, method))));

      for (const key of ["roomId=a%20room", "userId=alice", "roomId=&userId=alice"]) {
        const others = key.includes("userId") ? "" : "&userId=";
        const queries = numbers.map((n) => `${key}${others && others + n}&t=${n}`);
        const [node, ...more] = await nodesOf(queries);
        expect(more).toEqual([]);
        const later = queries.map((query) => `${query}&sid=abc`);
        expect(await nodesOf([...later, ...later], "POST")).toEqual(new Set([node]));
      }
      expect(await nodesOf(numbers.map((n) => `t=${n}`))).toHaveProperty("size", 1);
      expect(await nodesOf(numbers.map((n) => `roomId=room-${n}&userId=alice`))).toHaveProperty("size", 2);
      expect(await nodesOf(numbers.map((n) => `userId=user-${n}`))).toHaveProperty("size", 2);
    });

    it("goes round a node that is gone, at the first request, and logs no query", async () => {
      const { nodes, proxy } = await start();
      const [gone, left] = nodes;
      await gone.stop();
      for (let n = 0; n < 20; n += 1) {
        const query = `roomId=room-${n}&userId=alice&token=hush`;
        expect(await landing(proxy, query, n % 2 === 0 ? "GET" : "POST")).toBe(left.url);
      }
      await left.stop();
      await eventually(async () => {
        expect((await proxy.request("/socket.io/?userId=alice&token=hush")).status).toBeGreaterThan(500);
        expect(proxy.logged()).toContain("/socket.io/");
      });
      expect(proxy.logged()).not.toContain("hush");
    });

    // Open-source nginx asks no node how it is.
    if (kind.checksNodes)
      it("sends newcomers to nodes that are ready, and leaves the others what they have", async () => {
        const { nodes, proxy } = await start();
        const [resting, ready] = nodes;
        const rooms = Array.from({ length: 20 }, (_, n) => `roomId=room-${n}`);
        const before = new Map<string, string>();
        for (const room of rooms) before.set(room, await landing(proxy, room));
        resting.ready = false;
        await eventually(async () => {
          for (let n = 0; n < 20; n += 1) expect(await landing(proxy, `userId=new-${n}`)).toBe(ready.url);
        });
        for (const room of rooms) expect(await landing(proxy, `${room}&sid=abc`)).toBe(before.get(room));
      });
  });

  describe("in front of nodes", () => {
    async function start(): Promise<{ nodes: TestNode[]; proxy: HttpsProxy }> {
      const nodes = await startNodes(redisStore(redis), 2);
      const proxy = await startProxy(
        kind,
        nodes.map(({ url }) => url),
      );
      return { nodes, proxy };
    }

    it.each(transportLists)("carries a call within a room (%s)", async (list) => {
      const { nodes, proxy } = await start();
      const options = { transports: list.split(","), ca: proxy.ca };
      const roomId = unique("room");
      const alice = await connect(proxy.url, { userId: "alice", roomId }, options);
      const bob = await connect(proxy.url, { userId: "bob", roomId }, options);
      expect((await Promise.all(nodes.map(connections))).sort()).toEqual([0, 2]);
      for (const { socket } of [alice, bob])
        await eventually(() => expect(socket.io.engine.transport.name).toBe(options.transports.at(-1)));

      // Longer than what proxies keep in memory of a request, and many: each poll on a connection of its own.
      const sdp = "a=candidate ".repeat(4_000);
      for (let n = 0; n < 10; n += 1) {
        const receipt = await alice.ask("offer", { targetUid: "bob", n, offer: { sdp } });
        expect(receipt.msg).toBe("delivered");
        expect((await bob.next("offer")).data).toEqual({
          targetUid: "bob",
          userId: "alice",
          n,
          offer: { sdp },
        });
        expect((await bob.ask("answer", { targetUid: "alice", n })).msg).toBe("delivered");
        expect((await alice.next("answer")).data.n).toBe(n);
      }
      expect(alice.socket.connected && bob.socket.connected).toBe(true);
    });

    it.each(transportLists)("carries a call from node to node (%s)", async (list) => {
      const { nodes, proxy } = await start();
      const options = { transports: list.split(","), ca: proxy.ca };
      // Without a room in the query people go by their ids: the first who comes to another node is bob.
      const alice = await connect(proxy.url, { userId: "alice" }, options);
      let bob = alice;
      for (let n = 0; (await Promise.all(nodes.map(connections))).includes(0); n += 1)
        bob = await connect(proxy.url, { userId: `bob-${n}` }, options);
      const { userId } = bob.socket.io.opts.query as { userId: string };
      expect((await alice.ask("call", { targetUid: userId })).msg).toBe("delivered");
      expect((await bob.next("call")).data.userId).toBe("alice");
      expect((await bob.ask("call", { targetUid: "alice" })).msg).toBe("delivered");
      expect((await alice.next("call")).data.userId).toBe(userId);
    });

    it.each(transportLists)("takes everyone to the other node when one is stopped (%s)", async (list) => {
      const { nodes, proxy } = await start();
      const options = { transports: list.split(","), ca: proxy.ca };
      const roomId = unique("room");
      const alice = open(
        proxy.url,
        { userId: "alice", roomId },
        { ...options, reconnection: true, reconnectionDelay: 100 },
      );
      await alice.next("join");
      const counts = await Promise.all(nodes.map(connections));
      const stopped = nodes[counts.indexOf(1)];
      await stopped?.signaler.close();
      await alice.next("join");
      const bob = await connect(proxy.url, { userId: "bob", roomId }, options);
      expect((await bob.ask("call", { targetUid: "alice" })).msg).toBe("delivered");
      expect((await alice.next("call")).data.userId).toBe("bob");
    });
  });
});

/** The node that answers a request with this query. */
async function landing(proxy: HttpsProxy, query: string, method = "GET"): Promise<string> {
  const { status, body } = await proxy.request(`/socket.io/?${query}`, { method });
  expect(status).toBe(200);
  return (JSON.parse(body) as Echo).url;
}

async function connections(node: TestNode): Promise<number> {
  const page = await (await fetch(`${node.url}/metrics`)).text();
  return Number(/^signaler_connections (\d+)$/m.exec(page)?.[1]);
}
