/**
 * The catalogue of everything that a client can be told went wrong, and the one error class that carries it.
 * `docs/PROTOCOL.md` lists the same codes; a test holds the two together.
 */

/** What a failure means for the client that is told of it. */
export interface FailureMeaning {
  /** Reads as HTTP's status of that number does. */
  readonly status: number;
  /** Whether the same request can succeed later without being changed. */
  readonly retry: boolean;
  /**
   * Whether the connection ends: `no`, `yes`, or `connecting`: only when it happens while the client is
   * being let in, so that a request made later leaves the connection as it was.
   */
  readonly ends: "no" | "yes" | "connecting";
  /** One sentence for the developer who reads it: what was wrong and what to do. */
  readonly message: string;
}

export const failures = {
  user_id_required: {
    status: 400,
    retry: false,
    ends: "yes",
    message: "userId is missing: send it in the handshake's query or auth",
  },
  bad_user_id: {
    status: 400,
    retry: false,
    ends: "yes",
    message:
      "userId must be 1 to 128 characters without control or format characters, { or }, and not __proto__",
  },
  bad_room_id: {
    status: 400,
    retry: false,
    ends: "connecting",
    message:
      "roomId must be 1 to 128 characters without control or format characters, { or }, and not __proto__",
  },
  bad_profile: {
    status: 400,
    retry: false,
    ends: "yes",
    message:
      "profile fields must be strings, numbers, booleans or null, at most 32 fields and 4096 bytes in all",
  },
  bad_payload: {
    status: 400,
    retry: false,
    ends: "no",
    message: "the payload must be one JSON object, not nested thousands of levels deep",
  },
  bad_arguments: {
    status: 400,
    retry: false,
    ends: "no",
    message: "an event takes one payload and, after it, nothing but an ack callback",
  },
  target_required: {
    status: 400,
    retry: false,
    ends: "no",
    message: "targetUid is missing: name the user that the message is for",
  },
  bad_target: {
    status: 400,
    retry: false,
    ends: "no",
    message: "targetUid must be one user's id, as that user's own userId would be accepted",
  },
  self_target: {
    status: 400,
    retry: false,
    ends: "no",
    message: "targetUid is your own userId: address somebody else",
  },
  unknown_event: {
    status: 400,
    retry: false,
    ends: "no",
    message: "there is no such event: see the protocol for those there are",
  },
  reserved_type: {
    status: 403,
    retry: false,
    ends: "no",
    message: "only the server may send this type: choose another for your own messages",
  },
  not_in_room: {
    status: 403,
    retry: false,
    ends: "no",
    message: "you are not in that room: join it first",
  },
  room_full: {
    status: 403,
    retry: true,
    ends: "connecting",
    message: "the room is full: try again when somebody has left",
  },
  too_many_rooms: {
    status: 403,
    retry: false,
    ends: "no",
    message: "this connection is in as many rooms as it may be: leave one first",
  },
  token_required: {
    status: 401,
    retry: false,
    ends: "connecting",
    message: "a token is missing: send it as auth.token, or as token in the query",
  },
  token_refused: {
    status: 401,
    retry: false,
    ends: "connecting",
    message: "the token is not accepted, for the reason given: get another",
  },
  token_expired: {
    status: 401,
    retry: false,
    ends: "yes",
    message: "the token has expired: connect again with a new one",
  },
  room_forbidden: {
    status: 403,
    retry: false,
    ends: "connecting",
    message: "the token does not admit to this room: get one that does",
  },
  host_required: {
    status: 403,
    retry: false,
    ends: "no",
    message: "only a host may do that: connect with a token whose role is host",
  },
  room_locked: {
    status: 403,
    retry: true,
    ends: "connecting",
    message: "the room is locked: ask a host in it to unlock it",
  },
  kicked: {
    status: 403,
    retry: true,
    ends: "connecting",
    message: "a host has removed you from this room: you may come back after retryAfterMs",
  },
  origin_refused: {
    status: 403,
    retry: false,
    ends: "yes",
    message: "pages of this origin may not connect: have the operator add it to SIGNALER_ORIGINS",
  },
  offline: {
    status: 404,
    retry: true,
    ends: "no",
    message: "the target is not there: nobody of that id shares a room with you now",
  },
  duplicate: {
    status: 409,
    retry: true,
    ends: "connecting",
    message: "this userId is in the room on another connection: close that one first",
  },
  replaced: {
    status: 409,
    retry: false,
    ends: "yes",
    message: "a newer connection of this userId took the place of this one",
  },
  too_large: {
    status: 413,
    retry: false,
    ends: "no",
    message: "the message is larger than this server takes: send less at once",
  },
  binary_refused: {
    status: 415,
    retry: false,
    ends: "no",
    message: "binary payloads are not relayed: send JSON",
  },
  handshake_timeout: {
    status: 408,
    retry: true,
    ends: "yes",
    message: "the client did not name itself, or not in time (not told: the connection is just closed)",
  },
  slow_reader: {
    status: 408,
    retry: true,
    ends: "yes",
    message: "the client did not read what it was sent (not told: the connection is just cut)",
  },
  rate_limited: {
    status: 429,
    retry: true,
    ends: "no",
    message: "too many events at once: wait for retryAfterMs, and send less from then on",
  },
  flooding: {
    status: 429,
    retry: false,
    ends: "yes",
    message: "events went on coming after many were refused: connect again, and send less",
  },
  too_many_connections: {
    status: 429,
    retry: true,
    ends: "yes",
    message: "this user or address has as many connections as it may have: close one first",
  },
  too_many_failures: {
    status: 429,
    retry: true,
    ends: "yes",
    message: "too many handshakes from this address failed: wait a minute",
  },
  too_many_waiting: {
    status: 429,
    retry: true,
    ends: "no",
    message: "too many events wait for a join or leave to finish: wait for its ack",
  },
  internal: {
    status: 500,
    retry: true,
    ends: "connecting",
    message: "the server failed in a way it did not expect: this is its fault, not yours",
  },
  keys_unavailable: {
    status: 503,
    retry: true,
    ends: "connecting",
    message: "the server cannot get the keys that tokens are checked with just now: try again",
  },
  unavailable: {
    status: 503,
    retry: true,
    ends: "connecting",
    message: "the server cannot reach the rest of its cluster just now: nothing was delivered, try again",
  },
  shutting_down: {
    status: 503,
    retry: true,
    ends: "yes",
    message: "this node is closing: connect again and another one answers",
  },
  unconfirmed: {
    status: 504,
    retry: true,
    ends: "no",
    message: "the target's node did not confirm in time: the message may or may not have arrived",
  },
} as const satisfies Record<string, FailureMeaning>;

export type FailureCode = keyof typeof failures;

/** An expected failure: thrown where it is found, told to the client at the edge, never logged as an error. */
export class SignalingFailure extends Error {
  override readonly name = "SignalingFailure";
  readonly code: FailureCode;
  /** Further fields for the envelope's `data`, besides `code` and `event`. Never anything internal. */
  readonly detail: Readonly<Record<string, string | number>>;

  constructor(code: FailureCode, detail: Readonly<Record<string, string | number>> = {}) {
    super(failures[code].message);
    this.code = code;
    this.detail = detail;
  }

  get meaning(): FailureMeaning {
    return failures[this.code];
  }
}
