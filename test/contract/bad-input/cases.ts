/**
 * What is meant by a case of bad input: what is sent, in words and in fact, and what comes of it. The lists beside
 * this file are run by bad-input.test.ts, and are what docs/BAD-INPUT.md shows.
 */
import type { FailureCode } from "../../../src/protocol/failures.js";

/** Whether the sender's connection, or polling session, is still usable afterwards. */
export type Fate = "stays" | "ends";

/** An event of a Socket.IO client that is in a room, sent with an ack and without. The connection stays. */
export interface EventCase {
  readonly what: string;
  readonly event: string;
  /** Each is sent; they are all of a kind. */
  readonly variants: readonly [args: readonly unknown[], ...(readonly unknown[][])];
  /** What the sender is told; undefined if it is passed on, stamped. */
  readonly told: FailureCode | undefined;
  /** Further fields of what is told. */
  readonly reason?: string;
  /** Where tokens are asked for. */
  readonly role?: "member" | "host";
}

/** What a client connects with. It is refused. */
export interface HandshakeCase {
  readonly what: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly auth?: Readonly<Record<string, unknown>>;
  readonly told: FailureCode;
  readonly reason?: string;
  /** Makes `auth.token`, for a server that asks for one. */
  readonly makeToken?: () => unknown;
}

/** Engine.IO packets, text or binary, over the WebSocket of a client that is in a room. */
export interface PacketCase {
  readonly what: string;
  readonly packets: readonly (string | Buffer)[];
  /** Codes that the sender is told by the event `msg`, in order. */
  readonly told: readonly FailureCode[];
  readonly fate: Fate;
}

/** Bytes on the WebSocket of a client that is in a room. */
export interface FrameCase {
  readonly what: string;
  readonly bytes: Buffer;
  /** The code with which the server closes; undefined if the connection stays. */
  readonly closeCode: number | undefined;
}

/** An HTTP request. */
export interface RequestCase {
  readonly what: string;
  /** As it is written; `sid` is a polling session that is in a room. */
  readonly request: (sid: string) => string;
  /** Of the answer; undefined if the connection is closed without one. */
  readonly status: number | undefined;
  /** What becomes of the session; undefined if the request is of none. */
  readonly fate: Fate | undefined;
}
