/**
 * Socket.IO's own decoder, which in addition marks events that carry binary, are too large or too many: they are then
 * answered by name, and the connection goes on [P-45] [P-46] [P-49].
 */

import { Decoder, Encoder, type Packet, PacketType } from "socket.io-parser";
import { SignalingFailure } from "../protocol/failures.js";
import { type RateLimit, TokenBucket } from "./token-bucket.js";

/** What Socket.IO's `parser` option takes. */
export interface PacketParser {
  readonly Encoder: typeof Encoder;
  readonly Decoder: new () => Decoder;
}

export interface DecoderRules {
  readonly maxMessageBytes: number;
  /** What a connection may send; undefined for no bound. */
  readonly messageRate: RateLimit | undefined;
  /** Milliseconds on a clock that never goes back. */
  readonly now: () => number;
}

/** Stands where the payload would of an event that is not taken in. No client can send one. */
export class RefusedPayload {
  readonly failure: SignalingFailure;

  constructor(failure: SignalingFailure) {
    this.failure = failure;
  }
}

/**
 * An event counts once for so many bytes that it has begun. A whole burst, as it comes in, is then less than may wait for
 * somebody who reads slowly.
 */
export const bytesPerToken = 2_048;

export function createParser({ maxMessageBytes, messageRate, now }: DecoderRules): PacketParser {
  class PacketDecoder extends Decoder {
    readonly #events = messageRate && new TokenBucket(messageRate, now());
    /** Of the event that is being read, with its attachments. */
    #bytes = 0;
    #isBinary = false;

    constructor() {
      super();
      // First among the listeners, so that the packet is marked before Socket.IO hands it on.
      this.on("decoded", (packet: Packet) => {
        const failure = packet.type === PacketType.EVENT ? this.#judge() : undefined;
        if (failure !== undefined) packet.data = [(packet.data as unknown[])[0], new RefusedPayload(failure)];
        this.#bytes = 0;
        this.#isBinary = false;
      });
    }

    override add(data: unknown): void {
      if (typeof data === "string") this.#bytes += Buffer.byteLength(data);
      else {
        this.#bytes += (data as Buffer).length;
        this.#isBinary = true;
      }
      super.add(data);
    }

    #judge(): SignalingFailure | undefined {
      const cost = Math.ceil(this.#bytes / bytesPerToken);
      const verdict = this.#events?.take(now(), cost);
      if (verdict === "flooding") return new SignalingFailure("flooding");
      if (verdict === "refused")
        return new SignalingFailure("rate_limited", { retryAfterMs: this.#events?.waitMs(cost) ?? 0 });
      if (this.#isBinary) return new SignalingFailure("binary_refused");
      return this.#bytes > maxMessageBytes ? new SignalingFailure("too_large") : undefined;
    }
  }
  return { Encoder, Decoder: PacketDecoder };
}
