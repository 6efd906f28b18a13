/**
 * A session over HTTP long polling, whose requests are written by hand.
 */
import { openTcp } from "../../harness/raw-client.js";

const separator = "\u001e";

export class PollingSession {
  readonly sid: string;
  readonly #url: string;

  private constructor(url: string, sid: string) {
    this.#url = url;
    this.sid = sid;
  }

  /** Joins the room that the query names. */
  static async join(url: string, query: Readonly<Record<string, string>>): Promise<PollingSession> {
    const parameters = new URLSearchParams({ EIO: "4", transport: "polling", ...query });
    const response = await fetch(`${url}/socket.io/?${parameters}`);
    const greeting = await response.text();
    if (!response.ok) throw new Error(`no session: ${response.status} ${greeting}`);
    const { sid } = JSON.parse(greeting.slice(1)) as { sid: string };
    const session = new PollingSession(url, sid);
    if (!(await session.#post("40"))) throw new Error("the session ended before it could connect");
    if (!(await session.#poll((packet) => packet.includes('"type":"join"'))))
      throw new Error("the session ended before the notice of its join");
    return session;
  }

  /** Whether an event of this session is still answered. */
  async isUsable(): Promise<boolean> {
    if (!(await this.#post('4277["roomUserList"]'))) return false;
    return this.#poll((packet) => packet.startsWith("4377["));
  }

  async #post(body: string): Promise<boolean> {
    return (await fetch(this.#address, { method: "POST", body })).ok;
  }

  async #poll(isWanted: (packet: string) => boolean): Promise<boolean> {
    for (;;) {
      const response = await fetch(this.#address);
      const packets = (await response.text()).split(separator);
      if (!response.ok) return false;
      if (packets.some(isWanted)) return true;
    }
  }

  get #address(): string {
    return `${this.#url}/socket.io/?EIO=4&transport=polling&sid=${this.sid}`;
  }
}

/**
 * Writes a request, and nothing more; resolves to the status of the answer, or undefined if the connection closes
 * without one.
 */
export async function request(url: string, bytes: string): Promise<number | undefined> {
  const socket = await openTcp(url);
  let answer = "";
  socket.end(bytes);
  return new Promise((resolve) => {
    const finish = () => {
      socket.destroy();
      const [, status] = /^HTTP\/1\.1 (\d{3}) /.exec(answer) ?? [];
      resolve(status === undefined ? undefined : Number(status));
    };
    socket.on("data", (chunk) => {
      answer += chunk;
      if (answer.includes("\r\n")) finish();
    });
    socket.on("end", finish);
    socket.on("close", finish);
  });
}
