/**
 * The client as an app sees it: one room, held through whatever happens to nodes and networks.
 */
import type { Envelope } from "../protocol/envelope.js";
import { type AddressedEvent, isAddressedEvent } from "../protocol/events.js";
import { isObject } from "../protocol/objects.js";
import { BackOff } from "./back-off.js";
import { Emitter } from "./emitter.js";
import { asString } from "./joined.js";
import { Lifeline, type SignalingState } from "./lifeline.js";
import type { ConnectOptions } from "./options.js";
import { Room, type RoomEvents } from "./room.js";
import { RosterKeeper } from "./roster-keeper.js";
import { asSignalingError, type SignalingCode, SignalingError } from "./signaling-error.js";

/** Why a client is closed. */
export interface Closure {
  /** `left` if the app has closed it. */
  readonly code: SignalingCode;
  readonly message: string;
  /** Whether connecting again makes sense, with another `connect`. */
  readonly retry: boolean;
}

/** What somebody has sent to this client alone. */
export interface Message {
  readonly event: AddressedEvent;
  /** The sender's userId; the server vouches for it. */
  readonly from: string;
  /** The sender's payload, with `targetUid` and `userId`. */
  readonly data: Readonly<Record<string, unknown>>;
}

/** As `RTCPeerConnection` takes them in its configuration. */
export interface IceServers {
  iceServers: { urls: string[]; username?: string; credential?: string }[];
  /** When the credentials end, in milliseconds since 1970; absent if nothing in them expires. */
  expiresAt?: number;
}

export interface SignalingEvents {
  state: [state: SignalingState, closed: Closure | undefined];
  message: [message: Message];
  /** Fresh ones, for whoever has asked once, in time before those before them end. */
  iceServers: [servers: IceServers];
  /** A word from the operator's services to the room. */
  notice: [msg: string, data: unknown];
  /** An attempt to connect has failed, and the next comes in so many milliseconds. */
  retrying: [why: SignalingError, delayMs: number];
}

/** Before asking for ICE servers again: from 5 s on, so that a node that is short of something is left alone. */
const iceServersRules = { firstMs: 6_000, longestMs: 60_000, jitter: 1 / 6 };

/**
 * Starts connecting, at once, to be in the room and to stay there until it is closed.
 *
 * @throws TypeError without a `url` where there is no page.
 */
export function connect(options: ConnectOptions): Signaling {
  if (!options.url && typeof location === "undefined")
    throw new TypeError("there is no page here that came from a signaler: give its url");
  return new Signaling(options);
}

export class Signaling {
  readonly room: Room;
  /** Resolves when the client is in the room for the first time. @throws SignalingError if it is closed before. */
  readonly ready: Promise<void>;
  readonly #events = new Emitter<SignalingEvents>();
  readonly #roomEvents = new Emitter<RoomEvents>();
  readonly #keeper: RosterKeeper;
  readonly #lifeline: Lifeline;
  #userId: string | undefined;
  #nodeId: string | undefined;
  /** Whether the app has asked for ICE servers: another node has to be asked for fresh ones again [P-62]. */
  #usesIceServers = false;
  readonly #iceServersBackOff = new BackOff(iceServersRules);
  #iceServersTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: ConnectOptions) {
    this.#userId = options.userId;
    let [arrived, refused]: [() => void, (why: SignalingError) => void] = [() => {}, () => {}];
    this.ready = new Promise((resolve, reject) => {
      [arrived, refused] = [resolve, reject];
    });
    // Whoever does not wait for it is told by the state.
    this.ready.catch(() => {});

