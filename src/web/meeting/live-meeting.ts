/**
 * A meeting over the signaler: rosters and messages by signaling, media by a mesh. Puts both together into what the page
 * shows.
 */
import { Emitter } from "../../client/emitter.js";
import { type Message, type Signaling, SignalingError } from "../../client/index.js";
import type { Mesh } from "../../client/mesh/index.js";
import type { Levels } from "../media/levels.js";
import type { LocalMedia } from "../media/local-media.js";
import { Attendance } from "./attendance.js";
import type { EnvelopeLog } from "./envelope-log.js";
import {
  type ChatLine,
  type Ending,
  type LogEntry,
  longestChatLine,
  type Meeting,
  type MeetingEvents,
  mostChatLines,
  type Participant,
  type Quality,
  type SignalingView,
} from "./meeting.js";
import { Qualities } from "./quality.js";

export interface Parts {
  readonly signaling: Signaling;
  readonly mesh: Mesh;
  readonly log: EnvelopeLog;
  readonly media: LocalMedia;
  readonly levels: Levels;
  readonly relayOnly: boolean;
}

type HostAction = (room: Signaling["room"]) => Promise<void>;

const meshChanges = ["peer", "gone", "media", "connection", "state"] as const;
const roles = ["camera", "microphone", "screen"] as const;

export class LiveMeeting extends Emitter<MeetingEvents> implements Meeting {
  readonly chat: ChatLine[] = [];
  readonly relayOnly: boolean;
  readonly #parts: Parts;
  readonly #qualities: Qualities;
  readonly #attendance: Attendance;
  readonly #stops: (() => void)[];
  #participants: readonly Participant[] = [];
  #refreshing = false;
  #begun = false;

