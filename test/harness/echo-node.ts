/**
 * Stands in for a node behind a proxy: answers every request with what reached it, an upgrade too.
 */
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

export interface EchoNode {
  readonly url: string;
  /** Every path that was asked for, with its query, but for `/readyz`. */
  readonly asked: readonly string[];
  /** What it says at `/readyz`. */
  ready: boolean;
  stop(): Promise<void>;
}

/** What it answers, as JSON. */
export interface Echo {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

export async function startEchoNode(): Promise<EchoNode> {
  const asked: string[] = [];
  let url = "";
  const echo = ({ headers }: IncomingMessage) => JSON.stringify({ url, headers });
  const server = createServer((request, response) => {
    if (request.url === "/readyz") {
      response.writeHead(node.ready ? 200 : 503).end();
      return;
    }
    asked.push(request.url ?? "");
    response.end(echo(request));
  });
  server.on("upgrade", (request, socket) => {
    const body = echo(request);
    // The proxy may cut what it need not read to its end.
    socket.on("error", () => {});
    socket.end(`HTTP/1.1 426 Upgrade Required\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const node: EchoNode = {
    url,
    asked,
    ready: true,
    async stop() {
      if (!server.listening) return;
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
  onTestFinished(() => node.stop());
  return node;
}
