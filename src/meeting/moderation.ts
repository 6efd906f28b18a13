/**
 * What hosts may do with a room, and services by the admin API: remove a member, lock it, end it. Redis is told
 * first; the nodes of those concerned act on it, whichever they are.
 */
import { withDeadline } from "../cluster/deadline.js";
import type { Reaped } from "../cluster/rooms.js";
import { type Envelope, leaveNotice, lockNotice, receipt, serviceNotice } from "../protocol/envelope.js";
import type { HostEvent } from "../protocol/events.js";
import { SignalingFailure } from "../protocol/failures.js";
import type { Place } from "../protocol/place.js";
import { requireTarget } from "./relay.js";
import { parseMember } from "./roster.js";
import type { Session } from "./session.js";

export interface ModerationPorts {
  readonly cluster: {
    kick(place: Place, userId: string, by: string, bannedMs: number): Promise<boolean>;
    liftBan(place: Place, userId: string): Promise<boolean>;
    end(place: Place, by: string): Promise<number>;
    lock(place: Place, locked: boolean): Promise<boolean>;
  };
  /** Sends to everyone in the room, on every node. */
  readonly broadcast: (place: Place, envelope: Envelope) => void;
}

/** No member, but a service. */
const nobody = "";

export class Moderation {
  readonly #ports: ModerationPorts;
  readonly #kickMs: number;

  /** @param kickMs - for how long whoever is removed cannot come back, in milliseconds. */
  constructor(ports: ModerationPorts, kickMs: number) {
    this.#ports = ports;
    this.#kickMs = kickMs;
  }

  /**
   * Does what a host asks for; resolves to the answer.
   *
   * @throws SignalingFailure host_required, target_required, bad_target, self_target, bad_payload, offline;
   * RedisUnavailable.
   */
  async handle(
    session: Session,
    event: HostEvent,
    roomId: Place,
    fields: Readonly<Record<string, unknown>>,
  ): Promise<Envelope> {
    const by = session.userId;
    requireHost(session);
    switch (event) {
      case "kick": {
        const targetUid = requireTarget(session, fields["targetUid"]);
        if (!(await this.kick(roomId, targetUid, by))) throw new SignalingFailure("offline", { targetUid });
        return receipt("kicked", { event, roomId, targetUid });
      }
      case "lock": {
        const { locked = true } = fields;
        if (typeof locked !== "boolean") throw new SignalingFailure("bad_payload");
        await this.lock(roomId, locked, by);
        return receipt(locked ? "locked" : "unlocked", { event, roomId, locked });
      }
      case "end":
        await this.end(roomId, by);
        return receipt("ended", { event, roomId });
    }
  }

  /**
   * Removes a member, and keeps the user out for a time; false if the user was not there [P-72].
   *
   * @throws RedisUnavailable within a second. It may happen all the same, and then everyone is told.
   */
  kick(roomId: Place, userId: string, by = nobody, keptOutMs = this.#kickMs): Promise<boolean> {
    return withDeadline(this.#ports.cluster.kick(roomId, userId, by, keptOutMs));
  }

  /** Lets a user back in before its time; false if nothing kept it out [P-75]. @throws RedisUnavailable as `kick`. */
  liftBan(roomId: Place, userId: string): Promise<boolean> {
    return withDeadline(this.#ports.cluster.liftBan(roomId, userId));
  }

  /** Tells the others that a member has been removed [P-12]. */
  announceRemoved(roomId: Place, { userId, json, version }: Reaped): void {
    this.#ports.broadcast(roomId, leaveNotice(parseMember(userId, json), version));
  }

  /** Locks a room to those who are in it, or unlocks it; false if nobody is [P-71]. @throws RedisUnavailable as `kick`. */
  lock(roomId: Place, locked: boolean, by = nobody): Promise<boolean> {
    const locking = this.#ports.cluster.lock(roomId, locked).then((anyone) => {
      if (anyone) this.#ports.broadcast(roomId, lockNotice(roomId, locked, by));
      return anyone;
    });
    return withDeadline(locking);
  }

  /** Removes everyone; returns how many there were [P-73]. @throws RedisUnavailable as `kick`. */
  end(roomId: Place, by = nobody): Promise<number> {
    return withDeadline(this.#ports.cluster.end(roomId, by));
  }

  /** Says something to everyone in the room [P-75]. */
  notify(roomId: Place, msg: string, data: unknown): void {
    this.#ports.broadcast(roomId, serviceNotice(roomId, msg, data));
  }
}

/** @throws SignalingFailure host_required. */
export function requireHost(session: Session): void {
  if (session.grant.role !== "host") throw new SignalingFailure("host_required");
}
