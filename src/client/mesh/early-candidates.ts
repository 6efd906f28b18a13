/**
 * The other side's candidates. Each belongs to a description, by its user name fragment; one that comes before
 * that is kept for it, and one of a description that is over goes no further.
 */
const mostKept = 200;

export class EarlyCandidates {
  readonly #pc: RTCPeerConnection;
  #kept: RTCIceCandidateInit[] = [];

  constructor(pc: RTCPeerConnection) {
    this.#pc = pc;
  }

  async add(candidate: RTCIceCandidateInit): Promise<void> {
    if (this.#belongs(candidate)) await this.#use(candidate);
    else this.#kept = [...this.#kept, candidate].slice(-mostKept);
  }

  /** To be called when a description of the other side's has been set. */
  async described(): Promise<void> {
    const due = this.#kept.filter((candidate) => this.#belongs(candidate));
    this.#kept = this.#kept.filter((candidate) => !due.includes(candidate));
    for (const candidate of due) await this.#use(candidate);
  }

  /** One that makes no sense costs a path, never the call. */
  async #use(candidate: RTCIceCandidateInit): Promise<void> {
    await this.#pc.addIceCandidate(candidate).catch(() => {});
  }

  #belongs({ usernameFragment }: RTCIceCandidateInit): boolean {
    const { remoteDescription } = this.#pc;
    if (remoteDescription === null) return false;
    if (typeof usernameFragment !== "string") return true;
    return fragmentsOf(remoteDescription.sdp).has(usernameFragment);
  }
}

/** The user name fragments in a description: one for each generation of candidates that it takes. */
export function fragmentsOf(sdp: string): ReadonlySet<string> {
  return new Set([...sdp.matchAll(/^a=ice-ufrag:(\S+)/gm)].map(([, fragment = ""]) => fragment));
}
