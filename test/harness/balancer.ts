/**
 * Stands in front of several nodes: takes each new connection to the first of them that accepts it.
 */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { onTestFinished } from "vitest";

export interface Balancer {
  readonly url: string;
  /** Connections that it has taken to a node. */
  readonly taken: number;
}

/** Starts one for the running test. @param urls - of the nodes, the preferred one first. */
export async function startBalancer(...urls: string[]): Promise<Balancer> {
  const sockets = new Set<Socket>();
  const keep = (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
  };
  let taken = 0;
  const server = createServer((client) => {
    keep(client);
    void take(client, urls);
  }).listen(0, "127.0.0.1");

  async function take(client: Socket, [url, ...others]: string[]): Promise<void> {
    if (url === undefined) {
      client.destroy();
      return;
    }
    const node = connect(Number(new URL(url).port), "127.0.0.1");
    keep(node);
    try {
      await once(node, "connect");
    } catch {
      await take(client, others);
      return;
    }
    taken += 1;
    client.pipe(node).pipe(client);
    client.on("close", () => node.destroy());
    node.on("close", () => client.destroy());
  }

  await once(server, "listening");
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get taken() {
      return taken;
    },
  };
}
