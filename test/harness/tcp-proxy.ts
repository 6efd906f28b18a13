/**
 * A link that can fail: a TCP proxy on 127.0.0.1 in front of one port, which cuts, resets, delays, swallows or
 * stalls what goes through it.
 */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { onTestFinished } from "vitest";

export type Direction = "toServer" | "toClient" | "both";

export interface TcpProxy {
  readonly port: number;
  /** Ends all connections, and refuses new ones until `heal`. */
  cut(): void;
  /** Ends all connections; new ones are welcome. */
  reset(): void;
  /**
   * Lets what goes in a direction vanish until `heal`, which ends the connections that have lost something.
   *
   * @param chosen - of the connections there are, those whose first bytes hold this text; and no new ones.
   */
  swallow(direction: Direction, chosen?: string): void;
  /** Lets nothing that is published through to the subscriptions there are, for as long as they last; their pings are answered. */
  deafen(): void;
  /** Keeps back what goes in a direction, and lets it go on at `heal`. */
  stall(direction: Direction): void;
  /** Delays every byte both ways, in milliseconds. */
  delay(ms: number): void;
  /** From now on everything goes through again. */
  heal(): void;
  close(): Promise<void>;
}

type Way = "toServer" | "toClient";

/** What one connection does with what goes one way. */
interface Flow {
  swallow: boolean;
  stall: boolean;
  delayMs: number;
}

class Link {
  readonly flows: Record<Way, Flow>;
  readonly #sockets: Record<Way, Socket>;
  /** What waits to go on, in its order: nothing on a connection overtakes anything. */
  readonly #kept: Record<Way, Buffer[]> = { toServer: [], toClient: [] };
  #start = "";
  lossy = false;
  /** Answers a subscriber's pings itself, and lets nothing else through to it. */
  deaf = false;

  constructor(client: Socket, server: Socket, flows: Record<Way, Flow>) {
    this.flows = flows;
    this.#sockets = { toServer: server, toClient: client };
    client.on("data", (chunk: Buffer) => {
      if (this.#start.length < 4_096) this.#start += chunk.toString("latin1");
      if (this.deaf && chunk.includes("PING")) client.write("*2\r\n$4\r\npong\r\n$0\r\n\r\n");
      this.#pass("toServer", chunk);
    });
    server.on("data", (chunk: Buffer) => this.#pass("toClient", chunk));
    for (const socket of [client, server]) {
      socket.on("error", () => {});
      socket.on("close", () => this.end());
    }
  }

  says(text: string): boolean {
    return this.#start.includes(text);
  }

  release(): void {
    for (const way of ["toServer", "toClient"] as const) this.#release(way, Number.POSITIVE_INFINITY);
  }

  end(): void {
    for (const socket of Object.values(this.#sockets)) socket.destroy();
  }

  #pass(way: Way, chunk: Buffer): void {
    const { swallow, stall, delayMs } = this.flows[way];
    const kept = this.#kept[way];
    if (this.deaf && way === "toClient") return;
    if (swallow) {
      this.lossy = true;
      return;
    }
    kept.push(chunk);
    if (stall) return;
    if (delayMs === 0) this.#release(way, kept.length);
    else setTimeout(() => this.#release(way, kept.indexOf(chunk) + 1), delayMs);
  }

  /** Lets the first chunks go on; those of them that have gone already are none. */
  #release(way: Way, count: number): void {
    for (const chunk of this.#kept[way].splice(0, count))
      if (!this.#sockets[way].destroyed) this.#sockets[way].write(chunk);
  }
}

const through = (): Record<Way, Flow> => ({
  toServer: { swallow: false, stall: false, delayMs: 0 },
  toClient: { swallow: false, stall: false, delayMs: 0 },
});

const waysOf = (direction: Direction): Way[] =>
  direction === "both" ? ["toServer", "toClient"] : [direction];

export async function startTcpProxy(targetPort: number): Promise<TcpProxy> {
  const links = new Set<Link>();
  /** For connections to come. */
  let flows = through();
  let refusing = false;
  const server = createServer((client) => {
    if (refusing) {
      client.destroy();
      return;
    }
    const link = new Link(client, connect(targetPort, "127.0.0.1"), structuredClone(flows));
    links.add(link);
    client.on("close", () => links.delete(link));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const reset = () => {
    for (const link of links) link.end();
  };
  const change = (direction: Direction, apply: (flow: Flow) => void) => {
    for (const way of waysOf(direction)) for (const each of [{ flows }, ...links]) apply(each.flows[way]);
  };
  return {
    port: (server.address() as AddressInfo).port,
    cut() {
      refusing = true;
      reset();
    },
    reset,
    swallow(direction, chosen) {
      if (chosen === undefined) {
        change(direction, (flow) => {
          flow.swallow = true;
        });
        return;
      }
      for (const link of links)
        if (link.says(chosen)) for (const way of waysOf(direction)) link.flows[way].swallow = true;
    },
    deafen() {
      for (const link of links) if (link.says("psubscribe")) link.deaf = true;
    },
    stall: (direction) =>
      change(direction, (flow) => {
        flow.stall = true;
      }),
    delay: (ms) =>
      change("both", (flow) => {
        flow.delayMs = ms;
      }),
    heal() {
      refusing = false;
      flows = through();
      for (const link of links) {
        Object.assign(link.flows, through());
        if (link.lossy) link.end();
        else link.release();
      }
    },
    async close() {
      reset();
      server.close();
      await once(server, "close");
    },
  };
}

/** A proxy for the running test alone. */
export async function proxyForTest(targetPort: number): Promise<TcpProxy> {
  const proxy = await startTcpProxy(targetPort);
  onTestFinished(() => proxy.close());
  return proxy;
}

/** A proxy in front of a server for the running test, with the URL that leads to it by the proxy. */
export async function linkForTest(serverUrl: string): Promise<TcpProxy & { readonly url: string }> {
  const proxy = await proxyForTest(Number(new URL(serverUrl).port));
  return { ...proxy, url: `http://127.0.0.1:${proxy.port}` };
}
