/**
 * What a client is told when it connects.
 */
import type { SocketSettings } from "./connection.js";
import type { TokenOption } from "./token-source.js";

export interface ConnectOptions {
  /**
   * Origin of the signaler, such as `https://meet.example.com`.
   *
   * @default in a page, where that came from; required elsewhere
   */
  readonly url?: string | undefined;
  /** The room to be in. It also goes into the query, by which proxies keep a room together on one node. */
  readonly roomId: string;
  /** Who this is. May be left out with a token, which says it. */
  readonly userId?: string | undefined;
  /** Shown to the others, such as a nickname: at most 32 fields. */
  readonly profile?: Readonly<Record<string, string | number | boolean | null>> | undefined;
  /**
   * A token, where the server asks for one; or a function that gets one. The function is asked for every
   * connection anew, and when the server warns that the token is about to expire.
   */
  readonly token?: TokenOption;
  /**
   * How long a message waits for a connection to be back, and then for its answer, in milliseconds.
   *
   * @default 10000
   */
  readonly sendTimeoutMs?: number | undefined;
  /**
   * For Socket.IO's client. `reconnection`, `reconnectionAttempts`, `reconnectionDelay`, `reconnectionDelayMax`
   * and `randomizationFactor` mean what they mean there, and have the same defaults; they hold for refused
   * connections, too. `timeout`, for how long a connection may take to open, is 10000 ms by default. `transports`
   * are WebSocket and, where that fails, polling.
   */
  readonly socketOptions?: SocketSettings | undefined;
}