  constructor(parts: Parts) {
    super();
    this.#parts = parts;
    this.relayOnly = parts.relayOnly;
    this.#qualities = new Qualities(parts.mesh);
    this.#attendance = new Attendance(parts);
    const { signaling, mesh, log, media } = parts;
    const refresh = () => this.#refreshSoon();
    this.#stops = [
      signaling.on("state", refresh),
      signaling.on("message", (message) => this.#receive(message)),
      signaling.on("notice", (msg) => this.emit("notice", msg)),
      signaling.room.on("members", refresh),
      signaling.room.on("message", (payload) => this.#hear(payload)),
      signaling.room.on("locked", (locked) => {
        if (this.#begun) this.emit("locked", locked);
        refresh();
      }),
      ...meshChanges.map((change) => mesh.on(change, refresh)),
      mesh.on("error", ({ peer, error }) => log.failed(peer?.userId, error)),
      media.on("change", () => this.#publish()),
    ];
    this.#publish();
  }

  get roomId(): string {
    return this.#parts.signaling.room.roomId;
  }

  get participants(): readonly Participant[] {
    return this.#participants;
  }

  get signaling(): SignalingView {
    const { state, nodeId, room } = this.#parts.signaling;
    return { state, nodeId, rosterVersion: room.version };
  }

  get locked(): boolean {
    return this.#parts.signaling.room.locked;
  }

  get log(): readonly LogEntry[] {
    return this.#parts.log.entries;
  }

  /** From now on it is shown. Whoever is here already has not just come. */
  begin(): void {
    this.#refresh();
    this.#begun = true;
  }

  /** Nobody was let in. */
  abandon(): void {
    this.#dismantle();
    this.leave();
  }

  noted(entry: LogEntry): void {
    this.emit("log", entry);
  }

  async say(text: string): Promise<boolean> {
    const message = { type: "chat", roomId: this.roomId, text };
    const failure = await this.#do("msg", undefined, message, (room) => room.say(message));
    return failure === undefined || failure === "unconfirmed";
  }

  raiseHand(raised: boolean): void {
    this.#parts.mesh.setState({ handRaised: raised });
    this.#refreshSoon();
    if (!raised) return;
    const others = this.#participants.filter(({ isSelf }) => !isSelf);
    const hosts = others.filter((participant) => participant.isHost);
    // Where there is no host, anyone may give the floor.
    for (const { userId } of hosts.length > 0 ? hosts : others) void this.#address("applyMic", userId);
  }

  answer(userId: string, accepted: boolean): void {
    void this.#address(accepted ? "acceptApplyMic" : "refuseApplyMic", userId);
  }

  mute(userId: string): void {
    void this.#do("mute", userId, {}, (room) => room.mute(userId));
  }

  remove(userId: string): void {
    void this.#do("kick", userId, {}, (room) => room.kick(userId));
  }

  lock(locked: boolean): void {
    void this.#do("lock", undefined, { locked }, (room) => room.lock(locked));
  }

  end(): void {
    void this.#do("end", undefined, {}, (room) => room.end());
  }

  quality(userId: string): Quality | undefined {
    return this.#qualities.of(userId);
  }

  /** By a request that the node answers by itself, and that changes nothing. */
  async measureRoundTrip(): Promise<number | undefined> {
    if (this.#parts.signaling.state !== "connected") return undefined;
    const begin = performance.now();
    try {
      await this.#parts.signaling.iceServers();
      return performance.now() - begin;
    } catch {
      return undefined;
    }
  }

  clearLog(): void {
    this.#parts.log.clear();
  }

  leave(): void {
    this.#parts.mesh.close();
    this.#parts.signaling.close();
  }

  /** One's own media and switches, to the others. */
  #publish(): void {
    const { mesh, media } = this.#parts;
    for (const role of roles) mesh.setTrack(role, media[role]);
    mesh.setState({ microphone: !media.muted });
    this.#refreshSoon();
  }

  /** Much changes at once: the page is told once. */
  #refreshSoon(): void {
    if (this.#refreshing) return;
    this.#refreshing = true;
    queueMicrotask(() => {
      this.#refreshing = false;
      if (this.#begun) this.#refresh();
    });
  }

  #refresh(): void {
    const { participants, joined, left, handsDown } = this.#attendance.take();
    this.#participants = participants;
    this.#parts.media.suit(participants.length - 1);
    if (this.#begun) {
      for (const participant of joined) this.emit("joined", participant);
      for (const participant of handsDown) this.emit("asks", participant);
      for (const { name } of left) this.emit("left", name);
    }
    this.emit("change");
    const { closed } = this.#parts.signaling;
    if (closed !== undefined) this.#ended(closed);
  }

  #ended(ending: Ending): void {
    this.#dismantle();
    this.emit("ended", ending);
  }

  #dismantle(): void {
    for (const stop of this.#stops) stop();
    this.#qualities.close();
    this.#attendance.close();
  }

  #receive({ event, from }: Message): void {
    const participant = this.#participants.find(({ userId }) => userId === from);
    const name = participant?.name ?? from;
    switch (event) {
      case "applyMic":
        if (participant !== undefined) this.emit("asks", { ...participant, handRaised: true });
        break;
      case "acceptApplyMic":
      case "refuseApplyMic":
        this.raiseHand(false);
        this.emit("answered", name, event === "acceptApplyMic");
        break;
      case "mute":
        this.#parts.media.setMuted(true);
        this.emit("mutedBy", name);
        break;
      default:
      // The mesh's.
    }
  }

  /** What is said in the room may come from any program: only what looks like a line of chat is taken for one. */
  #hear(payload: unknown): void {
    const { type, text, from } = (payload ?? {}) as Readonly<Record<string, unknown>>;
    if (type !== "chat" || typeof text !== "string" || typeof from !== "string") return;
    const line = {
      userId: from,
      name: this.#attendance.nameOf(from),
      text: text.slice(0, longestChatLine),
      at: new Date(),
    };
    this.chat.push(line);
    if (this.chat.length > mostChatLines) this.chat.shift();
    this.emit("chat", line);
  }

  #address(event: "applyMic" | "acceptApplyMic" | "refuseApplyMic", userId: string) {
    const { signaling } = this.#parts;
    return this.#do(event, userId, {}, () => signaling.send(event, userId, { roomId: this.roomId }));
  }

  /** Resolves to the code of its failure, which is told, if it fails. */
  async #do(
    type: string,
    whom: string | undefined,
    content: unknown,
    action: HostAction,
  ): Promise<string | undefined> {
    const { signaling, log } = this.#parts;
    log.sent(type, whom, content);
    try {
      await action(signaling.room);
      return undefined;
    } catch (error) {
      const code = error instanceof SignalingError ? error.code : "internal";
      if (signaling.closed === undefined)
        this.emit("failed", code, error instanceof Error ? error.message : String(error));
      return code;
    }
  }
}
