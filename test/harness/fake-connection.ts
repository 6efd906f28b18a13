/**
 * An RTCPeerConnection without a network, as far as negotiation needs one: signaling states, implicit rollback,
 * `negotiationneeded`, ICE generations, and sections with directions. Tests say when it connects or fails.
 */

interface Section {
  readonly kind: string;
  readonly direction: RTCRtpTransceiverDirection;
}

interface FakeDescription {
  readonly type: "offer" | "answer";
  readonly sdp: string;
}

export class FakeTrack extends EventTarget {
  readonly kind: string;
  enabled = true;

  constructor(kind: string) {
    super();
    this.kind = kind;
  }

  /** As the mesh takes it. */
  get asTrack(): MediaStreamTrack {
    return this as unknown as MediaStreamTrack;
  }
}

class FakeTransceiver {
  mid: string | null = null;
  /** As when the other side refuses the section. */
  stopped = false;
  currentDirection: RTCRtpTransceiverDirection | null = null;
  readonly receiver: { track: FakeTrack };
  readonly sender = {
    track: null as unknown,
    setStreams: () => {},
    replaceTrack: async (track: unknown) => {
      this.sender.track = track;
    },
  };
  readonly #changed: () => void;
  #direction: RTCRtpTransceiverDirection;

  constructor(kind: string, direction: RTCRtpTransceiverDirection, changed: () => void) {
    this.receiver = { track: new FakeTrack(kind) };
    this.#direction = direction;
    this.#changed = changed;
  }

  get direction(): RTCRtpTransceiverDirection {
    return this.#direction;
  }

  set direction(direction: RTCRtpTransceiverDirection) {
    if (this.stopped) throw new DOMException("stopped", "InvalidStateError");
    this.#direction = direction;
    this.#changed();
  }
}

class FakeChannel extends EventTarget {
  readyState = "connecting";
  other: FakeChannel | undefined;
  /** In characters; the other side says what it takes. */
  maxMessageSize = Number.POSITIVE_INFINITY;

  open(other: FakeChannel): void {
    this.other = other;
    this.readyState = "open";
    this.dispatchEvent(new Event("open"));
  }

  /** Because the other page has closed it, or is gone. */
  end(): void {
    this.readyState = "closed";
    this.dispatchEvent(new Event("close"));
  }

  send(data: string): void {
    if (data.length > this.maxMessageSize) throw new TypeError("larger than max-message-size");
    this.other?.dispatchEvent(Object.assign(new Event("message"), { data }));
  }
}

let serial = 0;
/** For glare in an order that a test chooses, every step takes a turn of the event loop's microtasks. */
const step = () => Promise.resolve();

export class FakeConnection extends EventTarget {
  readonly configurations: RTCConfiguration[];
  readonly channel = new FakeChannel();
  readonly candidates: RTCIceCandidateInit[] = [];
  readonly #transceivers: FakeTransceiver[] = [];
  signalingState = "stable";
  connectionState = "new";
  restarts = 0;
  currentLocalDescription: FakeDescription | null = null;
  #pendingLocal: FakeDescription | null = null;
  #remote: FakeDescription | null = null;
  #wantsRestart = false;
  #asked = false;
  #generation = `ufrag${serial++}`;

  constructor(configuration: RTCConfiguration) {
    super();
    this.configurations = [configuration];
  }

  get localDescription(): FakeDescription | null {
    return this.#pendingLocal ?? this.currentLocalDescription;
  }

  get remoteDescription(): FakeDescription | null {
    return this.#remote;
  }

  createDataChannel(): FakeChannel {
    this.#ask();
    return this.channel;
  }

  addTransceiver(kind: string, { direction }: { direction: RTCRtpTransceiverDirection }): FakeTransceiver {
    const transceiver = new FakeTransceiver(kind, direction, () => {
      this.#checkOpen();
      this.#ask();
    });
    this.#transceivers.push(transceiver);
    this.#ask();
    return transceiver;
  }

  getTransceivers(): FakeTransceiver[] {
    return this.#transceivers;
  }

