/**
 * What a client is told went wrong: a failure of the server's catalogue, or one of the few of the client's own.
 */

import type { Envelope } from "../protocol/envelope.js";
import { type FailureCode, failures } from "../protocol/failures.js";
import { isObject } from "../protocol/objects.js";

/** Why there is no connection, where the server's catalogue has no code for it. */
const clientFailures = {
  left: { status: 410, retry: true, message: "this client was closed: connect again to come back" },
  ended: { status: 410, retry: true, message: "the meeting has been ended for all" },
  disconnected: {
    status: 503,
    retry: true,
    message: "there is no connection to the signaler: nothing was sent, try again",
  },
  token_unavailable: {
    status: 401,
    retry: true,
    message: "the function that gets tokens failed: see the error's cause",
  },
} as const;

export type SignalingCode = FailureCode | keyof typeof clientFailures;

const catalogue = { ...failures, ...clientFailures };

interface ErrorOptions {
  /** What the server told besides, or the error that is behind this one. */
  readonly detail?: Readonly<Record<string, unknown>>;
  readonly status?: number;
  readonly retry?: boolean;
  readonly message?: string;
  readonly cause?: unknown;
}

/** A request that failed, or the end of a connection. */
export class SignalingError extends Error {
  override readonly name = "SignalingError";
  /** One of the codes in docs/PROTOCOL.md, or `left`, `ended`, `disconnected` or `token_unavailable`. */
  readonly code: SignalingCode;
  /** Reads as HTTP's status of that number does. */
  readonly status: number;
  /** Whether the same request can succeed later without being changed. */
  readonly retry: boolean;
  /** Whatever else the server told, such as `retryAfterMs`, `reason` or `targetUid`. */
  readonly detail: Readonly<Record<string, unknown>>;

  constructor(code: SignalingCode, options: ErrorOptions = {}) {
    const meaning = catalogue[code];
    super(options.message ?? meaning.message, { cause: options.cause });
    this.code = code;
    this.status = options.status ?? meaning.status;
    this.retry = options.retry ?? meaning.retry;
    this.detail = options.detail ?? {};
  }

  /** For how much longer the server refuses the same, in milliseconds; 0 if it has not said. */
  get retryAfterMs(): number {
    const { retryAfterMs } = this.detail;
    return typeof retryAfterMs === "number" ? retryAfterMs : 0;
  }
}

/** The failure that an envelope tells of [P-41], [P-42]. */
export function errorOf({ type, msg, status, data }: Envelope): SignalingError {
  const detail = isObject(data) ? data : {};
  const told = type === "error" ? detail["code"] : type;
  // A newer server may know codes that this client does not; what it says of them counts all the same.
  const code = isCode(told) ? told : "internal";
  const { retry } = detail;
  return new SignalingError(code, {
    message: msg,
    status,
    detail,
    ...(typeof retry === "boolean" && { retry }),
  });
}

/** What is thrown here is one already; anything else would be a mistake of this client's own. */
export function asSignalingError(error: unknown): SignalingError {
  return error instanceof SignalingError ? error : new SignalingError("internal", { cause: error });
}

export function isCode(value: unknown): value is SignalingCode {
  return typeof value === "string" && Object.hasOwn(catalogue, value);
}
