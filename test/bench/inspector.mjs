/**
 * Looks into a running Node process through its inspector: the heap as it is, without garbage.
 */
import { once } from "node:events";
import { WebSocket } from "ws";

export class Inspector {
  #socket;
  #lastId = 0;
  #waiting = new Map();

  static async connect(url) {
    const inspector = new Inspector();
    const socket = new WebSocket(url);
    inspector.#socket = socket;
    socket.on("message", (data) => {
      const { id, result } = JSON.parse(data);
      inspector.#waiting.get(id)?.(result);
      inspector.#waiting.delete(id);
    });
    await once(socket, "open");
    return inspector;
  }

  async collectGarbage() {
    await this.#ask("HeapProfiler.collectGarbage");
  }

  /** In bytes. */
  async heapUsed() {
    return (await this.#ask("Runtime.getHeapUsage")).usedSize;
  }

  close() {
    this.#socket.terminate();
  }

  #ask(method) {
    this.#lastId += 1;
    this.#socket.send(JSON.stringify({ id: this.#lastId, method }));
    return new Promise((resolve) => this.#waiting.set(this.#lastId, resolve));
  }
}
