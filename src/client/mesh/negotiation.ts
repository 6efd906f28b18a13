/**
 * Offers and answers over one RTCPeerConnection: perfect negotiation. Either side may offer at any time. Where
 * offers cross, the polite side takes its own back and the other's stands. An offer that stays without an
 * answer is sent again, so that nothing lost on the way ends a call.
 *
 * One thing is done at a time. So whatever is looked at here is true until the next await of the same step.
 */
import { BackOff } from "../back-off.js";
import { EarlyCandidates, fragmentsOf } from "./early-candidates.js";
import type { AnswerMessage, CandidateMessage, OfferMessage } from "./messages.js";

/** What an unanswered offer waits for before it is sent again. */
const answerRules = { firstMs: 5_000, longestMs: 60_000, jitter: 0.25 };

/** A description of this side's, with every candidate that is known by now. */
type Description = Pick<AnswerMessage, "sdp" | "number">;

/** Makes what is to be sent when it is sent, and anew for each try; undefined once there is no more need. */
type Compose<Sent> = () => Sent | undefined;

export interface NegotiationSurroundings {
  /** Whether an offer would reach somebody who is waiting for it. */
  mayOffer(): boolean;
  /** @returns whether it was delivered. */
  send(event: "offer" | "answer", compose: Compose<Description>): Promise<boolean>;
  sendCandidate(compose: Compose<RTCIceCandidateInit>): void;
  /** The other side's offer has been set, and is to be answered next. */
  onOffer(offer: OfferMessage): void;
  /** Both sides have agreed. */
  onAgreed(): void;
  /** The connection cannot go on from here. */
  onBroken(error: unknown): void;
}

export class Negotiation {
  readonly #pc: RTCPeerConnection;
  readonly #polite: boolean;
  readonly #surroundings: NegotiationSurroundings;
  readonly #candidates: EarlyCandidates;
  readonly #closed = new AbortController();
  #queue: Promise<void> = Promise.resolve();
  /** The connection has asked for an offer, and none was made since. */
  #due = false;
  /** How many offers were made, and how often one was sent. */
  #offers = 0;
  #sendings = 0;
  /** The number of the other side's offer that was answered last. */
  #answered = 0;
  #unanswered: ReturnType<typeof setTimeout> | undefined;

  constructor(pc: RTCPeerConnection, polite: boolean, surroundings: NegotiationSurroundings) {
    this.#pc = pc;
    this.#polite = polite;
    this.#surroundings = surroundings;
    this.#candidates = new EarlyCandidates(pc);
    const { signal } = this.#closed;
    const onNeeded = () => {
      this.#due = true;
      this.resume();
    };
    pc.addEventListener("negotiationneeded", onNeeded, { signal });
    pc.addEventListener("icecandidate", ({ candidate }) => this.#tell(candidate), { signal });
  }

  /** Makes the offer that is due, if it may be made by now. */
  resume(): void {
    this.#enqueue(() => this.#offer());
  }

  /** Sends the offer that waits for an answer once more: the other side may have missed it. */
  repeat(): void {
    this.#enqueue(async () => {
      if (this.#pc.signalingState === "have-local-offer") this.#sendOffer(new BackOff(answerRules));
      else await this.#offer();
    });
  }

  takeOffer(offer: OfferMessage): void {
    this.#enqueue(() => this.#takeOffer(offer));
  }

  takeAnswer(answer: AnswerMessage): void {
    this.#enqueue(async () => {
      const isAwaited = this.#pc.signalingState === "have-local-offer" && answer.number === this.#offers;
      if (!isAwaited) return;
      clearTimeout(this.#unanswered);
      this.#due = false;
      await this.#pc.setRemoteDescription({ type: "answer", sdp: answer.sdp });
      await this.#candidates.described();
      this.#surroundings.onAgreed();
    });
  }

  takeCandidate({ candidate }: Pick<CandidateMessage, "candidate">): void {
    this.#enqueue(() => this.#candidates.add(candidate));
  }

  /** The connection is to be closed after this, by whoever made it. */
  close(): void {
    this.#closed.abort();
    clearTimeout(this.#unanswered);
  }

  async #offer(): Promise<void> {
    // In any other state the connection asks again as soon as it is stable, if there is still a need.
    const isTime = this.#due && this.#surroundings.mayOffer() && this.#pc.signalingState === "stable";
    if (!isTime) return;
    this.#due = false;
    await this.#pc.setLocalDescription();
    this.#offers += 1;
    this.#sendOffer(new BackOff(answerRules));
  }

  #sendOffer(backOff: BackOff): void {
    clearTimeout(this.#unanswered);
    this.#sendings += 1;
    const [sending, number] = [this.#sendings, this.#offers];
    const isOpen = () =>
      !this.#closed.signal.aborted &&
      this.#pc.signalingState === "have-local-offer" &&
      this.#sendings === sending;
    const compose = () => (isOpen() ? describe(this.#pc.localDescription, number) : undefined);
    void this.#surroundings.send("offer", compose).then(() => {
      if (isOpen()) this.#unanswered = setTimeout(() => isOpen() && this.#sendOffer(backOff), backOff.next());
    });
  }

  async #takeOffer(offer: OfferMessage): Promise<void> {
    if (offer.number < this.#answered) return;
    if (offer.number === this.#answered) return this.#sendAnswer(offer.number);
    const collides = this.#pc.signalingState !== "stable";
    if (collides && !this.#polite) return;
    clearTimeout(this.#unanswered);
    // Takes this side's own offer back, if there is one.
    await this.#pc.setRemoteDescription({ type: "offer", sdp: offer.sdp });
    await this.#candidates.described();
    this.#surroundings.onOffer(offer);
    // What the answer leaves open, the connection asks for when it is stable again.
    this.#due = false;
    await this.#pc.setLocalDescription();
    this.#answered = offer.number;
    this.#sendAnswer(offer.number);
    this.#surroundings.onAgreed();
  }

  #sendAnswer(number: number): void {
    void this.#surroundings.send("answer", () => {
      const { currentLocalDescription } = this.#pc;
      const isCurrent = this.#answered === number && currentLocalDescription?.type === "answer";
      return isCurrent ? describe(currentLocalDescription, number) : undefined;
    });
  }

  #tell(candidate: RTCIceCandidate | null): void {
    // The empty candidate says that there are no more; so does silence.
    if (candidate === null || candidate.candidate === "") return;
    const told = candidate.toJSON();
    this.#surroundings.sendCandidate(() => {
      const { localDescription } = this.#pc;
      const { usernameFragment } = told;
      if (localDescription === null || this.#closed.signal.aborted) return undefined;
      const isOver =
        typeof usernameFragment === "string" && !fragmentsOf(localDescription.sdp).has(usernameFragment);
      return isOver ? undefined : told;
    });
  }

  #enqueue(step: () => Promise<void>): void {
    this.#queue = this.#queue.then(async () => {
      if (this.#closed.signal.aborted) return;
      try {
        await step();
      } catch (error) {
        // Whatever is still under way when a connection is closed fails.
        if (!this.#closed.signal.aborted) this.#surroundings.onBroken(error);
      }
    });
  }
}

function describe(description: RTCSessionDescription | null, number: number): Description | undefined {
  return description === null ? undefined : { sdp: description.sdp, number };
}
