/**
 * A connection of a member: it writes down what it does and sees, and keeps lists of its rooms as [P-15] says.
 */
import { io, type Socket } from "socket.io-client";
import type { Envelope } from "../../src/index.js";
import type { History } from "./history.js";

/** Longer than the server may take to answer. */
const answerMs = 8_000;
const enterMs = 4_000;
const askAgainMs = 200;

interface List {
  version: number;
  users: Set<string>;
  /** `waiting`: to ask again, because the last time failed. */
  state: "current" | "asking" | "waiting";
  /** Something was missed while the answer was on its way. */
  stale: boolean;
}

export interface ConnectionOptions {
  readonly history: History;
  readonly user: string;
  readonly room: string;
  readonly node: { readonly number: number; readonly url: string };
  readonly nextId: () => number;
  readonly onEnded: (connection: Connection) => void;
}

export class Connection {
  readonly user: string;
  readonly node: number;
  /** Rooms that it is in. */
  readonly rooms = new Set<string>();
  /** A newer connection has its place. */
  replaced = false;
  ended = false;
  readonly #options: ConnectionOptions;
  readonly #socket: Socket;
  readonly #lists = new Map<string, List>();
  readonly #givingUp: NodeJS.Timeout;
  #session = "";

  constructor(options: ConnectionOptions) {
    const { user, room, node } = options;
    this.#options = options;
    options.history.add({ kind: "coming", user, room });
    this.user = user;
    this.node = node.number;
    this.#socket = io(node.url, {
      query: { userId: user, roomId: room },
      transports: ["websocket"],
      forceNew: true,
      reconnection: false,
      timeout: enterMs,
    });
    this.#socket.on("connect", () => {
      this.#session = this.#socket.id ?? "";
    });
    this.#socket.on("connect_error", () => this.#end("not connected"));
    this.#socket.on("disconnect", (reason) => this.#end(reason));
    this.#socket.on("msg", (envelope: Envelope) => this.#receive(envelope));
    this.#givingUp = setTimeout(() => {
      if (this.rooms.size === 0) this.close();
    }, enterMs);
  }

  get session(): string {
    return this.#session;
  }

  /** Whether it is a member somewhere. */
  get stands(): boolean {
    return !this.ended && this.rooms.size > 0;
  }

  /** What it shows of the room; undefined while it waits for the answer. */
  shown(room: string): string[] | undefined {
    const list = this.#lists.get(room);
    return list?.state === "current" ? [...list.users].toSorted() : undefined;
  }

  send(target: string): void {
    const { history, nextId } = this.#options;
    const id = nextId();
    const session = this.#session;
    history.add({ kind: "sent", session, id, target });
    this.#socket
      .timeout(answerMs)
      .emit(
        "offer",
        { targetUid: target, id, userId: "mallory" },
        (error: unknown, answer: Envelope | undefined) =>
          history.add({ kind: "answered", session, id, status: error ? 0 : (answer?.status ?? 0) }),
      );
  }

  /** To everyone in the room. Nobody answers for such a message, but no node may stumble over it. */
  say(text: string): void {
    this.#socket.emit("msg", { type: "chat", text });
  }

  join(room: string): void {
    this.#options.history.add({ kind: "coming", user: this.user, room });
    this.#socket
      .timeout(answerMs)
      .emit("join", { roomId: room }, (error: unknown, answer: Envelope | undefined) => {
        if (!error && answer?.status === 200) this.#enter(room);
      });
  }

  leave(room: string): void {
    const { history } = this.#options;
    const session = this.#session;
    // From the moment of asking, whatever comes of it.
    this.rooms.delete(room);
    this.#lists.delete(room);
    this.#socket.timeout(answerMs).emit("leave", { roomId: room }, () => {});
    history.add({ kind: "left", session, room });
  }

  /** Ends with a goodbye. */
  close(): void {
    this.#options.history.add({ kind: "leaving", session: this.#session });
    this.#socket.disconnect();
    this.#end("closed");
  }

  /** Ends without one. */
  drop(): void {
    this.#options.history.add({ kind: "leaving", session: this.#session });
    const { transport } = this.#socket.io.engine as unknown as {
      transport: { ws?: { terminate?: () => void } };
    };
    if (transport.ws?.terminate !== undefined) transport.ws.terminate();
    else this.#socket.disconnect();
    this.#end("dropped");
  }

  #receive(envelope: Envelope): void {
    const { history } = this.#options;
    const { type, version = 0 } = envelope;
    const data = envelope.data as { userId: string; roomId: string; id: number; targetUid: string };
    const session = this.#session;
    if (type === "offer") {
      history.add({ kind: "received", session, id: data.id, from: data.userId, target: data.targetUid });
    } else if (type === "join" || type === "leave") {
      const { roomId: room, userId: user } = data;
      history.add({ kind: "notice", session, type, room, user, version });
      if (type === "join" && user === this.user && room === this.#options.room) this.#enter(room);
      this.#apply(type, room, user, version);
    } else if (type === "roster") {
      const list = this.#lists.get(data.roomId);
      if (list !== undefined && version > list.version) this.#ask(data.roomId);
    } else if (type === "replaced") {
      this.replaced = true;
    }
  }

  #enter(room: string): void {
    if (this.ended || this.rooms.has(room)) return;
    this.rooms.add(room);
    const { history, user, node } = this.#options;
    history.add({ kind: "entered", session: this.#session, user, room, node: node.number });
    this.#ask(room);
  }

  #apply(type: "join" | "leave", room: string, user: string, version: number): void {
    const list = this.#lists.get(room);
    if (list === undefined || version <= list.version) return;
    if (version > list.version + 1 || list.state !== "current") {
      this.#ask(room);
      return;
    }
    list.version = version;
    if (type === "join") list.users.add(user);
    else list.users.delete(user);
  }

  #ask(room: string): void {
    const list: List = this.#lists.get(room) ?? {
      version: 0,
      users: new Set(),
      state: "waiting",
      stale: false,
    };
    this.#lists.set(room, list);
    if (list.state === "asking") {
      list.stale = true;
      return;
    }
    Object.assign(list, { state: "asking", stale: false });
    interface About {
      readonly version: number;
    }
    this.#socket
      .timeout(answerMs)
      .emit("roomUserList", { roomId: room }, (error: unknown, members: unknown, about?: About) => {
        if (this.ended || this.#lists.get(room) !== list) return;
        if (error || !Array.isArray(members) || about === undefined) {
          list.state = "waiting";
          setTimeout(() => {
            if (!this.ended && this.#lists.get(room) === list && list.state === "waiting") this.#ask(room);
          }, askAgainMs);
          return;
        }
        list.state = "current";
        list.version = about.version;
        list.users = new Set(members.map(({ userId }: { userId: string }) => userId));
        if (list.stale) this.#ask(room);
      });
  }

  #end(reason: string): void {
    if (this.ended) return;
    this.ended = true;
    clearTimeout(this.#givingUp);
    this.#options.history.add({ kind: "ended", session: this.#session, reason });
    this.#options.onEnded(this);
  }
}
