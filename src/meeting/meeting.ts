/**
 * What a client can ask for, event by event. Each handler parses, authorises, acts and answers. Events of one
 * client are taken in order: those that come while a join, a leave or a renewal is under way wait for it.
 */

import type { Grant } from "../access/grant.js";
import { withDeadline } from "../cluster/deadline.js";
import { RedisUnavailable } from "../cluster/driver.js";
import type { Outcome } from "../cluster/outbox.js";
import type { VersionedRoster } from "../cluster/roster.js";
import { type IceServers, receipt, tokenNotice } from "../protocol/envelope.js";
import { type AddressedEvent, type HostEvent, isAddressedEvent, isHostEvent } from "../protocol/events.js";
import { SignalingFailure } from "../protocol/failures.js";
import { requireRoomId } from "../protocol/handshake.js";
import { lobby, type Place } from "../protocol/place.js";
import { onlyPayload, requireObject, takeAck } from "./arguments.js";
import { requireChatRoom, stampChat } from "./chat.js";
import { Expiry } from "./expiry.js";
import { Ice } from "./ice.js";
import type { Membership } from "./membership.js";
import { type Moderation, requireHost } from "./moderation.js";
import type { Relay, Scope } from "./relay.js";
import { type Ack, type FailureListener, Reply } from "./reply.js";
import { asList, asObject, requireListedRoom } from "./roster.js";
import type { Session } from "./session.js";

/** Events of one client that may wait for a join, a leave or a renewal; more are refused [P-38]. */
export const maxWaitingEvents = 256;

export interface MeetingPorts {
  readonly membership: Membership;
  readonly moderation: Moderation;
  readonly relay: Relay;
  /** Reads a token; undefined where none are asked for. */
  readonly verifyToken: ((token: string) => Promise<Grant>) | undefined;
  /** Makes a user's ICE servers, with credentials that end at `until` (ms since 1970) if not before. */
  readonly issueIceServers: (userId: string, until: number) => IceServers;
  readonly readRoster: (place: Place) => Promise<VersionedRoster>;
  /** Emits the event `msg` with this payload to everyone in the room, on every node. */
  readonly broadcast: (place: Place, payload: unknown) => void;
  readonly onFailure: FailureListener;
  readonly onRelayed: (event: AddressedEvent, outcome: Outcome, path: "local" | "remote", ms: number) => void;
  readonly now: () => number;
  /** Milliseconds since 1970. */
  readonly epochNow: () => number;
}

export interface MeetingRules {
  /** The node that clients are told they are on. */
  readonly nodeId: string;
  readonly scope: Scope;
  /** What the `roomUserList` event carries: the hash's JSON strings by userId, or a list of objects. */
  readonly rosterEvent: "object" | "list";
}

type WaitingEvent = readonly [event: unknown, args: unknown[]];

export class Meeting {
  readonly #ports: MeetingPorts;
  readonly #rules: MeetingRules;
  /** Sessions with a join, a leave or a renewal under way, and what they sent since. */
  readonly #waiting = new Map<Session, WaitingEvent[]>();
  readonly #departures = new Set<Promise<void>>();
  readonly #expiry: Expiry;
  readonly #ice: Ice;

