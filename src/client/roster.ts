/**
 * The list of a room's members, kept by version as [P-15] and [P-16] say: notices are applied in order, old ones
 * are ignored, and those that come before their time wait for what is missing.
 */
import type { Member } from "../protocol/envelope.js";

export interface Change {
  readonly type: "join" | "leave";
  readonly member: Member;
  readonly version: number;
}

/** What became different. */
export interface Difference {
  readonly joined: readonly Member[];
  readonly left: readonly Member[];
  /** Also if nobody came or went but somebody's profile is another one. */
  readonly changed: boolean;
}

const none: Difference = { joined: [], left: [], changed: false };

export class Roster {
  #members: ReadonlyMap<string, Member> = new Map();
  #version = 0;
  /** False until the list of this connection has come: that of the one before says nothing about versions. */
  #current = false;
  /** The list may have changed up to this version [P-16]. */
  #wantedVersion = 0;
  readonly #early = new Map<number, Change>();

  /** Never changed: another one takes its place. */
  get members(): ReadonlyMap<string, Member> {
    return this.#members;
  }

  get version(): number {
    return this.#version;
  }

  /** Whether the room has to be asked for its list. */
  get incomplete(): boolean {
    return !this.#current || this.#early.size > 0 || this.#wantedVersion > this.#version;
  }

  /** The connection is another one from now on. The list stays as it was until the next comes. */
  restart(): void {
    this.#current = false;
    this.#wantedVersion = 0;
    this.#early.clear();
  }

  /** Says what to tell, in order; nothing if the change is old, or has to wait for those before it. */
  apply(change: Change): readonly Change[] {
    if (this.#current && change.version <= this.#version) return [];
    this.#early.set(change.version, change);
    return this.#current ? this.#applyEarly() : [];
  }

  /** The list may have changed without notices. */
  expire(version: number): void {
    this.#wantedVersion = Math.max(this.#wantedVersion, version);
  }

  /** Takes the room's list in place of this one, unless it is older. Notices that were early follow. */
  replace(list: readonly Member[], version: number): { difference: Difference; changes: readonly Change[] } {
    if (this.#current && version < this.#version) return { difference: none, changes: [] };
    const before = this.#members;
    const after = new Map(list.map((member) => [member.userId, member]));
    this.#members = after;
    this.#version = version;
    this.#current = true;
    const difference = {
      joined: list.filter(({ userId }) => !before.has(userId)),
      left: [...before.values()].filter(({ userId }) => !after.has(userId)),
      changed: JSON.stringify([...before].sort(byId)) !== JSON.stringify([...after].sort(byId)),
    };
    for (const early of this.#early.keys()) if (early <= version) this.#early.delete(early);
    return { difference, changes: this.#applyEarly() };
  }

  #applyEarly(): readonly Change[] {
    const applied: Change[] = [];
    for (;;) {
      const change = this.#early.get(this.#version + 1);
      if (change === undefined) break;
      this.#early.delete(change.version);
      this.#version = change.version;
      applied.push(change);
    }
    if (applied.length === 0) return applied;
    const members = new Map(this.#members);
    const told = applied.filter(({ type, member }) => {
      if (type === "leave") return members.delete(member.userId);
      members.set(member.userId, member);
      return true;
    });
    this.#members = members;
    return told;
  }
}

function byId([a]: readonly [string, Member], [b]: readonly [string, Member]): number {
  return a < b ? -1 : 1;
}
