/**
 * The core path: an event addressed by `targetUid`, from one member's socket to another's. On one node it
 * goes straight across; otherwise through the outbox to the one node where the target is.
 */
import type { AddressedMessage, Outcome } from "../cluster/outbox.js";
import { addressedEnvelope, encodeEvent } from "../protocol/envelope.js";
import type { AddressedEvent } from "../protocol/events.js";
import { SignalingFailure } from "../protocol/failures.js";
import { parseId } from "../protocol/id.js";
import { lobby, type Place } from "../protocol/place.js";
import type { LocalMembers } from "./local-members.js";
import type { Session } from "./session.js";

/** Who may address whom: those who share a room (or the lobby), or everyone in one directory (I1). */
export type Scope = "room" | "global";

export interface RelayPorts {
  readonly local: LocalMembers;
  readonly outbox: { send(message: AddressedMessage, settle: (outcome: Outcome) => void): void };
}

/** What became of an addressed event, and whether it had to leave this node. */
export type RelaySettled = (outcome: Outcome, path: "local" | "remote") => void;

export class Relay {
  readonly #ports: RelayPorts;
  readonly #scope: Scope;

  constructor(ports: RelayPorts, scope: Scope) {
    this.#ports = ports;
    this.#scope = scope;
  }

  /**
   * Hands the payload to the target, stamped with the sender's id [P-21]. Calls `settled` exactly once.
   *
   * @param urgent - whether the sender waits for the outcome.
   * @throws SignalingFailure target_required, bad_target, self_target.
   */
  send(
    session: Session,
    event: AddressedEvent,
    payload: Readonly<Record<string, unknown>>,
    urgent: boolean,
    settled: RelaySettled,
  ): void {
    const targetUid = requireTarget(session, payload["targetUid"]);
    const { places, here } = this.#whereToSearch(session, payload["roomId"]);
    const encodedEvent = encodeEvent(addressedEnvelope(event, { ...payload, userId: session.userId }));

    if (!session.hasUnconfirmed(targetUid)) {
      const target = this.#findHere(here, targetUid);
      if (target !== undefined) {
        target.connection.deliver(encodedEvent);
        settled("delivered", "local");
        return;
      }
    }
    if (places.length === 0) {
      settled("offline", "local");
      return;
    }
    session.addUnconfirmed(targetUid);
    this.#ports.outbox.send({ places, targetUid, encodedEvent, urgent }, (outcome) => {
      session.removeUnconfirmed(targetUid);
      settled(outcome, "remote");
    });
  }

  #findHere(places: readonly Place[], targetUid: string): Session | undefined {
    for (const place of places) {
      const target = this.#ports.local.find(place, targetUid);
      if (target?.connection.open) return target;
    }
    return undefined;
  }

  /**
   * Where the target may be, and in which of these places it is enough to find it on this node. A `roomId` in
   * the payload says which of the sender's rooms comes before the others; it opens no other room [P-22].
   */
  #whereToSearch(session: Session, roomId: unknown): { places: readonly Place[]; here: readonly Place[] } {
    if (this.#scope === "global") return { places: [lobby], here: [lobby] };
    const places = [...session.places.keys()];
    if (places.length < 2) return { places, here: places };
    const named = parseId(roomId);
    if (named === undefined || !session.places.has(named)) return { places, here: places };
    return { places: [named, ...places.filter((place) => place !== named)], here: [named] };
  }
}

/** [P-23] @throws SignalingFailure target_required, bad_target, self_target. */
export function requireTarget(session: Session, value: unknown): string {
  if (value === undefined || value === null || value === "") throw new SignalingFailure("target_required");
  const targetUid = parseId(value);
  if (targetUid === undefined) throw new SignalingFailure("bad_target");
  if (targetUid === session.userId) throw new SignalingFailure("self_target");
  return targetUid;
}
