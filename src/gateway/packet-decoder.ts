/**
 * Socket.IO's own decoder, which in addition marks events that carry binary or are too large: the meeting then
 * answers them by name, and the connection goes on [P-45] [P-46].
 */

import { Decoder, Encoder, type Packet, PacketType } from "socket.io-parser";
import { RefusedPayload } from "../meeting/refused-payload.js";

/** What Socket.IO's `parser` option takes. */
export interface PacketParser {
  readonly Encoder: typeof Encoder;
  readonly Decoder: new () => Decoder;
}

export function createParser(maxMessageBytes: number): PacketParser {
  class PacketDecoder extends Decoder {
    #refusal: RefusedPayload["code"] | undefined;

    constructor() {
      super();
      // First among the listeners, so that the packet is marked before Socket.IO hands it on.
      this.on("decoded", (packet: Packet) => {
        if (this.#refusal !== undefined && packet.type === PacketType.EVENT)
          packet.data = [(packet.data as unknown[])[0], new RefusedPayload(this.#refusal)];
      });
    }

    override add(data: unknown): void {
      this.#refusal = undefined;
      if (typeof data !== "string") this.#refusal = "binary_refused";
      else if (exceedsBytes(data, maxMessageBytes)) this.#refusal = "too_large";
      super.add(data);
    }
  }
  return { Encoder, Decoder: PacketDecoder };
}

/** UTF-8 takes one to three bytes for each UTF-16 code unit: most messages need no counting. */
function exceedsBytes(text: string, bytes: number): boolean {
  if (text.length * 3 <= bytes) return false;
  return text.length > bytes || Buffer.byteLength(text) > bytes;
}