    const lifeline: Lifeline = new Lifeline(options, {
      joined: (answer) => {
        this.#userId = answer.userId ?? this.#userId;
        this.#nodeId = answer.nodeId;
        this.#keeper.joined(answer);
      },
      lost: () => {
        this.#nodeId = undefined;
        this.#iceServersBackOff.reset();
        clearTimeout(this.#iceServersTimer);
        this.#keeper.lost();
      },
      told: (envelope) => this.#told(envelope),
      said: (payload) => this.#roomEvents.emit("message", payload),
      retrying: (why, delayMs) => this.#events.emit("retrying", why, delayMs),
      changed: (state) => {
        if (state === "connected") arrived();
        if (lifeline.closedBy !== undefined) refused(lifeline.closedBy);
        this.#events.emit("state", state, this.closed);
        if (state === "connected") this.#refreshIceServers();
      },
    });
    this.#lifeline = lifeline;
    this.#keeper = new RosterKeeper(options.roomId, this.#roomEvents, () => lifeline.askForList());
    this.room = new Room(options.roomId, this.#keeper, this.#roomEvents, (event, payload) =>
      lifeline.ask(event, payload),
    );
  }

  get state(): SignalingState {
    return this.#lifeline.state;
  }

  /** Undefined while the client is not closed. */
  get closed(): Closure | undefined {
    const why = this.#lifeline.closedBy;
    return why && { code: why.code, message: why.message, retry: why.retry };
  }

  /** Known once the client has been connected, if not from the beginning. */
  get userId(): string | undefined {
    return this.#userId;
  }

  /** The node that the client is on, for people to see; undefined while it is on none. */
  get nodeId(): string | undefined {
    return this.#nodeId;
  }

  /**
   * Sends something to one member, and resolves when it has been handed to the target's socket.
   *
   * While there is no connection it waits for one, for `sendTimeoutMs`, and is sent in its turn. What has been sent
   * is never sent again: if the connection is lost before the answer, that is `unconfirmed`.
   *
   * @throws SignalingError `offline` if the target is not there, `unconfirmed` if the message may have arrived or
   * not, `disconnected` if it was not sent, the code of `closed` if the client is closed, or another failure of
   * docs/PROTOCOL.md.
   */
  async send(
    event: AddressedEvent,
    targetUid: string,
    payload: Readonly<Record<string, unknown>>,
  ): Promise<void> {
    await this.#lifeline.ask(event, { ...payload, targetUid });
  }

  /**
   * The STUN and TURN servers to use, with credentials. From then on fresh ones come as the event `iceServers`,
   * before these end and after every reconnection.
   *
   * @throws SignalingError as `send`.
   */
  async iceServers(): Promise<IceServers> {
    this.#usesIceServers = true;
    const { data } = await this.#lifeline.ask("iceServers", {});
    return asIceServers(data);
  }

  /** Leaves the room and ends the connection, for good. Safe to call again. */
  close(): void {
    this.#lifeline.close(new SignalingError("left"));
  }

  /** Returns a function that takes the listener off. */
  on<Name extends keyof SignalingEvents>(
    event: Name,
    listener: (...args: SignalingEvents[Name]) => void,
  ): () => void {
    return this.#events.on(event, listener);
  }

  #told(envelope: Envelope): void {
    if (this.#keeper.told(envelope)) return;
    const { type, msg, data } = envelope;
    if (type === "iceServers") this.#events.emit("iceServers", asIceServers(data));
    else if (isObject(data)) {
      const from = asString(data["userId"]);
      if (type === "notice") this.#events.emit("notice", msg, data["notice"]);
      else if (isAddressedEvent(type) && from !== undefined)
        this.#events.emit("message", { event: type, from, data });
    }
  }

  #refreshIceServers(): void {
    if (!this.#usesIceServers) return;
    this.iceServers().then(
      (servers) => this.#events.emit("iceServers", servers),
      (error: unknown) => {
        // Those from before are in use, but end. If the connection is gone again, the next one asks.
        const { retry, retryAfterMs } = asSignalingError(error);
        if (!retry || this.state !== "connected") return;
        const delayMs = Math.max(this.#iceServersBackOff.next(), retryAfterMs);
        this.#iceServersTimer = setTimeout(() => this.#refreshIceServers(), delayMs);
      },
    );
  }
}

function asIceServers(data: unknown): IceServers {
  const { iceServers, expiresAt } = isObject(data) ? data : {};
  return {
    iceServers: Array.isArray(iceServers) ? (iceServers as IceServers["iceServers"]) : [],
    ...(typeof expiresAt === "number" && { expiresAt }),
  };
}
