/**
 * Another member of the meeting: the connection to it, whatever it takes to keep one, and what came over it.
 */
import { BackOff } from "../back-off.js";
import { Delivery } from "./delivery.js";
import { Link, type LinkSettings } from "./link.js";
import type { LocalTrack } from "./local-member.js";
import type { MediaRole, RemoteMedia } from "./media-role.js";
import { initialState, isSameState, type MemberState } from "./member-state.js";
import { encodeMessage, type LinkMessage } from "./messages.js";
import type { RetiredLinks } from "./retired-links.js";
import type { MeshSignaling } from "./signaling.js";
import { type PeerStats, readStats, type Totals } from "./stats.js";

export interface Peer {
  readonly userId: string;
  /** As RTCPeerConnection has it. While signaling is away it goes on being what the media are. */
  readonly connectionState: RTCPeerConnectionState;
  /** What comes from this member, by role. */
  readonly media: ReadonlyMap<MediaRole, RemoteMedia>;
  /** What the member shows of itself; everything is off until it has said something. */
  readonly state: MemberState;
  /** How well the connection does. Rates, and the losses of what comes, are those since the last call. */
  stats(): Promise<PeerStats>;
  /** Looks for a path anew. Peers do that by themselves when the connection or the network fails. */
  restartIce(): void;
}

export interface PeerSettings extends LinkSettings {
  /** In milliseconds. */
  readonly lingerMs: number;
}

/** What a peer has in common with the others, and whom it tells. */
export interface PeerSurroundings {
  readonly signaling: MeshSignaling;
  readonly retired: RetiredLinks;
  newConnection(): RTCPeerConnection;
  localTracks(): ReadonlyMap<MediaRole, LocalTrack>;
  localState(): MemberState;
  onMedia(peer: Peer, role: MediaRole, media: RemoteMedia | undefined): void;
  onState(peer: Peer): void;
  onConnection(peer: Peer): void;
  onError(peer: Peer, error: unknown): void;
  /** The member is gone: it said so, or left and did not come back. */
  onGone(peer: MemberPeer): void;
}

const renewalRules = { firstMs: 1_000, longestMs: 30_000, jitter: 0.25 };

export class MemberPeer implements Peer {
  readonly userId: string;
  readonly #settings: PeerSettings;
  readonly #surroundings: PeerSurroundings;
  readonly #delivery: Delivery;
  #link: Link;
  #state = initialState;
  #connectionState: RTCPeerConnectionState = "new";
  #totals: Totals | undefined;
  readonly #renewals = new BackOff(renewalRules);
  #renewal: ReturnType<typeof setTimeout> | undefined;
  /** Runs while the member has left, as far as signaling knows, and the connection says otherwise. */
  #lingering: ReturnType<typeof setTimeout> | undefined;
  /** The link that said otherwise; one that the member has begun since has yet to come up. */
  #leftLink: Link | undefined;