  constructor(ports: MeetingPorts, rules: MeetingRules) {
    this.#ports = ports;
    this.#rules = rules;
    this.#expiry = new Expiry(ports.epochNow, {
      soon: (session) => session.connection.send(tokenNotice(session.grant.expiresAt)),
      expired: (session) => {
        this.#reply(session, "token", undefined).fail(new SignalingFailure("token_expired"));
        session.connection.end("final");
      },
    });
    this.#ice = new Ice(ports.issueIceServers, ports.epochNow);
  }

  /** Lets a new connection into its room, or into the lobby. A failure is told, and ends the connection [P-8]. */
  open(session: Session, roomId: string | undefined): void {
    const { membership } = this.#ports;
    const reply = this.#reply(session, "connect", undefined);
    this.#expiry.watch(session);
    // The room first: an older connection must lose its place there before it loses its connection [P-12].
    const places = [
      ...(roomId === undefined ? [] : [roomId]),
      ...(roomId === undefined || this.#rules.scope === "global" ? [lobby] : []),
    ];
    this.#hold(session, async () => {
      try {
        for (const place of places) await membership.join(session, place);
      } catch (error) {
        const { meaning } = reply.fail(error);
        session.connection.end(meaning.status >= 500 ? "retry" : "final");
      }
    });
  }

  /** The connection is gone. */
  close(session: Session): void {
    this.#waiting.delete(session);
    this.#expiry.forget(session);
    this.#ice.forget(session);
    const departure = this.#ports.membership
      .leaveAll(session)
      .catch((error: unknown) => this.#ports.onFailure(new SignalingFailure("internal"), error))
      .finally(() => this.#departures.delete(departure));
    this.#departures.add(departure);
  }

  /** Resolves when everyone whose connection is gone has been taken out of the rosters. */
  async departed(): Promise<void> {
    await Promise.all(this.#departures);
  }

  /** Takes one event of a client, whatever it may be. Never throws. */
  receive(session: Session, event: unknown, args: unknown[]): void {
    // What came in one piece with the end of the connection is of nobody any more.
    if (session.ended) return;
    const waiting = this.#waiting.get(session);
    if (waiting === undefined) this.#handle(session, event, args);
    else if (waiting.length < maxWaitingEvents) waiting.push([event, args]);
    else this.#reply(session, event, takeAck(args)).fail(new SignalingFailure("too_many_waiting"));
  }

  /** Tells a client that it may not send this now. */
  refuse(session: Session, event: unknown, args: unknown[], failure: SignalingFailure): void {
    if (!session.ended) this.#reply(session, event, takeAck(args)).fail(failure);
  }

  #handle(session: Session, event: unknown, args: unknown[]): void {
    const reply = this.#reply(session, event, takeAck(args));
    try {
      const payload = onlyPayload(args);
      if (typeof event !== "string") throw new SignalingFailure("unknown_event");
      if (isAddressedEvent(event)) this.#relay(session, event, payload, reply);
      else if (isHostEvent(event)) this.#moderate(session, event, payload, reply);
      else if (event === "join") this.#join(session, payload, reply);
      else if (event === "leave") this.#leave(session, payload, reply);
      else if (event === "roomUserList") this.#roomUserList(session, payload, reply);
      else if (event === "msg") this.#msg(session, payload, reply);
      else if (event === "token") this.#token(session, payload, reply);
      else if (event === "iceServers") this.#iceServers(session, payload, reply);
      else throw new SignalingFailure("unknown_event");
    } catch (error) {
      // What JSON could be parsed from may be nested too deeply to be written again.
      reply.fail(error instanceof RangeError ? new SignalingFailure("bad_payload") : error);
    }
  }

  #relay(session: Session, event: AddressedEvent, payload: unknown, reply: Reply): void {
    const startedAt = this.#ports.now();
    const fields = requireObject(payload);
    // Whoever is asked to mute can rely on who asks [P-74].
    if (event === "mute") requireHost(session);
    this.#ports.relay.send(session, event, fields, reply.ack !== undefined, (outcome, path) => {
      this.#ports.onRelayed(event, outcome, path, this.#ports.now() - startedAt);
      const targetUid = String(fields["targetUid"]);
      if (outcome === "delivered") {
        if (reply.ack !== undefined) reply.ok(receipt("delivered", { event, targetUid }));
      } else reply.fail(new SignalingFailure(outcome, { targetUid }));
    });
  }

  #moderate(session: Session, event: HostEvent, payload: unknown, reply: Reply): void {
    const fields = payload === undefined ? {} : requireObject(payload);
    const roomId = requireListedRoom(session, "room", fields["roomId"]);
    this.#ports.moderation.handle(session, event, roomId, fields).then(
      (answer) => reply.ok(answer),
      (error: unknown) => reply.fail(error),
    );
  }

  #join(session: Session, payload: unknown, reply: Reply): void {
    const roomId = requireRoomId(requireObject(payload)["roomId"]);
    this.#hold(session, async () => {
      try {
        await this.#ports.membership.join(session, roomId);
        if (reply.ack === undefined) return;
        // Read after the room's notices have begun to arrive, so that nobody falls between the two [P-36]. One who
        // is in has joined, even if Redis cannot be asked just then who else is.
        const roster = await this.#ports.readRoster(roomId).catch(requireUnavailable);
        const shown = roster && { members: asList(roster.members), ...asOf(roster) };
        const { userId } = session;
        reply.ok(receipt("joined", { event: "join", roomId, userId, node: this.#rules.nodeId, ...shown }));
      } catch (error) {
        reply.fail(error);
      }
    });
  }

  #leave(session: Session, payload: unknown, reply: Reply): void {
    const roomId = requireRoomId(requireObject(payload)["roomId"]);
    this.#hold(session, async () => {
      try {
        if (!session.places.has(roomId)) throw new SignalingFailure("not_in_room");
        // A Redis that hangs keeps the departure waiting, but not the client [P-37].
        await withDeadline(this.#ports.membership.leave(session, roomId)).catch(() => {});
        reply.ok(receipt("left", { event: "leave", roomId }));
      } catch (error) {
        reply.fail(error);
      }
    });
  }

  #roomUserList(session: Session, payload: unknown, reply: Reply): void {
    const fields = payload === undefined ? {} : requireObject(payload);
    const roomId = requireListedRoom(session, this.#rules.scope, fields["roomId"]);
    this.#ports
      .readRoster(roomId)
      .then((roster) => {
        const { members } = roster;
        const asked = this.#rules.rosterEvent === "list" || reply.ack !== undefined;
        const list = asked ? asList(members) : [];
        const about = { roomId, ...asOf(roster) };
        const shown = this.#rules.rosterEvent === "list" ? list : asObject(members);
        session.connection.emit("roomUserList", shown, about);
        reply.ok(list, about);
      })
      .catch((error: unknown) => reply.fail(error));
  }

  #msg(session: Session, payload: unknown, reply: Reply): void {
    const room = requireChatRoom(session, payload);
    this.#ports.broadcast(room, stampChat(session, payload));
    reply.ok(receipt("sent", { event: "msg", roomId: room }));
  }

  /** Takes a new token in place of the one before; rooms that it does not admit to are left [P-53]. */
  #token(session: Session, payload: unknown, reply: Reply): void {
    const { token } = requireObject(payload);
    const { verifyToken, membership } = this.#ports;
    if (verifyToken === undefined) throw new SignalingFailure("unknown_event");
    if (typeof token !== "string") throw new SignalingFailure("token_required");
    // Held, so that of two tokens the later one stands, and what comes after it goes by it.
    this.#hold(session, async () => {
      try {
        const grant = await verifyToken(token);
        if (session.ended) return;
        if (grant.userId !== session.userId) throw new SignalingFailure("token_refused", { reason: "user" });
        session.renew(grant);
        this.#expiry.watch(session);
        this.#ice.renewed(session);
        const closed = session.rooms.filter((room) => !session.mayBeIn(room));
        await Promise.all(
          closed.map((room) => withDeadline(membership.leave(session, room)).catch(() => {})),
        );
        reply.ok(receipt("renewed", { event: "token", expiresAt: grant.expiresAt }));
      } catch (error) {
        reply.fail(error);
      }
    });
  }

  #iceServers(session: Session, payload: unknown, reply: Reply): void {
    if (payload !== undefined) requireObject(payload);
    this.#ice.ask(session, reply);
  }

  /** Runs a change of where the session is, or may be; its later events wait until it is done [P-38]. */
  #hold(session: Session, change: () => Promise<void>): void {
    const waiting: WaitingEvent[] = [];
    this.#waiting.set(session, waiting);
    void change().then(() => {
      if (session.ended) return;
      this.#waiting.delete(session);
      // Another such change among these holds the session again, and then the rest waits behind it.
      for (const [event, args] of waiting) this.receive(session, event, args);
    });
  }

  #reply(session: Session, event: unknown, ack: Ack | undefined): Reply {
    const name = typeof event === "string" ? event.slice(0, 64) : typeof event;
    return new Reply(session, name, ack, this.#ports.onFailure);
  }
}

/** What is told beside a list of members. */
function asOf({ version, locked }: VersionedRoster): { version: number; locked?: true } {
  return { version, ...(locked && { locked }) };
}

function requireUnavailable(error: unknown): undefined {
  if (!(error instanceof RedisUnavailable)) throw error;
}
