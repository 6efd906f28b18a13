/**
 * A Socket.IO socket as the meeting sees it.
 */

import type { Socket } from "socket.io";
import { rosterKey } from "../cluster/keys.js";
import type { Connection, Ending } from "../meeting/session.js";
import type { Envelope } from "../protocol/envelope.js";
import type { Place } from "../protocol/place.js";
import { textFrame } from "./text-frame.js";

/** Socket.IO's packet type EVENT in the default namespace, without attachments or ack id. */
const eventPacketType = "2";

/** Engine.IO's packet type MESSAGE. */
const engineMessageType = "4";

/** The option by which Socket.IO's adapters hand finished frames to Engine.IO; its types leave it out. */
type PreEncoded = NonNullable<Parameters<Socket["conn"]["send"]>[1]> & { wsPreEncodedFrame: Buffer[] };

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

  emit(event: string, ...payload: unknown[]): void {
    this.#socket.emit(event, ...payload);
  }

  /**
   * Writes the packet as `socket.emit` would, but encoded once, and on WebSocket in one piece. A transport that
   * changes meanwhile is no matter: whichever cannot use the finished frame takes the packet.
   */
  deliver(encodedEvent: string): void {
    const { conn } = this.#socket;
    const packet = eventPacketType + encodedEvent;
    if (conn.transport.name === "websocket") {
      const options: PreEncoded = { wsPreEncodedFrame: [textFrame(engineMessageType + packet)] };
      conn.send(packet, options);
    } else {
      conn.send(packet);
    }
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
