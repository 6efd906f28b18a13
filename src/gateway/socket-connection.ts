/**
 * A Socket.IO socket as the meeting sees it.
 */

import type { Socket } from "socket.io";
import { rosterKey } from "../cluster/keys.js";
import type { Connection, Ending } from "../meeting/session.js";
import type { Envelope } from "../protocol/envelope.js";
import type { Place } from "../protocol/place.js";

/** Socket.IO's packet type EVENT in the default namespace, without attachments or ack id. */
const eventPacketType = "2";

export class SocketConnection implements Connection {
  readonly #socket: Socket;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  get open(): boolean {
    return this.#socket.connected && this.#socket.conn.readyState === "open";
  }

  send(envelope: Envelope): void {
    this.#socket.emit("msg", envelope);
  }

  emit(event: string, payload: unknown): void {
    this.#socket.emit(event, payload);
  }

  /** Writes the packet as `socket.emit` would, but without encoding it again. */
  deliver(encodedEvent: string): void {
    this.#socket.conn.send(eventPacketType + encodedEvent);
  }

  enter(place: Place): void {
    void this.#socket.join(rosterKey(place));
  }

  exit(place: Place): void {
    void this.#socket.leave(rosterKey(place));
  }

  end(ending: Ending): void {
    // Socket.IO's clients reconnect by themselves when the transport closes, and do not when they are told to go.
    if (ending === "retry") this.#socket.conn.close();
    else this.#socket.disconnect(true);
  }
}
