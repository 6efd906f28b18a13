/**
 * A history, looked up by session, message and fault.
 */
import type { Entry, Happening } from "./history.js";

export type EntryOf<Kind extends Happening["kind"]> = Extract<Entry, { readonly kind: Kind }>;

/** A connection: who it was, where, and for how long. */
export interface SessionStory {
  readonly session: string;
  readonly user: string;
  readonly node: number;
  readonly startedAt: number;
  /** When it ended or was about to; infinite if it stood to the last. */
  endedAt: number;
  readonly entered: EntryOf<"entered">[];
  readonly left: EntryOf<"left">[];
}

export interface FaultStory {
  readonly what: string;
  /** -1 for Redis. */
  readonly node: number;
  readonly from: number;
  readonly to: number;
}

export class Timeline {
  readonly entries: readonly Entry[];
  readonly sessions = new Map<string, SessionStory>();
  readonly faults: FaultStory[] = [];

  constructor(entries: readonly Entry[]) {
    this.entries = entries;
    for (const entry of entries) this.#take(entry);
  }

  all<Kind extends Happening["kind"]>(kind: Kind): EntryOf<Kind>[] {
    return this.entries.filter((entry): entry is EntryOf<Kind> => entry.kind === kind);
  }

  sessionsOf(user: string): SessionStory[] {
    return [...this.sessions.values()].filter((story) => story.user === user);
  }

  /** Faults of the node that overlap the time. */
  faultsOf(node: number, from: number, to: number): FaultStory[] {
    return this.faults.filter((fault) => fault.node === node && fault.from <= to && fault.to >= from);
  }

  #take(entry: Entry): void {
    if (entry.kind === "entered") {
      const story = this.sessions.get(entry.session);
      if (story !== undefined) story.entered.push(entry);
      else
        this.sessions.set(entry.session, {
          session: entry.session,
          user: entry.user,
          node: entry.node,
          startedAt: entry.at,
          endedAt: Number.POSITIVE_INFINITY,
          entered: [entry],
          left: [],
        });
    }
    if (entry.kind === "left") this.sessions.get(entry.session)?.left.push(entry);
    if (entry.kind === "leaving" || entry.kind === "ended") {
      const story = this.sessions.get(entry.session);
      if (story !== undefined) story.endedAt = Math.min(story.endedAt, entry.at);
    }
    if (entry.kind === "fault") {
      const { what, node, at } = entry;
      if (entry.phase === "begin") this.faults.push({ what, node, from: at, to: Number.POSITIVE_INFINITY });
      else {
        const index = this.faults.findIndex(
          (fault) => fault.what === what && fault.node === node && fault.to === Number.POSITIVE_INFINITY,
        );
        const begun = this.faults[index];
        if (begun !== undefined) this.faults[index] = { ...begun, to: at };
      }
    }
  }
}
