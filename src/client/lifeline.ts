/**
 * Keeps one connection to the room: connects, joins, and when that ends, tries again or ends for good.
 */
import type { Envelope } from "../protocol/envelope.js";
import type { ClientEvent } from "../protocol/events.js";
import { isObject } from "../protocol/objects.js";
import { BackOff } from "./back-off.js";
import { Connection, type SocketSettings } from "./connection.js";
import { isFinal, isTokenOver } from "./endings.js";
import { asJoined, type Joined } from "./joined.js";
import { whenOnline } from "./network.js";
import type { ConnectOptions } from "./options.js";
import { Outbox } from "./outbox.js";
import { asSignalingError, errorOf, SignalingError } from "./signaling-error.js";
import { Renewal, TokenSource } from "./token-source.js";

/**
 * `connecting` until the client is in its room for the first time, then `connected`, and `reconnecting` whenever
 * the connection is lost; `closed` for good, by the app or because trying again makes no sense.
 */
export type SignalingState = "connecting" | "connected" | "reconnecting" | "closed";

export interface LifelineEvents {
  /** In the room, on a connection that is a new one. */
  joined(answer: Joined): void;
  /** The connection is lost. */
  lost(): void;
  told(envelope: Envelope): void;
  said(payload: unknown): void;
  /** An attempt has failed, and the next comes in so many milliseconds. */
  retrying(why: SignalingError, delayMs: number): void;
  changed(state: SignalingState): void;
}

const defaultTimeoutMs = 10_000;
/** As long as timers go, which is more than 24 days: beyond that they are over at once. */
const longestTimeoutMs = 2 ** 31 - 1;

export class Lifeline {
  readonly #options: ConnectOptions;
  readonly #events: LifelineEvents;
  readonly #timeoutMs: number;
  readonly #tokens: TokenSource;
  readonly #backOff: BackOff;
  readonly #outbox: Outbox;
  #state: SignalingState = "connecting";
  #closedBy: SignalingError | undefined;
  #connection: Connection | undefined;
  #stopWaiting = () => {};
  /** Whether a fresh token has been tried since the client was in. */
  #triedFreshToken = false;
  /** Whether to begin by polling: where an attempt gets no answer, that may be due to how it was made. */
  #pollsFirst = false;

