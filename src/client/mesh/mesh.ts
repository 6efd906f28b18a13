/**
 * A meeting in which every member has a connection to every other one. The room's roster says who is to be
 * connected; the connections last while signaling is away.
 */
import { Emitter } from "../emitter.js";
import { LocalMember } from "./local-member.js";
import type { MediaRole, RemoteMedia } from "./media-role.js";
import type { MemberState } from "./member-state.js";
import { type LinkMessage, parseMessage } from "./messages.js";
import type { MeshOptions } from "./options.js";
import { Pace } from "./pace.js";
import { watchPage } from "./page.js";
import { MemberPeer, type Peer, type PeerSurroundings } from "./peer.js";
import { firstIceServers, untilConnected } from "./readiness.js";
import { RetiredLinks } from "./retired-links.js";
import type { AddressedMessage, MeshIceServers, MeshSignaling, Unsubscribe } from "./signaling.js";

export interface MeshEvents {
  /** Somebody is here; the connection is being made. */
  peer: [peer: Peer];
  /** Somebody is gone, with all media. */
  gone: [peer: Peer];
  /** A track came; or, without `media`, went. */
  media: [event: { readonly peer: Peer; readonly role: MediaRole; readonly media: RemoteMedia | undefined }];
  /** A member shows something else of itself. */
  state: [event: { readonly peer: Peer; readonly state: MemberState }];
  connection: [event: { readonly peer: Peer; readonly connectionState: RTCPeerConnectionState }];
  /** This client shows something else of itself, also because a track has ended. */
  local: [state: MemberState];
  /** Something failed that the mesh has to live with, or begins anew after. For logs. */
  error: [event: { readonly peer: Peer | undefined; readonly error: unknown }];
}

export interface Mesh {
  /** The other members, by userId. */
  readonly peers: ReadonlyMap<string, Peer>;
  /** What this client shows of itself. */
  readonly state: MemberState;
  /**
   * Sends this track to everybody from now on, in place of the one that was sent in this role; undefined sends
   * none. One that takes another's place is as muted as that was, and one that ends is taken out. Tracks stay the
   * caller's: a mesh never stops one.
   *
   * @param stream - what the others play it in step with. @default one for camera and microphone, one for the screen
   * @throws TypeError if the track is of the wrong kind, or is sent in another role.
   */
  setTrack(role: MediaRole, track: MediaStreamTrack | undefined, stream?: MediaStream): void;
  /**
   * Tells everybody at once. To switch off a medium disables its track, to switch it on enables it, so that what
   * the others are told is true; a medium without a track stays off.
   */
  setState(change: Partial<MemberState>): void;
  /** Returns a function that takes the listener off. */
  on<Name extends keyof MeshEvents>(event: Name, listener: (...args: MeshEvents[Name]) => void): Unsubscribe;
  /** Says goodbye to everybody, and closes all connections. Signaling goes on. */
  close(): void;
}

/**
 * Connects to everybody in the room of `signaling`, now and from now on, until it is closed, or signaling is for
 * good.
 *
 * @throws TypeError where the platform has no RTCPeerConnection and none is given.
 */
export function createMesh(signaling: MeshSignaling, options: MeshOptions = {}): Mesh {
  return new RoomMesh(signaling, options);
}

/** Of the messages that come before this client is ready; they are only a help, see `#receive`. */
const mostEarly = 500;