  constructor(userId: string, settings: PeerSettings, surroundings: PeerSurroundings) {
    this.userId = userId;
    this.#settings = settings;
    this.#surroundings = surroundings;
    this.#delivery = new Delivery(surroundings.signaling, userId, (error) =>
      surroundings.onError(this, error),
    );
    this.#link = this.#newLink();
  }

  get connectionState(): RTCPeerConnectionState {
    return this.#connectionState;
  }

  get media(): ReadonlyMap<MediaRole, RemoteMedia> {
    return this.#link.media;
  }

  get state(): MemberState {
    return this.#state;
  }

  async stats(): Promise<PeerStats> {
    const link = this.#link;
    const report = await link.getStats();
    const { stats, totals } = readStats(report, link.roles, this.#totals);
    if (link === this.#link) this.#totals = totals;
    return stats;
  }

  restartIce(): void {
    this.#link.restartIce();
  }

  /** Makes this client known to the member. */
  greet(): void {
    this.#link.greet();
  }

  take(message: LinkMessage): void {
    const { event, link, to } = message;
    const isStale = this.#surroundings.retired.has(link) || (to !== undefined && to !== this.#link.id);
    if (isStale) return;
    const known = this.#link.remoteId;
    if (event === "candidate") {
      // It finds its description by itself, also if that comes later.
      if (known === undefined || known === link) this.#link.take(message);
      return;
    }
    // Whoever is heard of can be reached.
    this.#delivery.wake();
    // The member may have begun anew for this end's offer: what answers it is the other end from then on.
    if (known === undefined || (event === "answer" && to !== undefined)) this.#link.bind(link);
    else if (known !== link) {
      if (event === "answer") return;
      this.#renew(link);
    }
    this.#link.take(message);
  }

  /** The member is in the room, perhaps again. */
  joined(): void {
    clearTimeout(this.#lingering);
    this.#lingering = undefined;
    this.#delivery.wake();
  }

  /** The member has left the room, or the node that it was on has. */
  left(): void {
    this.#leftLink = this.#link;
    if (!this.#link.isAlive) this.#surroundings.onGone(this);
    else this.#lingering ??= setTimeout(() => this.#surroundings.onGone(this), this.#settings.lingerMs);
  }

  /** Signaling is back. */
  resume(): void {
    this.#delivery.wake();
    this.#link.resume();
  }

  setTrack(role: MediaRole, local: LocalTrack | undefined): void {
    this.#link.setTrack(role, local);
  }

  tell(state: MemberState): void {
    this.#link.tell(state);
  }

  configure(configuration: RTCConfiguration): void {
    try {
      this.#link.configure(configuration);
    } catch (error) {
      this.#surroundings.onError(this, error);
    }
  }

  /** Says goodbye to the member, where it can still hear it. */
  close(): void {
    clearTimeout(this.#lingering);
    clearTimeout(this.#renewal);
    this.#delivery.close();
    this.#link.sayGoodbye();
    this.#retire();
    this.#noteConnection("closed");
  }

  #newLink(): Link {
    const { signaling, newConnection, localTracks, localState, ...told } = this.#surroundings;
    return new Link(newConnection(), this.#settings, {
      localTracks,
      localState,
      canSend: () => signaling.state === "connected",
      send: (event, compose) =>
        this.#delivery.deliver(event, () => {
          const message = compose();
          return message && encodeMessage(message);
        }),
      onMedia: (role, media) => told.onMedia(this, role, media),
      onState: (state) => this.#noteState(state),
      onGoodbye: () => told.onGone(this),
      onChange: () => this.#linkChanged(),
      onBroken: (error) => {
        if (error !== undefined) told.onError(this, error);
        this.#renewSoon();
      },
    });
  }

  /** @param remoteId - the other end of the new link, where it is that which has begun anew. */
  #renew(remoteId?: string): void {
    clearTimeout(this.#renewal);
    this.#renewal = undefined;
    this.#retire();
    this.#totals = undefined;
    try {
      this.#link = this.#newLink();
    } catch (error) {
      this.#surroundings.onError(this, error);
      this.#renewSoon();
      return;
    }
    if (remoteId === undefined) this.#link.greet();
    else this.#link.bind(remoteId);
    this.#noteConnection(this.#link.connectionState);
    // What was left of the old link, and the new one's messages wait for, is settled by this.
    this.#delivery.wake();
  }

  #renewSoon(): void {
    this.#renewal ??= setTimeout(() => this.#renew(), this.#renewals.next());
  }

  #retire(): void {
    this.#surroundings.retired.add(this.#link.remoteId);
    this.#link.close();
  }

  #linkChanged(): void {
    if (this.#link.isAlive) this.#renewals.reset();
    this.#noteConnection(this.#link.connectionState);
    const isLingering = this.#lingering !== undefined && this.#leftLink === this.#link;
    if (isLingering && !this.#link.isAlive) this.#surroundings.onGone(this);
  }

  #noteConnection(state: RTCPeerConnectionState): void {
    if (state === this.#connectionState) return;
    this.#connectionState = state;
    this.#surroundings.onConnection(this);
  }

  #noteState(state: MemberState): void {
    if (isSameState(state, this.#state)) return;
    this.#state = state;
    this.#surroundings.onState(this);
  }
}
