/**
 * A meeting without the others, for looking at the page: `?demo=9`, and `&screen` with somebody sharing. It is loaded only
 * where the link asks for it, and no view knows of it.
 */
import { Emitter } from "../../client/emitter.js";
import type { Levels } from "../media/levels.js";
import type { LocalMedia } from "../media/local-media.js";
import { drawCamera, drawScreen, makeMicrophone } from "../media/synthetic.js";
import type { ChatLine, LogEntry, Meeting, MeetingEvents, Participant, Quality } from "./meeting.js";

const names = [
  "Ada",
  "王小明",
  "Béla",
  "Chidi Okafor",
  "Ingrid",
  "José",
  "Kavya",
  "李娜",
  "Mateusz",
  "Nour",
  "Oona",
];

export class SimulatedMeeting extends Emitter<MeetingEvents> implements Meeting {
  readonly signaling = { state: "connected" as const, nodeId: "1f0c9a77d2", rosterVersion: 42 };
  readonly relayOnly = false;
  readonly log: LogEntry[] = [];
  readonly chat: ChatLine[] = [];
  readonly roomId: string;
  locked = false;
  readonly #media: LocalMedia;
  readonly #name: string;
  readonly #others: Participant[];
  #handRaised = false;

  constructor(roomId: string, name: string, count: number, media: LocalMedia, levels: Levels) {
    super();
    this.roomId = roomId;
    this.#name = name;
    this.#media = media;
    this.#others = Array.from({ length: count - 1 }, (_, index) => member(index, levels));
    const [first] = this.#others;
    if (first !== undefined)
      this.chat.push(line(first, "Good morning! The notes are at https://example.org/notes"));
    for (const type of ["join", "offer", "answer", "candidate"]) this.#note(type, first?.userId);
    media.on("change", () => this.emit("change"));
  }

  get participants(): readonly Participant[] {
    const { camera, screen, isSilent } = this.#media;
    const self: Participant = {
      userId: "self",
      name: this.#name,
      isSelf: true,
      isHost: true,
      muted: isSilent,
      handRaised: this.#handRaised,
      camera: camera && new MediaStream([camera]),
      microphone: undefined,
      screen: screen && new MediaStream([screen]),
      connection: "connected",
    };
    return [self, ...this.#others];
  }

  say(text: string): Promise<boolean> {
    const [self] = this.participants;
    if (self === undefined) return Promise.resolve(false);
    const said = line(self, text);
    this.chat.push(said);
    this.#note("msg", undefined);
    this.emit("chat", said);
    return Promise.resolve(true);
  }

  raiseHand(raised: boolean): void {
    this.#handRaised = raised;
    this.emit("change");
  }

  lock(locked: boolean): void {
    this.locked = locked;
    this.emit("locked", locked);
    this.emit("change");
  }

  answer(userId: string): void {
    this.#note("acceptApplyMic", userId);
  }

  mute(userId: string): void {
    this.#note("mute", userId);
  }

  remove(userId: string): void {
    this.#others.splice(0, this.#others.length, ...this.#others.filter((other) => other.userId !== userId));
    this.emit("change");
  }

  end(): void {
    this.emit("ended", { code: "ended", message: "" });
  }

  leave(): void {
    this.emit("ended", { code: "left", message: "" });
  }

  quality(userId: string): Quality | undefined {
    const index = this.#others.findIndex((other) => other.userId === userId);
    if (index < 0) return undefined;
    return {
      strength: index === 4 ? 2 : 4,
      receivingKbps: 900 + index * 37,
      sendingKbps: 1100,
      loss: index === 4 ? 0.06 : 0.001,
      roundTripMs: 24 + index * 9,
      picture: { width: 640, height: 360, rate: 30 },
      framesDecoded: 1800 + index,
      relayed: index === 4,
    };
  }

  measureRoundTrip(): Promise<number> {
    return Promise.resolve(3.1);
  }

  clearLog(): void {
    this.log.length = 0;
    this.emit("change");
  }

  #note(type: string, whom: string | undefined): void {
    this.log.push({ at: new Date(), direction: "sent", type, whom, content: { type, targetUid: whom } });
  }
}

function member(index: number, levels: Levels): Participant {
  const name = names[index % names.length] ?? "";
  const userId = `member-${index}`;
  const muted = index % 3 === 1;
  if (!muted && index % 4 === 0) levels.watch(userId, makeMicrophone(levels.context));
  const screen = index === 0 && new URLSearchParams(location.search).has("screen");
  return {
    userId,
    name,
    isSelf: false,
    isHost: index === 0,
    muted,
    handRaised: index === 2,
    camera: index % 4 === 3 ? undefined : new MediaStream([drawCamera(`${name}${index * 7}`)]),
    microphone: undefined,
    screen: screen ? new MediaStream([drawScreen()]) : undefined,
    connection: index === 9 ? "connecting" : "connected",
  };
}

function line({ userId, name }: Participant, text: string): ChatLine {
  return { userId, name, text, at: new Date() };
}