class RoomMesh implements Mesh {
  readonly #signaling: MeshSignaling;
  readonly #options: MeshOptions;
  readonly #Connection: NonNullable<MeshOptions["RTCPeerConnection"]>;
  readonly #events = new Emitter<MeshEvents>();
  readonly #peers = new Map<string, MemberPeer>();
  readonly #retired = new RetiredLinks();
  readonly #pace = new Pace();
  readonly #self = new LocalMember({
    onTrack: (role, local) => this.#forEach((peer) => peer.setTrack(role, local)),
    onState: (state) => {
      this.#forEach((peer) => peer.tell(state));
      this.#events.emit("local", state);
    },
  });
  #iceServers: RTCIceServer[] = [];
  /** What has come from others before this client was ready to connect. */
  #early: AddressedMessage[] | undefined = [];
  readonly #closed = new AbortController();

  constructor(signaling: MeshSignaling, options: MeshOptions) {
    this.#signaling = signaling;
    this.#options = options;
    const Connection = options.RTCPeerConnection ?? globalThis.RTCPeerConnection;
    if (Connection === undefined)
      throw new TypeError("there is no RTCPeerConnection here: give one as an option of that name");
    this.#Connection = Connection;
    const { room } = signaling;
    const stops = [
      signaling.on("message", (message) => this.#receive(message)),
      signaling.on("iceServers", (servers) => this.#configure(servers)),
      signaling.on("state", () => this.#signalingChanged()),
      room.on("join", ({ userId }) => this.#joined(userId)),
      room.on("leave", ({ userId }) => this.#peers.get(userId)?.left()),
      watchPage({
        onNetwork: () => this.#forEach((peer) => peer.restartIce()),
        onEnd: () => this.close(),
      }),
    ];
    this.#closed.signal.addEventListener("abort", () => {
      for (const stop of stops) stop();
    });
    this.#signalingChanged();
    void this.#begin();
  }

  get peers(): ReadonlyMap<string, Peer> {
    return this.#peers;
  }

  get state(): MemberState {
    return this.#self.state;
  }

  setTrack(role: MediaRole, track: MediaStreamTrack | undefined, stream?: MediaStream): void {
    if (!this.#closed.signal.aborted) this.#self.setTrack(role, track, stream);
  }

  setState(change: Partial<MemberState>): void {
    if (!this.#closed.signal.aborted) this.#self.setState(change);
  }

  on<Name extends keyof MeshEvents>(event: Name, listener: (...args: MeshEvents[Name]) => void): Unsubscribe {
    return this.#events.on(event, listener);
  }

  close(): void {
    if (this.#closed.signal.aborted) return;
    this.#closed.abort();
    this.#self.close();
    this.#pace.stop();
    this.#forEach((peer) => this.#remove(peer));
  }

  /** Connects to nobody before it is known who this client is, and by what servers it can be reached. */
  async #begin(): Promise<void> {
    const { signal } = this.#closed;
    await untilConnected(this.#signaling, signal);
    const servers = await firstIceServers(this.#signaling, signal, (error) => this.#report(error));
    if (signal.aborted) return;
    if (servers !== undefined) this.#configure(servers);
    const early = this.#early ?? [];
    this.#early = undefined;
    for (const userId of this.#signaling.room.members.keys()) this.#joined(userId);
    for (const message of early) this.#receive(message);
  }

  #joined(userId: string): void {
    if (this.#early !== undefined || userId === this.#signaling.userId) return;
    const known = this.#peers.get(userId);
    if (known !== undefined) known.joined();
    else
      this.#pace.run(userId, () => {
        const isDue = this.#signaling.room.members.has(userId) && !this.#peers.has(userId);
        if (isDue) this.#add(userId)?.greet();
      });
  }

  #receive(received: AddressedMessage): void {
    if (this.#early !== undefined) {
      this.#early = [...this.#early, received].slice(-mostEarly);
      return;
    }
    const { event, from, data } = received;
    const message = parseMessage(event, data);
    if (message === undefined || from === this.#signaling.userId) return;
    if (message.event === "call" || message.event === "offer")
      this.#pace.run(from, () => this.#take(from, message));
    else this.#take(from, message);
  }

  #take(from: string, message: LinkMessage): void {
    const known = this.#peers.get(from);
    if (known !== undefined) known.take(message);
    // Nobody connects who is not in the room. Who is about to be gets this client's own greeting then.
    else if (this.#signaling.room.members.has(from) && this.#mayBegin(message))
      this.#add(from)?.take(message);
  }

  /** Somebody who was gone can begin anew, by one of these. */
  #mayBegin({ event, link, to }: LinkMessage): boolean {
    return (event === "call" || event === "offer") && to === undefined && !this.#retired.has(link);
  }

  #add(userId: string): MemberPeer | undefined {
    if (this.#closed.signal.aborted) return undefined;
    const { maxBitrates = {}, disconnectedMs = 3_000, lingerMs = 5_000 } = this.#options;
    const polite = String(this.#signaling.userId) < userId;
    const settings = { polite, maxBitrates, disconnectedMs, lingerMs };
    try {
      const peer = new MemberPeer(userId, settings, this.#surroundings);
      this.#peers.set(userId, peer);
      this.#events.emit("peer", peer);
      return peer;
    } catch (error) {
      // The browser has too many connections, or does not take the configuration.
      this.#report(error);
      return undefined;
    }
  }

  get #surroundings(): PeerSurroundings {
    return {
      signaling: this.#signaling,
      retired: this.#retired,
      newConnection: () => new this.#Connection(this.#configuration),
      localTracks: () => this.#self.tracks,
      localState: () => this.#self.state,
      onMedia: (peer, role, media) => this.#events.emit("media", { peer, role, media }),
      onState: (peer) => this.#events.emit("state", { peer, state: peer.state }),
      onConnection: (peer) =>
        this.#events.emit("connection", { peer, connectionState: peer.connectionState }),
      onError: (peer, error) => this.#report(error, peer),
      onGone: (peer) => this.#remove(peer),
    };
  }

  #remove(peer: MemberPeer): void {
    if (this.#peers.get(peer.userId) !== peer) return;
    this.#peers.delete(peer.userId);
    peer.close();
    this.#events.emit("gone", peer);
  }

  #signalingChanged(): void {
    const { state } = this.#signaling;
    // Nobody could be told any more who comes and goes, and whoever was sent out of a meeting is to be out of it.
    if (state === "closed") this.close();
    else if (state === "connected") this.#forEach((peer) => peer.resume());
  }

  get #configuration(): RTCConfiguration {
    const { rtcConfiguration = {}, iceTransportPolicy } = this.#options;
    return {
      bundlePolicy: "max-bundle",
      ...rtcConfiguration,
      iceServers: [...(rtcConfiguration.iceServers ?? []), ...this.#iceServers],
      ...(iceTransportPolicy !== undefined && { iceTransportPolicy }),
    };
  }

  #configure({ iceServers }: MeshIceServers): void {
    this.#iceServers = iceServers.map(({ urls, ...credentials }) => ({
      urls: [urls].flat(),
      ...credentials,
    }));
    this.#forEach((peer) => peer.configure(this.#configuration));
  }

  #forEach(act: (peer: MemberPeer) => void): void {
    for (const peer of [...this.#peers.values()]) act(peer);
  }

  #report(error: unknown, peer?: Peer): void {
    this.#events.emit("error", { peer, error });
  }
}
