/**
 * The tracks of this client, by role: what is sent to everybody.
 */
import type { MediaRole } from "./media-role.js";

export interface LocalTrack {
  readonly track: MediaStreamTrack;
  /** Tracks of one stream are played in step. */
  readonly stream: MediaStream;
}

const kinds = { microphone: "audio", camera: "video", screen: "video" } as const;

export class LocalMedia {
  readonly #tracks = new Map<MediaRole, LocalTrack>();
  /** A camera and a microphone belong together unless somebody says otherwise; a screen is on its own. */
  #person: MediaStream | undefined;

  get tracks(): ReadonlyMap<MediaRole, LocalTrack> {
    return this.#tracks;
  }

  /** @throws TypeError if the track is of the wrong kind, or is sent in another role. */
  set(role: MediaRole, track: MediaStreamTrack | undefined, stream?: MediaStream): LocalTrack | undefined {
    if (track === undefined) {
      this.#tracks.delete(role);
      return undefined;
    }
    if (track.kind !== kinds[role]) throw new TypeError(`a ${role} must be a track of ${kinds[role]}`);
    for (const [other, { track: sent }] of this.#tracks)
      if (sent === track && other !== role) throw new TypeError(`this track is sent as ${other} already`);
    const local = { track, stream: stream ?? this.#streamFor(role) };
    this.#tracks.set(role, local);
    return local;
  }

  #streamFor(role: MediaRole): MediaStream {
    const { stream } = this.#tracks.get(role) ?? {};
    if (stream !== undefined) return stream;
    if (role === "screen") return new MediaStream();
    this.#person ??= new MediaStream();
    return this.#person;
  }
}
