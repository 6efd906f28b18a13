/**
 * The data channel beside the media, on which two members tell each other their state, and goodbye. It works
 * without signaling, and its end is the first sign that the other page is gone.
 */
import { isObject } from "../../protocol/objects.js";
import { type MemberState, parseState } from "./member-state.js";

export interface ControlEvents {
  onState(state: MemberState): void;
  onGoodbye(): void;
  onOpen(): void;
  onClosed(): void;
}

export class ControlChannel {
  readonly #channel: RTCDataChannel;

  constructor(pc: RTCPeerConnection, events: ControlEvents, signal: AbortSignal) {
    // Both sides open it by themselves, so it needs no offer of its own and is there from the start.
    const channel = pc.createDataChannel("meeting", { negotiated: true, id: 0 });
    this.#channel = channel;
    channel.addEventListener("open", () => events.onOpen(), { signal });
    channel.addEventListener("close", () => events.onClosed(), { signal });
    channel.addEventListener("message", ({ data }) => receive(data, events), { signal });
  }

  get isOpen(): boolean {
    return this.#channel.readyState === "open";
  }

  tell(state: MemberState): void {
    this.#send({ type: "state", state });
  }

  sayGoodbye(): void {
    this.#send({ type: "goodbye" });
  }

  #send(message: object): void {
    if (!this.isOpen) return;
    try {
      this.#channel.send(JSON.stringify(message));
    } catch {
      // The other side decides how much it takes; if that is too little, it is told nothing.
    }
  }
}

/** Ignores what it does not know: a newer client may say more. */
function receive(data: unknown, events: ControlEvents): void {
  const message = parse(data);
  if (!isObject(message)) return;
  if (message["type"] === "state") events.onState(parseState(message["state"]));
  else if (message["type"] === "goodbye") events.onGoodbye();
}

function parse(data: unknown): unknown {
  try {
    return typeof data === "string" ? JSON.parse(data) : undefined;
  } catch {
    return undefined;
  }
}
