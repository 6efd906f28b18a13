/**
 * What one connection receives, by the roles that the other side has given it.
 */
import { type MediaRole, mediaRoles, type RemoteMedia } from "./media-role.js";
import type { MediaRoles } from "./messages.js";

export class Receivers {
  readonly #pc: RTCPeerConnection;
  readonly #onMedia: (role: MediaRole, media: RemoteMedia | undefined) => void;
  readonly #media = new Map<MediaRole, RemoteMedia>();
  #roles: ReadonlyMap<string, MediaRole> = new Map();
  readonly #streams = new WeakMap<MediaStreamTrack, MediaStream>();

  /** @param onMedia - is told of what came, and with undefined of what is gone. */
  constructor(
    pc: RTCPeerConnection,
    onMedia: (role: MediaRole, media: RemoteMedia | undefined) => void,
    signal: AbortSignal,
  ) {
    this.#pc = pc;
    this.#onMedia = onMedia;
    pc.addEventListener(
      "track",
      ({ track, streams: [stream] }) => void this.#streams.set(track, stream ?? new MediaStream([track])),
      { signal },
    );
  }

  get media(): ReadonlyMap<MediaRole, RemoteMedia> {
    return this.#media;
  }

  /** Which section of the description each comes in. */
  get roles(): ReadonlyMap<string, MediaRole> {
    return this.#roles;
  }

  /** To be called when both sides have agreed on what is sent. */
  update(roles: MediaRoles): void {
    this.#roles = new Map(Object.entries(roles));
    const received = new Map<MediaRole, RemoteMedia>();
    for (const { mid, currentDirection, receiver } of this.#pc.getTransceivers()) {
      const role = mid === null ? undefined : this.#roles.get(mid);
      const stream = this.#streams.get(receiver.track);
      const isReceived = currentDirection === "sendrecv" || currentDirection === "recvonly";
      if (role !== undefined && stream !== undefined && isReceived)
        received.set(role, { track: receiver.track, stream });
    }
    for (const role of mediaRoles) this.#set(role, received.get(role));
  }

  #set(role: MediaRole, media: RemoteMedia | undefined): void {
    const before = this.#media.get(role);
    if (before?.track === media?.track && before?.stream === media?.stream) return;
    if (media === undefined) this.#media.delete(role);
    else this.#media.set(role, media);
    this.#onMedia(role, media);
  }
}
