/**
 * One end of a connection to a member: an RTCPeerConnection with all that belongs to it. It lasts until either
 * page begins anew; then another link takes its place.
 */
import { ControlChannel } from "./control-channel.js";
import type { LocalTrack } from "./local-member.js";
import type { MediaRole, RemoteMedia } from "./media-role.js";
import type { MemberState } from "./member-state.js";
import type { LinkMessage, MediaRoles } from "./messages.js";
import { Negotiation } from "./negotiation.js";
import { Recovery } from "./recovery.js";
import { type MaxBitrates, Sections } from "./sections.js";

export interface LinkSettings {
  readonly polite: boolean;
  readonly maxBitrates: MaxBitrates;
  /** In milliseconds. */
  readonly disconnectedMs: number;
}

export interface LinkSurroundings {
  /** Whether messages get through to the member. */
  canSend(): boolean;
  /** Sends what `compose` makes, until it is delivered or undefined. @returns whether it was delivered. */
  send(event: LinkMessage["event"], compose: () => LinkMessage | undefined): Promise<boolean>;
  localTracks(): ReadonlyMap<MediaRole, LocalTrack>;
  localState(): MemberState;
  onMedia(role: MediaRole, media: RemoteMedia | undefined): void;
  onState(state: MemberState): void;
  /** The connection, or the control channel on it, has come up or gone down. */
  onChange(): void;
  onGoodbye(): void;
  /** Only another link can help. @param error - missing if it is the network that would not have it. */
  onBroken(error?: unknown): void;
}

export class Link {
  readonly id = randomId();
  /** The other end; undefined until it has been heard of. */
  #remoteId: string | undefined;
  readonly #pc: RTCPeerConnection;
  readonly #polite: boolean;
  readonly #surroundings: LinkSurroundings;
  readonly #negotiation: Negotiation;
  readonly #control: ControlChannel;
  readonly #sections: Sections;
  readonly #recovery: Recovery;
  readonly #closed = new AbortController();

  constructor(
    pc: RTCPeerConnection,
    { polite, maxBitrates, disconnectedMs }: LinkSettings,
    surroundings: LinkSurroundings,
  ) {
    const { signal } = this.#closed;
    this.#pc = pc;
    this.#polite = polite;
    this.#surroundings = surroundings;
    this.#negotiation = new Negotiation(pc, polite, {
      mayOffer: () => surroundings.canSend() && (!polite || this.#remoteId !== undefined),
      send: (event, compose) =>
        this.#send(event, () => {
          const description = compose();
          if (description === undefined) return undefined;
          const told = { ...this.#linked, ...description };
          return event === "offer" ? { event, ...told, media: this.#sections.roles } : { event, ...told };
        }),
      sendCandidate: (compose) =>
        void this.#send("candidate", () => {
          const candidate = compose();
          return candidate && { event: "candidate", ...this.#linked, candidate };
        }),
      onOffer: ({ media }) => this.#sections.adopt(media, surroundings.localTracks()),
      onAgreed: () => this.#sections.agreed(),
      onBroken: (error) => surroundings.onBroken(error),
    });
    this.#sections = new Sections(
      pc,
      maxBitrates,
      {
        onMedia: (role, media) => surroundings.onMedia(role, media),
        onError: (error) => signal.aborted || surroundings.onBroken(error),
      },
      signal,
    );
    this.#recovery = new Recovery(
      {
        get connectionState() {
          return pc.connectionState;
        },
        canNegotiate: () => surroundings.canSend(),
        restartIce: () => pc.restartIce(),
        giveUp: () => surroundings.onBroken(),
      },
      disconnectedMs,
    );
    pc.addEventListener(
      "connectionstatechange",
      () => {
        this.#recovery.update();
        surroundings.onChange();
      },
      { signal },
    );
    this.#control = new ControlChannel(
      pc,
      {
        onState: (state) => surroundings.onState(state),
        onGoodbye: () => surroundings.onGoodbye(),
        onClosed: () => surroundings.onChange(),
        onOpen: () => {
          this.#control.tell(surroundings.localState());
          surroundings.onChange();
        },
      },
      signal,
    );
    // The polite side takes those of the first offer, which is always the other's.
    if (!polite) this.#sections.open(surroundings.localTracks());
  }

  get remoteId(): string | undefined {
    return this.#remoteId;
  }

  get connectionState(): RTCPeerConnectionState {
    return this.#pc.connectionState;
  }

  get media(): ReadonlyMap<MediaRole, RemoteMedia> {
    return this.#sections.media;
  }

  /** Whether the other page is there, as far as the connection itself can tell. */
  get isAlive(): boolean {
    return this.#pc.connectionState === "connected" && this.#control.isOpen;
  }

  /** Makes itself known to a side that has not been heard of. The other one begins by its offer. */
  greet(): void {
    if (!this.#polite) return;
    void this.#send("call", () =>
      this.#remoteId === undefined ? { event: "call", ...this.#linked } : undefined,
    );
  }

  bind(remoteId: string): void {
    this.#remoteId = remoteId;
  }

  take(message: LinkMessage): void {
    switch (message.event) {
      case "call":
        if (!this.#polite) this.#negotiation.repeat();
        break;
      case "offer":
        this.#negotiation.takeOffer(message);
        break;
      case "answer":
        this.#negotiation.takeAnswer(message);
        break;
      case "candidate":
        this.#negotiation.takeCandidate(message);
        break;
    }
  }

  setTrack(role: MediaRole, local: LocalTrack | undefined): void {
    if (this.#closed.signal.aborted) return;
    try {
      this.#sections.set(role, local);
    } catch (error) {
      // The other side has refused the section.
      this.#surroundings.onBroken(error);
    }
  }

  sayGoodbye(): void {
    this.#control.sayGoodbye();
  }

  tell(state: MemberState): void {
    this.#control.tell(state);
  }

  /** Signaling is back. */
  resume(): void {
    this.#negotiation.resume();
  }

  /** Looks for a path anew, as is due when the network is another one. */
  restartIce(): void {
    if (!this.#closed.signal.aborted && this.#pc.remoteDescription !== null) this.#recovery.restart();
  }

  configure(configuration: RTCConfiguration): void {
    this.#pc.setConfiguration(configuration);
  }

  /** What each section of the description is for. */
  get roles(): MediaRoles {
    return this.#sections.roles;
  }

  getStats(): Promise<RTCStatsReport> {
    return this.#pc.getStats();
  }

  close(): void {
    if (this.#closed.signal.aborted) return;
    this.#closed.abort();
    this.#negotiation.close();
    this.#recovery.stop();
    this.#sections.close();
    this.#pc.close();
  }

  get #linked() {
    return { link: this.id, ...(this.#remoteId !== undefined && { to: this.#remoteId }) };
  }

  #send(event: LinkMessage["event"], compose: () => LinkMessage | undefined): Promise<boolean> {
    return this.#surroundings.send(event, () => (this.#closed.signal.aborted ? undefined : compose()));
  }
}

/** Not `randomUUID`, which pages have only where they are secure. */
function randomId(): string {
  return Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(36)).join("");
}
