/**
 * The cluster under test: node processes, a private Redis, and a link that can fail between each node and it.
 */
import { readFile } from "node:fs/promises";
import { type SignalerProcess, startProcess } from "../harness/process.js";
import { freePort, type RedisServer, startRedis } from "../harness/redis-server.js";
import { startTcpProxy, type TcpProxy } from "../harness/tcp-proxy.js";
import type { History } from "./history.js";

export const leaseMs = 2_000;
const healthEveryMs = 500;
const healthPatienceMs = 2_000;

export interface RigNode {
  /** New at every start. */
  readonly number: number;
  readonly process: SignalerProcess;
  readonly link: TcpProxy;
  readonly url: string;
  /** It has been killed, or has ended by itself. */
  dying: boolean;
}

export class Rig {
  readonly #history: History;
  readonly #port: number;
  readonly nodes: RigNode[] = [];
  redis: RedisServer;
  #numbers = 0;
  #health: NodeJS.Timeout | undefined;

  private constructor(history: History, redis: RedisServer) {
    this.#history = history;
    this.redis = redis;
    this.#port = redis.port;
  }

  static async start(history: History, nodes: number): Promise<Rig> {
    const rig = new Rig(history, await startRedis({ port: await freePort() }));
    await Promise.all(Array.from({ length: nodes }, () => rig.addNode()));
    rig.#health = setInterval(() => {
      for (const node of rig.nodes) void rig.#checkHealth(node);
    }, healthEveryMs);
    return rig;
  }

  async addNode(): Promise<RigNode> {
    const number = this.#numbers;
    this.#numbers += 1;
    const link = await startTcpProxy(this.#port);
    const process = await startProcess(["--lease-ms", String(leaseMs), "--log-level", "debug"], {
      REDIS_URL: `redis://127.0.0.1:${link.port}`,
    });
    const node: RigNode = { number, process, link, url: process.url, dying: false };
    void process.ended.then(() => {
      this.#history.add({ kind: "exited", node: number, expected: node.dying });
      node.dying = true;
    });
    this.nodes.push(node);
    return node;
  }

  async killNode(node: RigNode): Promise<void> {
    node.dying = true;
    this.nodes.splice(this.nodes.indexOf(node), 1);
    await node.process.stop("SIGKILL");
    await node.link.close();
  }

  /** Starts Redis again after `stop`, with nothing in it. */
  async startRedis(): Promise<void> {
    this.redis = await startRedis({ port: this.#port });
  }

  async recordMemory(): Promise<void> {
    for (const { number, process } of this.nodes) {
      const status = await readFile(`/proc/${process.pid}/status`, "utf8");
      const kilobytes = Number(status.match(/VmRSS:\s+(\d+) kB/)?.[1] ?? 0);
      this.#history.add({ kind: "memory", node: number, megabytes: Math.round(kilobytes / 1_024) });
    }
  }

  async stop(): Promise<void> {
    clearInterval(this.#health);
    for (const node of [...this.nodes]) await this.killNode(node);
    await this.redis.stop();
  }

  async #checkHealth({ number, url, dying }: RigNode): Promise<void> {
    let answer: string;
    try {
      const { status } = await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(healthPatienceMs) });
      if (status === 200) return;
      answer = String(status);
    } catch (error) {
      answer = String(error);
    }
    if (!dying) this.#history.add({ kind: "unhealthy", node: number, answer });
  }
}
