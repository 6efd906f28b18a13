/**
 * What happened in a round, in order: everything that the members did and saw, and everything that was done to
 * the cluster. The checker judges by this alone.
 */

export type Happening =
  /** The member asks for the room, by connecting or by joining. */
  | { readonly kind: "coming"; readonly user: string; readonly room: string }
  /** A connection was let into its room. `node` counts from 0, and a node started anew has another number. */
  | {
      readonly kind: "entered";
      readonly session: string;
      readonly user: string;
      readonly room: string;
      readonly node: number;
    }
  /** The member asked to leave the room, and was answered. */
  | { readonly kind: "left"; readonly session: string; readonly room: string }
  /** The member is about to end its connection. */
  | { readonly kind: "leaving"; readonly session: string }
  | { readonly kind: "ended"; readonly session: string; readonly reason: string }
  | { readonly kind: "sent"; readonly session: string; readonly id: number; readonly target: string }
  /** `status` 0: no answer within the time that the client waits. */
  | { readonly kind: "answered"; readonly session: string; readonly id: number; readonly status: number }
  /** `from` is the sender as the server stamped it. */
  | {
      readonly kind: "received";
      readonly session: string;
      readonly id: number;
      readonly from: string;
      readonly target: string;
    }
  | {
      readonly kind: "notice";
      readonly session: string;
      readonly type: "join" | "leave";
      readonly room: string;
      readonly user: string;
      readonly version: number;
    }
  /** Something was done to a node or to Redis (node -1), until `end`. */
  | {
      readonly kind: "fault";
      readonly phase: "begin" | "end";
      readonly what: string;
      readonly node: number;
    }
  | { readonly kind: "exited"; readonly node: number; readonly expected: boolean }
  /** `/healthz` did not answer 200. */
  | { readonly kind: "unhealthy"; readonly node: number; readonly answer: string }
  | { readonly kind: "memory"; readonly node: number; readonly megabytes: number }
  /** After everything was healed and given time. */
  | {
      readonly kind: "outcome";
      readonly room: string;
      /** user → session, by the connections that stand. */
      readonly live: Readonly<Record<string, string>>;
      /** Users in the hash, and user → session in the routes. */
      readonly roster: readonly string[];
      readonly routes: Readonly<Record<string, string>>;
      /** What each standing session shows: session → users. */
      readonly shown: Readonly<Record<string, readonly string[]>>;
    };

export type Entry = Happening & {
  /** Milliseconds since the round began. */
  readonly at: number;
};

export class History {
  readonly entries: Entry[] = [];
  readonly #startedAt = performance.now();

  add(happening: Happening): void {
    this.entries.push({ at: Math.round(performance.now() - this.#startedAt), ...happening });
  }
}
