/**
 * Who takes part, from one look to the next. Whoever is between two nodes is on no roster for a moment, while media go
 * on: that is not leaving.
 */
import type { Member, Signaling } from "../../client/index.js";
import type { Mesh } from "../../client/mesh/index.js";
import type { Levels } from "../media/levels.js";
import type { LocalMedia } from "../media/local-media.js";
import type { Participant } from "./meeting.js";
import { nameOf, otherParticipant, selfParticipant } from "./participants.js";

interface Sources {
  readonly signaling: Signaling;
  readonly mesh: Mesh;
  readonly media: LocalMedia;
  readonly levels: Levels;
}

interface Look {
  readonly participants: readonly Participant[];
  readonly joined: readonly Participant[];
  readonly left: readonly Participant[];
  /** Those whose hand was up before. */
  readonly handsDown: readonly Participant[];
}

export class Attendance {
  readonly #sources: Sources;
  /** As they were when they were last on the roster. */
  readonly #members = new Map<string, Member>();
  #before = new Map<string, Participant>();

  constructor(sources: Sources) {
    this.#sources = sources;
  }

  take(): Look {
    this.#updateMembers();
    const participants = this.#list();
    const now = new Map(participants.map((participant) => [participant.userId, participant]));
    const before = [...this.#before.values()];
    const handsDown = before
      .filter(({ userId, handRaised }) => handRaised && now.get(userId)?.handRaised !== true)
      .map((participant) => ({ ...participant, handRaised: false }));
    const joined = participants.filter(({ userId }) => !this.#before.has(userId));
    const left = before.filter(({ userId }) => !now.has(userId));
    this.#before = now;
    return { participants, joined, left, handsDown };
  }

  nameOf(userId: string): string {
    const member = this.#members.get(userId);
    return member === undefined ? userId : nameOf(member);
  }

  close(): void {
    for (const userId of this.#members.keys()) this.#sources.levels.watch(userId, undefined);
  }

  #updateMembers(): void {
    const { signaling, mesh, levels } = this.#sources;
    const { members } = signaling.room;
    for (const [userId, member] of members) this.#members.set(userId, member);
    for (const userId of this.#members.keys())
      if (!members.has(userId) && !mesh.peers.has(userId)) {
        this.#members.delete(userId);
        levels.watch(userId, undefined);
      }
  }

  #list(): Participant[] {
    const { signaling, mesh, media, levels } = this.#sources;
    const self = signaling.userId ?? "";
    const others = [...this.#members.values()].filter(({ userId }) => userId !== self);
    for (const { userId } of others)
      levels.watch(userId, mesh.peers.get(userId)?.media.get("microphone")?.track);
    return [
      selfParticipant(self, this.#members.get(self), media, mesh.state),
      ...others.map((member) => otherParticipant(member, mesh.peers.get(member.userId))),
    ];
  }
}
