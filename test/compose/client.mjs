/**
 * A meeting client that expects every envelope it is sent, in order: one too many, one missing or one out of
 * place fails the check.
 */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { io } from "socket.io-client";

const patienceMs = 20_000;

const texts = { call: "远程呼叫", offer: "rtc offer", answer: "rtc answer", candidate: "ice candidate" };

export class Client {
  #room;
  #envelopes = [];
  #onArrival = () => {};

  /** @param {{user: string, room?: string, roomIn?: "query" | "auth", transport: string}} who */
  constructor(url, { user, room, roomIn = "query", transport }, options = {}) {
    this.#room = room;
    this.member = this.memberCalled(user);
    const { roomId, ...query } = this.member;
    const named = room === undefined ? {} : { roomId };
    this.socket = io(url, {
      query: { ...query, ...(roomIn === "query" && named) },
      auth: roomIn === "auth" ? named : {},
      transports: transport.split(","),
      forceNew: true,
      reconnection: false,
      ...options,
    });
    this.socket.on("msg", ({ version, ...envelope }) => {
      // Every now and then nodes say as of which version a roster is true: no order, and none is expected.
      if (envelope.type === "roster") return;
      assert.equal(version !== undefined, envelope.type === "join" || envelope.type === "leave");
      this.#envelopes.push(envelope);
      this.#onArrival();
    });
  }

  /** How a client of this user in the same room is shown to others. */
  memberCalled(userId) {
    return { userId, ...(this.#room !== undefined && { roomId: this.#room }), nickname: `${userId} 你好` };
  }

  /** Resolves once the connection stands. @throws what Socket.IO says about it if it cannot be made. */
  connected() {
    if (this.socket.connected) return Promise.resolve();
    return inTime("no connection", (resolve, reject) => {
      this.socket.once("connect", resolve);
      if (!this.socket.io.reconnection()) this.socket.once("connect_error", reject);
    });
  }

  /** Resolves once the connection uses this transport. */
  goneOverTo(transport) {
    const { engine } = this.socket.io;
    if (engine.transport.name === transport) return Promise.resolve();
    return inTime(`the transport is not ${transport}`, (resolve) => engine.once("upgrade", resolve));
  }

  disconnected() {
    if (!this.socket.connected) return Promise.resolve();
    return inTime("the connection is still there", (resolve) => this.socket.once("disconnect", resolve));
  }

  /** Resolves once the server has let the client in: before that it answers nothing, and the lobby has no notices. */
  async settle() {
    const refusal = await this.ask("settled");
    assert.equal(refusal.data.code, "unknown_event");
    await this.expect(refusal);
  }

  /** Takes the next envelope, whatever it is, and compares it. */
  async expect(envelope) {
    assert.deepEqual(await this.#next(), envelope);
  }

  async expectFailure(code) {
    const { type, data } = await this.#next();
    assert.deepEqual([type, data.code], ["error", code]);
  }

  async #next() {
    if (this.#envelopes.length === 0) await inTime("nothing came", (resolve) => (this.#onArrival = resolve));
    return this.#envelopes.shift();
  }

  expectJoin(member) {
    return this.expect({ type: "join", msg: `${member.userId} join then room`, status: 200, data: member });
  }

  expectLeave(member) {
    return this.expect({ type: "leave", msg: `${member.userId} leave the room `, status: 200, data: member });
  }

  /** Sends an addressed event and compares its receipt. */
  async send(event, targetUid, payload) {
    assert.deepEqual(await this.ask(event, { targetUid, ...payload }), {
      type: "receipt",
      msg: "delivered",
      status: 200,
      data: { event, targetUid },
    });
  }

  expectAddressed(event, from, payload) {
    const data = { targetUid: this.member.userId, ...payload, userId: from };
    return this.expect({ type: event, msg: texts[event], status: 200, data });
  }

  ask(event, ...args) {
    return this.socket.timeout(patienceMs).emitWithAck(event, ...args);
  }

  /** The roster, in both forms. */
  async rosters() {
    const event = new Promise((resolve) => this.socket.once("roomUserList", resolve));
    const list = await this.ask("roomUserList", { roomId: this.#room });
    return { event: await event, list };
  }
}

/** Waits as `new Promise` does, but not for ever. */
function inTime(complaint, executor) {
  const { promise, resolve, reject } = Promise.withResolvers();
  const timer = setTimeout(() => reject(new Error(complaint)), patienceMs);
  executor(resolve, reject);
  return promise.finally(() => clearTimeout(timer));
}

/** What two browsers once sent each other, in order: `{from: "alice" | "bob", event, payload}`. */
export async function readCall(name) {
  const file = new URL(`../fixtures/webrtc/${name}.json`, import.meta.url);
  return JSON.parse(await readFile(file, "utf8")).messages;
}
