/**
 * Brings a connection back that has lost its way: by an ICE restart, again and again with longer waits, and
 * when that does not help by another connection.
 */
import { BackOff } from "../back-off.js";

/** From one restart to the next: each must have time to be negotiated and to find a path. */
const restartRules = { firstMs: 5_000, longestMs: 30_000, jitter: 0.25 };
const mostRestarts = 4;

export interface Recoverable {
  readonly connectionState: RTCPeerConnectionState;
  /** Whether something can be negotiated at all. */
  canNegotiate(): boolean;
  restartIce(): void;
  /** Restarts have not helped. */
  giveUp(): void;
}

export class Recovery {
  readonly #connection: Recoverable;
  readonly #disconnectedMs: number;
  readonly #backOff = new BackOff(restartRules);
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(connection: Recoverable, disconnectedMs: number) {
    this.#connection = connection;
    this.#disconnectedMs = disconnectedMs;
  }

  /** To be called at each change of the connection's state. */
  update(): void {
    const isFirst = this.#backOff.attempts === 0;
    switch (this.#connection.connectionState) {
      case "connected":
        this.stop();
        break;
      case "disconnected":
        // Often it comes back by itself.
        if (isFirst) this.#tryIn(this.#disconnectedMs);
        break;
      case "failed":
        if (isFirst) this.#restart();
        break;
    }
  }

  /** The network is another one, or somebody asks for it: what did not work before may work now. */
  restart(): void {
    this.#backOff.reset();
    this.#restart();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#backOff.reset();
  }

  #restart(): void {
    this.#tryIn(this.#backOff.next());
    this.#connection.restartIce();
  }

  #tryIn(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#tryAgain(), ms);
  }

  #tryAgain(): void {
    if (this.#connection.connectionState === "connected") this.stop();
    // A restart that was asked for happens when signaling is back, and counts from then on.
    else if (!this.#connection.canNegotiate()) this.#tryIn(restartRules.firstMs);
    else if (this.#backOff.attempts >= mostRestarts) this.#connection.giveUp();
    else this.#restart();
  }
}
