/**
 * What goes over one connection, by role. Each role has one section of the description, for both directions and
 * for as long as the connection lasts. The first offer opens them all. So offers that cross never disagree about
 * what a section is for, and descriptions do not grow with tracks that come and go.
 */
import type { LocalTrack } from "./local-member.js";
import { type MediaRole, mediaKinds, mediaRoles, type RemoteMedia } from "./media-role.js";
import type { MediaRoles } from "./messages.js";

export type MaxBitrates = Readonly<Partial<Record<MediaRole, number>>>;

export interface SectionEvents {
  /** Something has come; or, without `media`, gone. */
  onMedia(role: MediaRole, media: RemoteMedia | undefined): void;
  onError(error: unknown): void;
}

export class Sections {
  readonly #pc: RTCPeerConnection;
  /** In bits per second. */
  readonly #maxBitrates: MaxBitrates;
  readonly #events: SectionEvents;
  readonly #transceivers = new Map<MediaRole, RTCRtpTransceiver>();
  /** Those of the other side's tracks. */
  readonly #streams = new WeakMap<MediaStreamTrack, MediaStream>();
  readonly #media = new Map<MediaRole, RemoteMedia>();

  constructor(pc: RTCPeerConnection, maxBitrates: MaxBitrates, events: SectionEvents, signal: AbortSignal) {
    this.#pc = pc;
    this.#maxBitrates = maxBitrates;
    this.#events = events;
    pc.addEventListener(
      "track",
      ({ track, streams: [stream] }) => void this.#streams.set(track, stream ?? new MediaStream([track])),
      { signal },
    );
  }

  get media(): ReadonlyMap<MediaRole, RemoteMedia> {
    return this.#media;
  }

  /** What each section is for. */
  get roles(): MediaRoles {
    const roles = new Map<string, MediaRole>();
    for (const [role, { mid }] of this.#transceivers) if (mid !== null) roles.set(mid, role);
    return roles;
  }

  /** Makes the sections, for the first offer. */
  open(tracks: ReadonlyMap<MediaRole, LocalTrack>): void {
    for (const role of mediaRoles)
      this.#transceivers.set(role, this.#pc.addTransceiver(mediaKinds[role], { direction: "recvonly" }));
    for (const [role, local] of tracks) this.set(role, local);
  }

  /** Takes the sections of the other side's offer, which has been set, in time for the answer to it. */
  adopt(roles: MediaRoles, tracks: ReadonlyMap<MediaRole, LocalTrack>): void {
    for (const transceiver of this.#pc.getTransceivers()) {
      const role = transceiver.mid === null ? undefined : roles.get(transceiver.mid);
      if (role === undefined || this.#transceivers.has(role)) continue;
      this.#transceivers.set(role, transceiver);
      this.set(role, tracks.get(role));
    }
  }

  /** The connection asks for negotiation where another track alone is not enough. */
  set(role: MediaRole, local: LocalTrack | undefined): void {
    // Before there are sections nothing is sent; those that come then take the tracks that there are.
    const transceiver = this.#transceivers.get(role);
    if (transceiver === undefined) return;
    const { sender } = transceiver;
    transceiver.direction = local === undefined ? "recvonly" : "sendrecv";
    if (local !== undefined) sender.setStreams(local.stream);
    sender.replaceTrack(local?.track ?? null).catch((error) => this.#events.onError(error));
  }

  /** To be called when both sides have agreed on who sends what. */
  agreed(): void {
    for (const [role, { currentDirection, receiver, sender }] of this.#transceivers) {
      const isReceived = currentDirection === "sendrecv" || currentDirection === "recvonly";
      const stream = this.#streams.get(receiver.track);
      const isThere = isReceived && stream !== undefined;
      this.#receive(role, isThere ? { track: receiver.track, stream } : undefined);
      this.#limit(sender, this.#maxBitrates[role]);
    }
  }

  /** Nothing comes any more. */
  close(): void {
    for (const role of mediaRoles) this.#receive(role, undefined);
  }

  #receive(role: MediaRole, media: RemoteMedia | undefined): void {
    const before = this.#media.get(role);
    if (before?.track === media?.track && before?.stream === media?.stream) return;
    if (media === undefined) this.#media.delete(role);
    else this.#media.set(role, media);
    this.#events.onMedia(role, media);
  }

  #limit(sender: RTCRtpSender, maxBitrate: number | undefined): void {
    if (maxBitrate === undefined) return;
    const parameters = sender.getParameters();
    if (parameters.encodings.every((encoding) => encoding.maxBitrate === maxBitrate)) return;
    for (const encoding of parameters.encodings) encoding.maxBitrate = maxBitrate;
    sender.setParameters(parameters).catch((error) => this.#events.onError(error));
  }
}
