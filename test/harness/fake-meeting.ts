/**
 * A room without a signaler: members who get each other's messages, which tests hold back, fail or repeat.
 */
import { beforeEach, onTestFinished, vi } from "vitest";
import { Emitter } from "../../src/client/emitter.js";
import { createMesh, type Mesh, type MeshOptions, type MeshSignaling } from "../../src/client/index.js";
import { FakeConnection } from "./fake-connection.js";

type Send = Parameters<MeshSignaling["send"]>;

interface Sent {
  readonly from: string;
  readonly event: Send[0];
  readonly to: string;
  readonly data: Send[2];
}

export class FakeSignaling implements MeshSignaling {
  readonly userId: string;
  readonly #meeting: FakeMeeting;
  readonly #events = new Emitter<{ message: [never]; iceServers: [never]; state: [] }>();
  readonly #roomEvents = new Emitter<Record<"join" | "leave", [{ readonly userId: string }]>>();
  state = "connected";
  listeners = 0;

  constructor(meeting: FakeMeeting, userId: string) {
    this.#meeting = meeting;
    this.userId = userId;
  }

  get room(): MeshSignaling["room"] {
    const { members } = this.#meeting;
    return { members, on: (event, listener) => this.#count(this.#roomEvents.on(event, listener)) };
  }

  send(...[event, to, data]: Send): Promise<void> {
    return this.#meeting.send({ from: this.userId, event, to, data: structuredClone(data) });
  }

  async iceServers(): ReturnType<MeshSignaling["iceServers"]> {
    return { iceServers: [{ urls: ["stun:first"] }] };
  }

  on(event: "message" | "iceServers" | "state", listener: (...args: never[]) => void): () => void {
    return this.#count(this.#events.on(event, listener));
  }

  tell(event: "message" | "iceServers", about: object): void {
    this.#events.emit(event, about as never);
  }

  become(state: "connected" | "reconnecting" | "closed"): void {
    this.state = state;
    this.#events.emit("state");
  }

  seeRoom(event: "join" | "leave", userId: string): void {
    this.#roomEvents.emit(event, { userId });
  }

  #count(off: () => void): () => void {
    this.listeners += 1;
    return () => {
      this.listeners -= 1;
      off();
    };
  }
}

export class FakeMeeting {
  readonly members = new Map<string, FakeSignaling>();
  /** Everything that anybody has tried to send. */
  readonly sent: Sent[] = [];
  /** What is thrown at the sender instead of delivering, where it says so. */
  refuse: (sent: Sent) => object | undefined = () => undefined;
  /** What stays under way until `release`. */
  hold: (sent: Sent) => boolean = () => false;
  #held: Sent[] = [];

  async send(sent: Sent): Promise<void> {
    this.sent.push(sent);
    const refusal = this.refuse(sent);
    if (refusal !== undefined) throw refusal;
    if (this.hold(sent)) this.#held.push(sent);
    else this.deliver(sent);
  }

  deliver({ to, ...message }: Sent): void {
    this.members.get(to)?.tell("message", structuredClone(message));
  }

  /** Lets go on what is held, that of these senders first. */
  release(...first: string[]): void {
    this.hold = () => false;
    const held = this.#held;
    this.#held = [];
    const rank = ({ from }: Sent) => (first.includes(from) ? first.indexOf(from) : first.length);
    for (const sent of held.sort((a, b) => rank(a) - rank(b))) this.deliver(sent);
  }

  /** What was sent by one to another. */
  between(from: string, to: string, event: Send[0]): Sent[] {
    return this.sent.filter((sent) => sent.from === from && sent.to === to && sent.event === event);
  }

  /** Somebody comes; or comes again as another page, which nobody is told of where `quietly` is set. */
  async join(userId: string, { quietly = false, ...options }: MeshOptions & { quietly?: boolean } = {}) {
    const signaling = new FakeSignaling(this, userId);
    this.members.set(userId, signaling);
    const member = new FakeMember(signaling, options);
    onTestFinished(() => member.mesh.close());
    if (!quietly) this.tellOthers("join", userId);
    await settle();
    return member;
  }

  leave(userId: string): void {
    const gone = this.members.get(userId);
    this.members.delete(userId);
    if (gone !== undefined) this.tellOthers("leave", userId);
  }

  tellOthers(event: "join" | "leave", userId: string): void {
    for (const other of this.members.values()) if (other.userId !== userId) other.seeRoom(event, userId);
  }
}

export class FakeMember {
  readonly signaling: FakeSignaling;
  readonly mesh: Mesh;
  /** Every one that the mesh has made, in order. */
  readonly connections: FakeConnection[] = [];
  readonly events: string[] = [];
  /** While it holds, the browser makes no connections. */
  refusing = false;

  constructor(signaling: FakeSignaling, options: MeshOptions) {
    this.signaling = signaling;
    const note = (connection: FakeConnection) => {
      if (this.refusing) throw new DOMException("too many connections", "UnknownError");
      this.connections.push(connection);
    };
    class NotedConnection extends FakeConnection {
      constructor(configuration: RTCConfiguration) {
        super(configuration);
        note(this);
      }
    }
    const RTCPeerConnection = NotedConnection as unknown as NonNullable<MeshOptions["RTCPeerConnection"]>;
    this.mesh = createMesh(signaling, { RTCPeerConnection, ...options });
    this.mesh.on("peer", ({ userId }) => this.events.push(`peer ${userId}`));
    this.mesh.on("gone", ({ userId }) => this.events.push(`gone ${userId}`));
    this.mesh.on("media", ({ role, media }) => this.events.push(`${media ? "got" : "lost"} ${role}`));
    this.mesh.on("error", ({ error }) => this.events.push(`error ${String(error)}`));
  }

  /** The one that was made last. */
  get connection(): FakeConnection {
    const connection = this.connections.at(-1);
    if (connection === undefined) throw new Error("no connection was made");
    return connection;
  }
}

/** Has time go on only when the tests of the file say so, and gives them the `MediaStream` that Node has not. */
export function fakePageForFile(): void {
  beforeEach(() => {
    vi.useFakeTimers();
    vi.stubGlobal("MediaStream", class {});
    return () => {
      vi.useRealTimers();
      vi.unstubAllGlobals();
    };
  });
}

/** A meeting of two who are connected. */
export async function startCall() {
  const meeting = new FakeMeeting();
  const alice = await meeting.join("alice");
  const bob = await meeting.join("bob");
  await connectMedia(alice, bob);
  return { meeting, alice, bob };
}

/** What the network does when two have agreed: media flow, and the control channel is open. */
export async function connectMedia(
  { connection: one }: Pick<FakeMember, "connection">,
  { connection: other }: Pick<FakeMember, "connection">,
) {
  for (const [own, others] of [
    [one, other],
    [other, one],
  ] as const) {
    own.become("connected");
    own.channel.open(others.channel);
  }
  await settle();
}

/** Lets everything happen that is due now; that takes a few milliseconds. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await vi.advanceTimersByTimeAsync(1);
}