  async setLocalDescription(): Promise<void> {
    await step();
    this.#checkOpen();
    if (this.#wantsRestart) this.#generation = `ufrag${serial++}`;
    this.#wantsRestart = false;
    this.#transceivers.forEach((transceiver, index) => {
      transceiver.mid = String(index);
    });
    const sections = this.#transceivers.map(({ receiver, direction }) => ({
      kind: receiver.track.kind,
      direction,
    }));
    const sdp = `a=ice-ufrag:${this.#generation}\na=sections:${JSON.stringify(sections)}\n`;
    if (this.signalingState === "stable") {
      this.#pendingLocal = { type: "offer", sdp };
      this.signalingState = "have-local-offer";
    } else {
      this.currentLocalDescription = { type: "answer", sdp };
      this.#settle();
    }
    const candidate = { candidate: `candidate of ${this.#generation}`, usernameFragment: this.#generation };
    this.dispatchEvent(
      Object.assign(new Event("icecandidate"), { candidate: { ...candidate, toJSON: () => candidate } }),
    );
  }

  async setRemoteDescription({ type, sdp }: FakeDescription): Promise<void> {
    await step();
    this.#checkOpen();
    if (type === "answer" && this.signalingState !== "have-local-offer")
      throw new DOMException("no offer to answer", "InvalidStateError");
    this.#remote = { type, sdp };
    sectionsOf(sdp).forEach(({ kind, direction }, index) => {
      const transceiver =
        this.#transceivers[index] ?? this.addTransceiver(kind, { direction: "recvonly" as const });
      transceiver.mid = String(index);
      if (direction.startsWith("send"))
        this.dispatchEvent(
          Object.assign(new Event("track"), { track: transceiver.receiver.track, streams: [] }),
        );
    });
    if (type === "answer") {
      this.currentLocalDescription = this.#pendingLocal;
      this.#settle();
    } else {
      // An offer of one's own is taken back.
      this.#pendingLocal = null;
      this.signalingState = "have-remote-offer";
    }
  }

  async addIceCandidate(candidate: RTCIceCandidateInit): Promise<void> {
    await step();
    if (!this.#remote?.sdp.includes(`a=ice-ufrag:${candidate.usernameFragment}\n`))
      throw new DOMException("a candidate of another generation", "OperationError");
    this.candidates.push(candidate);
  }

  restartIce(): void {
    this.restarts += 1;
    this.#wantsRestart = true;
    this.#ask();
  }

  setConfiguration(configuration: RTCConfiguration): void {
    this.configurations.push(configuration);
  }

  close(): void {
    this.signalingState = "closed";
    this.connectionState = "closed";
    this.channel.readyState = "closed";
  }

  become(connectionState: "connecting" | "connected" | "disconnected" | "failed"): void {
    this.connectionState = connectionState;
    this.dispatchEvent(new Event("connectionstatechange"));
  }

  #settle(): void {
    this.#pendingLocal = null;
    this.signalingState = "stable";
    const theirs = sectionsOf(this.#remote?.sdp ?? "");
    this.#transceivers.forEach((transceiver, index) => {
      const receives = theirs[index]?.direction.startsWith("send") ?? false;
      transceiver.currentDirection = receives ? "recvonly" : "inactive";
    });
    this.#ask();
  }

  #isNeeded(): boolean {
    const described = sectionsOf(this.currentLocalDescription?.sdp ?? "");
    const differs = this.#transceivers.some(({ direction }, n) => described[n]?.direction !== direction);
    return this.currentLocalDescription === null || this.#wantsRestart || differs;
  }

  #ask(): void {
    if (this.#asked || this.signalingState !== "stable") return;
    this.#asked = true;
    setTimeout(() => {
      this.#asked = false;
      if (this.signalingState === "stable" && this.#isNeeded())
        this.dispatchEvent(new Event("negotiationneeded"));
    }, 0);
  }

  #checkOpen(): void {
    if (this.signalingState === "closed") throw new DOMException("closed", "InvalidStateError");
  }
}

function sectionsOf(sdp: string): Section[] {
  const [, text = "[]"] = /^a=sections:(.*)$/m.exec(sdp) ?? [];
  return JSON.parse(text) as Section[];
}
