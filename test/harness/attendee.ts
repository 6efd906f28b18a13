/**
 * A client of `meeting-signaler/client` for tests: keeps everything that it is told, in order.
 */
import { expect, onTestFinished } from "vitest";
import {
  type ConnectOptions,
  connect,
  type Member,
  type Message,
  type Signaling,
} from "../../src/client/index.js";
import { eventually } from "./eventually.js";

export class Attendee {
  readonly signaling: Signaling;
  /** What happened in the room, as "join bob", "leave bob" or "members alice bob". */
  readonly roomLog: string[] = [];
  /** The states that it has been in after the first, with the code where it was closed. */
  readonly states: string[] = [];
  readonly messages: Message[] = [];
  readonly said: unknown[] = [];
  /** The codes for which it has tried again. */
  readonly retries: string[] = [];

  constructor(options: ConnectOptions) {
    this.signaling = connect({
      ...options,
      socketOptions: { reconnectionDelay: 100, reconnectionDelayMax: 400, ...options.socketOptions },
    });
    const { signaling, roomLog } = this;
    const { room } = signaling;
    room.on("join", ({ userId }) => roomLog.push(`join ${userId}`));
    room.on("leave", ({ userId }) => roomLog.push(`leave ${userId}`));
    room.on("members", (members) => roomLog.push(`members ${idsOf(members).join(" ")}`));
    room.on("message", (payload) => this.said.push(payload));
    signaling.on("state", (state, closed) => this.states.push(closed?.code ?? state));
    signaling.on("message", (message) => this.messages.push(message));
    signaling.on("retrying", ({ code }) => this.retries.push(code));
    onTestFinished(() => signaling.close());
  }

  /** Who it says is in the room. */
  get members(): string[] {
    return idsOf(this.signaling.room.members);
  }

  /** Waits until it says so. */
  async sees(...userIds: string[]): Promise<void> {
    await eventually(() => expect(this.members).toEqual(userIds));
  }

  async reaches(state: string): Promise<void> {
    await eventually(() => expect(this.states.at(-1)).toBe(state), 25_000);
  }
}

/** Connects, and resolves once the client is in the room. */
export async function attend(options: ConnectOptions): Promise<Attendee> {
  const attendee = new Attendee(options);
  await attendee.signaling.ready;
  return attendee;
}

function idsOf(members: ReadonlyMap<string, Member>): string[] {
  return [...members.keys()].sort();
}
