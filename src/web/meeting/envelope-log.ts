/**
 * Notes what is sent and received, and what fails, for people to look at. What it hands on is the signaling that it was
 * given.
 */
import type { Signaling } from "../../client/index.js";
import type { MeshSignaling } from "../../client/mesh/index.js";
import type { LogEntry } from "./meeting.js";

const mostKept = 500;

export class EnvelopeLog {
  readonly entries: LogEntry[] = [];
  readonly #added: (entry: LogEntry) => void;

  constructor(signaling: Signaling, added: (entry: LogEntry) => void) {
    this.#added = added;
    const { room } = signaling;
    signaling.on("message", ({ event, from, data }) => this.#note("received", event, from, data));
    signaling.on("iceServers", ({ expiresAt }) =>
      this.#note("received", "iceServers", undefined, { expiresAt }),
    );
    signaling.on("notice", (msg, data) => this.#note("received", "notice", undefined, { msg, data }));
    room.on("join", (member) => this.#note("received", "join", member.userId, member));
    room.on("leave", (member) => this.#note("received", "leave", member.userId, member));
    room.on("locked", (locked, by) => this.#note("received", "locked", by, { locked, by }));
    room.on("message", (payload) => this.#note("received", "msg", undefined, payload));
  }

  sent(type: string, whom: string | undefined, content: unknown): void {
    this.#note("sent", type, whom, content);
  }

  /** Something that the mesh has to live with, or begins anew after. */
  failed(whom: string | undefined, error: unknown): void {
    this.#note("failed", "mesh", whom, String(error));
  }

  clear(): void {
    this.entries.length = 0;
  }

  #note(direction: LogEntry["direction"], type: string, whom: string | undefined, content: unknown): void {
    const entry = { at: new Date(), direction, type, whom, content };
    this.entries.push(entry);
    if (this.entries.length > mostKept) this.entries.shift();
    this.#added(entry);
  }
}

/** The signaling for the mesh, with a note of what the mesh sends. */
export function noting(signaling: Signaling, log: EnvelopeLog): MeshSignaling {
  return {
    get userId() {
      return signaling.userId;
    },
    get state() {
      return signaling.state;
    },
    room: signaling.room,
    send(event, targetUid, payload) {
      log.sent(event, targetUid, payload);
      return signaling.send(event, targetUid, payload);
    },
    iceServers: () => signaling.iceServers(),
    on: signaling.on.bind(signaling) as MeshSignaling["on"],
  };
}