  constructor(options: ConnectOptions, events: LifelineEvents) {
    const { reconnectionDelay, reconnectionDelayMax, randomizationFactor } = options.socketOptions ?? {};
    this.#options = options;
    this.#events = events;
    this.#timeoutMs = Math.min(options.sendTimeoutMs ?? defaultTimeoutMs, longestTimeoutMs);
    this.#tokens = new TokenSource(options.token);
    this.#outbox = new Outbox(this.#timeoutMs);
    this.#backOff = new BackOff({
      firstMs: reconnectionDelay ?? 1_000,
      longestMs: reconnectionDelayMax ?? 5_000,
      jitter: randomizationFactor ?? 0.5,
    });
    void this.#connect();
  }

  get state(): SignalingState {
    return this.#state;
  }

  get closedBy(): SignalingError | undefined {
    return this.#closedBy;
  }

  /** The connection, while it is in the room. */
  get #inRoom(): Connection | undefined {
    return this.#state === "connected" ? this.#connection : undefined;
  }

  /** Resolves to the receipt. @throws SignalingError as `Signaling.send`. */
  ask(event: ClientEvent, payload: unknown): Promise<Envelope> {
    if (this.#closedBy !== undefined) return Promise.reject(this.#closedBy);
    return this.#outbox.ask(this.#inRoom, event, payload);
  }

  /** Asks who is in the room. A client that turns out not to be in it ends its connection. */
  async askForList(): Promise<Joined> {
    const connection = this.#inRoom;
    if (connection === undefined) throw new SignalingError("disconnected");
    try {
      return asJoined(await this.#join(connection));
    } catch (error) {
      const failure = asSignalingError(error);
      if (isFinal(failure, false)) connection.end(failure);
      throw failure;
    }
  }

  close(why: SignalingError): void {
    if (this.#state === "closed") return;
    this.#closedBy = why;
    this.#stopWaiting();
    this.#state = "closed";
    this.#connection?.end(why);
    this.#connection = undefined;
    this.#outbox.fail(why);
    this.#events.lost();
    this.#events.changed("closed");
  }

  async #connect(): Promise<void> {
    let token: string | undefined;
    try {
      token = await this.#tokens.get();
    } catch (error) {
      this.#ended(asSignalingError(error));
      return;
    }
    if (this.#state === "closed") return;
    const renewal: Renewal = new Renewal(this.#tokens, async (fresh) => {
      await connection.ask("token", { token: fresh }, this.#timeoutMs);
      // It may not admit to the room, and then the client is in it no more.
      if (this.#inRoom === connection) await this.askForList().catch(() => {});
    });
    const openMs = this.#options.socketOptions?.timeout ?? defaultTimeoutMs;
    const connection: Connection = new Connection(this.#options.url ?? "", this.#settings(token), openMs, {
      opened: () => void this.#enter(connection),
      told: (envelope) => this.#told(connection, renewal, envelope),
      said: (payload) => this.#events.said(payload),
      ended: (why) => {
        renewal.stop();
        this.#ended(why);
      },
    });
    this.#connection = connection;
  }

  #settings(token: string | undefined): SocketSettings {
    const { roomId, userId, profile, socketOptions } = this.#options;
    const settings: SocketSettings = {
      transports: this.#pollsFirst ? ["polling", "websocket"] : ["websocket", "polling"],
      // A proxy may let no WebSocket through; and only an answer to a poll shows why a request was refused.
      tryAllTransports: true,
      ...socketOptions,
      query: { ...socketOptions?.query, roomId },
      // Not in the query, which ends up in logs. Whatever the profile says, the room is this one.
      auth: {
        ...profile,
        roomId,
        ...(userId !== undefined && { userId }),
        ...(token !== undefined && { token }),
      },
      forceNew: true,
      // One back-off for all that can go wrong, and it starts anew only when the client is in the room.
      reconnection: false,
      autoConnect: true,
    };
    // Socket.IO would send again what may have arrived.
    delete settings.retries;
    delete settings.ackTimeout;
    return settings;
  }

  async #enter(connection: Connection): Promise<void> {
    let answer: Envelope;
    try {
      answer = await this.#join(connection);
    } catch (error) {
      connection.end(asSignalingError(error));
      return;
    }
    if (this.#connection !== connection) return;
    this.#triedFreshToken = false;
    this.#backOff.reset();
    this.#state = "connected";
    this.#outbox.flush(connection);
    this.#events.joined(asJoined(answer));
    if (this.#inRoom === connection) this.#events.changed("connected");
  }

  #join(connection: Connection): Promise<Envelope> {
    return connection.ask("join", { roomId: this.#options.roomId }, this.#timeoutMs);
  }

  #told(connection: Connection, renewal: Renewal, envelope: Envelope): void {
    const { type, data } = envelope;
    const ours = isObject(data) && (data["roomId"] === undefined || data["roomId"] === this.#options.roomId);
    if (type === "replaced" || ((type === "kicked" || type === "ended") && ours)) {
      connection.end(errorOf(envelope));
    } else if (type === "token") renewal.warned();
    else this.#events.told(envelope);
  }

  #ended(why: SignalingError): void {
    this.#connection = undefined;
    if (this.#state === "closed") return;
    const wasConnected = this.#state === "connected";
    const wasIn = this.#state !== "connecting";
    const { reconnection = true, reconnectionAttempts = Number.POSITIVE_INFINITY } =
      this.#options.socketOptions ?? {};
    const exhausted = !reconnection || this.#backOff.attempts >= reconnectionAttempts;
    if (exhausted || (isFinal(why, wasIn) && !this.#canBringFreshToken(why))) {
      this.close(why);
      return;
    }
    if (why.detail["reason"] === "timeout") this.#pollsFirst = !this.#pollsFirst;
    const delayMs = Math.max(this.#backOff.next(), why.retryAfterMs);
    this.#wait(delayMs);
    if (wasConnected) {
      this.#state = "reconnecting";
      this.#events.lost();
      this.#events.changed("reconnecting");
    }
    if (this.state !== "closed") this.#events.retrying(why, delayMs);
  }

  /** Once only: the next token may be over as well. */
  #canBringFreshToken(why: SignalingError): boolean {
    if (!isTokenOver(why) || !this.#tokens.renewable || this.#triedFreshToken) return false;
    this.#triedFreshToken = true;
    return true;
  }

  #wait(delayMs: number): void {
    const go = () => {
      this.#stopWaiting();
      void this.#connect();
    };
    const timer = setTimeout(go, delayMs);
    const off = whenOnline(() => {
      this.#backOff.reset();
      go();
    });
    this.#stopWaiting = () => {
      clearTimeout(timer);
      off();
    };
  }
}
