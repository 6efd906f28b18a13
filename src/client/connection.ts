/**
 * One connection, from its first attempt to its end, of which it tells once. It is never used again, so that
 * nothing of it is sent on the next one.
 */
import { io, type ManagerOptions, type Socket, type SocketOptions } from "socket.io-client";
import type { Envelope } from "../protocol/envelope.js";
import type { ClientEvent } from "../protocol/events.js";
import { failures } from "../protocol/failures.js";
import { isObject } from "../protocol/objects.js";
import { errorOf, isCode, SignalingError } from "./signaling-error.js";

type Ack = (answer: unknown) => void;

interface ServerEvents {
  msg(payload: unknown): void;
}
type ClientEvents = { [Event in ClientEvent]: (payload: unknown, ack: Ack) => void };

export type SocketSettings = Partial<ManagerOptions & SocketOptions>;

export interface ConnectionEvents {
  /** The server has taken the connection, though it may still refuse the room. */
  opened(): void;
  /** The server says something [P-10]. */
  told(envelope: Envelope): void;
  /** A member says something to the room [P-34]. */
  said(payload: unknown): void;
  /** It is over: by itself, by the server, or by `end`. */
  ended(why: SignalingError): void;
}

export class Connection {
  readonly #socket: Socket<ServerEvents, ClientEvents>;
  readonly #events: ConnectionEvents;
  /** Requests under way. */
  readonly #unanswered = new Set<(error: SignalingError) => void>();
  /** What the server said before it ended the connection. */
  #reason: SignalingError | undefined;
  #over = false;
  readonly #openTimer: ReturnType<typeof setTimeout>;

  /**
   * Starts connecting.
   *
   * @param url - empty for where the page came from.
   * @param openMs - how long the server may take to accept the client, in milliseconds.
   */
  constructor(url: string, settings: SocketSettings, openMs: number, events: ConnectionEvents) {
    this.#events = events;
    this.#socket = url === "" ? io(settings) : io(url, settings);
    // Socket.IO's own timeout is for the transport alone.
    this.#openTimer = setTimeout(() => this.end(lost("timeout")), openMs);
    this.#socket.on("connect", () => {
      clearTimeout(this.#openTimer);
      events.opened();
    });
    this.#socket.on("connect_error", (error) => this.end(refusalOf(error)));
    this.#socket.on("disconnect", (reason) => this.end(this.#reason ?? lost(reason)));
    this.#socket.on("msg", (payload) => this.#receive(payload));
  }

  /**
   * Sends a request, and resolves to its receipt. One that is not answered in time was lost with the connection,
   * since servers answer sooner [P-44]: it ends.
   *
   * @throws SignalingError as the server says, or `unconfirmed` if the request may have arrived or not.
   */
  ask(event: ClientEvent, payload: unknown, timeoutMs: number): Promise<Envelope> {
    return new Promise((resolve, reject) => {
      const settle = () => {
        clearTimeout(timer);
        this.#unanswered.delete(fail);
      };
      const fail = (error: SignalingError) => {
        settle();
        reject(error);
      };
      const timer = setTimeout(() => this.end(lost("no answer in time")), timeoutMs);
      this.#unanswered.add(fail);
      try {
        this.#socket.emit(event, payload, (answer) => {
          if (!isEnvelope(answer)) fail(new SignalingError("internal"));
          else if (answer.type !== "receipt") fail(errorOf(answer));
          else {
            settle();
            resolve(answer);
          }
        });
      } catch (cause) {
        // What cannot be written as JSON never left.
        fail(new SignalingError("bad_payload", { cause }));
      }
    });
  }

  /** Ends it for this reason, unless it is over. */
  end(why: SignalingError): void {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#openTimer);
    this.#socket.off();
    this.#socket.disconnect();
    const unconfirmed = new SignalingError("unconfirmed", { cause: why });
    for (const fail of [...this.#unanswered]) fail(unconfirmed);
    this.#events.ended(why);
  }

  /** Members' objects are stamped with who sent them [P-34], and the server's own never are. */
  #receive(payload: unknown): void {
    if (!isObject(payload) || Object.hasOwn(payload, "from")) this.#events.said(payload);
    else if (isEnvelope(payload)) {
      if (payload.type === "error") this.#note(errorOf(payload));
      this.#events.told(payload);
    }
  }

  #note(error: SignalingError): void {
    const { code, detail } = error;
    if (!Object.hasOwn(failures, code)) return;
    const { ends } = failures[code as keyof typeof failures];
    if (ends === "yes" || (ends === "connecting" && detail["event"] === "connect")) this.#reason = error;
  }
}

function lost(reason: string): SignalingError {
  return new SignalingError("disconnected", { detail: { reason } });
}

/** What a `connect_error` means: a refusal in an envelope [P-4], a refused request [P-2], or no connection at all. */
function refusalOf(error: Error & { data?: unknown; context?: unknown }): SignalingError {
  if (isEnvelope(error.data)) return errorOf(error.data);
  const code = codeOf(error.context);
  if (isCode(code)) return new SignalingError(code, { cause: error });
  return new SignalingError("disconnected", { cause: error, detail: { reason: error.message } });
}

/** The code in the answer to a request that polls, where the platform shows it. */
function codeOf(request: unknown): unknown {
  if (typeof request !== "object" || request === null || !("responseText" in request)) return undefined;
  try {
    return (JSON.parse(String(request.responseText)) as { message?: unknown }).message;
  } catch {
    return undefined;
  }
}

function isEnvelope(value: unknown): value is Envelope {
  return isObject(value) && typeof value["type"] === "string" && typeof value["status"] === "number";
}
