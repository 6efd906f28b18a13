/**
 * A meeting as the page sees it. What is behind it is a real one (`live-meeting.ts`) or a simulated one.
 */
import type { Emitter } from "../../client/emitter.js";
import type { SignalingState } from "../../client/index.js";

export interface Participant {
  readonly userId: string;
  readonly name: string;
  readonly isSelf: boolean;
  readonly isHost: boolean;
  readonly muted: boolean;
  readonly handRaised: boolean;
  /** Undefined: off, or not here yet. */
  readonly camera: MediaStream | undefined;
  readonly microphone: MediaStream | undefined;
  readonly screen: MediaStream | undefined;
  /** Of the media to this one; one's own is always connected. */
  readonly connection: "connecting" | "connected" | "lost";
}

/** So many lines are kept, of so many characters: whatever others write, it must not use up the page. */
export const mostChatLines = 1_000;
export const longestChatLine = 4_000;

export interface ChatLine {
  readonly userId: string;
  readonly name: string;
  readonly text: string;
  readonly at: Date;
}

/** What the connection to one participant is like now. Undefined figures are not known yet. */
export interface Quality {
  /** 0 none, 1 poor, 2 fair, 3 good, 4 very good. */
  readonly strength: 0 | 1 | 2 | 3 | 4;
  readonly receivingKbps: number;
  readonly sendingKbps: number;
  /** From 0 to 1. */
  readonly loss: number;
  readonly roundTripMs: number | undefined;
  readonly picture: { readonly width: number; readonly height: number; readonly rate: number } | undefined;
  readonly framesDecoded: number;
  readonly relayed: boolean;
}

export interface LogEntry {
  readonly at: Date;
  /** `failed` is something that the connections to the others had to live with. */
  readonly direction: "sent" | "received" | "failed";
  readonly type: string;
  /** Whom it is for, or from, or about. */
  readonly whom: string | undefined;
  readonly content: unknown;
}

export interface SignalingView {
  readonly state: SignalingState;
  readonly nodeId: string | undefined;
  readonly rosterVersion: number;
}

/** Why it is over. `left` is one's own doing; other codes are the server's, `unreachable`, `no_relay`, or `no_webrtc`. */
export interface Ending {
  readonly code: string;
  readonly message: string;
}

export interface MeetingEvents {
  /** Something that is shown may have changed. */
  change: [];
  joined: [participant: Participant];
  left: [name: string];
  chat: [line: ChatLine];
  log: [entry: LogEntry];
  /** Somebody would like to speak, or no longer. */
  asks: [participant: Participant];
  answered: [by: string, accepted: boolean];
  mutedBy: [by: string];
  locked: [locked: boolean];
  /** A word from the operator's services. */
  notice: [text: string];
  /** Something that was asked for failed. */
  failed: [code: string, message: string];
  ended: [ending: Ending];
}

export interface Meeting extends Pick<Emitter<MeetingEvents>, "on"> {
  readonly roomId: string;
  /** Oneself first, the others in the order in which they came. */
  readonly participants: readonly Participant[];
  readonly signaling: SignalingView;
  readonly locked: boolean;
  /** The last of them. */
  readonly chat: readonly ChatLine[];
  readonly log: readonly LogEntry[];
  readonly relayOnly: boolean;

  /** Resolves to whether it may have been said. */
  say(text: string): Promise<boolean>;
  raiseHand(raised: boolean): void;
  /** Gives somebody who asked the floor, or refuses it. */
  answer(userId: string, accepted: boolean): void;
  /** What only hosts may do. */
  mute(userId: string): void;
  remove(userId: string): void;
  lock(locked: boolean): void;
  end(): void;

  quality(userId: string): Quality | undefined;
  /** Milliseconds to the node and back. */
  measureRoundTrip(): Promise<number | undefined>;
  clearLog(): void;
  leave(): void;
}
