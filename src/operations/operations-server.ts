/**
 * The HTTP side of a node: `/healthz`, `/readyz` and `/metrics`, the admin API, and the meeting page. Answers every other path
 * with where the signaler is.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type AdminApi, adminPrefix } from "./admin-api.js";
import type { Metrics } from "./metrics.js";
import type { Page } from "./page.js";

/** How long a client may take to send a whole request, such as a polling client's message. */
const requestMs = 30_000;
/** How often the server looks for clients that take longer: often, so that few are to be ended at once. */
const checkIntervalMs = 100;

interface Readiness {
  /** Why the node should get no new connections; none of these means that it should be restarted. */
  readonly reasons: readonly string[];
  /** What else an operator wants to see at a glance. */
  readonly about: Readonly<Record<string, string>>;
}

/** Above a proxy's idle time, so that it is the proxy that closes an idle connection and not a race. */
const keepAliveTimeoutMs = 65_000;

export interface OperationsOptions {
  readonly readiness: () => Readiness;
  readonly metrics: Metrics;
  /** Undefined: there is none. */
  readonly admin: AdminApi | undefined;
  /** Undefined: there is none. */
  readonly page: Page | undefined;
  /** How long a client may take to send a request's head. */
  readonly headersMs: number;
}

export function createOperationsServer(options: OperationsOptions): Server {
  const { headersMs } = options;
  const limits = {
    headersTimeout: headersMs,
    requestTimeout: Math.max(headersMs, requestMs),
    connectionsCheckingInterval: checkIntervalMs,
  };
  const server = createServer(limits, (request, response) => {
    answer(request, response, options).catch((error: unknown) => response.destroy(error as Error));
  });
  server.keepAliveTimeout = keepAliveTimeoutMs;
  return server;
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { readiness, metrics, admin, page }: OperationsOptions,
): Promise<void> {
  if (admin !== undefined && request.url?.startsWith(adminPrefix)) return admin.answer(request, response);
  if (request.method !== "GET" && request.method !== "HEAD") {
    response.setHeader("allow", "GET, HEAD");
    sendJson(response, 405, { error: "only GET and HEAD are answered here" });
    return;
  }
  const [path = ""] = request.url?.split("?", 1) ?? [];
  if (path === "/healthz") {
    sendJson(response, 200, { status: "ok" });
  } else if (path === "/readyz") {
    const { reasons, about } = readiness();
    const ready = reasons.length === 0;
    sendJson(response, ready ? 200 : 503, { status: ready ? "ready" : "not ready", reasons, ...about });
  } else if (path === "/metrics") {
    response.writeHead(200, { "content-type": metrics.contentType }).end(await metrics.render());
  } else if (!page?.answer(path, request, response)) {
    sendJson(response, 404, { error: "not found", signaling: "/socket.io/ (Socket.IO v4)" });
  }
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json", "cache-control": "no-store" });
  response.end(`${JSON.stringify(body)}\n`);
}
