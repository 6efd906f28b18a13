/**
 * This client, as the others are to see it: its tracks, by role, and what it shows of itself.
 */
import { type MediaRole, mediaKinds, mediaRoles } from "./media-role.js";
import { initialState, isSameState, type MemberState } from "./member-state.js";

export interface LocalTrack {
  readonly track: MediaStreamTrack;
  /** Tracks of one stream are played in step. */
  readonly stream: MediaStream;
}

export interface LocalEvents {
  onTrack(role: MediaRole, local: LocalTrack | undefined): void;
  onState(state: MemberState): void;
}

export class LocalMember {
  readonly #events: LocalEvents;
  readonly #tracks = new Map<MediaRole, LocalTrack>();
  /** Stop waiting for the end of a track. */
  readonly #replaced = new Map<MediaRole, AbortController>();
  #state = initialState;
  /** A camera and a microphone belong together unless somebody says otherwise; a screen is on its own. */
  #person: MediaStream | undefined;

  constructor(events: LocalEvents) {
    this.#events = events;
  }

  get tracks(): ReadonlyMap<MediaRole, LocalTrack> {
    return this.#tracks;
  }

  get state(): MemberState {
    return this.#state;
  }

  /** @throws TypeError if the track is of the wrong kind, or is sent in another role. */
  setTrack(role: MediaRole, track: MediaStreamTrack | undefined, stream?: MediaStream): void {
    if (track !== undefined) this.#check(role, track);
    const before = this.#tracks.get(role);
    this.#replaced.get(role)?.abort();
    if (track === undefined) this.#tracks.delete(role);
    else {
      // Another microphone is no reason to be heard for somebody who is muted.
      if (before !== undefined) track.enabled = this.#state[role];
      this.#tracks.set(role, { track, stream: stream ?? before?.stream ?? this.#streamFor(role) });
      this.#awaitEnd(role, track);
    }
    this.#events.onTrack(role, this.#tracks.get(role));
    this.#setState({ ...this.#state, [role]: track?.enabled ?? false });
  }

  setState(change: Partial<MemberState>): void {
    const wanted = { ...this.#state, ...change };
    for (const role of mediaRoles) {
      const track = this.#tracks.get(role)?.track;
      if (track === undefined) wanted[role] = false;
      else if (change[role] !== undefined) track.enabled = wanted[role];
    }
    this.#setState(wanted);
  }

  close(): void {
    for (const replaced of this.#replaced.values()) replaced.abort();
  }

  #check(role: MediaRole, track: MediaStreamTrack): void {
    if (track.kind !== mediaKinds[role])
      throw new TypeError(`a ${role} must be a track of ${mediaKinds[role]}`);
    for (const [other, { track: sent }] of this.#tracks)
      if (sent === track && other !== role) throw new TypeError(`this track is sent as ${other} already`);
  }

  #streamFor(role: MediaRole): MediaStream {
    if (role === "screen") return new MediaStream();
    this.#person ??= new MediaStream();
    return this.#person;
  }

  #awaitEnd(role: MediaRole, track: MediaStreamTrack): void {
    const replaced = new AbortController();
    this.#replaced.set(role, replaced);
    track.addEventListener("ended", () => this.setTrack(role, undefined), { signal: replaced.signal });
  }

  #setState(state: MemberState): void {
    if (isSameState(state, this.#state)) return;
    this.#state = state;
    this.#events.onState(state);
  }
}
